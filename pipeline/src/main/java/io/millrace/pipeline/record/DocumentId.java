package io.millrace.pipeline.record;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * The id of a document: the text of its root row's primary key.
 *
 * <p>Several columns are joined by {@code |}; a {@code |} or {@code \} inside a value is written with a {@code \} before
 * it. A text of more than 512 bytes, the most that the search engine takes, becomes {@code sha256-} and its hash.
 */
public final class DocumentId {

    private static final int MOST_BYTES = 512;

    private DocumentId() {}

    /** @param key the key columns' values as text, in primary key order */
    public static String of(List<String> key) {
        if (key.isEmpty()) {
            throw new IllegalArgumentException("A document id needs at least one key column");
        }
        var id = key.size() == 1 ? key.getFirst() : joined(key);
        var bytes = id.getBytes(StandardCharsets.UTF_8);
        return bytes.length <= MOST_BYTES ? id : "sha256-" + HexFormat.of().formatHex(sha256(bytes));
    }

    private static String joined(List<String> key) {
        var id = new StringBuilder();
        for (var part : key) {
            if (!id.isEmpty()) {
                id.append('|');
            }
            for (int i = 0; i < part.length(); i++) {
                char c = part.charAt(i);
                if (c == '|' || c == '\\') {
                    id.append('\\');
                }
                id.append(c);
            }
        }
        return id.toString();
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }
}
