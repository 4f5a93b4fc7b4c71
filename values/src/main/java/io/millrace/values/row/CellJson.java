package io.millrace.values.row;

import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import io.millrace.values.json.JsonCanon;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Base64;

/** Values as canonical JSON and as text, by the table in DESIGN.md. */
public final class CellJson {

    private static final long MICROS = 1_000_000;

    private CellJson() {}

    /**
     * Appends a column's value as JSON.
     *
     * @throws IllegalArgumentException when JSON cannot hold it
     */
    public static void append(Row row, int column, ByteWriter out) {
        append(row.at(column, new ByteReader()), out);
    }

    /** What JSON shows for the cell at which the reader stands, without the quotes of a string; null for null, and for JSON that is no scalar. */
    static String shown(ByteReader in) {
        int kind = in.get();
        return switch (kind) {
            case Cell.BYTES -> Base64.getEncoder().encodeToString(in.getBlock());
            case Cell.JSON -> JsonCanon.scalar(in.getUtf8());
            case Cell.ARRAY -> throw new IllegalArgumentException("an array has no text");
            case Cell.BROKEN_JSON -> throw broken(in);
            default -> text(kind, in);
        };
    }

    static void refuseBroken(int kind, ByteReader in) {
        if (kind == Cell.BROKEN_JSON) {
            throw broken(in);
        }
    }

    private static IllegalArgumentException broken(ByteReader in) {
        return new IllegalArgumentException("a json column holds what is not JSON: " + start(in.getUtf8()));
    }

    /** A column's value as Postgres prints it, for a document id; null for null. */
    public static String text(Row row, int column) {
        var in = row.at(column, new ByteReader());
        return text(in.get(), in);
    }

    private static String text(int kind, ByteReader in) {
        return switch (kind) {
            case Cell.NULL -> null;
            case Cell.TRUE -> "true";
            case Cell.FALSE -> "false";
            case Cell.INTEGER -> Long.toString(in.getZigzag());
            case Cell.FLOAT -> floating(ShortestDigits.of(Float.intBitsToFloat(in.getInt())), 6);
            case Cell.DOUBLE -> floating(ShortestDigits.of(Double.longBitsToDouble(in.getLong())), 15);
            case Cell.DATE -> date(in.getZigzag());
            case Cell.TIMESTAMP -> timestamp(in.getZigzag());
            case Cell.TIME -> time(in.getZigzag());
            default -> in.getUtf8();
        };
    }

    /** Appends the cell at which the reader stands as JSON. */
    public static void append(ByteReader in, ByteWriter out) {
        int kind = in.get();
        switch (kind) {
            case Cell.NULL -> out.putAscii("null");
            case Cell.FALSE -> out.putAscii("false");
            case Cell.TRUE -> out.putAscii("true");
            case Cell.INTEGER -> out.putAscii(Long.toString(in.getZigzag()));
            case Cell.FLOAT -> number(floating(ShortestDigits.of(Float.intBitsToFloat(in.getInt())), 6), out);
            case Cell.DOUBLE -> number(floating(ShortestDigits.of(Double.longBitsToDouble(in.getLong())), 15), out);
            case Cell.NUMERIC -> number(in.getUtf8(), out);
            case Cell.TEXT, Cell.PADDED, Cell.CASELESS -> {
                int length = in.getLength();
                JsonCanon.string(in.array(), in.at(), length, out);
                in.skip(length);
            }
            case Cell.DATE -> quoted(date(in.getZigzag()), out);
            case Cell.TIMESTAMP -> quoted(timestamp(in.getZigzag()), out);
            case Cell.TIME -> quoted(time(in.getZigzag()), out);
            case Cell.JSON -> {
                int length = in.getLength();
                out.put(in.array(), in.at(), length);
                in.skip(length);
            }
            case Cell.BYTES -> out.put('"').put(Base64.getEncoder().encode(in.getBlock())).put('"');
            case Cell.ARRAY -> array(in, out);
            case Cell.BROKEN_JSON -> throw broken(in);
            default -> throw new IllegalStateException("A stored row has a cell of the unknown kind " + kind + ": it was written by another version");
        }
    }

    private static String start(String text) {
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }

    private static void quoted(String ascii, ByteWriter out) {
        out.put('"').putAscii(ascii).put('"');
    }

    private static void number(String text, ByteWriter out) {
        char last = text.charAt(text.length() - 1);
        if (last < '0' || last > '9') {
            quoted(text, out);
        } else {
            out.putAscii(text);
        }
    }

    private static void array(ByteReader in, ByteWriter out) {
        int end = in.getLength() + in.at();
        out.put('[');
        for (boolean first = true; in.at() < end; first = false) {
            if (!first) {
                out.put(',');
            }
            append(in, out);
        }
        out.put(']');
    }

    /** Java's shortest digits in Postgres's notation, which turns to an exponent from 10^{@code digits} on and below 10^-4. */
    static String floating(String java, int digits) {
        if (java.endsWith("N") || java.endsWith("y")) {
            return java;
        }
        boolean negative = java.charAt(0) == '-';
        int e = java.indexOf('E');
        var mantissa = java.substring(negative ? 1 : 0, e < 0 ? java.length() : e);
        int exponent = e < 0 ? 0 : Integer.parseInt(java, e + 1, java.length(), 10);
        int point = mantissa.indexOf('.');
        var all = mantissa.substring(0, point) + mantissa.substring(point + 1);
        int first = 0;
        while (first < all.length() - 1 && all.charAt(first) == '0') {
            first++;
        }
        int last = all.length();
        while (last > first + 1 && all.charAt(last - 1) == '0') {
            last--;
        }
        var significant = all.substring(first, last);
        var result = new StringBuilder(negative ? "-" : "");
        if (significant.equals("0")) {
            return result.append('0').toString();
        }
        int scientific = point - first - 1 + exponent;
        if (scientific < -4 || scientific >= digits) {
            result.append(significant.charAt(0));
            if (significant.length() > 1) {
                result.append('.').append(significant, 1, significant.length());
            }
            int magnitude = Math.abs(scientific);
            return result.append('e').append(scientific < 0 ? '-' : '+').append(magnitude < 10 ? "0" : "").append(magnitude).toString();
        }
        if (scientific < 0) {
            return result.append("0.").repeat("0", -scientific - 1).append(significant).toString();
        }
        if (significant.length() <= scientific + 1) {
            return result.append(significant).repeat("0", scientific + 1 - significant.length()).toString();
        }
        return result.append(significant, 0, scientific + 1).append('.').append(significant, scientific + 1, significant.length()).toString();
    }

    private static String infinity(long value) {
        return value == Long.MAX_VALUE ? "infinity" : "-infinity";
    }

    private static boolean isInfinite(long value) {
        return value == Long.MAX_VALUE || value == Long.MIN_VALUE;
    }

    private static String date(long days) {
        return isInfinite(days) ? infinity(days) : day(new StringBuilder(10), LocalDate.ofEpochDay(days)).toString();
    }

    private static String timestamp(long micros) {
        if (isInfinite(micros)) {
            return infinity(micros);
        }
        var at = Instant.ofEpochSecond(Math.floorDiv(micros, MICROS)).atOffset(ZoneOffset.UTC);
        var text = day(new StringBuilder(27), at.toLocalDate()).append('T');
        return clock(text, at.toLocalTime().toSecondOfDay(), Math.floorMod(micros, MICROS)).append('Z').toString();
    }

    private static String time(long micros) {
        return clock(new StringBuilder(15), (int) (micros / MICROS), micros % MICROS).toString();
    }

    private static StringBuilder day(StringBuilder text, LocalDate date) {
        int year = date.getYear();
        if (year < 0) {
            text.append('-');
        }
        return padded(padded(padded(text, Math.abs(year), 4).append('-'), date.getMonthValue(), 2).append('-'), date.getDayOfMonth(), 2);
    }

    private static StringBuilder clock(StringBuilder text, int seconds, long fraction) {
        padded(padded(padded(text, seconds / 3600, 2).append(':'), seconds / 60 % 60, 2).append(':'), seconds % 60, 2);
        return padded(text.append('.'), fraction, 6);
    }

    private static StringBuilder padded(StringBuilder text, long number, int width) {
        var digits = Long.toString(number);
        return text.repeat("0", Math.max(0, width - digits.length())).append(digits);
    }
}
