package io.millrace.denormalizer.join;

import io.millrace.denormalizer.row.ByteReader;
import io.millrace.denormalizer.row.ByteWriter;
import io.millrace.pipeline.record.Position;

/**
 * What travels on the exchange topic between the stages of the join. The record's key is where it goes to: a root key, or
 * a parent's join key.
 */
sealed interface Message {

    Position position();

    /** A root row. {@code isNew}: the row was just inserted or deleted, so that nothing asked before concerns what follows. */
    record Root(Position position, boolean isNew, String documentId, byte[] row) implements Message {}

    /** A row of an array of the document; {@code row} is null when it left. */
    record Child(Position position, int node, byte[] parentKey, byte[] rowId, byte[] row) implements Message {}

    /** A row that waits for its parent, or follows it; {@code row} is null when it left this parent. */
    record Placed(Position position, int node, byte[] rowId, byte[] row) implements Message {}

    /** The document of the parent row that the record's key names; {@code rootKey} is null when the parent left it. */
    record Located(Position position, int node, byte[] parent, byte[] rootKey) implements Message {}

    /** A look-up row for every partition; {@code row} is null when it was deleted. */
    record Lookup(Position position, int table, byte[] rowId, byte[] row) implements Message {}

    /** All rows of a table that are older than the position are gone; for every partition. */
    record Floor(Position position, int table) implements Message {}

    /** A request to erase a document. */
    record Erase(Position position, String documentId) implements Message {}

    private static ByteWriter head(int type, Position position) {
        return new ByteWriter(96).put(type).putLong(position.commit()).putLong(position.lsn());
    }

    private static byte[] tail(ByteWriter out, byte[] row) {
        out.put(row == null ? 0 : 1);
        return (row == null ? out : out.put(row)).toBytes();
    }

    /** Whether an encoded message goes to every partition. */
    static boolean isForAll(byte[] encoded) {
        return encoded[0] == 5 || encoded[0] == 6;
    }

    static byte[] encode(Message message) {
        return switch (message) {
            case Root m -> tail(head(1, m.position).put(m.isNew ? 1 : 0).putBlock(m.documentId.getBytes(java.nio.charset.StandardCharsets.UTF_8)), m.row);
            case Child m -> tail(head(2, m.position).putShort(m.node).putBlock(m.parentKey).putBlock(m.rowId), m.row);
            case Placed m -> tail(head(3, m.position).putShort(m.node).putBlock(m.rowId), m.row);
            case Located m -> tail(head(4, m.position).putShort(m.node).putBlock(m.parent), m.rootKey);
            case Lookup m -> tail(head(5, m.position).putShort(m.table).putBlock(m.rowId), m.row);
            case Floor m -> head(6, m.position).putShort(m.table).toBytes();
            case Erase m -> head(7, m.position).putBlock(m.documentId.getBytes(java.nio.charset.StandardCharsets.UTF_8)).toBytes();
        };
    }

    static Message decode(byte[] encoded) {
        var in = new ByteReader(encoded);
        int type = in.get();
        var position = new Position(in.getLong(), in.getLong());
        return switch (type) {
            case 1 -> new Root(position, in.get() == 1, in.getUtf8(), tail(in));
            case 2 -> new Child(position, in.getShort(), in.getBlock(), in.getBlock(), tail(in));
            case 3 -> new Placed(position, in.getShort(), in.getBlock(), tail(in));
            case 4 -> new Located(position, in.getShort(), in.getBlock(), tail(in));
            case 5 -> new Lookup(position, in.getShort(), in.getBlock(), tail(in));
            case 6 -> new Floor(position, in.getShort());
            case 7 -> new Erase(position, in.getUtf8());
            default -> throw new IllegalStateException("A message of the unknown type " + type + " is on the exchange topic: it was written by another version");
        };
    }

    private static byte[] tail(ByteReader in) {
        return in.get() == 0 ? null : in.rest();
    }
}
