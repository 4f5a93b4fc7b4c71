package io.millrace.indexer.quarantine;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.kafka.api.OutgoingKafkaRecordMetadata;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
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

    /** So many records are on their way to Kafka at once; the channel buffers a few more. */
    private static final int TOGETHER = 40;
    private static final Set<String> KEPT = Set.of(Headers.POSITION, Headers.OP, Headers.COMMITTED, Headers.CAPTURED, Headers.GATED,
            Headers.JOINED, Headers.VERSION, Headers.SHAPE, Headers.TRACEPARENT);

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
        await(sent(pipeline, record.partition(), record.key(), record.value(), headers), pipeline, "Parking a document");
    }

    /**
     * Keeps what somebody decided about parked documents, and returns when Kafka has all of it durably.
     *
     * @param decision {@code replay} or {@code discard}
     * @throws ParkException when Kafka did not take it all; some may be decided
     */
    void decided(Pipeline pipeline, List<Place> places, String decision, String reason, String by) throws InterruptedException {
        all(places, place -> {
            var headers = new RecordHeaders();
            headers.add(DECISION, Headers.bytes(decision));
            headers.add(Headers.REASON, Headers.bytes(reason));
            headers.add(BY, Headers.bytes(by));
            about(place, headers);
            return sent(pipeline, place.partition(), place.key(), null, headers);
        }, pipeline, "Keeping a decision");
    }

    /**
     * Keeps what came of parked documents, and returns when Kafka has all of it durably.
     *
     * @throws ParkException when Kafka did not take it all; it may be done once more
     */
    public void settled(Pipeline pipeline, List<Place> places, Function<Place, Settlement> settlement) throws InterruptedException {
        all(places, place -> {
            var headers = new RecordHeaders();
            headers.add(SETTLED, Headers.bytes(settlement.apply(place).name()));
            about(place, headers);
            return sent(pipeline, place.partition(), place.key(), null, headers);
        }, pipeline, "Keeping what came of a parked document");
    }

    private static void all(List<Place> places, Function<Place, CompletableFuture<Void>> send, Pipeline pipeline, String attempted) throws InterruptedException {
        for (int from = 0; from < places.size(); from += TOGETHER) {
            var together = places.subList(from, Math.min(places.size(), from + TOGETHER)).stream().map(send).toList();
            for (var one : together) {
                await(one, pipeline, attempted);
            }
        }
    }

    private static void about(Place place, RecordHeaders headers) {
        headers.add(INDEX, Headers.bytes(place.index()));
        headers.add(PLACE, Headers.bytes(Long.toString(place.offset())));
    }

    private CompletableFuture<Void> sent(Pipeline pipeline, int partition, byte[] key, byte[] value, RecordHeaders headers) {
        var metadata = OutgoingKafkaRecordMetadata.<byte[]>builder().withTopic(Topics.quarantineDocuments(pipeline.name())).withPartition(partition).withKey(key).withHeaders(headers).build();
        try {
            return emitter.sendMessage(Message.of(value).addMetadata(metadata)).subscribeAsCompletionStage();
        } catch (IllegalStateException e) {
            // The channel is full, or being closed: the same to whoever sends as a record that Kafka did not take.
            return CompletableFuture.failedFuture(e);
        }
    }

    private static void await(CompletableFuture<Void> sent, Pipeline pipeline, String attempted) throws InterruptedException {
        try {
            sent.get();
        } catch (ExecutionException e) {
            throw new ParkException(attempted + " in the topic " + Topics.quarantineDocuments(pipeline.name()) + " failed (" + e.getCause() + "); check that Kafka is up and that the topic exists", e.getCause());
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
