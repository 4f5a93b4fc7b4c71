package io.millrace.indexer.quarantine;

import io.millrace.pipeline.record.Headers;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.record.TimestampType;

/**
 * A document that stands in quarantine.
 *
 * @param record in the quarantine's topic, as it was parked last
 * @param isAsked whether somebody asked for it to be replayed since
 */
public record Parked(ConsumerRecord<byte[], byte[]> record, boolean isAsked) {

    private static final long UNKNOWN = -1;

    Parked asked(boolean now) {
        return new Parked(record, now);
    }

    public byte[] key() {
        return record.key();
    }

    public int partition() {
        return record.partition();
    }

    /** As far as it is text. */
    public String id() {
        return record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
    }

    /** The index that refused it; empty where it was the join that set it aside, or where that was not noted yet. */
    public String index() {
        var index = Headers.text(record.headers(), Quarantine.INDEX);
        return index == null ? "" : index;
    }

    /** Below zero where it has none. */
    public long version() {
        return Headers.number(record.headers(), Headers.VERSION, UNKNOWN);
    }

    /** The offset in the partition of the documents where it stood; below zero where it never stood there. */
    public long origin() {
        var origin = Headers.text(record.headers(), Quarantine.ORIGIN);
        return origin == null ? UNKNOWN : Long.parseLong(origin.substring(origin.indexOf(':') + 1));
    }

    /** Whether it is a document that an index could take. */
    public boolean isReplayable() {
        return origin() >= 0 && version() >= 0 && record.key() != null;
    }

    /** The record that it once was, as it stood among the documents. */
    public ConsumerRecord<byte[], byte[]> document(String topic) {
        return new ConsumerRecord<>(topic, record.partition(), origin(), record.timestamp(), TimestampType.CREATE_TIME, record.serializedKeySize(), record.serializedValueSize(), record.key(), record.value(), record.headers(), record.leaderEpoch());
    }
}
