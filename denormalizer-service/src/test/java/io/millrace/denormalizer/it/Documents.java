package io.millrace.denormalizer.it;

import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.ledger.Tally;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads a pipeline's documents as the indexer does: last record of a key wins, unless its version is lower. */
public final class Documents implements AutoCloseable {

    private static final Duration MOMENT = Duration.ofMillis(20);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Map<String, Long> versions = new HashMap<>();
    private final TreeMap<String, String> present = new TreeMap<>();
    private final List<String> regressions = new ArrayList<>();
    private final Ledger ledger = new Ledger(topic -> "");
    private final List<TopicPartition> partitions = new ArrayList<>();
    private final List<Tally> tallies = new ArrayList<>();
    private final List<String> owed = new ArrayList<>();
    private long records;
    private long numbered;

    public Documents(String bootstrap, String pipeline, int count) {
        consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", bootstrap, "auto.offset.reset", "earliest"), new ByteArrayDeserializer(), new ByteArrayDeserializer());
        for (int p = 0; p < count; p++) {
            partitions.add(new TopicPartition(Topics.documents(pipeline), p));
            tallies.add(new Tally(partitions.getLast(), true, 0, ledger));
        }
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
    }

    /** The topic was made anew, so its offsets and numbers begin again. */
    void topicIsAnew() {
        for (int p = 0; p < tallies.size(); p++) {
            ledger.forget(partitions.get(p));
            tallies.set(p, new Tally(partitions.get(p), true, 0, ledger));
        }
    }

    /** What is there once nothing comes for a moment: the documents by id. */
    public TreeMap<String, String> now() {
        var records = consumer.poll(MOMENT);
        while (!records.isEmpty()) {
            for (var record : records) {
                this.records++;
                tallies.get(record.partition()).of(record);
                numbered += record.headers().lastHeader(Headers.LEDGER) == null ? 0 : 1;
                var id = new String(record.key(), StandardCharsets.UTF_8);
                long version = Headers.number(record.headers(), Headers.VERSION, -1);
                long before = versions.getOrDefault(id, 0L);
                if (version < before) {
                    regressions.add(id + ": " + before + " then " + version);
                    continue;
                }
                versions.put(id, version);
                if (record.value() == null) {
                    present.remove(id);
                } else {
                    present.put(id, new String(record.value(), StandardCharsets.UTF_8));
                    if (record.headers().lastHeader(Headers.COMMITTED) == null) {
                        owed.add(id);
                    }
                }
            }
            records = consumer.poll(MOMENT);
        }
        return present;
    }

    /** The ids of documents that came for no single change of a row, in their order: those of a first build, and those that the file gave another field. */
    List<String> owed() {
        return List.copyOf(owed);
    }

    /** Versions that went backwards. */
    public List<String> regressions() {
        return regressions;
    }

    /** What does not add up by the numbers that the join gave to its documents; how many have none. */
    public List<String> uneven() {
        return numbered == records ? List.copyOf(ledger.says().values()) : List.of(records - numbered + " documents have no number");
    }

    long version(String id) {
        return versions.getOrDefault(id, -1L);
    }

    long records() {
        return records;
    }

    @Override
    public void close() {
        consumer.close();
    }
}
