package io.millrace.console.generation;

import io.millrace.console.Http;
import io.millrace.console.Indexer;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.DELETE;
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

/** A pipeline's indexes, by the indexer, which is asked with the caller's own token: the console has none and adds none. */
@Path("/api/pipelines/{pipeline}/generations")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class GenerationResource {

    private final Indexer indexer;

    GenerationResource(Indexer indexer) {
        this.indexer = indexer;
    }

    @GET
    public Response all(@PathParam("pipeline") String pipeline, @HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return indexer.ask("GET", of(pipeline), null, authorization);
    }

    @POST
    public Response rebuild(@PathParam("pipeline") String pipeline, @QueryParam("hold") @DefaultValue("false") boolean hold, @HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return indexer.ask("POST", of(pipeline) + "?hold=" + hold, null, authorization);
    }

    @POST
    @Path("/{index}/service")
    public Response serve(@PathParam("pipeline") String pipeline, @PathParam("index") String index, @QueryParam("despite") @DefaultValue("false") boolean despite, @HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return indexer.ask("POST", of(pipeline) + "/" + Http.step(index) + "/service?despite=" + despite, null, authorization);
    }

    @GET
    @Path("/{index}/comparison")
    public Response comparison(@PathParam("pipeline") String pipeline, @PathParam("index") String index, @HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return indexer.ask("GET", of(pipeline) + "/" + Http.step(index) + "/comparison", null, authorization);
    }

    @DELETE
    @Path("/{index}")
    public Response retire(@PathParam("pipeline") String pipeline, @PathParam("index") String index, @HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return indexer.ask("DELETE", of(pipeline) + "/" + Http.step(index), null, authorization);
    }

    private static String of(String pipeline) {
        return "/pipelines/" + Http.step(pipeline) + "/generations";
    }
}
