package io.millrace.gate.quarantine;

import io.millrace.pipeline.wording.Counted;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/** Reads what queues in a quarantine. A poll that brings nothing says that Kafka is slow, and not that nothing is there. Not thread-safe. */
public final class QueueReader {

    private static final Duration POLL = Duration.ofMillis(500);
    /** As long as the gate waits for Kafka's other answers. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Map<TopicPartition, Long> ends;

    /**
     * @param consumer stands where the queue begins
     * @param ends where it ends, for each partition that the consumer has
     */
    public QueueReader(KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
        this.consumer = consumer;
        this.ends = ends;
    }

    /**
     * Hands out what queues until it has been read, or about the first so many records of it.
     *
     * @return how many records were handed out
     * @throws KafkaException when Kafka gives nothing of it for 5 s
     */
    public long read(long most, Consumer<ConsumerRecord<byte[], byte[]>> each) {
        long count = 0;
        long heard = System.nanoTime();
        while (count < most && !isRead()) {
            var polled = consumer.poll(POLL);
            if (!polled.isEmpty()) {
                heard = System.nanoTime();
            } else if (System.nanoTime() - heard > PATIENCE.toNanos()) {
                throw new KafkaException("Reading " + ends.keySet() + " up to " + ends.values() + " ended behind " + Counted.of(count, "record") + ", because Kafka gave nothing for " + PATIENCE.toSeconds() + " s; ask again when it does");
            }
            for (var record : polled) {
                each.accept(record);
                count++;
            }
        }
        return count;
    }

    private boolean isRead() {
        return ends.entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
    }
}
