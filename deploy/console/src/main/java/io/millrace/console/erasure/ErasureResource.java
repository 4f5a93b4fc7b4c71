package io.millrace.console.erasure;

import io.millrace.console.Http;
import io.millrace.console.Purge;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;

/** Erasures of documents and of subjects. */
@Path("/api/erasures")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class ErasureResource {

    private static final String ERASURES = "/erasures";
    private static final String KEY = "Idempotency-Key";

    private final Purge purge;

    ErasureResource(Purge purge) {
        this.purge = purge;
    }

    /** The newest hundred. @param state empty for all */
    @GET
    public Response list(@QueryParam("state") @DefaultValue("") String state, @HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return purge.ask("GET", ERASURES + (state.isEmpty() ? "" : "?state=" + Http.step(state)), null, authorization);
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    public Response subject(@HeaderParam("Authorization") String authorization, @HeaderParam(KEY) String key, String body) throws IOException, InterruptedException {
        return purge.ask("POST", ERASURES, body, authorization, key);
    }

    @POST
    @Path("documents/{pipeline}/{id: .+}")
    @Consumes(MediaType.APPLICATION_JSON)
    public Response document(@PathParam("pipeline") String pipeline, @PathParam("id") String id, @HeaderParam("Authorization") String authorization, @HeaderParam(KEY) String key, String body)
            throws IOException, InterruptedException {
        return purge.ask("POST", "/pipelines/" + Http.step(pipeline) + "/documents/" + Http.step(id) + "/erasure", body, authorization, key);
    }

    @POST
    @Path("{id}/withdrawal")
    @Consumes(MediaType.APPLICATION_JSON)
    public Response withdraw(@PathParam("id") String id, @HeaderParam("Authorization") String authorization, String body) throws IOException, InterruptedException {
        return purge.ask("POST", ERASURES + "/" + Http.step(id) + "/withdrawal", body, authorization);
    }
}
