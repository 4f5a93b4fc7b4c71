package io.millrace.indexer.reconcile;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * The ids of an index and the keys of a topic, on disk, in buckets by their hash; so that one bucket's keys are all that is in
 * memory at a time. For one thread.
 *
 * <p>Of a key 64 bits of its SHA-256 are kept: of a billion keys none hides an id in 18 billion cases out of 18 billion and one.
 */
final class Buckets implements AutoCloseable {

    private static final int COUNT = 256;
    private static final int BUFFER = 8 << 10;

    private final Path folder;
    private final MessageDigest digest;
    private final DataOutputStream[] ids = new DataOutputStream[COUNT];
    private final DataOutputStream[] keys = new DataOutputStream[COUNT];

    /** @param scratch null for the system's temporary folder */
    Buckets(Path scratch) throws IOException {
        folder = scratch == null ? Files.createTempDirectory("millrace-reconcile") : Files.createTempDirectory(scratch, "millrace-reconcile");
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
        for (int i = 0; i < COUNT; i++) {
            ids[i] = open("ids", i);
            keys[i] = open("keys", i);
        }
    }

    private DataOutputStream open(String what, int bucket) throws IOException {
        return new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file(what, bucket)), BUFFER));
    }

    private Path file(String what, int bucket) {
        return folder.resolve(what + bucket);
    }

    private long hash(byte[] key) {
        return ByteBuffer.wrap(digest.digest(key)).getLong();
    }

    private static int bucket(long hash) {
        return (int) (hash >>> 56);
    }

    void id(Known known) throws IOException {
        long hash = hash(known.id().getBytes(StandardCharsets.UTF_8));
        var out = ids[bucket(hash)];
        out.writeLong(hash);
        out.writeUTF(known.id());
        out.writeLong(known.seqNo());
        out.writeLong(known.term());
    }

    void key(byte[] key) throws IOException {
        long hash = hash(key);
        keys[bucket(hash)].writeLong(hash);
    }

    /** Gives each id that is no key. */
    void orphans(Consumer<Known> to) throws IOException {
        for (int i = 0; i < COUNT; i++) {
            ids[i].close();
            keys[i].close();
            var known = keys(i);
            try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file("ids", i)), BUFFER))) {
                while (true) {
                    long hash = in.readLong();
                    var document = new Known(in.readUTF(), in.readLong(), in.readLong());
                    if (Arrays.binarySearch(known, hash) < 0) {
                        to.accept(document);
                    }
                }
            } catch (EOFException e) {
                Files.delete(file("ids", i));
            }
        }
    }

    private long[] keys(int bucket) throws IOException {
        var hashes = new long[Math.toIntExact(Files.size(file("keys", bucket)) / Long.BYTES)];
        try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file("keys", bucket)), BUFFER))) {
            for (int i = 0; i < hashes.length; i++) {
                hashes[i] = in.readLong();
            }
        }
        Arrays.sort(hashes);
        return hashes;
    }

    @Override
    public void close() throws IOException {
        for (int i = 0; i < COUNT; i++) {
            ids[i].close();
            keys[i].close();
            Files.deleteIfExists(file("ids", i));
            Files.deleteIfExists(file("keys", i));
        }
        Files.deleteIfExists(folder);
    }
}
