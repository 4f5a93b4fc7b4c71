package io.millrace.values.row;

import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Keys as bytes: equal exactly where SQL calls the values equal, in the order in which Postgres sorts them (text by code
 * point), and each knowing its own end, so that keys can be put one after the other without a separator.
 */
public final class KeyEncoding {

    private static final int NEGATIVE_INFINITY = 0x01;
    private static final int NEGATIVE = 0x40;
    private static final int ZERO = 0x80;
    private static final int POSITIVE = 0xC0;
    private static final int POSITIVE_INFINITY = 0xFE;
    private static final int NOT_A_NUMBER = 0xFF;
    private static final long SIGN = Long.MIN_VALUE;

    private KeyEncoding() {}

    /**
     * The columns of a row as one key.
     *
     * @return null where one of them is null, which equals nothing
     */
    public static byte[] key(Row row, int[] columns, ByteWriter scratch) {
        scratch.truncate(0);
        var in = new ByteReader();
        for (int column : columns) {
            if (row.isNull(column)) {
                return null;
            }
            append(row.at(column, in), scratch);
        }
        return scratch.toBytes();
    }

    /** The column as part of a sort key: null last, whichever the direction. */
    public static void appendOrdered(Row row, int column, boolean descending, ByteWriter out) {
        if (row.isNull(column)) {
            out.put(1);
            return;
        }
        out.put(0);
        int from = out.size();
        append(row.at(column, new ByteReader()), out);
        if (descending) {
            complement(out, from);
        }
    }

    private static void complement(ByteWriter out, int from) {
        for (int i = from; i < out.size(); i++) {
            out.array()[i] = (byte) ~out.array()[i];
        }
    }

    /** Appends the cell at which the reader stands. */
    static void append(ByteReader in, ByteWriter out) {
        int kind = in.get();
        switch (kind) {
            case Cell.FALSE -> out.put(0);
            case Cell.TRUE -> out.put(1);
            case Cell.INTEGER, Cell.DATE, Cell.TIMESTAMP, Cell.TIME -> out.putLong(in.getZigzag() ^ SIGN);
            case Cell.FLOAT -> floating(Float.intBitsToFloat(in.getInt()), out);
            case Cell.DOUBLE -> floating(Double.longBitsToDouble(in.getLong()), out);
            case Cell.NUMERIC -> numeric(in.getUtf8(), out);
            case Cell.TEXT -> text(in, out);
            case Cell.PADDED -> out.putUtf8(in.getUtf8().stripTrailing()).put(0);
            case Cell.CASELESS -> out.putUtf8(in.getUtf8().toLowerCase(Locale.ROOT)).put(0);
            case Cell.NULL -> throw new IllegalArgumentException("A key column holds null");
            default -> escaped(in, out);
        }
    }

    /** Postgres's text has no zero byte, which therefore ends it. */
    private static void text(ByteReader in, ByteWriter out) {
        int length = in.getLength();
        out.put(in.array(), in.at(), length).put(0);
        in.skip(length);
    }

    private static void escaped(ByteReader in, ByteWriter out) {
        for (int left = in.getLength(); left > 0; left--) {
            int b = in.get();
            out.put(b);
            if (b == 0) {
                out.put(0xFF);
            }
        }
        out.put(0).put(0);
    }

    /** As Postgres: minus zero equals zero, NaN equals NaN and comes after everything. */
    private static void floating(double value, ByteWriter out) {
        long bits = Double.doubleToLongBits(value == 0 ? 0.0 : value);
        out.putLong(bits < 0 ? ~bits : bits ^ SIGN);
    }

    /** The sign, the place of the first digit, the digits without zeros at either end; all turned around below zero. */
    static void numeric(String text, ByteWriter out) {
        switch (text) {
            case "NaN" -> out.put(NOT_A_NUMBER);
            case "Infinity" -> out.put(POSITIVE_INFINITY);
            case "-Infinity" -> out.put(NEGATIVE_INFINITY);
            default -> finite(text.getBytes(StandardCharsets.US_ASCII), out);
        }
    }

    private static void finite(byte[] text, ByteWriter out) {
        boolean negative = text[0] == '-';
        int first = -1;
        int last = -1;
        int digits = 0;
        int point = -1;
        for (int i = negative ? 1 : 0; i < text.length; i++) {
            if (text[i] == '.') {
                point = digits;
                continue;
            }
            if (text[i] < '0' || text[i] > '9') {
                throw new IllegalArgumentException("'" + new String(text, StandardCharsets.US_ASCII) + "' is not a numeric as Postgres prints it");
            }
            if (text[i] != '0') {
                first = first < 0 ? i : first;
                last = i;
            }
            digits++;
        }
        if (first < 0) {
            out.put(ZERO);
            return;
        }
        int place = 0;
        for (int i = negative ? 1 : 0; i < first; i++) {
            place += text[i] == '.' ? 0 : 1;
        }
        out.put(negative ? NEGATIVE : POSITIVE);
        int from = out.size();
        out.putInt((point < 0 ? digits : point) - place ^ Integer.MIN_VALUE);
        for (int i = first; i <= last; i++) {
            if (text[i] != '.') {
                out.put(text[i]);
            }
        }
        out.put(0);
        if (negative) {
            complement(out, from);
        }
    }
}
