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

    /** The index that refused it, UTF-8. */
    public static final String INDEX = "millrace-index";
    /** What somebody decided about a parked document: {@code replay} or {@code discard}, UTF-8; why and who stands beside it. */
    static final String DECISION = "millrace-decision";
    static final String BY = "millrace-by";
    /** What came of a parked document, UTF-8; see {@link Settlement}. */
    static final String SETTLED = "millrace-settled";
    /** Which parked document is meant by what was decided, or by what came of it: its offset in this partition of the quarantine, UTF-8. */
    static final String PLACE = "millrace-parked";

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
     * @param index that refused it
     * @param code a stable word for the reason
     * @param detail what a person needs to know
     * @throws ParkException when Kafka did not take it; the record is not parked
     */
    public void park(Pipeline pipeline, String index, ConsumerRecord<byte[], byte[]> record, String code, String detail) throws InterruptedException {
        var headers = new RecordHeaders();
        for (var header : record.headers()) {
            if (KEPT.contains(header.key())) {
                headers.add(header);
            }
        }
        headers.add(Headers.REASON, Headers.bytes(code));
        headers.add(Headers.DETAIL, Headers.bytes(detail));
        headers.add(ORIGIN, Headers.bytes(record.partition() + ":" + record.offset()));
        headers.add(INDEX, Headers.bytes(index));
        send(pipeline, record.partition(), record.key(), record.value(), headers, "Parking a document");
    }

    /**
     * Keeps what somebody decided about a parked document, and returns when Kafka has it durably.
     *
     * @param decision {@code replay} or {@code discard}
     * @throws ParkException when Kafka did not take it; nothing is decided
     */
    void decided(Pipeline pipeline, Place place, String decision, String reason, String by) throws InterruptedException {
        var headers = new RecordHeaders();
        headers.add(DECISION, Headers.bytes(decision));
        headers.add(Headers.REASON, Headers.bytes(reason));
        headers.add(BY, Headers.bytes(by));
        about(place, headers);
        send(pipeline, place.partition(), place.key(), null, headers, "Keeping a decision");
    }

    /**
     * Keeps what came of a parked document, and returns when Kafka has it durably.
     *
     * @throws ParkException when Kafka did not take it; it may be done once more
     */
    public void settled(Pipeline pipeline, Place place, Settlement settlement) throws InterruptedException {
        var headers = new RecordHeaders();
        headers.add(SETTLED, Headers.bytes(settlement.name()));
        about(place, headers);
        send(pipeline, place.partition(), place.key(), null, headers, "Keeping what came of a parked document");
    }

    private static void about(Place place, RecordHeaders headers) {
        headers.add(INDEX, Headers.bytes(place.index()));
        headers.add(PLACE, Headers.bytes(Long.toString(place.offset())));
    }

    private void send(Pipeline pipeline, int partition, byte[] key, byte[] value, RecordHeaders headers, String attempted) throws InterruptedException {
        var topic = Topics.quarantineDocuments(pipeline.name());
        var metadata = OutgoingKafkaRecordMetadata.<byte[]>builder().withTopic(topic).withPartition(partition).withKey(key).withHeaders(headers).build();
        try {
            emitter.sendMessage(Message.of(value).addMetadata(metadata)).subscribeAsCompletionStage().get();
        } catch (ExecutionException e) {
            throw new ParkException(attempted + " in the topic " + topic + " failed (" + e.getCause() + "); check that Kafka is up and that the topic exists", e.getCause());
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
