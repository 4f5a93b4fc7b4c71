package io.millrace.pipeline.access;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/** The one bearer token that a service may know (RFC 6750). Compared in constant time. Immutable. */
public final class BearerToken {

    private static final String SCHEME = "Bearer ";

    /** Null where none is known. */
    private final byte[] token;

    /** @throws IllegalStateException when what is referred to is not there */
    public BearerToken(Secret secret) {
        var text = secret.read();
        token = text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    /** Whether there is one; where there is none, nobody has it. */
    public boolean isKnown() {
        return token != null;
    }

    /** @param authorization the request's header of that name, null where it has none */
    public boolean isIn(String authorization) {
        return token != null && authorization != null && authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                && MessageDigest.isEqual(token, authorization.substring(SCHEME.length()).strip().getBytes(StandardCharsets.UTF_8));
    }
}
