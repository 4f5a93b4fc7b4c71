package io.millrace.indexer.bulk;

import io.millrace.indexer.TopicReaders;
import io.millrace.pipeline.record.Headers;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Bytes;
import org.jboss.logging.Logger;

/**
 * Which documents of a batch have a later record of no lower version in their partition, which so far nobody reads because the batch is held. It looks
 * on where it stopped, so that a partition is read once however often it is asked. For one thread.
 */
final class Successors implements AutoCloseable {

    static final Duration LONGEST = Duration.ofSeconds(10);

    private static final Logger LOG = Logger.getLogger(Successors.class);
    private static final Duration POLL = Duration.ofMillis(200);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final TopicPartition partition;
    private final Map<Bytes, Long> held = new HashMap<>();
    private final Set<Bytes> found = new HashSet<>();

    /**
     * @param kafka settings of every client of Kafka
     * @param batch records that follow each other in one partition
     */
    Successors(Map<String, Object> kafka, List<ConsumerRecord<byte[], byte[]>> batch) {
        var last = batch.getLast();
        partition = new TopicPartition(last.topic(), last.partition());
        batch.stream().filter(record -> record.key() != null).forEach(record -> held.merge(Bytes.wrap(record.key()), version(record), Math::max));
        consumer = TopicReaders.consumer(kafka);
        consumer.assign(List.of(partition));
        consumer.seek(partition, last.offset() + 1);
    }

    private static long version(ConsumerRecord<byte[], byte[]> record) {
        return Headers.number(record.headers(), Headers.VERSION, -1);
    }

    /** Those that have none as far as it was looked, which is up to the end of the partition or for some seconds. */
    List<Document> without(Collection<Document> documents) {
        long deadline = System.nanoTime() + LONGEST.minusSeconds(5).toNanos();
        try {
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            while (consumer.position(partition) < end && System.nanoTime() < deadline) {
                for (var record : consumer.poll(POLL)) {
                    var key = record.key() == null ? null : Bytes.wrap(record.key());
                    if (key != null && held.getOrDefault(key, Long.MAX_VALUE) <= version(record)) {
                        found.add(key);
                    }
                }
            }
        } catch (KafkaException e) {
            LOG.debugf("Later records of %s are looked for again: %s", partition, e.getMessage());
        }
        return documents.stream().filter(document -> !found.contains(Bytes.wrap(document.record().key()))).toList();
    }

    @Override
    public void close() {
        consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ZERO));
    }
}
