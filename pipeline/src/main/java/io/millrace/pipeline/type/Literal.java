package io.millrace.pipeline.type;

import io.millrace.pipeline.type.ColumnType.Kind;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.OffsetDateTime;

/** Reads a value of a pipeline file as a value of a column. */
public final class Literal {

    private static final String INFINITY = "infinity";
    private static final String MINUS_INFINITY = "-infinity";

    private Literal() {}

    /**
     * @return a {@link Long} for whole numbers, for days of a date and microseconds of a time, the extremes for the
     *         infinities; a {@link BigDecimal}, {@link Double}, {@link Boolean} or {@link String} for what else there is
     * @throws IllegalArgumentException when the text is no such value, or nothing can be compared with the kind
     */
    public static Object parse(Kind kind, String text) {
        try {
            return switch (kind) {
                case INTEGER, BIGINT -> Long.valueOf(text);
                case NUMERIC -> new BigDecimal(text);
                case FLOAT, DOUBLE -> Double.valueOf(text);
                case BOOLEAN -> bool(text);
                case TEXT, KEYWORD -> text;
                case DATE -> infinite(text) ? (Object) infinity(text) : LocalDate.parse(text).toEpochDay();
                case TIMESTAMP -> infinite(text) ? (Object) infinity(text) : micros(OffsetDateTime.parse(text));
                case TIME -> LocalTime.parse(text).toNanoOfDay() / 1_000;
                case JSON, BYTES, ARRAY, GEO_POINT -> throw new IllegalArgumentException("values of this type cannot be compared");
            };
        } catch (NumberFormatException | DateTimeException e) {
            throw new IllegalArgumentException("'" + text + "' is not " + switch (kind) {
                case INTEGER, BIGINT -> "a whole number";
                case DATE -> "a date; write 2026-01-31";
                case TIMESTAMP -> "a point in time; write 2026-01-31T12:00:00Z";
                case TIME -> "a time of day; write 12:00:00";
                default -> "a number";
            }, e);
        }
    }

    private static Boolean bool(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("'" + text + "' is neither true nor false");
        };
    }

    private static boolean infinite(String text) {
        return text.equals(INFINITY) || text.equals(MINUS_INFINITY);
    }

    private static long infinity(String text) {
        return text.equals(INFINITY) ? Long.MAX_VALUE : Long.MIN_VALUE;
    }

    private static long micros(OffsetDateTime at) {
        return Math.addExact(Math.multiplyExact(at.toEpochSecond(), 1_000_000L), at.getNano() / 1_000);
    }
}
