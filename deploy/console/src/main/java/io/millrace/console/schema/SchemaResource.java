package io.millrace.console.schema;

import io.millrace.console.Gate;
import io.millrace.console.Http;
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

/** The versions of tables' schemas, who takes which column, and what a migration would do to them. */
@Path("/api")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class SchemaResource {

    private final Gate gate;

    SchemaResource(Gate gate) {
        this.gate = gate;
    }

    @GET
    @Path("schemas")
    public Response tables(@HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return gate.ask("GET", "/schemas", null, authorization);
    }

    @GET
    @Path("schemas/{table}")
    public Response table(@PathParam("table") String table, @HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return gate.ask("GET", "/schemas/" + Http.step(table), null, authorization);
    }

    /** Whether the gate has a scratch database to run migrations in. */
    @GET
    @Path("check")
    public Response canCheck(@HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return gate.ask("GET", "/check", null, authorization);
    }

    @POST
    @Path("check")
    @Consumes(MediaType.APPLICATION_JSON)
    public Response check(@HeaderParam("Authorization") String authorization, String question) throws IOException, InterruptedException {
        return gate.ask("POST", "/check", question, authorization);
    }
}
