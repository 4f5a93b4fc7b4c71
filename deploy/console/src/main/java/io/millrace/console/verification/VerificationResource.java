package io.millrace.console.verification;

import io.millrace.console.Http;
import io.millrace.console.Purge;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;

/** Whether an index agrees with its database. */
@Path("/api/verifications")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class VerificationResource {

    private static final String VERIFICATIONS = "/verifications";

    private final Purge purge;

    VerificationResource(Purge purge) {
        this.purge = purge;
    }

    /** The newest twenty. */
    @GET
    public Response list(@HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return purge.ask("GET", VERIFICATIONS, null, authorization);
    }

    @POST
    @Path("{pipeline}")
    @Consumes(MediaType.APPLICATION_JSON)
    public Response begin(@PathParam("pipeline") String pipeline, @HeaderParam("Authorization") String authorization, String body) throws IOException, InterruptedException {
        return purge.ask("POST", "/pipelines/" + Http.step(pipeline) + VERIFICATIONS, body, authorization);
    }

    /** The first documents that differ, field by field. */
    @GET
    @Path("{id}/differences")
    public Response differences(@PathParam("id") String id, @HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return purge.ask("GET", VERIFICATIONS + "/" + Http.step(id) + "/differences", null, authorization);
    }

    @POST
    @Path("{id}/stop")
    public Response stop(@PathParam("id") String id, @HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return purge.ask("POST", VERIFICATIONS + "/" + Http.step(id) + "/stop", null, authorization);
    }
}
