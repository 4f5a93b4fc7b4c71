package io.millrace.values.row;

import io.millrace.pipeline.file.Expression.Cast.Type;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** Casts between cells, with Postgres's rounding and limits. */
final class Casts {

    private static final Pattern WHOLE = Pattern.compile("[+-]?[0-9]+");
    private static final Pattern DECIMAL = Pattern.compile("[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]{1,4})?");
    private static final String BLANKS = " \t\n\u000B\f\r";
    /** Digits of the largest bigint. */
    private static final int WHOLE_DIGITS = 19;
    /** What a numeric of Postgres holds before and behind its point. */
    private static final int NUMERIC_DIGITS = 131_072;
    private static final int NUMERIC_SCALE = 16_383;
    private static final List<String> TRUE = List.of("t", "tr", "tru", "true", "y", "ye", "yes", "on", "1");
    private static final List<String> FALSE = List.of("f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0");
    private static final long MICROS_PER_DAY = 86_400_000_000L;
    /** As many digits as Postgres takes of a float that becomes a numeric. */
    private static final MathContext FLOAT_DIGITS = new MathContext(6, RoundingMode.HALF_EVEN);
    private static final MathContext DOUBLE_DIGITS = new MathContext(15, RoundingMode.HALF_EVEN);

    private Casts() {}

    /** @throws IllegalArgumentException where the value cannot be cast */
    static void append(ByteReader value, Type to, ByteWriter out) {
        int kind = value.get();
        value.seek(value.at() - 1);
        if (kind == Cell.NULL) {
            out.put(Cell.NULL);
            return;
        }
        if (to == Type.DATE) {
            date(kind, value, out);
            return;
        }
        var text = CellJson.shown(value);
        if (text == null) {
            out.put(Cell.NULL);
            return;
        }
        switch (to) {
            case TEXT -> out.put(Cell.TEXT).putBlock(text.getBytes(StandardCharsets.UTF_8));
            case INTEGER -> out.put(Cell.INTEGER).putZigzag(whole(kind, text, Integer.MIN_VALUE, Integer.MAX_VALUE, "integer"));
            case BIGINT -> out.put(Cell.INTEGER).putZigzag(whole(kind, text, Long.MIN_VALUE, Long.MAX_VALUE, "bigint"));
            case NUMERIC -> out.put(Cell.NUMERIC).putBlock(numeric(kind, text).getBytes(StandardCharsets.US_ASCII));
            case DOUBLE -> out.put(Cell.DOUBLE).putLong(Double.doubleToLongBits(kind == Cell.FLOAT ? Float.parseFloat(text) : floating(text)));
            case BOOLEAN -> out.put(bool(text) ? Cell.TRUE : Cell.FALSE);
            case DATE -> throw new IllegalStateException("A date is made elsewhere");
        }
    }

    private static void date(int kind, ByteReader value, ByteWriter out) {
        value.get();
        if (kind != Cell.DATE && kind != Cell.TIMESTAMP) {
            throw new IllegalArgumentException("only a date or a timestamp can be cast to a date");
        }
        long number = value.getZigzag();
        boolean isInfinite = number == Long.MAX_VALUE || number == Long.MIN_VALUE;
        out.put(Cell.DATE).putZigzag(kind == Cell.DATE || isInfinite ? number : Math.floorDiv(number, MICROS_PER_DAY));
    }

    private static long whole(int kind, String text, long least, long most, String type) {
        var number = switch (kind) {
            case Cell.TRUE -> BigInteger.ONE;
            case Cell.FALSE -> BigInteger.ZERO;
            case Cell.INTEGER -> new BigInteger(text);
            case Cell.NUMERIC -> finite(text, type).setScale(0, RoundingMode.HALF_UP).toBigInteger();
            // A float's shortest digits are not its value.
            case Cell.FLOAT -> new BigDecimal(Math.rint(Float.parseFloat(finite(text, type).toString()))).toBigInteger();
            case Cell.DOUBLE -> new BigDecimal(Math.rint(finite(text, type).doubleValue())).toBigInteger();
            default -> {
                var trimmed = trimmed(text);
                if (!WHOLE.matcher(trimmed).matches()) {
                    throw refused(text, type);
                }
                if (significant(trimmed) > WHOLE_DIGITS) {
                    throw outside(text, type);
                }
                yield new BigInteger(trimmed);
            }
        };
        if (number.compareTo(BigInteger.valueOf(least)) < 0 || number.compareTo(BigInteger.valueOf(most)) > 0) {
            throw outside(text, type);
        }
        return number.longValue();
    }

    private static BigDecimal finite(String text, String type) {
        if (text.endsWith("N") || text.endsWith("y")) {
            throw refused(text, type);
        }
        return new BigDecimal(text);
    }

    private static String numeric(int kind, String text) {
        if (kind == Cell.NUMERIC || kind == Cell.INTEGER || text.endsWith("N") || text.endsWith("Infinity")) {
            return text;
        }
        if (kind == Cell.FLOAT || kind == Cell.DOUBLE) {
            var exact = kind == Cell.FLOAT ? new BigDecimal(Float.parseFloat(text)).round(FLOAT_DIGITS) : new BigDecimal(Double.parseDouble(text)).round(DOUBLE_DIGITS);
            return exact.signum() == 0 ? "0" : exact.stripTrailingZeros().toPlainString();
        }
        var trimmed = trimmed(text);
        var word = trimmed.toLowerCase(Locale.ROOT);
        return switch (word) {
            case "nan" -> "NaN";
            case "infinity", "+infinity", "inf", "+inf" -> "Infinity";
            case "-infinity", "-inf" -> "-Infinity";
            default -> {
                if (!DECIMAL.matcher(trimmed).matches()) {
                    throw refused(text, "numeric");
                }
                yield decimal(text, trimmed);
            }
        };
    }

    /** A decimal as Postgres prints it. Digits stay text where they can: making a number of them takes time with their square. */
    private static String decimal(String text, String trimmed) {
        if (trimmed.indexOf('e') < 0 && trimmed.indexOf('E') < 0) {
            return plain(text, trimmed);
        }
        if (significant(trimmed) > NUMERIC_DIGITS + NUMERIC_SCALE) {
            throw outside(text, "numeric");
        }
        return plain(text, new BigDecimal(trimmed).toPlainString());
    }

    private static String plain(String text, String number) {
        int from = number.charAt(0) == '-' || number.charAt(0) == '+' ? 1 : 0;
        int point = number.indexOf('.');
        int end = point < 0 ? number.length() : point;
        while (from < end && number.charAt(from) == '0') {
            from++;
        }
        var fraction = point < 0 ? "" : number.substring(point + 1);
        if (end - from > NUMERIC_DIGITS || fraction.length() > NUMERIC_SCALE) {
            throw outside(text, "numeric");
        }
        return (number.charAt(0) == '-' && significant(number) > 0 ? "-" : "") + (from == end ? "0" : number.substring(from, end)) + (fraction.isEmpty() ? "" : "." + fraction);
    }

    /** How many digits there are from the first that is not zero up to the exponent. */
    private static int significant(String number) {
        int digits = 0;
        for (int i = 0; i < number.length() && (number.charAt(i) | 0x20) != 'e'; i++) {
            char c = number.charAt(i);
            digits += c >= '1' && c <= '9' || c == '0' && digits > 0 ? 1 : 0;
        }
        return digits;
    }

    private static double floating(String text) {
        var trimmed = trimmed(text);
        switch (trimmed.toLowerCase(Locale.ROOT)) {
            case "nan" -> {
                return Double.NaN;
            }
            case "infinity", "+infinity", "inf", "+inf" -> {
                return Double.POSITIVE_INFINITY;
            }
            case "-infinity", "-inf" -> {
                return Double.NEGATIVE_INFINITY;
            }
            default -> {
                if (!DECIMAL.matcher(trimmed).matches()) {
                    throw refused(text, "double precision");
                }
            }
        }
        double value = Double.parseDouble(trimmed);
        if (Double.isInfinite(value) || value == 0 && significant(trimmed) > 0) {
            throw outside(text, "double precision");
        }
        return value;
    }

    private static boolean bool(String text) {
        var word = trimmed(text).toLowerCase(Locale.ROOT);
        if (TRUE.contains(word)) {
            return true;
        }
        if (!FALSE.contains(word)) {
            throw refused(text, "boolean");
        }
        return false;
    }

    private static String trimmed(String text) {
        int from = 0;
        int to = text.length();
        while (from < to && BLANKS.indexOf(text.charAt(from)) >= 0) {
            from++;
        }
        while (to > from && BLANKS.indexOf(text.charAt(to - 1)) >= 0) {
            to--;
        }
        return text.substring(from, to);
    }

    private static IllegalArgumentException refused(String text, String type) {
        return new IllegalArgumentException("'" + start(text) + "' cannot be cast to " + type);
    }

    private static IllegalArgumentException outside(String text, String type) {
        return new IllegalArgumentException(start(text) + " is outside of what a " + type + " holds");
    }

    private static String start(String text) {
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }
}
