package io.millrace.console.resnapshot;

import io.millrace.console.Captures;
import io.millrace.console.Http;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;

/** Tables that capture reads again while the stream goes on. */
@Path("/api/resnapshots/{source}/{table}")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class ResnapshotResource {

    private final Captures captures;

    ResnapshotResource(Captures captures) {
        this.captures = captures;
    }

    /** About how many rows the table has. */
    @GET
    public Response estimate(@PathParam("source") String source, @PathParam("table") String table, @HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return captures.ask("GET", "/resnapshots/estimate" + of(source, table), authorization);
    }

    @POST
    public Response ask(@PathParam("source") String source, @PathParam("table") String table, @HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return captures.ask("POST", "/resnapshots" + of(source, table), authorization);
    }

    private static String of(String source, String table) {
        return "?source=" + Http.step(source) + "&table=" + Http.step(table);
    }
}
