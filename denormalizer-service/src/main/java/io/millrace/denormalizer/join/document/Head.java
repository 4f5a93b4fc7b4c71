package io.millrace.denormalizer.join.document;

import io.millrace.pipeline.record.Position;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;

/** What is known of one document besides the rows of its arrays. It stays when the document is gone. */
public final class Head {

    /** Absorbs the position of everything that no longer is part of the document; never decreases. */
    public Position mark = Position.NONE;
    /** Of the newest known change of the root row. */
    public Position root = Position.NONE;
    /** Of the newest known insert or delete of the root row. */
    Position renewed = Position.NONE;
    /** Of the newest known request to erase. */
    Position erased = Position.NONE;
    /** Empty as long as no root row and no request was seen. */
    public String documentId = "";
    /** The root row; null while there is none. */
    public byte[] row;

    static Head read(byte[] stored) {
        var head = new Head();
        if (stored != null) {
            var in = new ByteReader(stored);
            head.mark = position(in);
            head.root = position(in);
            head.renewed = position(in);
            head.erased = position(in);
            head.documentId = in.getUtf8();
            head.row = in.get() == 1 ? in.rest() : null;
        }
        return head;
    }

    private static Position position(ByteReader in) {
        return new Position(in.getLong(), in.getLong());
    }

    byte[] toBytes() {
        var out = new ByteWriter(4 * Position.SIZE + 2 + documentId.length() + (row == null ? 0 : row.length));
        put(mark, out);
        put(root, out);
        put(renewed, out);
        put(erased, out);
        out.putBlock(documentId.getBytes(java.nio.charset.StandardCharsets.UTF_8)).put(row == null ? 0 : 1);
        return (row == null ? out : out.put(row)).toBytes();
    }

    private static void put(Position position, ByteWriter out) {
        out.putLong(position.commit()).putLong(position.lsn());
    }

    /** Whether the document is to be seen: it has a root row, and nobody asked to erase it since the row was inserted. */
    boolean isVisible() {
        return row != null && !isErased();
    }

    boolean isErased() {
        return renewed.isBefore(erased);
    }
}
