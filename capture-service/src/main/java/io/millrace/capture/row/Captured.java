package io.millrace.capture.row;

import io.millrace.pipeline.record.Headers;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;

/**
 * A record on its way to Kafka.
 *
 * @param record the record
 * @param instead gives topic, key and headers to what stands in its place where it cannot be written
 * @param table the table that it counts for
 * @param committedMicros when Postgres committed the change, 0 for a row of a snapshot
 * @param written whether it holds the change; false where that could not be written and the gate has to park the table
 */
public record Captured(ProducerRecord<byte[], byte[]> record, ProducerRecord<byte[], byte[]> instead, TableMeters table, long committedMicros, boolean written) {

    /** In the place of a row that cannot be written; it does not look like the wire format, so nobody takes it for a row. */
    private static final byte[] NO_ROW = "unwritable".getBytes(StandardCharsets.US_ASCII);

    /** A row, whose place nothing else takes. */
    public Captured(ProducerRecord<byte[], byte[]> record, TableMeters table, long committedMicros, boolean written) {
        this(record, record, table, committedMicros, written);
    }

    /** What stands in its place where it cannot be written. */
    public Captured unwritable(String why) {
        var headers = new RecordHeaders(instead.headers()).add(Headers.UNWRITABLE, Headers.bytes(why));
        return new Captured(new ProducerRecord<>(instead.topic(), instead.partition(), instead.key(), NO_ROW, headers), table, 0, false);
    }

    /** What the record holds, in bytes. */
    public long size() {
        return (record.key() == null ? 0L : record.key().length) + (record.value() == null ? 0L : record.value().length);
    }
}
