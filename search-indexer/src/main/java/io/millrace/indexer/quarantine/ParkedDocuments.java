package io.millrace.indexer.quarantine;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import io.smallrye.common.annotation.Identifier;
import jakarta.inject.Singleton;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads which documents stand in quarantine: those that were parked and not settled since. The topic is the only book of it, and is read from its first record each time. Thread-safe.
 */
@Singleton
public final class ParkedDocuments {

    /** How long a reading may take. */
    public static final Duration LONGEST = Duration.ofMinutes(1);
    private static final Duration POLL = Duration.ofMillis(500);

    private final Map<String, Object> settings;
    /** One reader at a time: what it fetches must not crowd the documents out. */
    private final Semaphore one = new Semaphore(1);

    ParkedDocuments(@Identifier("default-kafka-broker") Map<String, Object> shared) {
        var own = new HashMap<>(shared);
        own.remove(ConsumerConfig.GROUP_ID_CONFIG);
        own.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        own.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        own.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        own.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 4 << 20);
        own.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 5_000);
        own.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);
        this.settings = Map.copyOf(own);
    }

    /** A document, in the index that refused it. */
    private record Key(ByteBuffer id, String index) {}

    /**
     * All of a pipeline's, in the order in which they were parked in each partition.
     *
     * @throws KafkaException when Kafka does not answer, or there are too many to be read in time
     */
    public Collection<Parked> of(Pipeline pipeline) throws InterruptedException {
        var topic = Topics.quarantineDocuments(pipeline.name());
        return standing(consumer -> consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).toList());
    }

    /** Those of one partition. */
    public Collection<Parked> of(TopicPartition quarantine) throws InterruptedException {
        return standing(consumer -> List.of(quarantine));
    }

    /**
     * Whether somebody decided something about documents of a partition.
     *
     * @param from the first offset that is looked at
     */
    public boolean isDecided(TopicPartition quarantine, long from) throws InterruptedException {
        var decided = new AtomicBoolean();
        read(consumer -> List.of(quarantine), from, record -> {
            if (record.headers().lastHeader(Quarantine.DECISION) != null) {
                decided.set(true);
            }
        });
        return decided.get();
    }

    private interface Which {
        List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> consumer);
    }

    private Collection<Parked> standing(Which which) throws InterruptedException {
        var standing = new LinkedHashMap<Key, Parked>();
        read(which, 0, record -> take(record, standing));
        return standing.values();
    }

    private void read(Which which, long from, Consumer<ConsumerRecord<byte[], byte[]>> into) throws InterruptedException {
        one.acquire();
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partitions = which.partitions(consumer);
            consumer.assign(partitions);
            var starts = consumer.beginningOffsets(partitions);
            partitions.forEach(p -> consumer.seek(p, Math.max(starts.get(p), from)));
            var ends = consumer.endOffsets(partitions);
            long deadline = System.nanoTime() + LONGEST.toNanos();
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                if (System.nanoTime() > deadline) {
                    throw new KafkaException("the quarantine " + partitions.getFirst().topic() + " could not be read within " + LONGEST.toSeconds() + " s");
                }
                consumer.poll(POLL).forEach(into);
            }
        } finally {
            one.release();
        }
    }

    private static void take(ConsumerRecord<byte[], byte[]> record, SequencedMap<Key, Parked> standing) {
        var headers = record.headers();
        var index = Headers.text(headers, Quarantine.INDEX);
        var key = new Key(record.key() == null ? ByteBuffer.allocate(0) : ByteBuffer.wrap(record.key()), index == null ? "" : index);
        if (headers.lastHeader(Quarantine.SETTLED) != null) {
            standing.remove(key);
        } else if (headers.lastHeader(Quarantine.DECISION) != null) {
            standing.computeIfPresent(key, (k, parked) -> parked.asked(true));
        } else {
            standing.remove(key);
            standing.put(key, new Parked(record, false));
        }
    }
}
