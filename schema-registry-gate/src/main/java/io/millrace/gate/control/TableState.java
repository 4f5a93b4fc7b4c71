package io.millrace.gate.control;

import io.millrace.gate.schema.Refusal;
import io.millrace.pipeline.record.Headers;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * What holds for all partitions of a table.
 *
 * @param parked whether its records queue in the quarantine; when not, each partition drains what it has queued, then flows
 * @param cause what parked it last, null where nothing ever did
 * @param partitions how many partitions its captured topic had when it was parked
 * @param discard what a person decided not to replay, null where nothing
 * @param waived for each partition of the quarantine topic, the first offset whose row has to keep the row rules again when
 *     it is replayed; null where no person has let any pass
 * @param agreed for each partition of the quarantine topic, the first offset from which nothing may take away too much again
 *     when it is replayed; null where no person has agreed to anything
 */
@RegisterForReflection
public record TableState(boolean parked, Cause cause, int partitions, Discard discard, Map<Integer, Long> waived, Map<Integer, Long> agreed) {

    public static final TableState FLOWING = new TableState(false, null, 0, null, null, null);

    /**
     * Records that are skipped when the table is replayed.
     *
     * @param which which of the records before {@code before}
     * @param before for each partition of the quarantine topic, the first offset that is replayed again
     */
    public record Discard(Which which, Map<Integer, Long> before) {

        /** Whether a record of the quarantine topic is to be skipped. */
        boolean takes(int partition, long offset, boolean refusedItself) {
            return which != Which.MISSING && offset < before.getOrDefault(partition, 0L) && (which == Which.ALL || refusedItself);
        }

        /** Whether a person has given up all that stood before an offset of the quarantine topic. */
        boolean forgoes(int partition, long offset) {
            return which != Which.REFUSED && offset <= before.getOrDefault(partition, 0L);
        }
    }

    /** Which records are discarded. */
    public enum Which {
        /** Every one. */
        ALL,
        /** Those that were refused for what they are, not those that queue behind them. */
        REFUSED,
        /** Those that are gone from the topic though nobody decided so. */
        MISSING
    }

    /** Whether a record of the quarantine topic stands there for what it is, not because it queues behind another. */
    public boolean isRefused(ConsumerRecord<byte[], byte[]> record) {
        return !Refusal.QUEUED_BEHIND.equals(Headers.text(record.headers(), Headers.REASON)) || cause != null && cause.isOf(record);
    }

    /** Whether a person decided that a record of the quarantine topic is not replayed. */
    public boolean discards(ConsumerRecord<byte[], byte[]> record) {
        return discard != null && discard.takes(record.partition(), record.offset(), isRefused(record));
    }

    /** Whether a person has given up what is missing before an offset of the quarantine topic. */
    public boolean forgoes(int partition, long offset) {
        return discard != null && discard.forgoes(partition, offset);
    }

    public TableState parkedBy(Cause why, int ofPartitions) {
        return new TableState(true, why, Math.max(partitions, ofPartitions), discard, waived, agreed);
    }

    public TableState opened(Discard skip) {
        return new TableState(false, cause, partitions, skip == null ? discard : skip, waived, agreed);
    }

    public TableState waiving(Map<Integer, Long> before) {
        return new TableState(parked, cause, partitions, discard, before, agreed);
    }

    public TableState agreeing(Map<Integer, Long> before) {
        return new TableState(parked, cause, partitions, discard, waived, before);
    }

    /** Whether a record of the quarantine topic may pass though it takes away too much. */
    public boolean agrees(int partition, long offset) {
        return agreed != null && offset < agreed.getOrDefault(partition, 0L);
    }

    /** Whether a record of the quarantine topic may pass though it breaks a row rule. */
    public boolean waives(int partition, long offset) {
        return waived != null && offset < waived.getOrDefault(partition, 0L);
    }
}
