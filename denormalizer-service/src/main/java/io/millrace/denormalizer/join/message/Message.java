package io.millrace.denormalizer.join.message;

import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.util.ArrayList;
import java.util.List;

/**
 * What travels on the exchange topic between the stages of the join. The record's key is where it goes to: a root key, a
 * parent's join key, or a reference, which is a look-up index and a key in it.
 */
public sealed interface Message {

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

    /** All rows of a table that are older than the position are gone, for this partition. */
    record Floor(Position position, int partition, int table) implements Message {}

    /** A request to erase a document. */
    record Erase(Position position, String documentId) implements Message {}

    /** A request to emit a document anew, or its delete where it is not to be seen, above every version that it had. */
    record Repair(Position position, String documentId) implements Message {}

    /** What time it is for the documents and which rules hold, for every partition. {@code rank}: the place of the pipeline that was told so among those whose orders count. */
    record Retain(Position position, int rank, String order) implements Message {}

    /** A row of a table that is subscribed to, at a reference; {@code row} is null when it left the key. */
    record Indexed(Position position, byte[] rowId, byte[] row) implements Message {}

    /** A partition refers to what the record's key names, and asks for its rows. {@code nonce}: by which it knows the answer. */
    record Subscribe(int partition, long nonce) implements Message {}

    /** A partition does not refer to it any more. {@code nonce}: of the subscription that it gives up. */
    record Unsubscribe(int partition, long nonce) implements Message {}

    /**
     * Rows of a reference, for a partition that asked. {@code position}: the highest of what left the reference. {@code isLast}: with these rows
     * the partition has all.
     */
    record Answer(Position position, int partition, long nonce, boolean isLast, List<Item> rows) implements Message {

        public record Item(Position position, byte[] rowId, byte[] row) {}
    }

    /** A change of a reference's rows, for a partition that has subscribed to it; {@code row} is null when it left. */
    record Notice(Position position, int partition, long nonce, byte[] rowId, byte[] row) implements Message {}

    /** Tells a partition nothing: an answer that it has not asked for, as every version overlooks it. */
    static Message nothing(int partition) {
        return new Answer(Position.NONE, partition, 0, false, List.of());
    }

    private static ByteWriter head(int type, Position position) {
        return put(position, new ByteWriter(96).put(type));
    }

    private static byte[] tail(ByteWriter out, byte[] row) {
        out.put(row == null ? 0 : 1);
        return (row == null ? out : out.put(row)).toBytes();
    }

    /** Whether an encoded message goes to every partition. */
    static boolean isForAll(byte[] encoded) {
        return encoded[0] == 5 || encoded[0] == 15;
    }

    /** Whether an encoded message goes to where a reference is at home. */
    static boolean isForHome(byte[] encoded) {
        return encoded[0] >= 8 && encoded[0] <= 10;
    }

    /** The partition that an encoded message names as its goal; -1 where its key says where it goes. */
    static int partition(byte[] encoded) {
        return encoded[0] < 11 || encoded[0] > 13 ? -1 : (encoded[1] & 0xFF) << 8 | encoded[2] & 0xFF;
    }

    private static byte[] encode(Answer answer) {
        int size = answer.rows.stream().mapToInt(r -> r.rowId.length + r.row.length + 32).sum();
        var out = new ByteWriter(32 + size).put(11).putShort(answer.partition).putLong(answer.nonce);
        put(answer.position, out).put(answer.isLast ? 1 : 0);
        for (var row : answer.rows) {
            put(row.position, out).putBlock(row.rowId).putBlock(row.row);
        }
        return out.toBytes();
    }

    private static Answer answer(ByteReader in) {
        int partition = in.getShort();
        long nonce = in.getLong();
        var position = position(in);
        boolean isLast = in.get() == 1;
        var rows = new ArrayList<Answer.Item>();
        while (in.hasMore()) {
            rows.add(new Answer.Item(position(in), in.getBlock(), in.getBlock()));
        }
        return new Answer(position, partition, nonce, isLast, rows);
    }

    private static ByteWriter put(Position position, ByteWriter out) {
        return out.putLong(position.commit()).putLong(position.lsn());
    }

    private static Position position(ByteReader in) {
        return new Position(in.getLong(), in.getLong());
    }

    static byte[] encode(Message message) {
        return switch (message) {
            case Root m -> tail(head(1, m.position).put(m.isNew ? 1 : 0).putBlock(m.documentId.getBytes(java.nio.charset.StandardCharsets.UTF_8)), m.row);
            case Child m -> tail(head(2, m.position).putShort(m.node).putBlock(m.parentKey).putBlock(m.rowId), m.row);
            case Placed m -> tail(head(3, m.position).putShort(m.node).putBlock(m.rowId), m.row);
            case Located m -> tail(head(4, m.position).putShort(m.node).putBlock(m.parent), m.rootKey);
            case Lookup m -> tail(head(5, m.position).putShort(m.table).putBlock(m.rowId), m.row);
            case Floor m -> put(m.position, new ByteWriter(32).put(13).putShort(m.partition)).putShort(m.table).toBytes();
            case Erase m -> head(7, m.position).putBlock(m.documentId.getBytes(java.nio.charset.StandardCharsets.UTF_8)).toBytes();
            case Repair m -> head(14, m.position).putBlock(m.documentId.getBytes(java.nio.charset.StandardCharsets.UTF_8)).toBytes();
            case Retain m -> head(15, m.position).putShort(m.rank).putBlock(m.order.getBytes(java.nio.charset.StandardCharsets.UTF_8)).toBytes();
            case Indexed m -> tail(head(8, m.position).putBlock(m.rowId), m.row);
            case Subscribe m -> new ByteWriter(11).put(9).putShort(m.partition).putLong(m.nonce).toBytes();
            case Unsubscribe m -> new ByteWriter(11).put(10).putShort(m.partition).putLong(m.nonce).toBytes();
            case Answer m -> encode(m);
            case Notice m -> tail(put(m.position, new ByteWriter(96).put(12).putShort(m.partition).putLong(m.nonce)).putBlock(m.rowId), m.row);
        };
    }

    static Message decode(byte[] encoded) {
        var in = new ByteReader(encoded);
        int type = in.get();
        return switch (type) {
            case 1 -> new Root(position(in), in.get() == 1, in.getUtf8(), tail(in));
            case 2 -> new Child(position(in), in.getShort(), in.getBlock(), in.getBlock(), tail(in));
            case 3 -> new Placed(position(in), in.getShort(), in.getBlock(), tail(in));
            case 4 -> new Located(position(in), in.getShort(), in.getBlock(), tail(in));
            case 5 -> new Lookup(position(in), in.getShort(), in.getBlock(), tail(in));
            // As a version before wrote it, to every partition.
            case 6 -> new Floor(position(in), -1, in.getShort());
            case 7 -> new Erase(position(in), in.getUtf8());
            case 8 -> new Indexed(position(in), in.getBlock(), tail(in));
            case 9 -> new Subscribe(in.getShort(), in.getLong());
            case 10 -> new Unsubscribe(in.getShort(), in.getLong());
            case 11 -> answer(in);
            case 12 -> notice(in);
            case 13 -> floor(in);
            case 14 -> new Repair(position(in), in.getUtf8());
            case 15 -> new Retain(position(in), in.getShort(), in.getUtf8());
            default -> throw new IllegalStateException("A message of the unknown type " + type + " is on the exchange topic: it was written by another version");
        };
    }

    private static Floor floor(ByteReader in) {
        int partition = in.getShort();
        return new Floor(position(in), partition, in.getShort());
    }

    private static Notice notice(ByteReader in) {
        int partition = in.getShort();
        long nonce = in.getLong();
        return new Notice(position(in), partition, nonce, in.getBlock(), tail(in));
    }

    private static byte[] tail(ByteReader in) {
        return in.get() == 0 ? null : in.rest();
    }
}
