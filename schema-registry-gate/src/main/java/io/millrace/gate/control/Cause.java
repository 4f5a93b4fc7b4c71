package io.millrace.gate.control;

import io.millrace.gate.schema.FieldChange;
import io.millrace.gate.schema.Refusal;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * What parked a table.
 *
 * @param reason a code of {@link Refusal}, {@link #HELD} or {@link #MISSING}
 * @param detail what a person needs to know
 * @param rule the compatibility rule or row rule that was broken, null where none was
 * @param subject the registry's subject, null where none was asked for
 * @param schemaId the schema's content id, null where the record names none
 * @param difference what changed against the subject's latest version, or what a value should have been
 * @param topic where the record was read
 * @param partition where the record was read
 * @param offset where the record was read
 * @param position its place in the source's WAL, null where the record says none
 * @param traceparent its trace, null where it has none
 * @param at when
 */
@RegisterForReflection
public record Cause(String reason, String detail, String rule, String subject, Integer schemaId, List<FieldChange> difference,
        String topic, int partition, long offset, String position, String traceparent, Instant at) {

    /** A person parked the table. */
    public static final String HELD = "held";

    /** Parked records were gone before they were replayed. */
    public static final String MISSING = "records-missing";

    /** Why this record parks its table. */
    public static Cause of(ConsumerRecord<byte[], byte[]> record, Refusal refusal) {
        var position = Headers.bytes(record.headers(), Headers.POSITION);
        return new Cause(refusal.reason(), refusal.detail(), refusal.rule(), refusal.subject(), refusal.schemaId(), refusal.difference(),
                record.topic(), record.partition(), record.offset(),
                position == null || position.length != Position.SIZE ? null : Position.of(position).toString(),
                Headers.text(record.headers(), Headers.TRACEPARENT), Instant.now());
    }

    /** Whether it was this record: one that queued behind another parks the table again when its own turn comes. */
    boolean isOf(ConsumerRecord<byte[], byte[]> record) {
        return record.topic().equals(topic) && record.partition() == partition && record.offset() == offset;
    }

    /** Records of a quarantine, from one offset to before another, that were gone before they were replayed. */
    public static Cause missing(TopicPartition of, long from, long to) {
        return new Cause(MISSING, "the parked records " + from + " to " + (to - 1) + " are gone, so what stands behind them is not replayed; read the table anew from the source, then discard with which: MISSING", null, null,
                null, List.of(), of.topic(), of.partition(), from, null, null, Instant.now());
    }

    /** A person's wish. */
    public static Cause held(String who, String why) {
        return new Cause(HELD, who + ": " + why, null, null, null, List.of(), null, -1, -1, null, null, Instant.now());
    }
}
