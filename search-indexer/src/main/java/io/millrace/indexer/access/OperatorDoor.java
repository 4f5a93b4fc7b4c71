package io.millrace.indexer.access;

import io.millrace.indexer.IndexerConfig;
import io.millrace.pipeline.access.BearerToken;
import io.millrace.pipeline.access.Secret;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Response;
import java.util.Map;

/** Lets the operator in. */
@Singleton
public final class OperatorDoor {

    private final BearerToken token;

    OperatorDoor(IndexerConfig config) {
        this.token = token(config);
    }

    /**
     * Why the caller is not let in, null where it is.
     *
     * @param authorization the request's header of that name, null where it has none
     * @param what the caller wants to do, as the end of "may …"
     */
    public Response refusal(String authorization, String what) {
        if (!token.isKnown()) {
            return refused(Response.Status.FORBIDDEN, "The indexer knows no operator's token, so nobody may " + what + "; set millrace.indexer.token.env or millrace.indexer.token.file and start it again");
        }
        return token.isIn(authorization) ? null : refused(Response.Status.UNAUTHORIZED, "The caller may not " + what + "; send the operator's token as Authorization: Bearer …");
    }

    /** That of whoever may change something. */
    static BearerToken token(IndexerConfig config) {
        return new BearerToken(Secret.of("millrace.indexer.token", config.token().env(), config.token().file()));
    }

    /** An answer that says why not. */
    public static Response refused(Response.Status status, String why) {
        return Response.status(status).entity(Map.of("message", why)).build();
    }
}
