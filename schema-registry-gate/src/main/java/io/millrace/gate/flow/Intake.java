package io.millrace.gate.flow;

import io.smallrye.common.annotation.Identifier;
import io.smallrye.reactive.messaging.kafka.KafkaConsumerRebalanceListener;
import io.smallrye.reactive.messaging.kafka.api.IncomingKafkaRecordBatchMetadata;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Collection;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/**
 * Where captured records come in. A batch counts as taken as soon as its lanes have it; what is committed follows from
 * what they have finished.
 */
@ApplicationScoped
@Identifier(Lanes.CHANNEL)
public class Intake implements KafkaConsumerRebalanceListener {

    private final Lanes lanes;

    Intake(Lanes lanes) {
        this.lanes = lanes;
    }

    @Incoming(Lanes.CHANNEL)
    void take(ConsumerRecords<byte[], byte[]> records, IncomingKafkaRecordBatchMetadata<byte[], byte[]> fetched) {
        lanes.offer(records, fetched.getConsumerGroupGenerationId());
    }

    @Override
    public void onPartitionsAssigned(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        lanes.assigned(consumer, partitions);
    }

    @Override
    public void onPartitionsRevoked(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        lanes.revoked(consumer, partitions);
    }

    @Override
    public void onPartitionsLost(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        lanes.lost(partitions);
    }
}
