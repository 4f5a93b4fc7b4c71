package io.millrace.capture.row;

import io.millrace.pipeline.record.WireFormat;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One Avro datum under construction, behind the wire format's prefix. Used again and again by one thread.
 *
 * @see <a href="https://avro.apache.org/docs/1.12.0/specification/#binary-encoding">Avro binary encoding</a>
 */
final class AvroBuffer {

    private static final int LONGEST_KEPT = 1 << 20;

    private byte[] bytes = new byte[1024];
    private int at;

    void begin(int schemaId) {
        if (bytes.length > LONGEST_KEPT) {
            bytes = new byte[1024];
        }
        WireFormat.prefix(bytes, schemaId);
        at = WireFormat.PREFIX;
    }

    byte[] finish() {
        return Arrays.copyOf(bytes, at);
    }

    void number(long value) {
        room(10);
        long n = value << 1 ^ value >> 63;
        while ((n & ~0x7FL) != 0) {
            bytes[at++] = (byte) (n & 0x7F | 0x80);
            n >>>= 7;
        }
        bytes[at++] = (byte) n;
    }

    void real(float value) {
        little(Float.floatToRawIntBits(value), 4);
    }

    void real(double value) {
        little(Double.doubleToRawLongBits(value), 8);
    }

    void bool(boolean value) {
        room(1);
        bytes[at++] = (byte) (value ? 1 : 0);
    }

    void text(String value) {
        data(value.getBytes(StandardCharsets.UTF_8));
    }

    void data(byte[] value) {
        number(value.length);
        room(value.length);
        System.arraycopy(value, 0, bytes, at, value.length);
        at += value.length;
    }

    private void little(long bits, int size) {
        room(size);
        for (int i = 0; i < size; i++) {
            bytes[at++] = (byte) (bits >>> 8 * i);
        }
    }

    private void room(int more) {
        if (bytes.length - at < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, Math.addExact(at, more)));
        }
    }
}
