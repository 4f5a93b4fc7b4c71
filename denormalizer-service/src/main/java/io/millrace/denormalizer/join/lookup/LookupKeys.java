package io.millrace.denormalizer.join.lookup;

import io.millrace.denormalizer.join.state.Kind;
import io.millrace.values.bytes.ByteWriter;
import java.util.Arrays;
import org.apache.kafka.common.utils.Bytes;

/** The keys of look-up rows, and of who refers to them. */
public final class LookupKeys {

    private LookupKeys() {}

    /** What a document refers to: a look-up index and the key looked for in it. */
    public static byte[] reference(int index, byte[] key) {
        return new ByteWriter(2 + key.length).putShort(index).put(key).toBytes();
    }

    static Bytes rows(int table) {
        return Kind.of(Kind.LOOKUP_ROW, table, new byte[0], new byte[0]);
    }

    static Bytes row(int table, byte[] rowId) {
        return Kind.of(Kind.LOOKUP_ROW, table, rowId, new byte[0]);
    }

    static Bytes index(int index, byte[] key, byte[] rowId) {
        return Kind.of(Kind.LOOKUP_INDEX, index, key, rowId);
    }

    static Bytes mark(int index, byte[] key) {
        return Kind.of(Kind.LOOKUP_MARK, index, key, new byte[0]);
    }

    public static Bytes referrer(byte[] reference, byte[] rootKey) {
        return Bytes.wrap(new ByteWriter(1 + reference.length + rootKey.length).put(Kind.REFERRER).put(reference).put(rootKey).toBytes());
    }

    /** Just behind one document that refers to something. */
    public static Bytes behindReferrer(byte[] reference, byte[] rootKey) {
        return Bytes.wrap(new ByteWriter(2 + reference.length + rootKey.length).put(Kind.REFERRER).put(reference).put(rootKey).put(0).toBytes());
    }

    public static Bytes referrers(byte[] reference) {
        return Kind.of(Kind.REFERRER, reference);
    }

    static Bytes subscribed(byte[] reference) {
        return Kind.of(Kind.SUBSCRIBED, reference);
    }

    /** The same key among those of another kind. */
    static Bytes as(int kind, Bytes key) {
        var bytes = key.get().clone();
        bytes[0] = (byte) kind;
        return Bytes.wrap(bytes);
    }

    static Bytes asked() {
        return Kind.of(Kind.ASKED, new byte[0]);
    }

    static Bytes asked(byte[] reference) {
        return Kind.of(Kind.ASKED, reference);
    }

    static Bytes behindAsked() {
        return Kind.of(Kind.ASKED + 1, new byte[0]);
    }

    static Bytes left() {
        return Kind.of(Kind.LEFT, new byte[0]);
    }

    static Bytes left(byte[] reference) {
        return Kind.of(Kind.LEFT, reference);
    }

    /** Before every row that documents here refer to under a key of an index. */
    static Bytes subscribedRows(int index) {
        return Kind.of(Kind.SUBSCRIBED_ROW, index, new byte[0], new byte[0]);
    }

    static Bytes subscribedRows(byte[] reference) {
        return Kind.of(Kind.SUBSCRIBED_ROW, reference);
    }

    static Bytes subscribedRow(byte[] reference, byte[] rowId) {
        return Bytes.wrap(new ByteWriter(1 + reference.length + rowId.length).put(Kind.SUBSCRIBED_ROW).put(reference).put(rowId).toBytes());
    }

    /** The id of a reference's index. */
    public static int indexOf(byte[] reference) {
        return (reference[0] & 0xFF) << 8 | reference[1] & 0xFF;
    }

    /** The key that a reference looks for. */
    public static byte[] keyOf(byte[] reference) {
        return Arrays.copyOfRange(reference, 2, reference.length);
    }

    /** The id in the key of a row of a table that is broadcast. */
    static byte[] rowIdOf(Bytes row) {
        return Kind.from(row, 3);
    }
}
