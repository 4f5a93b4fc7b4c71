package io.millrace.console.quarantine;

import io.millrace.console.Gate;
import io.millrace.console.Http;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BadRequestException;
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
import java.util.Set;

/** The gate's quarantine. */
@Path("/api/quarantine")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class QuarantineResource {

    private static final Set<String> DECISIONS = Set.of("accept", "replay", "hold", "discard");

    private final Gate gate;

    QuarantineResource(Gate gate) {
        this.gate = gate;
    }

    @GET
    public Response tables(@HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return gate.ask("GET", "/quarantine", null, authorization);
    }

    @POST
    @Path("{table}/{decision}")
    @Consumes(MediaType.APPLICATION_JSON)
    public Response decide(@PathParam("table") String table, @PathParam("decision") String decision, @HeaderParam("Authorization") String authorization, String body)
            throws IOException, InterruptedException {
        if (!DECISIONS.contains(decision)) {
            throw new BadRequestException("'" + decision + "' is no decision; known are accept, replay, hold, discard");
        }
        return gate.ask("POST", "/quarantine/" + Http.step(table) + "/" + decision, body, authorization);
    }
}
