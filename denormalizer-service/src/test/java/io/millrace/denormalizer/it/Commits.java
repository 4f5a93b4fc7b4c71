package io.millrace.denormalizer.it;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** The offsets that a group commits, as the broker writes them: one record for each partition. */
final class Commits implements AutoCloseable {

    private static final String TOPIC = "__consumer_offsets";

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final String group;

    Commits(String bootstrap, String group) {
        this.group = group;
        consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", bootstrap), new ByteArrayDeserializer(), new ByteArrayDeserializer());
        var partitions = consumer.partitionsFor(TOPIC).stream().map(p -> new TopicPartition(TOPIC, p.partition())).toList();
        consumer.assign(partitions);
        consumer.seekToEnd(partitions);
        partitions.forEach(consumer::position);
    }

    /** How many records of the group come from now on until this time is over. */
    long within(Duration time) {
        consumer.seekToEnd(consumer.assignment());
        long until = System.nanoTime() + time.toNanos();
        long count = 0;
        for (long left = time.toNanos(); left > 0; left = until - System.nanoTime()) {
            for (var record : consumer.poll(Duration.ofNanos(left))) {
                count += new String(record.key(), StandardCharsets.UTF_8).contains(group) ? 1 : 0;
            }
        }
        return count;
    }

    @Override
    public void close() {
        consumer.close();
    }
}
