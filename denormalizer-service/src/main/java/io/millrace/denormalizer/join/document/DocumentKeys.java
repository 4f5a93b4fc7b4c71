package io.millrace.denormalizer.join.document;

import io.millrace.denormalizer.join.state.Kind;
import io.millrace.values.bytes.ByteWriter;
import java.util.Arrays;
import org.apache.kafka.common.utils.Bytes;

/** The keys of what is stored of the documents. Everything of one document stands together, so that one pass over neighbouring keys reads it. */
public final class DocumentKeys {

    /** Parts of a document's keys. */
    static final int HEAD = 1;
    static final int REFERENCES = 2;
    static final int ENTRY = 3;
    private static final int NO_PART = 4;

    private DocumentKeys() {}

    /** Before every document. */
    public static Bytes documents() {
        return Kind.of(Kind.DOCUMENT, new byte[0]);
    }

    /** Behind every document. */
    public static Bytes behindDocuments() {
        return Kind.of(Kind.DOCUMENT + 1, new byte[0]);
    }

    /** Before everything of one document. The length stands first, so that the root key can be told from what follows. */
    static Bytes document(byte[] rootKey) {
        return Bytes.wrap(document(rootKey, 0).toBytes());
    }

    private static ByteWriter document(byte[] rootKey, int more) {
        return new ByteWriter(3 + rootKey.length + more).put(Kind.DOCUMENT).putShort(rootKey.length).put(rootKey);
    }

    public static Bytes behindDocument(byte[] rootKey) {
        return Bytes.wrap(document(rootKey, 1).put(NO_PART).toBytes());
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

    public static Bytes head(byte[] rootKey) {
        return Bytes.wrap(document(rootKey, 1).put(HEAD).toBytes());
    }

    /** A document's references, where they are few. */
    static Bytes references(byte[] rootKey) {
        return Bytes.wrap(document(rootKey, 1).put(REFERENCES).toBytes());
    }

    /** The reference in one of a document's keys; null in the key of them all. */
    static Bytes referenceOf(Bytes key, byte[] rootKey) {
        int at = 4 + rootKey.length;
        return key.get().length == at ? null : Bytes.wrap(Kind.from(key, at));
    }

    public static Bytes entries(byte[] rootKey) {
        return Bytes.wrap(document(rootKey, 1).put(ENTRY).toBytes());
    }

    public static Bytes entries(byte[] rootKey, int node, byte[] parentKey) {
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
        return Kind.from(entry, 6 + rootKey.length);
    }

    /** One of a document's references, where they are many. */
    static Bytes reference(byte[] rootKey, byte[] reference) {
        return Bytes.wrap(document(rootKey, 1 + reference.length).put(REFERENCES).put(reference).toBytes());
    }
}
