package io.millrace.gate.rule;

import io.millrace.pipeline.type.ColumnType;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;

/** Turns bounds as the pipeline file writes them into the form of a column's values. */
final class Ranges {

    private Ranges() {}

    /**
     * @param min null for no bound
     * @param max null for no bound
     * @throws IllegalArgumentException when the column's values have no order, or the bound is none of them
     * @throws java.time.DateTimeException when the bound is no date or time
     */
    static Check of(ColumnType type, String min, String max) {
        return switch (type.kind()) {
            case INTEGER, BIGINT -> whole(min == null ? null : number(min).setScale(0, RoundingMode.CEILING), max == null ? null : number(max).setScale(0, RoundingMode.FLOOR));
            case FLOAT, DOUBLE -> new Check.RealRange(min == null ? Double.NEGATIVE_INFINITY : number(min).doubleValue(), max == null ? Double.POSITIVE_INFINITY : number(max).doubleValue());
            case NUMERIC -> new Check.DigitsRange(digits(min), digits(max));
            case DATE -> new Check.WholeRange(min == null ? Long.MIN_VALUE : LocalDate.parse(min).toEpochDay(), max == null ? Long.MAX_VALUE : LocalDate.parse(max).toEpochDay());
            case TIMESTAMP -> new Check.WholeRange(min == null ? Long.MIN_VALUE : micros(min), max == null ? Long.MAX_VALUE : micros(max));
            default -> throw new IllegalArgumentException(type.kind() + " has no least and no most");
        };
    }

    private static BigDecimal number(String text) {
        try {
            return new BigDecimal(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + text + "' is no number", e);
        }
    }

    /** A bound beyond all numbers of 64 bits keeps nothing out, or everything. */
    private static Check whole(BigDecimal min, BigDecimal max) {
        return new Check.WholeRange(clamped(min, Long.MIN_VALUE), clamped(max, Long.MAX_VALUE));
    }

    private static long clamped(BigDecimal bound, long otherwise) {
        if (bound == null) {
            return otherwise;
        }
        return bound.max(BigDecimal.valueOf(Long.MIN_VALUE)).min(BigDecimal.valueOf(Long.MAX_VALUE)).longValueExact();
    }

    private static byte[] digits(String bound) {
        return bound == null ? null : number(bound).toPlainString().getBytes(StandardCharsets.US_ASCII);
    }

    /** With an offset, or else in UTC; a date is its beginning. */
    private static long micros(String text) {
        Instant instant;
        if (text.length() <= "2026-01-01".length()) {
            instant = LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
        } else {
            var parsed = DateTimeFormatter.ISO_DATE_TIME.parseBest(text.replace(' ', 'T'), OffsetDateTime::from, LocalDateTime::from);
            instant = parsed instanceof OffsetDateTime offset ? offset.toInstant() : ((LocalDateTime) parsed).toInstant(ZoneOffset.UTC);
        }
        return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
    }
}
