package io.millrace.capture.service;

import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.Map;

/** Where an operator asks for what may be missing to be read again. */
@Path("/recovery")
@Produces(MediaType.APPLICATION_JSON)
public final class RecoveryResource {

    private final Capture capture;
    private final OperatorDoor door;

    RecoveryResource(Capture capture, CaptureConfig config) {
        this.capture = capture;
        this.door = new OperatorDoor(capture, config, "ask for a recovery");
    }

    /**
     * Begins the recovery; health tells how far it is. With nothing missing it does nothing. It is refused while another capture, of another server, goes on writing the topics: nothing would come of it.
     *
     * @param source the source that is meant; may be left out
     * @param skipLog whether what the log has until now is given up, where the stream stands in it: the slot moves to its end, and every table is read again
     */
    @POST
    public Response recover(@HeaderParam("Authorization") String authorization, @QueryParam("source") String source, @QueryParam("skipLog") boolean skipLog) {
        var refused = door.refusal(authorization, source);
        if (refused != null) {
            return refused;
        }
        return skipLog ? skipped() : recovered();
    }

    private Response skipped() {
        if (!capture.isStuck()) {
            return OperatorDoor.refused(409, "The stream of the source '" + capture.sourceName() + "' does not stand at a place in the log that cannot be read, so nothing of it is given up; leave the option out to have read again what is missing");
        }
        var before = capture.state();
        capture.skipLog();
        return Response.ok(Map.of("source", capture.sourceName(), "missing", before.reason())).build();
    }

    private Response recovered() {
        var kept = capture.refusal();
        if (kept != null) {
            return OperatorDoor.refused(409, kept);
        }
        var before = capture.state();
        if (!before.ready()) {
            capture.recover();
        }
        return Response.ok(Map.of("source", capture.sourceName(), "missing", before.ready() ? "" : before.reason())).build();
    }
}
