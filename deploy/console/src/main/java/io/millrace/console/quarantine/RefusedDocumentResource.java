package io.millrace.console.quarantine;

import io.millrace.console.Http;
import io.millrace.console.Indexer;
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

/** The documents of a pipeline that were refused, by the indexer, which is asked with the caller's own token: the console has none and adds none. */
@Path("/api/pipelines/{pipeline}/quarantine")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class RefusedDocumentResource {

    /** A larger one would take the browser seconds to lay out. */
    private static final int MOST = 200_000;

    private final Indexer indexer;

    RefusedDocumentResource(Indexer indexer) {
        this.indexer = indexer;
    }

    /** @param after the place of the last one of the page before; empty for the first page */
    @GET
    public Response all(@PathParam("pipeline") String pipeline, @QueryParam("after") @DefaultValue("") String after, @HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return indexer.ask("GET", of(pipeline) + "?after=" + Http.step(after), null, authorization);
    }

    /**
     * One document, once for each index that refused it.
     *
     * @param most so many characters of what is in it; 0 for nothing of it
     */
    @GET
    @Path("documents/{id: .+}")
    public Response one(@PathParam("pipeline") String pipeline, @PathParam("id") String id, @QueryParam("most") @DefaultValue("0") int most, @HeaderParam("Authorization") String authorization) throws IOException, InterruptedException {
        return indexer.ask("GET", of(pipeline) + "/documents/" + Http.step(id) + "?most=" + Math.clamp(most, 0, MOST), null, authorization);
    }

    @POST
    @Path("replay")
    @Consumes(MediaType.APPLICATION_JSON)
    public Response replay(@PathParam("pipeline") String pipeline, @HeaderParam("Authorization") String authorization, String body) throws IOException, InterruptedException {
        return indexer.ask("POST", of(pipeline) + "/replay", body, authorization);
    }

    @POST
    @Path("discard")
    @Consumes(MediaType.APPLICATION_JSON)
    public Response discard(@PathParam("pipeline") String pipeline, @HeaderParam("Authorization") String authorization, String body) throws IOException, InterruptedException {
        return indexer.ask("POST", of(pipeline) + "/discard", body, authorization);
    }

    private static String of(String pipeline) {
        return "/pipelines/" + Http.step(pipeline) + "/quarantine";
    }
}
