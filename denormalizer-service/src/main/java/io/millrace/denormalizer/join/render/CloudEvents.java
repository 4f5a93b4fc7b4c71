package io.millrace.denormalizer.join.render;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * The headers by which a record of {@code documents.*} is a CloudEvent as well.
 *
 * @see <a href="https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md">Kafka protocol binding, binary content mode</a>
 */
final class CloudEvents {

    static final String CHANGED = "io.millrace.document.changed";
    static final String DELETED = "io.millrace.document.deleted";

    private static final byte[] SPECVERSION = bytes("1.0");
    private static final byte[] JSON = bytes("application/json");
    private static final byte[] TYPE_CHANGED = bytes(CHANGED);
    private static final byte[] TYPE_DELETED = bytes(DELETED);

    private final byte[] source;

    CloudEvents(String pipeline) {
        this.source = bytes("/millrace/pipelines/" + pipeline);
    }

    /**
     * Adds them to those that the record has, which tell when it was committed and joined.
     *
     * @param isDelete whether the record has no document
     */
    void describe(org.apache.kafka.common.header.Headers headers, String documentId, Position position, boolean isDelete) {
        long joined = Headers.number(headers, Headers.JOINED, 0);
        // As many digits as the largest has, so that texts are ordered as the numbers are.
        var sequence = "%20s".formatted(Long.toUnsignedString(position.commit())).replace(' ', '0');
        headers.add("ce_specversion", SPECVERSION);
        headers.add("ce_type", isDelete ? TYPE_DELETED : TYPE_CHANGED);
        headers.add("ce_source", source);
        headers.add("ce_subject", bytes(documentId));
        headers.add("ce_id", bytes(documentId + "/" + sequence + "/" + joined));
        headers.add("ce_time", bytes(Instant.EPOCH.plus(Headers.number(headers, Headers.COMMITTED, joined), ChronoUnit.MICROS).toString()));
        headers.add("ce_sequence", bytes(sequence));
        if (!isDelete) {
            headers.add("content-type", JSON);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
