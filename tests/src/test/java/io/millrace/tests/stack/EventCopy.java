package io.millrace.tests.stack;

import io.cloudevents.CloudEvent;
import io.cloudevents.kafka.KafkaMessageFactory;
import io.millrace.pipeline.comparison.CanonicalJson;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * A copy of a pipeline's documents by somebody who reads them with the CloudEvents SDK and looks at nothing but the events: whose, what, in which sequence. It begins again from the first record now and
 * then, and takes no event twice.
 */
public final class EventCopy implements AutoCloseable {

    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration BEGIN_AGAIN = Duration.ofSeconds(10);

    private final String topic;
    private final Map<String, Object> settings;
    private final Map<String, Entry> entries = new HashMap<>();
    private final Set<String> seen = new HashSet<>();
    private final Thread thread;
    private volatile boolean stopping;
    private volatile RuntimeException failure;
    private volatile int repeated;

    /** @param json null where the document was deleted */
    private record Entry(String sequence, String json) {}

    /** @param bootstrap addresses of the brokers */
    public EventCopy(String bootstrap, String topic) {
        this.topic = topic;
        this.settings = Map.of("bootstrap.servers", bootstrap, "group.id", "a-reader-of-events-of-" + topic, "auto.offset.reset", "earliest", "metadata.max.age.ms", 2000);
        this.thread = Thread.ofPlatform().name("events of " + topic).start(this::live);
    }

    private void live() {
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(topic));
            long due = System.nanoTime() + BEGIN_AGAIN.toNanos();
            while (!stopping) {
                consumer.poll(POLL).forEach(record -> take(KafkaMessageFactory.createReader(record).toEvent()));
                if (System.nanoTime() > due && !consumer.assignment().isEmpty()) {
                    consumer.seekToBeginning(consumer.assignment());
                    due = System.nanoTime() + BEGIN_AGAIN.toNanos();
                }
            }
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    private synchronized void take(CloudEvent event) {
        if (!seen.add(event.getSource() + " " + event.getId())) {
            repeated++;
            return;
        }
        var sequence = (String) event.getExtension("sequence");
        var known = entries.get(event.getSubject());
        if (known == null || known.sequence().compareTo(sequence) <= 0) {
            boolean isDelete = event.getType().equals("io.millrace.document.deleted");
            entries.put(event.getSubject(), new Entry(sequence, isDelete ? null : new String(event.getData().toBytes(), StandardCharsets.UTF_8)));
        }
    }

    /** Canonical JSON by document id. */
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

    /** How many documents it knows to be deleted. */
    public synchronized long deleted() {
        return entries.values().stream().filter(entry -> entry.json() == null).count();
    }

    /** How many events it had seen before. */
    public int repeated() {
        return repeated;
    }

    @Override
    public void close() throws InterruptedException {
        stopping = true;
        thread.join();
    }
}
