package io.millrace.tests.stack;

import io.millrace.pipeline.comparison.CanonicalJson;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Somebody else's copy of a pipeline's documents: a stock consumer that knows nothing but what the contract of {@code documents.*} says. It begins again from the first record now and then, as one that lost its
 * place does, and so meets versions that it has.
 */
public final class Replica implements AutoCloseable {

    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration BEGIN_AGAIN = Duration.ofSeconds(15);

    private final String topic;
    private final Map<String, Object> settings;
    private final Map<String, Entry> entries = new HashMap<>();
    private final Thread thread;
    private volatile boolean stopping;
    private volatile RuntimeException failure;
    private volatile int begun;

    /** @param json null where the document was deleted: its version is still needed */
    private record Entry(long version, String json) {}

    /** @param bootstrap addresses of the brokers */
    public Replica(String bootstrap, String topic) {
        this.topic = topic;
        this.settings = Map.of("bootstrap.servers", bootstrap, "group.id", "a-stock-consumer-of-" + topic, "auto.offset.reset", "earliest");
        this.thread = Thread.ofPlatform().name("replica of " + topic).start(this::live);
    }

    private void live() {
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(java.util.List.of(topic));
            long due = System.nanoTime() + BEGIN_AGAIN.toNanos();
            while (!stopping) {
                for (var record : consumer.poll(POLL)) {
                    take(record.key(), ByteBuffer.wrap(record.headers().lastHeader("millrace-version").value()).getLong(), record.value());
                }
                if (System.nanoTime() > due && !consumer.assignment().isEmpty()) {
                    consumer.seekToBeginning(consumer.assignment());
                    due = System.nanoTime() + BEGIN_AGAIN.toNanos();
                    begun++;
                }
            }
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    /** The higher version wins, and of equal ones the later record. */
    private synchronized void take(String id, long version, byte[] value) {
        var known = entries.get(id);
        if (known == null || known.version() <= version) {
            entries.put(id, new Entry(version, value == null ? null : new String(value, StandardCharsets.UTF_8)));
        }
    }

    /** Canonical JSON by document id, as {@link io.millrace.tests.oracle.SqlOracle#read} gives it. */
    public synchronized SortedMap<String, String> documents() {
        if (failure != null) {
            throw failure;
        }
        var documents = new TreeMap<String, String>();
        entries.forEach((id, entry) -> {
            if (entry.json() != null) {
                documents.put(id, CanonicalJson.of(entry.json()));
            }
        });
        return documents;
    }

    /** How often it has begun again from the first record. */
    public int begun() {
        return begun;
    }

    @Override
    public void close() throws InterruptedException {
        stopping = true;
        thread.join();
    }
}
