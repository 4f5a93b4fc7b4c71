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
     * Begins the recovery; health tells how far it is. With nothing missing it does nothing.
     *
     * @param source the source that is meant; may be left out
     */
    @POST
    public Response recover(@HeaderParam("Authorization") String authorization, @QueryParam("source") String source) {
        var refused = door.refusal(authorization, source);
        return refused == null ? recovered() : refused;
    }

    private Response recovered() {
        var before = capture.state();
        if (!before.ready()) {
            capture.recover();
        }
        return Response.ok(Map.of("source", capture.sourceName(), "missing", before.ready() ? "" : before.reason())).build();
    }
}
