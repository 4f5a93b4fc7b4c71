package io.millrace.indexer.handover;

import io.millrace.indexer.access.OperatorDoor;
import io.millrace.indexer.generation.ConflictException;
import io.millrace.indexer.generation.SearchAwayException;
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
import org.apache.kafka.common.KafkaException;

/** Where an operator sees a pipeline's indexes, has another one built of the same documents, and has it served. */
@Path("/pipelines/{pipeline}/generations")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class GenerationsResource {

    private static final String WHAT = "see or change which index is served";

    private final Operations operations;
    private final Comparisons comparisons;
    private final OperatorDoor door;

    GenerationsResource(Operations operations, Comparisons comparisons, OperatorDoor door) {
        this.operations = operations;
        this.comparisons = comparisons;
        this.door = door;
    }

    private interface Answer {
        Response of() throws RefusedException, InterruptedException;
    }

    /** The indexes behind the pipeline's alias, the newest first. */
    @GET
    public Response all(@HeaderParam("Authorization") String authorization, @PathParam("pipeline") String pipeline) {
        return answered(authorization, () -> Response.ok(operations.list(pipeline)).build());
    }

    /**
     * Begins another index of the same documents.
     *
     * @param hold whether it is served only when somebody asks for it, and not as soon as it has all and readers lose nothing by it
     */
    @POST
    public Response rebuild(@HeaderParam("Authorization") String authorization, @PathParam("pipeline") String pipeline, @QueryParam("hold") @DefaultValue("false") boolean hold) {
        return answered(authorization, () -> Response.accepted(operations.rebuild(pipeline, hold)).build());
    }

    /**
     * Has an index served as soon as it has all, whether it is newer or older than the one that is.
     *
     * @param despite whether also where readers lose something by it; otherwise the answer is 409 where an index that has all lacks what they see, and one that has not all waits for as long as it does
     */
    @POST
    @Path("/{index}/service")
    public Response serve(@HeaderParam("Authorization") String authorization, @PathParam("pipeline") String pipeline, @PathParam("index") String index, @QueryParam("despite") @DefaultValue("false") boolean despite) {
        return answered(authorization, () -> Response.accepted(operations.serve(pipeline, index, despite)).build());
    }

    /**
     * Compares an index with the one that serves, by documents taken at random.
     *
     * @param sample how many, 10,000 at most
     */
    @GET
    @Path("/{index}/comparison")
    public Response comparison(@HeaderParam("Authorization") String authorization, @PathParam("pipeline") String pipeline, @PathParam("index") String index, @QueryParam("sample") @DefaultValue("1000") int sample) {
        return answered(authorization, () -> Response.ok(comparisons.compare(operations.pair(pipeline, index), sample, () -> { })).build());
    }

    /** Deletes an index that readers do not see. */
    @DELETE
    @Path("/{index}")
    public Response retire(@HeaderParam("Authorization") String authorization, @PathParam("pipeline") String pipeline, @PathParam("index") String index) {
        return answered(authorization, () -> {
            operations.retire(pipeline, index);
            return Response.noContent().build();
        });
    }

    private Response answered(String authorization, Answer answer) {
        var refused = door.refusal(authorization, WHAT);
        if (refused != null) {
            return refused;
        }
        try {
            return answer.of();
        } catch (RefusedException e) {
            return OperatorDoor.refused(e.isUnknown() ? Response.Status.NOT_FOUND : Response.Status.CONFLICT, e.getMessage());
        } catch (ConflictException e) {
            return OperatorDoor.refused(Response.Status.CONFLICT, e.getMessage());
        } catch (SearchAwayException | KafkaException e) {
            return OperatorDoor.refused(Response.Status.SERVICE_UNAVAILABLE, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return OperatorDoor.refused(Response.Status.SERVICE_UNAVAILABLE, "The indexer is being stopped");
        }
    }
}
