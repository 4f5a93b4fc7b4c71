package io.millrace.capture.service;

import io.millrace.pipeline.access.BearerToken;
import io.millrace.pipeline.access.Secret;
import jakarta.ws.rs.core.Response;
import java.util.Map;

/** Lets the operator in, for the source that is meant. */
final class OperatorDoor {

    private final Capture capture;
    private final BearerToken token;
    private final String what;

    /** @param what the caller wants to do, as the end of "may …" */
    OperatorDoor(Capture capture, CaptureConfig config, String what) {
        this.capture = capture;
        this.token = token(config);
        this.what = what;
    }

    /**
     * Why the caller is not let in, null where it is.
     *
     * @param source the source that is meant, null for whichever this is
     */
    Response refusal(String authorization, String source) {
        if (!token.isKnown()) {
            return refused(403, "Capture knows no operator's token, so nobody may " + what + "; set millrace.capture.token.env or millrace.capture.token.file and start it again");
        }
        if (!token.isIn(authorization)) {
            return refused(401, "The caller may not " + what + "; send the operator's token as Authorization: Bearer …");
        }
        if (capture.state().isStandingBy()) {
            return refused(503, "This capture stands by and can do nothing for the source '" + capture.sourceName() + "'; ask the one that captures it. " + capture.state().warning());
        }
        return source == null || source.equals(capture.sourceName()) ? null
                : refused(404, "This is the capture of the source '" + capture.sourceName() + "', not of '" + source + "'; ask the one of that source");
    }

    /** That of whoever may change something. */
    static BearerToken token(CaptureConfig config) {
        return new BearerToken(Secret.of("millrace.capture.token", config.token().env(), config.token().file()));
    }

    static Response refused(int status, String why) {
        return Response.status(status).entity(Map.of("message", why)).build();
    }
}
