package io.millrace.indexer;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Documents that change at a steady rate: some always exist, some come and go. The version of a document is the time at which it was sent, in microseconds since this began. */
final class Traffic implements AutoCloseable {

    private static final int GUESTS = 100;

    private final Stack stack;
    private final String pipeline;
    private final int stable;
    private final long began = System.nanoTime();
    /** What was sent of each document that always exists. */
    private final ConcurrentSkipListSet<Long>[] sent;
    private final Map<String, String> expected = new TreeMap<>();
    private final Thread thread;
    private volatile boolean stopping;
    private volatile Exception failure;

    /**
     * @param stable so many documents always exist
     * @param rate changes a second, after each of them was sent once
     */
    @SuppressWarnings("unchecked")
    Traffic(Stack stack, String pipeline, int stable, int rate) {
        this.stack = stack;
        this.pipeline = pipeline;
        this.stable = stable;
        this.sent = IntStream.range(0, stable).mapToObj(i -> new ConcurrentSkipListSet<Long>()).toArray(ConcurrentSkipListSet[]::new);
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

    /** When the first version of a document after this one was sent; below zero where none was. */
    long after(int id, long version) {
        var next = sent[id].higher(version);
        return next == null ? -1 : next;
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

    private void keep(int id) throws Exception {
        long version = now();
        sent[id].add(version);
        send("s" + id, version, "{\"id\":" + id + ",\"name\":\"stable " + version + "\"}");
    }

    private void guest(int id, boolean stays) throws Exception {
        long version = now();
        send("g" + id, version, stays ? "{\"id\":" + (stable + id) + ",\"name\":\"guest " + version + "\"}" : null);
    }

    private void send(String id, long version, String json) throws Exception {
        stack.document(pipeline, id, version, json);
        synchronized (expected) {
            if (json == null) {
                expected.remove(id);
            } else {
                expected.put(id, version + " " + json);
            }
        }
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
