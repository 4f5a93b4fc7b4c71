package io.millrace.indexer;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.RecordMetadata;

/** Documents that change at a steady rate: some always exist, some come and go. The version of a document is the time at which it was sent, in microseconds since this began. */
final class Traffic implements AutoCloseable {

    private static final int GUESTS = 100;

    private final Stack stack;
    private final String pipeline;
    private final int stable;
    private final long began = System.nanoTime();
    /** What was sent of each document that always exists, by its version. */
    private final ConcurrentSkipListMap<Long, Sent>[] sent;
    private final Map<String, String> expected = new TreeMap<>();
    private final Thread thread;
    private volatile boolean stopping;
    private volatile Exception failure;

    /** A version that was sent. @param version when, in microseconds. @param record where Kafka put it, once it has */
    record Sent(long version, Future<RecordMetadata> record) {}

    /**
     * @param stable so many documents always exist
     * @param rate changes a second, after each of them was sent once
     */
    @SuppressWarnings("unchecked")
    Traffic(Stack stack, String pipeline, int stable, int rate) {
        this.stack = stack;
        this.pipeline = pipeline;
        this.stable = stable;
        this.sent = IntStream.range(0, stable).mapToObj(i -> new ConcurrentSkipListMap<Long, Sent>()).toArray(ConcurrentSkipListMap[]::new);
        this.thread = Thread.ofPlatform().name("traffic on " + pipeline).start(() -> live(rate));
    }

    long now() {
        return TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - began) + 1;
    }

    int stable() {
        return stable;
    }

    /** Of all documents, those that come and go among them. */
    List<String> ids() {
        return Stream.concat(IntStream.range(0, stable).mapToObj(i -> "s" + i), IntStream.range(0, GUESTS).mapToObj(i -> "g" + i)).toList();
    }

    /** The first version of a document after this one that was sent; null where none was. */
    Sent after(int id, long version) {
        var next = sent[id].higherEntry(version);
        return next == null ? null : next.getValue();
    }

    private void live(int rate) {
        var random = new Random(7);
        try {
            for (int id = 0; id < stable; id++) {
                keep(id);
            }
            long due = System.nanoTime();
            for (int i = 0; !stopping; i++) {
                due += TimeUnit.SECONDS.toNanos(1) / rate;
                TimeUnit.NANOSECONDS.sleep(due - System.nanoTime());
                if (i % 10 == 0) {
                    guest(random.nextInt(GUESTS), random.nextBoolean());
                } else {
                    keep(random.nextInt(stable));
                }
            }
        } catch (Exception e) {
            failure = e;
        }
    }

    private void keep(int id) {
        long version = now();
        sent[id].put(version, new Sent(version, send("s" + id, version, "{\"id\":" + id + ",\"name\":\"stable " + version + "\"}")));
    }

    private void guest(int id, boolean stays) {
        long version = now();
        send("g" + id, version, stays ? "{\"id\":" + (stable + id) + ",\"name\":\"guest " + version + "\"}" : null);
    }

    private Future<RecordMetadata> send(String id, long version, String json) {
        var record = stack.document(pipeline, id, version, json);
        synchronized (expected) {
            if (json == null) {
                expected.remove(id);
            } else {
                expected.put(id, version + " " + json);
            }
        }
        return record;
    }

    /** What an index must have once this has stopped. */
    Map<String, String> expected() {
        if (failure != null) {
            throw new IllegalStateException(failure);
        }
        synchronized (expected) {
            return Map.copyOf(expected);
        }
    }

    void stop() throws InterruptedException {
        stopping = true;
        thread.join();
    }

    @Override
    public void close() throws InterruptedException {
        stop();
    }
}
