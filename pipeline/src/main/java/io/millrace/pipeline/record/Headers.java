package io.millrace.pipeline.record;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The record headers by which a change tells its story from stage to stage.
 *
 * <p>Times are microseconds since the Unix epoch, numbers are big-endian. A stage copies what it received and adds its
 * own time, so that the last one can say where the time went.
 */
public final class Headers {

    /** {@link Position} of the change. */
    public static final String POSITION = "millrace-position";
    /** {@link Op} of the change; on {@code documents.*} only where it is {@link Op#READ}. */
    public static final String OP = "millrace-op";
    /** When Postgres committed the transaction, by its own clock. */
    public static final String COMMITTED = "millrace-committed";
    /** When capture handed the record to its producer. */
    public static final String CAPTURED = "millrace-captured";
    /** When the gate handed the record to its producer. */
    public static final String GATED = "millrace-gated";
    /** When the denormalizer emitted the document. */
    public static final String JOINED = "millrace-joined";
    /** Version of a document; only on {@code documents.*}. */
    public static final String VERSION = "millrace-version";
    /** On the delete of a document of which no row has ever come; empty. */
    public static final String ABSENT = "millrace-absent";
    /** Which shape a document has, where fields were added to its pipeline's file since its join was built; only on {@code documents.*}. UTF-8, as {@link io.millrace.pipeline.shape.DocumentShape#id} gives it. */
    public static final String SHAPE = "millrace-shape";
    /** The record's number by the count of who wrote it into its partition: the hash of the topic's name, the writer's life, the number in that life, how many before it were not acknowledged yet (24 bytes). */
    public static final String LEDGER = "millrace-ledger";
    /** W3C trace context, level 1. */
    public static final String TRACEPARENT = "traceparent";
    /** Why capture could not write a change, UTF-8; such a record has the key, and no row as its value. */
    public static final String UNWRITABLE = "millrace-unwritable";
    /** On the truncate behind a reading of a table: how many rows it had by the statistics when all of them were last known; absent where that was not known. Of a table that was read for the first time, as many as {@link #ROWS_KEPT}. */
    public static final String ROWS_BEFORE = "millrace-rows-before";
    /** On the same: how many rows the reading brought, which the truncate does not take away. */
    public static final String ROWS_KEPT = "millrace-rows-kept";
    /** Why a record stands in quarantine: a stable code such as {@code schema-refused}. */
    public static final String REASON = "millrace-reason";
    /** What a person needs to know about {@link #REASON}, UTF-8. */
    public static final String DETAIL = "millrace-detail";

    private Headers() {}

    /** The bytes of one header, null where the record has none. */
    public static byte[] bytes(org.apache.kafka.common.header.Headers headers, String name) {
        var header = headers.lastHeader(name);
        return header == null ? null : header.value();
    }

    /** A number, or {@code missing} where the header is absent or not eight bytes long. */
    public static long number(org.apache.kafka.common.header.Headers headers, String name, long missing) {
        var bytes = bytes(headers, name);
        return bytes == null || bytes.length != Long.BYTES ? missing : ByteBuffer.wrap(bytes).getLong();
    }

    /** Whether a record tells of a row that was read as it stood. How long ago that was says how long a load took, and nothing of how long a change takes. */
    public static boolean isRead(org.apache.kafka.common.header.Headers headers) {
        return Arrays.equals(bytes(headers, OP), Op.READ.code());
    }

    /** When the change was committed that a record tells of, microseconds since the epoch; {@code missing} where it tells of none, as of a row that was read as it stood. */
    public static long changed(org.apache.kafka.common.header.Headers headers, long missing) {
        return isRead(headers) ? missing : number(headers, COMMITTED, missing);
    }

    /** A text, null where the record has none. */
    public static String text(org.apache.kafka.common.header.Headers headers, String name) {
        var bytes = bytes(headers, name);
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    /**
     * The position of a change.
     *
     * @throws IllegalArgumentException when the record carries none: it did not come from capture
     */
    public static Position position(org.apache.kafka.common.header.Headers headers) {
        var bytes = bytes(headers, POSITION);
        if (bytes == null) {
            throw new IllegalArgumentException("The record has no header " + POSITION + ": it was not written by capture");
        }
        return Position.of(bytes);
    }

    public static byte[] bytes(long number) {
        return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
    }

    public static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Puts one value in the place of whatever the record had under that name. */
    public static void set(org.apache.kafka.common.header.Headers headers, String name, byte[] value) {
        headers.remove(name);
        headers.add(name, value);
    }

    /** Now, in the unit of the time headers. */
    public static long nowMicros() {
        var now = java.time.Instant.now();
        return now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000;
    }
}
