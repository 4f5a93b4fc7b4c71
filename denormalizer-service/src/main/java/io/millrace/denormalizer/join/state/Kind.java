package io.millrace.denormalizer.join.state;

import io.millrace.values.bytes.ByteWriter;
import java.util.Arrays;
import org.apache.kafka.common.utils.Bytes;

/** The first byte of each key says what it is of. Documents and look-ups have a store each, which several owners share. */
public final class Kind {

    // Of the store of documents.
    public static final int DOCUMENT = 1;
    public static final int PLACED = 4;
    public static final int LOCATION = 5;
    public static final int LOCATION_MARK = 6;
    // Of the store of look-ups.
    public static final int LOOKUP_ROW = 1;
    public static final int LOOKUP_INDEX = 2;
    public static final int LOOKUP_MARK = 3;
    public static final int REFERRER = 4;
    static final int FLOOR = 5;
    public static final int JOB = 6;
    static final int META = 7;
    public static final int HEAVY_DOCUMENT = 8;
    public static final int SUBSCRIBED = 9;
    public static final int ASKED = 10;
    public static final int LEFT = 11;
    public static final int SUBSCRIBED_ROW = 12;
    public static final int HOME_ROW = 13;
    public static final int HOME_MARK = 14;
    public static final int SUBSCRIBERS = 15;
    public static final int HELD_DOCUMENT = 16;

    private Kind() {}

    public static Bytes of(int kind, byte[] one) {
        var key = new byte[one.length + 1];
        key[0] = (byte) kind;
        System.arraycopy(one, 0, key, 1, one.length);
        return Bytes.wrap(key);
    }

    public static Bytes of(int kind, int id, byte[] one, byte[] two) {
        return Bytes.wrap(new ByteWriter(3 + one.length + two.length).put(kind).putShort(id).put(one).put(two).toBytes());
    }

    public static Bytes floor(int table) {
        return of(FLOOR, table, new byte[0], new byte[0]);
    }

    public static Bytes meta(String name) {
        return of(META, name.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }

    /** The part of a key behind a prefix. */
    public static byte[] from(Bytes key, int at) {
        return Arrays.copyOfRange(key.get(), at, key.get().length);
    }
}
