package io.millrace.denormalizer.stream;

import io.millrace.denormalizer.join.state.CommitClock;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** Tells the {@link CommitClock} of each commit; Streams has no other way to hear of one. Made by Kafka. */
@RegisterForReflection
public final class CommitInterceptor implements ConsumerInterceptor<byte[], byte[]> {

    /** The consumer setting that holds the {@link CommitClock} itself. */
    static final String CLOCK = "millrace.commit.clock";

    private CommitClock clock;

    @Override
    public void configure(Map<String, ?> configs) {
        clock = (CommitClock) configs.get(CLOCK);
    }

    @Override
    public ConsumerRecords<byte[], byte[]> onConsume(ConsumerRecords<byte[], byte[]> records) {
        return records;
    }

    @Override
    public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {
        offsets.keySet().stream().mapToInt(TopicPartition::partition).distinct().forEach(clock::committed);
    }

    @Override
    public void close() {
        clock = null;
    }
}
