package io.millrace.indexer.trace;

import io.millrace.indexer.TopicReaders;
import io.millrace.pipeline.record.Partitions;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/** Finds the last record of a key in a topic by reading backwards, window by window: what changed lately is found at once. Thread-safe. */
@Singleton
class LastRecord {

    private static final long FIRST_WINDOW = 500;
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration POLL = Duration.ofMillis(500);

    private final TopicReaders readers;
    /** One reader at a time: what it fetches must not crowd the documents out. */
    private final Semaphore one = new Semaphore(1);

    LastRecord(TopicReaders readers) {
        this.readers = readers;
    }

    /**
     * @return null where the topic has none
     * @throws KafkaException when Kafka does not answer, or the topic is too long to be searched in time
     */
    ConsumerRecord<byte[], byte[]> of(String topic, String key) throws InterruptedException {
        one.acquire();
        try (var consumer = readers.consumer()) {
            var bytes = key.getBytes(StandardCharsets.UTF_8);
            var partition = new TopicPartition(topic, Partitions.of(bytes, consumer.partitionsFor(topic).size()));
            consumer.assign(List.of(partition));
            long begin = consumer.beginningOffsets(List.of(partition)).get(partition);
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            for (long window = FIRST_WINDOW; end > begin; window *= 4) {
                long from = Math.max(begin, end - window);
                var found = last(consumer, partition, bytes, from, end, deadline);
                if (found != null) {
                    return found;
                }
                end = from;
            }
            return null;
        } finally {
            one.release();
        }
    }

    private static ConsumerRecord<byte[], byte[]> last(KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition, byte[] key, long from, long end, long deadline) {
        ConsumerRecord<byte[], byte[]> found = null;
        consumer.seek(partition, from);
        while (consumer.position(partition) < end) {
            if (System.nanoTime() > deadline) {
                throw new KafkaException("the last record of the document was not found within " + PATIENCE.toSeconds() + " s; it is older than offset " + end + " of " + partition);
            }
            for (var record : consumer.poll(POLL)) {
                if (record.offset() < end && Arrays.equals(record.key(), key)) {
                    found = record;
                }
            }
        }
        return found;
    }
}
