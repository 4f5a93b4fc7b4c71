package io.millrace.pipeline.file;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * What is traced of a pipeline, and what its spans tell.
 *
 * @param rate share of changes that are traced though their row brings no trace context, 0 to 1; null where the file leaves it to capture
 * @param privateIds whether the id of a document is told as its hash only
 */
public record Trace(Double rate, boolean privateIds) {

    /** What holds where a file says nothing. */
    public static final Trace DEFAULT = new Trace(null, false);

    /** The id of a document as a span may tell it: equal ids look equal, and a private one cannot be read. */
    public String shown(String documentId) {
        if (!privateIds) {
            return documentId;
        }
        try {
            return "sha256-" + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(documentId.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }
}
