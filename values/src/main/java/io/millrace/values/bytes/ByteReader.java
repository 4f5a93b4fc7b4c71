package io.millrace.values.bytes;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Reads what {@link ByteWriter} wrote. A read past the end throws {@link IndexOutOfBoundsException}. Not thread-safe. */
public final class ByteReader {

    private byte[] bytes;
    private int at;
    private int end;

    public ByteReader() {
        this(new byte[0]);
    }

    public ByteReader(byte[] bytes) {
        reset(bytes, 0, bytes.length);
    }

    /** @param from where the first read begins */
    public ByteReader(byte[] bytes, int from) {
        reset(bytes, from, bytes.length);
    }

    public ByteReader reset(byte[] content, int from, int to) {
        this.bytes = content;
        this.at = from;
        this.end = to;
        return this;
    }

    public byte[] array() {
        return bytes;
    }

    public int at() {
        return at;
    }

    public void seek(int position) {
        at = position;
    }

    public boolean hasMore() {
        return at < end;
    }

    public int get() {
        if (at >= end) {
            throw new IndexOutOfBoundsException("The record ends after " + end + " bytes, in the middle of a value");
        }
        return bytes[at++] & 0xFF;
    }

    public int getShort() {
        return get() << 8 | get();
    }

    public int getInt() {
        return getShort() << 16 | getShort();
    }

    public long getLong() {
        return (long) getInt() << 32 | getInt() & 0xFFFF_FFFFL;
    }

    public long getVarint() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            int b = get();
            value |= (long) (b & 0x7F) << shift;
            if (b < 0x80) {
                return value;
            }
        }
        throw new IllegalArgumentException("A number in the record is longer than ten bytes");
    }

    public long getZigzag() {
        long value = getVarint();
        return value >>> 1 ^ -(value & 1);
    }

    public int getLength() {
        long length = getVarint();
        if (length < 0 || length > end - at) {
            throw new IndexOutOfBoundsException("A value of " + length + " bytes is announced where " + (end - at) + " are left");
        }
        return (int) length;
    }

    public void skip(int count) {
        if (count < 0 || count > end - at) {
            throw new IndexOutOfBoundsException("The record ends after " + end + " bytes, in the middle of a value");
        }
        at += count;
    }

    public byte[] getBytes(int length) {
        int from = at;
        skip(length);
        return Arrays.copyOfRange(bytes, from, at);
    }

    public byte[] getBlock() {
        return getBytes(getLength());
    }

    public byte[] rest() {
        return getBytes(end - at);
    }

    public String getUtf8() {
        int length = getLength();
        int from = at;
        skip(length);
        return new String(bytes, from, length, StandardCharsets.UTF_8);
    }
}
