package io.millrace.indexer.intake;

import io.smallrye.common.annotation.Identifier;
import io.smallrye.reactive.messaging.kafka.api.IncomingKafkaRecordBatchMetadata;
import jakarta.enterprise.context.ApplicationScoped;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.eclipse.microprofile.reactive.messaging.Acknowledgment;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/**
 * Hands each poll's records to the lanes of their partitions. It never blocks: a lane that has enough pauses its
 * partition.
 */
@ApplicationScoped
class Intake {

    private final MainLanes lanes;

    Intake(@Identifier(DocumentTopics.CHANNEL) MainLanes lanes) {
        this.lanes = lanes;
    }

    @Incoming(DocumentTopics.CHANNEL)
    @Acknowledgment(Acknowledgment.Strategy.NONE)
    void take(ConsumerRecords<byte[], byte[]> records, IncomingKafkaRecordBatchMetadata<byte[], byte[]> batch) {
        try {
            for (var partition : records.partitions()) {
                lanes.offer(partition, records.records(partition), batch.getConsumerGroupGenerationId());
            }
        } catch (RuntimeException | Error e) {
            // The channel takes nothing any more.
            lanes.failed(e);
            throw e;
        }
    }
}
