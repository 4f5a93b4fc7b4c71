package io.millrace.indexer.quarantine;

import io.millrace.indexer.access.OperatorDoor;
import io.millrace.indexer.generation.SearchAwayException;
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
import java.util.Map;
import java.util.NoSuchElementException;
import org.apache.kafka.common.KafkaException;

/** Where an operator sees which documents stand in quarantine, and decides about them. */
@Path("/pipelines/{pipeline}/quarantine")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
public class QuarantineResource {

    private static final String WHAT = "see parked documents or decide about them";
    private static final int MOST = 1_000;

    private final QuarantineDesk desk;
    private final OperatorDoor door;

    QuarantineResource(QuarantineDesk desk, OperatorDoor door) {
        this.desk = desk;
        this.door = door;
    }

    private interface Answer {
        Object of() throws InterruptedException;
    }

    /**
     * How many documents stand there, and some of them.
     *
     * @param after the place of the last one of the page before
     * @param limit 1,000 at most
     */
    @GET
    public Response all(@HeaderParam("Authorization") String authorization, @PathParam("pipeline") String pipeline, @QueryParam("after") @DefaultValue("") String after, @QueryParam("limit") @DefaultValue("100") int limit) {
        return answered(authorization, () -> desk.page(pipeline, after, Math.clamp(limit, 0, MOST)));
    }

    /**
     * One document, with what is in it; once for each index that refused it.
     *
     * @param most so many characters of what is in it; 0 for nothing of it
     */
    @GET
    @Path("/documents/{id}")
    public Response one(@HeaderParam("Authorization") String authorization, @PathParam("pipeline") String pipeline, @PathParam("id") String id,
            @QueryParam("most") @DefaultValue("" + Integer.MAX_VALUE) int most) {
        return answered(authorization, () -> desk.one(pipeline, id, Math.max(0, most)));
    }

    /** Has documents sent to their index again; one of which a later one went the usual way is settled without being sent. */
    @POST
    @Path("/replay")
    @Consumes(MediaType.APPLICATION_JSON)
    public Response replay(@HeaderParam("Authorization") String authorization, @PathParam("pipeline") String pipeline, Decision decision) {
        return answered(authorization, () -> desk.replay(pipeline, reasoned(decision).chosen(), decision.reason(), decision.decider()));
    }

    /** Gives documents up, as many as the caller has seen. */
    @POST
    @Path("/discard")
    @Consumes(MediaType.APPLICATION_JSON)
    public Response discard(@HeaderParam("Authorization") String authorization, @PathParam("pipeline") String pipeline, Decision decision) {
        return answered(authorization, () -> Map.of("discarded", desk.discard(pipeline, reasoned(decision).chosen(), decision.count() == null ? -1 : decision.count(), decision.reason(), decision.decider())));
    }

    private static Decision reasoned(Decision decision) {
        if (decision == null || decision.reason() == null || decision.reason().isBlank()) {
            throw new IllegalArgumentException("Say why, as 'reason'; it is kept beside the documents");
        }
        return decision;
    }

    private Response answered(String authorization, Answer answer) {
        var refused = door.refusal(authorization, WHAT);
        if (refused != null) {
            return refused;
        }
        try {
            return Response.ok(answer.of()).build();
        } catch (NoSuchElementException e) {
            return OperatorDoor.refused(Response.Status.NOT_FOUND, e.getMessage());
        } catch (IllegalArgumentException e) {
            return OperatorDoor.refused(Response.Status.BAD_REQUEST, e.getMessage());
        } catch (KafkaException | Quarantine.ParkException | SearchAwayException e) {
            return OperatorDoor.refused(Response.Status.SERVICE_UNAVAILABLE, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return OperatorDoor.refused(Response.Status.SERVICE_UNAVAILABLE, "The indexer is being stopped");
        }
    }
}
