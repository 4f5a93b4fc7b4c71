package io.millrace.capture.service;

import io.millrace.capture.resnapshot.RefusedException;
import io.millrace.capture.send.SendException;
import io.millrace.capture.source.LockLostException;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.Map;

/** Where an operator has tables read again while the stream goes on, and sees how far they are. */
@Path("/resnapshots")
@Produces(MediaType.APPLICATION_JSON)
public final class ResnapshotResource {

    private final Capture capture;
    private final OperatorDoor door;

    ResnapshotResource(Capture capture, CaptureConfig config) {
        this.capture = capture;
        this.door = new OperatorDoor(capture, config, "see or change which tables are read again");
    }

    private interface Answer {
        Object of() throws RefusedException, InterruptedException;
    }

    /** Every table that is being read or waits for it, in this order. */
    @GET
    public Response all(@HeaderParam("Authorization") String authorization, @QueryParam("source") String source) {
        return answered(authorization, source, () -> Map.of("source", capture.sourceName(), "resnapshots", capture.resnapshots().status()));
    }

    /** About how many rows a table has, by the planner. */
    @GET
    @Path("/estimate")
    public Response estimate(@HeaderParam("Authorization") String authorization, @QueryParam("source") String source, @QueryParam("table") String table) {
        return answered(authorization, source, () -> Map.of("table", table, "estimate", capture.resnapshots().estimate(table)));
    }

    /**
     * Asks for a table to be read again.
     *
     * @param source the source that is meant; may be left out
     * @param table as in SQL
     * @param where an SQL condition that chooses its rows; left out for all of them, and then rows that are gone are taken away too
     */
    @POST
    public Response ask(@HeaderParam("Authorization") String authorization, @QueryParam("source") String source, @QueryParam("table") String table, @QueryParam("where") String where) {
        return answered(authorization, source, () -> capture.resnapshots().ask(table, where));
    }

    /** Takes back what was asked for; answers with how far it came. */
    @DELETE
    public Response cancel(@HeaderParam("Authorization") String authorization, @QueryParam("source") String source, @QueryParam("table") String table) {
        return answered(authorization, source, () -> capture.resnapshots().cancel(table));
    }

    private Response answered(String authorization, String source, Answer answer) {
        var refused = door.refusal(authorization, source);
        if (refused != null) {
            return refused;
        }
        try {
            return Response.ok(answer.of()).build();
        } catch (RefusedException e) {
            return OperatorDoor.refused(switch (e.reason()) {
                case WRONG -> 400;
                case UNKNOWN -> 404;
                case CONFLICT -> 409;
                case AWAY -> 503;
            }, e.getMessage());
        } catch (SendException | LockLostException e) {
            return OperatorDoor.refused(503, e.getMessage());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return OperatorDoor.refused(503, "Capture is being stopped");
        }
    }
}
