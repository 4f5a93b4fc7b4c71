package io.millrace.values.row;

import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.util.BitSet;

/**
 * The columns of one row that a pipeline needs, in the order of its {@code TableLayout}; each says itself what it is, so
 * that a stored row needs no schema. Immutable apart from the index that is made at the first look.
 */
public final class Row {

    private final byte[] bytes;
    private final int columns;
    private int[] starts;

    /** @param bytes one cell for each column, one after the other */
    public Row(byte[] bytes, int columns) {
        this.bytes = bytes;
        this.columns = columns;
    }

    /** The stored form; shared, do not change it. */
    public byte[] bytes() {
        return bytes;
    }

    public int columns() {
        return columns;
    }

    /** Where a column's cell begins. */
    int start(int column) {
        if (starts == null) {
            index();
        }
        return starts[column];
    }

    private void index() {
        var found = new int[columns + 1];
        var in = new ByteReader(bytes);
        for (int i = 0; i < columns; i++) {
            found[i] = in.at();
            Cell.skip(in);
        }
        found[columns] = in.at();
        starts = found;
    }

    public boolean isNull(int column) {
        return bytes[start(column)] == Cell.NULL;
    }

    /** The stored form of this row with no other columns than those; the others are null. */
    public byte[] only(BitSet kept) {
        var out = new ByteWriter(bytes.length);
        for (int column = 0; column < columns; column++) {
            if (kept.get(column)) {
                copy(column, out);
            } else {
                out.put(Cell.NULL);
            }
        }
        return out.toBytes();
    }

    /** Appends a column's cell as it is. */
    void copy(int column, ByteWriter out) {
        int from = start(column);
        out.put(bytes, from, starts[column + 1] - from);
    }

    /** A reader that stands at a column's cell. */
    public ByteReader at(int column, ByteReader in) {
        return in.reset(bytes, start(column), bytes.length);
    }
}
