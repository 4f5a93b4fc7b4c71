package io.millrace.capture.service;

import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;

/** The one bearer token that lets a caller change something, configured by reference. */
@ApplicationScoped
public class OperatorToken {

    /** What a request's token is worth. */
    enum Verdict { ACCEPTED, REFUSED, NONE }

    private static final String SCHEME = "Bearer ";

    /** Null where none is configured. */
    private final byte[] token;

    OperatorToken(CaptureConfig config) {
        var text = read(config.token());
        token = text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    Verdict check(String authorization) {
        if (token == null) {
            return Verdict.NONE;
        }
        boolean right = authorization != null && authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                && MessageDigest.isEqual(token, authorization.substring(SCHEME.length()).strip().getBytes(StandardCharsets.UTF_8));
        return right ? Verdict.ACCEPTED : Verdict.REFUSED;
    }

    private static String read(CaptureConfig.Reference reference) {
        if (reference.env().isPresent() && reference.file().isPresent()) {
            throw new IllegalStateException("millrace.capture.token.env and millrace.capture.token.file are both set; it can come from one place only");
        }
        if (reference.env().isPresent()) {
            return present(System.getenv(reference.env().get()), "The environment variable " + reference.env().get() + ", to which millrace.capture.token.env refers,");
        }
        if (reference.file().isEmpty()) {
            return null;
        }
        try {
            return present(Files.readString(reference.file().get()), "The file " + reference.file().get() + ", to which millrace.capture.token.file refers,");
        } catch (IOException e) {
            throw new IllegalStateException("The file " + reference.file().get() + ", to which millrace.capture.token.file refers, cannot be read (" + e + "); create it or correct the path", e);
        }
    }

    private static String present(String text, String where) {
        if (text == null || text.isBlank()) {
            throw new IllegalStateException(where + " is empty; write the operator's token into it");
        }
        return text.strip();
    }
}
