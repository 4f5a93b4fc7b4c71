package io.millrace.connect;

import java.nio.ByteBuffer;

/** The Confluent wire format: a zero byte, the schema's id as four big-endian bytes, the Avro binary. */
final class WireFormat {

    /** Bytes before the Avro binary. */
    static final int PREFIX = 5;
    static final byte MAGIC = 0;

    private WireFormat() {}

    static int schemaId(byte[] bytes) {
        return ByteBuffer.wrap(bytes, 1, Integer.BYTES).getInt();
    }
}
