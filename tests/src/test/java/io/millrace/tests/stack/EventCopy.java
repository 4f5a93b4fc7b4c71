package io.millrace.tests.stack;

import io.cloudevents.CloudEvent;
import io.cloudevents.kafka.KafkaMessageFactory;
import io.millrace.pipeline.comparison.CanonicalJson;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A copy of a pipeline's documents by somebody who reads them with the CloudEvents SDK and looks at nothing but the events: whose, what, in which sequence. It begins again from the first record now and
 * then, and takes no event twice.
 */
public final class EventCopy implements AutoCloseable {

    private static final Duration BEGIN_AGAIN = Duration.ofSeconds(10);

    private final Map<String, Entry> entries = new HashMap<>();
    private final Set<String> seen = new HashSet<>();
    private final RestlessReader reader;
    private volatile int repeated;

    /** @param json null where the document was deleted */
    private record Entry(String sequence, String json) {}

    /** @param bootstrap addresses of the brokers */
    public EventCopy(String bootstrap, String topic) {
        this.reader = new RestlessReader(topic, Map.of("bootstrap.servers", bootstrap, "group.id", "a-reader-of-events-of-" + topic, "metadata.max.age.ms", 2000), BEGIN_AGAIN, record -> take(KafkaMessageFactory.createReader(record).toEvent()));
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
        reader.requireReading();
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
        reader.close();
    }
}
