package io.millrace.pipeline.record;

import java.nio.ByteBuffer;

/**
 * The Confluent wire format: a zero byte, the schema's id as four big-endian bytes, the Avro binary.
 *
 * @see <a href="https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format">wire format</a>
 */
public final class WireFormat {

    /** Bytes before the Avro binary. */
    public static final int PREFIX = 5;

    private static final byte MAGIC = 0;

    private WireFormat() {}

    /** Whether the bytes begin like a record in this format. */
    public static boolean is(byte[] bytes) {
        return bytes != null && bytes.length >= PREFIX && bytes[0] == MAGIC;
    }

    /** The id in the prefix; call {@link #is} first. */
    public static int schemaId(byte[] bytes) {
        return ByteBuffer.wrap(bytes, 1, Integer.BYTES).getInt();
    }

    /** Writes the prefix into the first five bytes. */
    public static void prefix(byte[] bytes, int schemaId) {
        bytes[0] = MAGIC;
        ByteBuffer.wrap(bytes, 1, Integer.BYTES).putInt(schemaId);
    }
}
