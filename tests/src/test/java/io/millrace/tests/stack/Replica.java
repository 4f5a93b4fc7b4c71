package io.millrace.tests.stack;

import io.millrace.pipeline.comparison.CanonicalJson;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Somebody else's copy of a pipeline's documents: a stock consumer that knows nothing but what the contract of {@code documents.*} says. It begins again from the first record now and then, as one that lost its
 * place does, and so meets versions that it has.
 */
public final class Replica implements AutoCloseable {

    private static final Duration BEGIN_AGAIN = Duration.ofSeconds(15);

    private final Map<String, Entry> entries = new HashMap<>();
    private final RestlessReader reader;

    /** @param json null where the document was deleted: its version is still needed */
    private record Entry(long version, String json) {}

    /** @param bootstrap addresses of the brokers */
    public Replica(String bootstrap, String topic) {
        this.reader = new RestlessReader(topic, Map.of("bootstrap.servers", bootstrap, "group.id", "a-stock-consumer-of-" + topic), BEGIN_AGAIN,
                record -> take(new String(record.key(), StandardCharsets.UTF_8), ByteBuffer.wrap(record.headers().lastHeader("millrace-version").value()).getLong(), record.value()));
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
        reader.requireReading();
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
        return reader.begun();
    }

    @Override
    public void close() throws InterruptedException {
        reader.close();
    }
}
