package io.millrace.pipeline.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/** The one bearer token that a service may know (RFC 6750), looked up for each request, so that it may be exchanged. Compared in constant time. Immutable. */
public final class BearerToken {

    private static final String SCHEME = "Bearer ";

    private final Secret secret;
    private final boolean known;

    /** @throws IllegalStateException when what is referred to is not there */
    public BearerToken(Secret secret) {
        this.secret = secret;
        this.known = secret.read() != null;
    }

    /** Whether there is one; where there is none, nobody has it. */
    public boolean isKnown() {
        return known;
    }

    /**
     * While what is referred to is not there, nobody has it.
     *
     * @param authorization the request's header of that name, null where it has none
     */
    public boolean isIn(String authorization) {
        if (!known || authorization == null || !authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return false;
        }
        try {
            return MessageDigest.isEqual(bytes(secret.read()), bytes(authorization.substring(SCHEME.length()).strip()));
        } catch (IllegalStateException e) {
            return false;
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
