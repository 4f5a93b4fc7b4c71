package io.millrace.values.bytes;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A growing array of bytes that is used again and again; numbers are big-endian. Not thread-safe. */
public final class ByteWriter {

    private byte[] bytes;
    private int size;

    public ByteWriter(int capacity) {
        bytes = new byte[capacity];
    }

    public int size() {
        return size;
    }

    /** What was written, as it lies in memory; valid up to {@link #size()} and until the next write. */
    public byte[] array() {
        return bytes;
    }

    /** Forgets what was written from {@code size} on. */
    public ByteWriter truncate(int to) {
        size = to;
        return this;
    }

    public byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }

    public byte[] toBytes(int from) {
        return Arrays.copyOfRange(bytes, from, size);
    }

    private void room(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, Math.addExact(size, more)));
        }
    }

    public ByteWriter put(int b) {
        room(1);
        bytes[size++] = (byte) b;
        return this;
    }

    public ByteWriter put(byte[] from) {
        return put(from, 0, from.length);
    }

    public ByteWriter put(byte[] from, int at, int length) {
        room(length);
        System.arraycopy(from, at, bytes, size, length);
        size += length;
        return this;
    }

    public ByteWriter putShort(int value) {
        return put(value >> 8).put(value);
    }

    public ByteWriter putInt(int value) {
        return putShort(value >> 16).putShort(value);
    }

    public ByteWriter putLong(long value) {
        return putInt((int) (value >> 32)).putInt((int) value);
    }

    /** An unsigned number in groups of seven bits, the lowest first. */
    public ByteWriter putVarint(long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            put((int) (rest & 0x7F | 0x80));
            rest >>>= 7;
        }
        return put((int) rest);
    }

    public ByteWriter putZigzag(long value) {
        return putVarint(value << 1 ^ value >> 63);
    }

    /** Length, then content. */
    public ByteWriter putBlock(byte[] from) {
        return putVarint(from.length).put(from);
    }

    public ByteWriter putAscii(CharSequence text) {
        room(text.length());
        for (int i = 0; i < text.length(); i++) {
            bytes[size++] = (byte) text.charAt(i);
        }
        return this;
    }

    public ByteWriter putUtf8(String text) {
        return put(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Moves the bytes from {@code at} on up and puts others in the gap. */
    public void insert(int at, byte[] content) {
        room(content.length);
        System.arraycopy(bytes, at, bytes, at + content.length, size - at);
        System.arraycopy(content, 0, bytes, at, content.length);
        size += content.length;
    }
}
