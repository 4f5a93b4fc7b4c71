package io.millrace.console.retention;

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

/** What would leave by time alone, and waits for a person's word because it is too much. */
@Path("/api/retention-runs")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class RetentionResource {

    private final Purge purge;

    RetentionResource(Purge purge) {
        this.purge = purge;
    }

    @GET
    public Response held(@HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return purge.ask("GET", "/retention-runs?state=held", null, authorization);
    }

    @POST
    @Path("{id}/confirmation")
    @Consumes(MediaType.APPLICATION_JSON)
    public Response confirm(@PathParam("id") String id, @HeaderParam("Authorization") String authorization, String body) throws IOException, InterruptedException {
        return purge.ask("POST", "/retention-runs/" + Http.step(id) + "/confirmation", body, authorization);
    }
}
