package io.millrace.indexer.quarantine;

import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.record.Headers;
import io.smallrye.common.annotation.Identifier;
import jakarta.inject.Singleton;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Finds which parked documents have a later one among the documents, which need not be older by its version. Thread-safe. */
@Singleton
public final class LaterRecords {

    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration TURN = Duration.ofSeconds(10);

    private final Map<String, Object> settings;

    LaterRecords(@Identifier("default-kafka-broker") Map<String, Object> shared) {
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

    /**
     * Looks up to the end of the partition.
     *
     * @param documents the partition that they all came from
     * @param loop of the calling thread
     * @return the keys of those that have a later one
     * @throws org.apache.kafka.common.KafkaException when Kafka does not answer
     */
    public Set<ByteBuffer> of(TopicPartition documents, Collection<Parked> parked, Loop loop) {
        var byKey = new HashMap<ByteBuffer, Parked>();
        parked.forEach(one -> byKey.put(ByteBuffer.wrap(one.key()), one));
        var later = new HashSet<ByteBuffer>();
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            loop.waits(TURN);
            consumer.assign(List.of(documents));
            consumer.seek(documents, parked.stream().mapToLong(Parked::origin).min().orElseThrow() + 1);
            long end = consumer.endOffsets(List.of(documents)).get(documents);
            while (consumer.position(documents) < end) {
                loop.waits(TURN);
                for (var record : consumer.poll(POLL)) {
                    var key = record.key() == null ? null : ByteBuffer.wrap(record.key());
                    var one = key == null ? null : byKey.get(key);
                    if (one != null && record.offset() > one.origin() && Headers.number(record.headers(), Headers.VERSION, -1) >= one.version()) {
                        later.add(key);
                    }
                }
            }
        }
        return later;
    }
}
