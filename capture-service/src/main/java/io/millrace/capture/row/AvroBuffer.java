package io.millrace.capture.row;

import io.millrace.pipeline.record.WireFormat;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One Avro datum under construction, behind the wire format's prefix. Used again and again by one thread.
 *
 * <p>It holds no more than a record may have; of a larger datum the rest is counted only.
 *
 * @see <a href="https://avro.apache.org/docs/1.12.0/specification/#binary-encoding">Avro binary encoding</a>
 */
final class AvroBuffer {

    private static final int LONGEST_KEPT = 1 << 20;
    private static final int SMALLEST = 1024;

    private final int most;
    private byte[] bytes = new byte[SMALLEST];
    private long at;

    /** @param most bytes that a datum may have, with the prefix */
    AvroBuffer(int most) {
        this.most = most;
    }

    void begin(int schemaId) {
        if (bytes.length > LONGEST_KEPT) {
            bytes = new byte[SMALLEST];
        }
        WireFormat.prefix(bytes, schemaId);
        at = WireFormat.PREFIX;
    }

    /** @throws IllegalArgumentException when the datum is larger than a record may be */
    byte[] finish() {
        if (at > most) {
            throw new IllegalArgumentException(tooLarge(at, most));
        }
        return Arrays.copyOf(bytes, (int) at);
    }

    static String tooLarge(long bytes, int most) {
        return "it has " + bytes + " bytes, and a record may have " + most + " (millrace.capture.max-record-bytes, and max.message.bytes of the topics)";
    }

    void number(long value) {
        room(10);
        long n = value << 1 ^ value >> 63;
        while ((n & ~0x7FL) != 0) {
            put((byte) (n & 0x7F | 0x80));
            n >>>= 7;
        }
        put((byte) n);
    }

    void real(float value) {
        little(Float.floatToRawIntBits(value), 4);
    }

    void real(double value) {
        little(Double.doubleToRawLongBits(value), 8);
    }

    void bool(boolean value) {
        room(1);
        put((byte) (value ? 1 : 0));
    }

    void text(String value) {
        data(value.getBytes(StandardCharsets.UTF_8));
    }

    void data(byte[] value) {
        number(value.length);
        room(value.length);
        if (at + value.length <= bytes.length) {
            System.arraycopy(value, 0, bytes, (int) at, value.length);
        }
        at += value.length;
    }

    private void little(long bits, int size) {
        room(size);
        for (int i = 0; i < size; i++) {
            put((byte) (bits >>> 8 * i));
        }
    }

    private void put(byte value) {
        if (at < bytes.length) {
            bytes[(int) at] = value;
        }
        at++;
    }

    private void room(int more) {
        if (bytes.length - at < more && bytes.length < most) {
            bytes = Arrays.copyOf(bytes, (int) Math.min(most, Math.max(bytes.length * 2L, at + more)));
        }
    }
}
