package io.millrace.pipeline.form;

import io.millrace.pipeline.file.Reference;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * HMAC-SHA-256 of a text, in hex. Whoever has not the key can neither find the text by trying, nor tell whether it is a certain one.
 * Not thread-safe.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc2104">RFC 2104</a>
 */
public final class KeyedHash {

    private static final String ALGORITHM = "HmacSHA256";
    /** Bytes that SHA-256 takes at once. */
    private static final int BLOCK = 64;
    /** Bytes below which a key could be found by trying. */
    private static final int SHORTEST = 16;

    private final byte[] key;
    private final Mac mac;

    private KeyedHash(byte[] key) {
        try {
            this.mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(key, ALGORITHM));
            this.key = key.length > BLOCK ? MessageDigest.getInstance("SHA-256").digest(key) : key;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Every Java platform has HMAC-SHA-256", e);
        }
    }

    /** @throws IllegalStateException when the reference leads nowhere, or to a key that is too short */
    public static KeyedHash of(Reference reference) {
        var key = reference.resolve().getBytes(StandardCharsets.UTF_8);
        if (key.length < SHORTEST) {
            throw new IllegalStateException("The key of a keyed hash, " + name(reference) + ", has " + key.length + " bytes, and could be found by trying; take one of " + SHORTEST + " random bytes or more");
        }
        return new KeyedHash(key);
    }

    private static String name(Reference reference) {
        return switch (reference) {
            case Reference.Environment(var name) -> "the environment variable " + name;
            case Reference.FromFile(var path) -> "the file " + path;
            default -> "to which the pipeline file refers";
        };
    }

    public String of(String text) {
        return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * The SQL expression that gives the same, without an extension. It holds the key.
     *
     * @param text SQL of a text
     */
    public String sql(String text) {
        return "encode(sha256(" + padded(0x5c) + " || sha256(" + padded(0x36) + " || convert_to(" + text + ", 'UTF8'))), 'hex')";
    }

    private String padded(int with) {
        var block = Arrays.copyOf(key, BLOCK);
        for (int i = 0; i < BLOCK; i++) {
            block[i] ^= (byte) with;
        }
        return "'\\x" + HexFormat.of().formatHex(block) + "'::bytea";
    }
}
