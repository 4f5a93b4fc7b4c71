package io.millrace.tests.bench;

import io.millrace.pipeline.record.Headers;
import io.millrace.tests.stack.DemoStack;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToLongFunction;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads along at the topics of documents and keeps what the headers say about each document's way. */
final class DocumentTimes {

    /** So many documents of one commit are a fan-out: a row changed that many show. */
    private static final int FAN_OUT = 50;
    private static final long NONE = Long.MIN_VALUE;

    private record Way(long committed, long captured, long gated, long joined) {}

    private final Map<String, Object> settings;
    private final List<String> topics;
    private final CompletableFuture<List<Way>> ways = new CompletableFuture<>();
    private volatile boolean goOn = true;

    private DocumentTimes(DemoStack stack, List<String> topics) {
        // Seldom and much at once: what is read are headers, and the reader must not load what it measures.
        this.settings = new HashMap<>(stack.stack().servers().kafkaAdmin());
        settings.putAll(Map.of("fetch.min.bytes", 1 << 20, "fetch.max.wait.ms", 500));
        this.topics = topics;
    }

    /** Begins at the topics' present ends. */
    static DocumentTimes readAlong(DemoStack stack, List<String> topics) {
        var times = new DocumentTimes(stack, topics);
        var ready = new CompletableFuture<Void>();
        Thread.ofPlatform().name("document-times").daemon().start(() -> times.run(ready));
        ready.join();
        return times;
    }

    private void run(CompletableFuture<Void> ready) {
        var found = new ArrayList<Way>();
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partitions = topics.stream().flatMap(t -> consumer.partitionsFor(t).stream().map(p -> new TopicPartition(t, p.partition()))).toList();
            consumer.assign(partitions);
            consumer.seekToEnd(partitions);
            partitions.forEach(consumer::position);
            ready.complete(null);
            while (goOn) {
                for (var record : consumer.poll(Duration.ofMillis(250))) {
                    var h = record.headers();
                    found.add(new Way(Headers.number(h, Headers.COMMITTED, NONE), Headers.number(h, Headers.CAPTURED, NONE), Headers.number(h, Headers.GATED, NONE),
                            Headers.number(h, Headers.JOINED, NONE)));
                }
            }
            ways.complete(found);
        } catch (RuntimeException e) {
            ready.completeExceptionally(e);
            ways.completeExceptionally(e);
        }
    }

    /** Ends reading. @return times by what they are of, in the order of the way */
    Map<String, Percentiles> stop() {
        goOn = false;
        var all = ways.join().stream().filter(w -> w.committed != NONE && w.captured != NONE && w.gated != NONE && w.joined != NONE).toList();
        var perCommit = new HashMap<Long, Integer>();
        all.forEach(w -> perCommit.merge(w.committed, 1, Integer::sum));
        var single = all.stream().filter(w -> perCommit.get(w.committed) < FAN_OUT).toList();
        var result = new LinkedHashMap<String, Percentiles>();
        result.put("headers: commit to captured", of(single, w -> w.captured - w.committed));
        result.put("headers: captured to gated", of(single, w -> w.gated - w.captured));
        result.put("headers: gated to joined", of(single, w -> w.joined - w.gated));
        result.put("headers: commit to joined", of(single, w -> w.joined - w.committed));
        result.put("headers: commit to joined, with fan-outs", of(all, w -> w.joined - w.committed));
        return result;
    }

    private static Percentiles of(List<Way> ways, ToLongFunction<Way> time) {
        return Percentiles.ofMicros(ways.stream().mapToLong(time).toArray());
    }
}
