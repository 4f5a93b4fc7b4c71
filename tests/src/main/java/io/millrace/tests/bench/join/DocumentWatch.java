package io.millrace.tests.bench.join;

import io.millrace.pipeline.record.Headers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads a documents topic from its beginning as it grows, as an indexer would: the last record of a document counts,
 * unless its version is lower. Thread-safe.
 */
final class DocumentWatch implements AutoCloseable {

    private static final long ABSENT = 0;

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Thread thread;
    private final long[] hashes;
    private final long[] versions;
    private int present;
    private long records;
    private long regressions;
    private long lastRecordNanos = System.nanoTime();
    private long[] direct = new long[1 << 12];
    private int directs;
    private long[] spread = new long[1 << 12];
    private int spreads;
    /** The time of the look-up change that is being counted, and how many documents of it have been seen. */
    private long counted;
    private int seen;
    private long seenAt;
    private RuntimeException failure;
    private volatile boolean closed;

    DocumentWatch(String bootstrap, String topic, int partitions, int documents) {
        hashes = new long[documents];
        versions = new long[documents];
        consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", bootstrap, "fetch.max.wait.ms", 5, "max.poll.records", 5_000), new ByteArrayDeserializer(), new ByteArrayDeserializer());
        List<TopicPartition> all = IntStream.range(0, partitions).mapToObj(p -> new TopicPartition(topic, p)).toList();
        consumer.assign(all);
        consumer.seekToBeginning(all);
        thread = Thread.ofPlatform().name("watch-" + topic).start(this::read);
    }

    private void read() {
        try (consumer) {
            while (!closed) {
                var batch = consumer.poll(Duration.ofMillis(50));
                long now = Headers.nowMicros();
                synchronized (this) {
                    batch.forEach(record -> take(record, now));
                }
            }
        } catch (RuntimeException e) {
            synchronized (this) {
                failure = e;
            }
        }
    }

    private void take(ConsumerRecord<byte[], byte[]> record, long now) {
        int id = Integer.parseInt(new String(record.key(), StandardCharsets.UTF_8));
        records++;
        lastRecordNanos = System.nanoTime();
        time(record, now);
        long version = Headers.number(record.headers(), Headers.VERSION, 0);
        if (version < versions[id]) {
            regressions++;
            return;
        }
        versions[id] = version;
        long hash = hash(record.value());
        present += (hash == ABSENT ? 0 : 1) - (hashes[id] == ABSENT ? 0 : 1);
        hashes[id] = hash;
    }

    /** A change's commit time is unique, so it also tells which change a document shows. */
    private void time(ConsumerRecord<byte[], byte[]> record, long now) {
        long committed = Headers.number(record.headers(), Headers.COMMITTED, 0);
        if (committed == 0) {
            return;
        }
        if (committed == counted) {
            seen++;
            seenAt = now;
        } else if ((committed & 1) == 0) {
            direct = directs == direct.length ? Arrays.copyOf(direct, directs * 2) : direct;
            direct[directs++] = now - committed;
        } else {
            spread = spreads == spread.length ? Arrays.copyOf(spread, spreads * 2) : spread;
            spread[spreads++] = now - committed;
        }
    }

    static long hash(byte[] document) {
        if (document == null) {
            return ABSENT;
        }
        long hash = 0xcbf29ce484222325L;
        for (byte b : document) {
            hash = (hash ^ b & 0xFF) * 0x100000001b3L;
        }
        return hash == ABSENT ? 1 : hash;
    }

    /**
     * @param present documents that are there
     * @param records read so far
     * @param regressions of them, those with a lower version than one before
     * @param quiet since the last one
     */
    record State(int present, long records, long regressions, Duration quiet) {}

    synchronized State state() {
        if (failure != null) {
            throw new IllegalStateException("Reading the documents failed: " + failure.getMessage(), failure);
        }
        return new State(present, records, regressions, Duration.ofNanos(System.nanoTime() - lastRecordNanos));
    }

    /** Forgets the times measured so far. */
    synchronized void startTimes() {
        directs = 0;
        spreads = 0;
    }

    /** Microseconds from a row to each document that shows it, for changes of a document's own rows. */
    synchronized long[] direct() {
        return Arrays.copyOf(direct, directs);
    }

    /** The same for changes of look-up rows, which reach several documents. */
    synchronized long[] spread() {
        return Arrays.copyOf(spread, spreads);
    }

    /** From now on counts the documents that come from the change of this time. */
    synchronized void count(long committed) {
        counted = committed;
        seen = 0;
    }

    /**
     * @param documents seen so far
     * @param lastMicros when the last of them was
     */
    record Counted(int documents, long lastMicros) {}

    synchronized Counted counted() {
        return new Counted(seen, seenAt);
    }

    synchronized long hash(int id) {
        return hashes[id];
    }

    synchronized long version(int id) {
        return versions[id];
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
