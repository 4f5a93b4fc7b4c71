package io.millrace.pipeline.subject;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The hash by which an erased subject is known in audit, log and SQL: SHA-256 of the subject's name, a slash, and the text of its key; in hex. */
public final class SubjectKey {

    /** The type of the outbox rows that order an erasure; their {@code aggregatetype} is the subject's name, their {@code aggregateid} the hash. */
    public static final String FORGET = "forget";
    /** The type of those that end one. */
    public static final String REMEMBER = "remember";

    private SubjectKey() {}

    public static String hash(String subject, String key) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest((subject + "/" + key).getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }

    /**
     * The SQL expression that gives the same.
     *
     * @param key SQL of the key, of any type
     */
    public static String sql(String subject, String key) {
        return "encode(sha256(convert_to('" + subject + "/' || (" + key + ")::text, 'UTF8')), 'hex')";
    }
}
