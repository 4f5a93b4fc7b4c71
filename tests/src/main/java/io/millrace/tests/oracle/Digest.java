package io.millrace.tests.oracle;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/** Stands for a document where there are too many to be held: half of its SHA-256, as JSON, so that two that differ are told like any others. */
final class Digest {

    private static final int BYTES = 16;

    private Digest() {}

    static String of(String document) {
        try {
            var bytes = MessageDigest.getInstance("SHA-256").digest(document.getBytes(StandardCharsets.UTF_8));
            return "\"" + HexFormat.of().formatHex(Arrays.copyOf(bytes, BYTES)) + "\"";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("This Java has no SHA-256, which every one has to have", e);
        }
    }
}
