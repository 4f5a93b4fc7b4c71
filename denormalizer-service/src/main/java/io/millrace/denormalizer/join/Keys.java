package io.millrace.denormalizer.join;

import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.util.Arrays;
import org.apache.kafka.common.utils.Bytes;

/** The keys of the state stores. The first byte says what a key is; DESIGN.md lists them. */
final class Keys {

    private static final int DOCUMENT = 1;
    /** Parts of a document's keys. */
    static final int HEAD = 1;
    static final int REFERENCES = 2;
    static final int ENTRY = 3;
    private static final int NO_PART = 4;

    private static final int PLACED = 4;
    private static final int LOCATION = 5;
    private static final int LOCATION_MARK = 6;

    private static final int LOOKUP_ROW = 1;
    private static final int LOOKUP_INDEX = 2;
    private static final int LOOKUP_MARK = 3;
    private static final int REFERRER = 4;
    private static final int FLOOR = 5;
    private static final int JOB = 6;
    private static final int META = 7;
    private static final int HELD_DOCUMENT = 8;
    private static final int SUBSCRIBED = 9;
    private static final int ASKED = 10;
    private static final int LEFT = 11;
    private static final int SUBSCRIBED_ROW = 12;
    private static final int HOME_ROW = 13;
    private static final int HOME_MARK = 14;
    private static final int SUBSCRIBERS = 15;
    private static final int WAITING_DOCUMENT = 16;

    private Keys() {}

    private static Bytes of(int kind, byte[] one) {
        var key = new byte[one.length + 1];
        key[0] = (byte) kind;
        System.arraycopy(one, 0, key, 1, one.length);
        return Bytes.wrap(key);
    }

    private static Bytes of(int kind, int id, byte[] one, byte[] two) {
        return Bytes.wrap(new ByteWriter(3 + one.length + two.length).put(kind).putShort(id).put(one).put(two).toBytes());
    }

    static Bytes row(int table, byte[] rowId) {
        return Bytes.wrap(new ByteWriter(2 + rowId.length).putShort(table).put(rowId).toBytes());
    }

    /** The floor of a table among the rows of all; no table has such an id. */
    static Bytes announcedFloor(int table) {
        return row(0xFFFF, new ByteWriter(2).putShort(table).toBytes());
    }

    static Bytes rows(int table) {
        return row(table, new byte[0]);
    }

    /** Before every document. */
    static Bytes documents() {
        return of(DOCUMENT, new byte[0]);
    }

    /** Behind every document. */
    static Bytes behindDocuments() {
        return of(DOCUMENT + 1, new byte[0]);
    }

    /** Before everything of one document. The length stands first, so that the root key can be told from what follows. */
    static Bytes document(byte[] rootKey) {
        return Bytes.wrap(document(rootKey, 0).toBytes());
    }

    static Bytes behindDocument(byte[] rootKey) {
        return Bytes.wrap(document(rootKey, 1).put(NO_PART).toBytes());
    }

    private static ByteWriter document(byte[] rootKey, int more) {
        return new ByteWriter(3 + rootKey.length + more).put(DOCUMENT).putShort(rootKey.length).put(rootKey);
    }

    /** The root key in any key of a document. */
    static byte[] rootOf(Bytes key) {
        var bytes = key.get();
        return Arrays.copyOfRange(bytes, 3, 3 + ((bytes[1] & 0xFF) << 8 | bytes[2] & 0xFF));
    }

    /** Which part of its document a key stands for. */
    static int part(Bytes key, byte[] rootKey) {
        return key.get()[3 + rootKey.length];
    }

    static Bytes head(byte[] rootKey) {
        return Bytes.wrap(document(rootKey, 1).put(HEAD).toBytes());
    }

    /** A document's references, where they are few. */
    static Bytes references(byte[] rootKey) {
        return Bytes.wrap(document(rootKey, 1).put(REFERENCES).toBytes());
    }

    /** One of a document's references, where they are many. */
    static Bytes reference(byte[] rootKey, byte[] reference) {
        return Bytes.wrap(document(rootKey, 1 + reference.length).put(REFERENCES).put(reference).toBytes());
    }

    /** The reference in one of a document's keys; null in the key of them all. */
    static Bytes referenceOf(Bytes key, byte[] rootKey) {
        int at = 4 + rootKey.length;
        return key.get().length == at ? null : Bytes.wrap(from(key, at));
    }

    static Bytes entries(byte[] rootKey) {
        return Bytes.wrap(document(rootKey, 1).put(ENTRY).toBytes());
    }

    static Bytes entries(byte[] rootKey, int node, byte[] parentKey) {
        return entry(rootKey, node, parentKey, new byte[0]);
    }

    static Bytes entry(byte[] rootKey, int node, byte[] parentKey, byte[] rowId) {
        return Bytes.wrap(document(rootKey, 3 + parentKey.length + rowId.length).put(ENTRY).putShort(node).put(parentKey).put(rowId).toBytes());
    }

    /** The node of an entry. */
    static int nodeOf(Bytes entry, byte[] rootKey) {
        var bytes = entry.get();
        int at = 4 + rootKey.length;
        return (bytes[at] & 0xFF) << 8 | bytes[at + 1] & 0xFF;
    }

    /** What follows the node in an entry's key: for a direct node the row's id. */
    static byte[] behindNode(Bytes entry, byte[] rootKey) {
        return from(entry, 6 + rootKey.length);
    }

    static Bytes placed(int node) {
        return of(PLACED, node, new byte[0], new byte[0]);
    }

    static Bytes placed(int node, byte[] parentKey, byte[] rowId) {
        return of(PLACED, node, parentKey, rowId);
    }

    static Bytes locations(int node) {
        return of(LOCATION, node, new byte[0], new byte[0]);
    }

    static Bytes location(int node, byte[] joinKey, byte[] parent) {
        return of(LOCATION, node, joinKey, parent);
    }

    static Bytes locationMark(int node, byte[] joinKey) {
        return of(LOCATION_MARK, node, joinKey, new byte[0]);
    }

    static Bytes lookupRows(int table) {
        return of(LOOKUP_ROW, table, new byte[0], new byte[0]);
    }

    static Bytes lookupRow(int table, byte[] rowId) {
        return of(LOOKUP_ROW, table, rowId, new byte[0]);
    }

    static Bytes lookupIndex(int index, byte[] key, byte[] rowId) {
        return of(LOOKUP_INDEX, index, key, rowId);
    }

    static Bytes lookupMark(int index, byte[] key) {
        return of(LOOKUP_MARK, index, key, new byte[0]);
    }

    static Bytes referrer(byte[] reference, byte[] rootKey) {
        return Bytes.wrap(new ByteWriter(1 + reference.length + rootKey.length).put(REFERRER).put(reference).put(rootKey).toBytes());
    }

    /** What a document refers to: a look-up index and the key looked for in it. */
    static byte[] reference(int index, byte[] key) {
        return new ByteWriter(2 + key.length).putShort(index).put(key).toBytes();
    }

    /** Just behind one document that refers to something. */
    static Bytes behindReferrer(byte[] reference, byte[] rootKey) {
        return Bytes.wrap(new ByteWriter(2 + reference.length + rootKey.length).put(REFERRER).put(reference).put(rootKey).put(0).toBytes());
    }

    static Bytes referrers(byte[] reference) {
        return of(REFERRER, reference);
    }

    static Bytes floor(int table) {
        return of(FLOOR, table, new byte[0], new byte[0]);
    }

    static Bytes jobs() {
        return of(JOB, new byte[0]);
    }

    static Bytes job(byte[] reference) {
        return of(JOB, reference);
    }

    static Bytes heldDocuments() {
        return of(HELD_DOCUMENT, new byte[0]);
    }

    static Bytes heldDocument(byte[] rootKey) {
        return of(HELD_DOCUMENT, rootKey);
    }

    static Bytes subscribed(byte[] reference) {
        return of(SUBSCRIBED, reference);
    }

    static Bytes asked() {
        return of(ASKED, new byte[0]);
    }

    static Bytes asked(byte[] reference) {
        return of(ASKED, reference);
    }

    static Bytes behindAsked() {
        return of(ASKED + 1, new byte[0]);
    }

    static Bytes left() {
        return of(LEFT, new byte[0]);
    }

    static Bytes left(byte[] reference) {
        return of(LEFT, reference);
    }

    static Bytes subscribedRows(byte[] reference) {
        return of(SUBSCRIBED_ROW, reference);
    }

    static Bytes subscribedRow(byte[] reference, byte[] rowId) {
        return Bytes.wrap(new ByteWriter(1 + reference.length + rowId.length).put(SUBSCRIBED_ROW).put(reference).put(rowId).toBytes());
    }

    /** Before every row that is at home here under a key of an index. */
    static Bytes homeRows(int index) {
        return of(HOME_ROW, index, new byte[0], new byte[0]);
    }

    static Bytes homeRows(byte[] reference) {
        return homeRow(reference, new byte[0]);
    }

    /** The length of the look-up key stands before it, so that it can be told from the row's id. */
    static Bytes homeRow(byte[] reference, byte[] rowId) {
        return Bytes.wrap(new ByteWriter(5 + reference.length + rowId.length).put(HOME_ROW).put(reference, 0, 2).putInt(reference.length - 2).put(reference, 2, reference.length - 2)
                .put(rowId).toBytes());
    }

    /** The reference in the key of a row at home. */
    static byte[] homeReference(Bytes homeRow) {
        int length = new ByteReader(homeRow.get(), 3).getInt();
        return new ByteWriter(2 + length).put(homeRow.get(), 1, 2).put(homeRow.get(), 7, length).toBytes();
    }

    static Bytes homeMark(byte[] reference) {
        return of(HOME_MARK, reference);
    }

    static Bytes subscribers(byte[] reference) {
        return of(SUBSCRIBERS, reference);
    }

    static Bytes waitingDocuments() {
        return of(WAITING_DOCUMENT, new byte[0]);
    }

    static Bytes waitingDocument(byte[] rootKey) {
        return of(WAITING_DOCUMENT, rootKey);
    }

    static Bytes behindWaitingDocuments() {
        return of(WAITING_DOCUMENT + 1, new byte[0]);
    }

    /** The id of a reference's index. */
    static int indexOf(byte[] reference) {
        return (reference[0] & 0xFF) << 8 | reference[1] & 0xFF;
    }

    /** The key that a reference looks for. */
    static byte[] keyOf(byte[] reference) {
        return Arrays.copyOfRange(reference, 2, reference.length);
    }

    static Bytes meta(String name) {
        return of(META, name.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }

    /** The part of a key behind a prefix. */
    static byte[] from(Bytes key, int at) {
        return Arrays.copyOfRange(key.get(), at, key.get().length);
    }
}
