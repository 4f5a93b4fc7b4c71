package io.millrace.capture.service;

import io.millrace.pipeline.access.BearerToken;
import io.millrace.pipeline.access.Secret;
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
    private final BearerToken token;

    RecoveryResource(Capture capture, CaptureConfig config) {
        this.capture = capture;
        this.token = new BearerToken(Secret.of("millrace.capture.token", config.token().env(), config.token().file()));
    }

    /**
     * Begins the recovery; health tells how far it is. With nothing missing it does nothing.
     *
     * @param source the source that is meant; may be left out
     */
    @POST
    public Response recover(@HeaderParam("Authorization") String authorization, @QueryParam("source") String source) {
        if (!token.isKnown()) {
            return refused(403, "Capture knows no operator's token, so nobody may ask for a recovery; set millrace.capture.token.env or millrace.capture.token.file and start it again");
        }
        if (!token.isIn(authorization)) {
            return refused(401, "The caller may not ask for a recovery; send the operator's token as Authorization: Bearer …");
        }
        return source == null || source.equals(capture.sourceName()) ? recovered()
                : refused(404, "This is the capture of the source '" + capture.sourceName() + "', not of '" + source + "'; ask the one of that source");
    }

    private Response recovered() {
        var before = capture.state();
        if (!before.ready()) {
            capture.recover();
        }
        return Response.ok(Map.of("source", capture.sourceName(), "missing", before.ready() ? "" : before.reason())).build();
    }

    private static Response refused(int status, String why) {
        return Response.status(status).entity(Map.of("message", why)).build();
    }
}
