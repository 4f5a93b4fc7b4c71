package io.millrace.indexer.quarantine;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.kafka.api.OutgoingKafkaRecordMetadata;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Message;

/** Keeps documents that cannot be indexed, with the reason and everything they came with. */
@Singleton
public final class Quarantine {

    /** Where the record stood in {@code documents.*}: {@code partition:offset}, UTF-8. */
    public static final String ORIGIN = "millrace-origin";

    /** The producer's own bounds, of which it uses one after the other: {@code max.block.ms} and {@code delivery.timeout.ms}. */
    public static final Duration LONGEST = Duration.ofMinutes(3);

    private static final Set<String> KEPT = Set.of(Headers.POSITION, Headers.OP, Headers.COMMITTED, Headers.CAPTURED, Headers.GATED,
            Headers.JOINED, Headers.VERSION, Headers.TRACEPARENT);

    private final MutinyEmitter<byte[]> emitter;

    Quarantine(@Channel("quarantine") MutinyEmitter<byte[]> emitter) {
        this.emitter = emitter;
    }

    /**
     * Parks a record and returns when Kafka has it durably.
     *
     * @param code a stable word for the reason
     * @param detail what a person needs to know
     * @throws ParkException when Kafka did not take it; the record is not parked
     */
    public void park(Pipeline pipeline, ConsumerRecord<byte[], byte[]> record, String code, String detail) throws InterruptedException {
        var headers = new RecordHeaders();
        for (var header : record.headers()) {
            if (KEPT.contains(header.key())) {
                headers.add(header);
            }
        }
        headers.add(Headers.REASON, Headers.bytes(code));
        headers.add(Headers.DETAIL, Headers.bytes(detail));
        headers.add(ORIGIN, Headers.bytes(record.partition() + ":" + record.offset()));
        var topic = Topics.quarantineDocuments(pipeline.name());
        var metadata = OutgoingKafkaRecordMetadata.<byte[]>builder().withTopic(topic).withPartition(record.partition())
                .withKey(record.key()).withHeaders(headers).build();
        try {
            emitter.sendMessage(Message.of(record.value()).addMetadata(metadata)).subscribeAsCompletionStage().get();
        } catch (ExecutionException e) {
            throw new ParkException("Parking a document in the topic " + topic + " failed (" + e.getCause() + "); check that Kafka is up and that the topic exists", e.getCause());
        }
    }

    /** Kafka did not take a record for the quarantine. */
    public static final class ParkException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        ParkException(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
