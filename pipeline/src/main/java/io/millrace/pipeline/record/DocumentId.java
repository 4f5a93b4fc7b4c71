package io.millrace.pipeline.record;

import io.millrace.pipeline.wording.Counted;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
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
    private static final String HASHED = "sha256-";
    private static final int HEX_DIGITS = 64;

    private DocumentId() {}

    /** @param key the key columns' values as text, in primary key order */
    public static String of(List<String> key) {
        if (key.isEmpty()) {
            throw new IllegalArgumentException("A document id needs at least one key column");
        }
        var id = key.size() == 1 ? key.getFirst() : joined(key);
        var bytes = id.getBytes(StandardCharsets.UTF_8);
        return bytes.length <= MOST_BYTES ? id : HASHED + HexFormat.of().formatHex(sha256(bytes));
    }

    /**
     * The way back: the key columns' values as text.
     *
     * @param columns of the root's primary key, in its order
     * @throws IllegalArgumentException when no key has this id, or when the id is a hash, which has no way back
     */
    public static List<String> key(String id, List<String> columns) {
        if (isHash(id)) {
            throw new IllegalArgumentException("The document id " + id + " is the hash of a key longer than " + MOST_BYTES + " bytes, from which no row can be found");
        }
        var parts = columns.size() == 1 ? List.of(id) : split(id);
        if (parts.size() != columns.size()) {
            throw new IllegalArgumentException("The document id '" + id + "' has " + Counted.of(parts.size(), "part") + ", the root's primary key has " + Counted.of(columns.size(), "column") + ": " + String.join(", ", columns));
        }
        return parts;
    }

    /** Whether an id is the hash of a longer text, from which there is no way back. */
    public static boolean isHash(String id) {
        return id.startsWith(HASHED) && id.length() == HASHED.length() + HEX_DIGITS;
    }

    private static List<String> split(String id) {
        var parts = new ArrayList<String>();
        var part = new StringBuilder();
        for (int i = 0; i < id.length(); i++) {
            char c = id.charAt(i);
            if (c == '\\' && i + 1 < id.length()) {
                part.append(id.charAt(++i));
            } else if (c == '|') {
                parts.add(part.toString());
                part.setLength(0);
            } else {
                part.append(c);
            }
        }
        parts.add(part.toString());
        return parts;
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
