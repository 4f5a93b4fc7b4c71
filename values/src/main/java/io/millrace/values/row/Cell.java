package io.millrace.values.row;

import io.millrace.values.bytes.ByteReader;

/**
 * The first byte of a stored value: what it is. It stands in state stores: a number that was given is never given to
 * something else.
 */
public final class Cell {

    static final int NULL = 0;
    static final int FALSE = 1;
    static final int TRUE = 2;
    /** Zigzag varint. */
    static final int INTEGER = 3;
    /** Four bytes. */
    static final int FLOAT = 4;
    /** Eight bytes. */
    static final int DOUBLE = 5;
    /** Block of Postgres's own text. */
    static final int NUMERIC = 6;
    /** Block of UTF-8. */
    static final int TEXT = 7;
    /** As TEXT; blanks at the end do not count in comparisons. */
    static final int PADDED = 8;
    /** As TEXT; case does not count in comparisons. */
    static final int CASELESS = 9;
    /** Zigzag varint, days. */
    static final int DATE = 10;
    /** Zigzag varint, microseconds. */
    static final int TIMESTAMP = 11;
    /** Zigzag varint, microseconds. */
    static final int TIME = 12;
    /** Block of canonical JSON. */
    static final int JSON = 13;
    /** Block. */
    static final int BYTES = 14;
    /** Block of cells. */
    static final int ARRAY = 15;
    /** Block of UTF-8 that came as JSON and is none. */
    static final int BROKEN_JSON = 16;
    /** Numbers given so far. */
    static final int KINDS = 17;

    /** One null; shared, do not change it. */
    static final byte[] NULL_CELL = {NULL};

    private Cell() {}

    /** Moves the reader behind the cell that begins where it stands. */
    static void skip(ByteReader in) {
        switch (in.get()) {
            case NULL, FALSE, TRUE -> { }
            case INTEGER, DATE, TIMESTAMP, TIME -> in.getVarint();
            case FLOAT -> in.skip(Float.BYTES);
            case DOUBLE -> in.skip(Double.BYTES);
            default -> in.skip(in.getLength());
        }
    }
}
