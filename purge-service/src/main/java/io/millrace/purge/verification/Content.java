package io.millrace.purge.verification;

import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.pipeline.comparison.Json;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A document as one side has it.
 *
 * @param hash of its canonical JSON; empty where that was not read
 * @param size of that, in characters
 * @param made another text once it was written again: of Postgres the root row's {@code xmin}, of the index the sequence number, of a table version and content
 */
record Content(String hash, int size, String made) {

    static Content of(Json document, String made) {
        var canonical = CanonicalJson.write(document);
        return new Content(hash(canonical), canonical.length(), made);
    }

    private static String hash(String canonical) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(canonical.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }
}
