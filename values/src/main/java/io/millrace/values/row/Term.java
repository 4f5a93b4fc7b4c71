package io.millrace.values.row;

import io.millrace.pipeline.file.RetentionRule;
import io.millrace.pipeline.file.RetentionRule.Unit;
import io.millrace.values.bytes.ByteReader;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;

/** Adds lengths of time to times in rows, as Postgres adds an interval in UTC: a month later the 31st is the month's last day. */
public final class Term {

    private static final long MICROS = 1_000_000;
    private static final long LAST_DAY = LocalDateTime.of(9999, 12, 31, 0, 0).toLocalDate().toEpochDay();

    private Term() {}

    /**
     * Whether so much time has passed since a row's time.
     *
     * @param column of dates or timestamps
     * @return false also where there is no time, or it is infinite or after the year 9999
     * @throws IllegalArgumentException when the column holds something else
     */
    public static boolean isOver(Row row, int column, int amount, Unit unit, Instant asOf) {
        var in = row.at(column, new ByteReader());
        int kind = in.get();
        return switch (kind) {
            case Cell.NULL -> false;
            case Cell.DATE -> {
                long day = in.getZigzag();
                yield day == Long.MIN_VALUE || day <= LAST_DAY && isOver(LocalDateTime.ofEpochSecond(day * 86_400, 0, ZoneOffset.UTC), amount, unit, asOf);
            }
            case Cell.TIMESTAMP -> {
                long micros = in.getZigzag();
                yield micros == Long.MIN_VALUE || Math.floorDiv(micros, 86_400 * MICROS) <= LAST_DAY
                        && isOver(LocalDateTime.ofEpochSecond(Math.floorDiv(micros, MICROS), (int) Math.floorMod(micros, MICROS) * 1_000, ZoneOffset.UTC), amount, unit, asOf);
            }
            default -> throw new IllegalArgumentException("the column by which the document is kept does not hold a time");
        };
    }

    private static boolean isOver(LocalDateTime from, int amount, Unit unit, Instant asOf) {
        return !from.plus(amount, ChronoUnit.valueOf(unit.name())).toInstant(ZoneOffset.UTC).isAfter(asOf);
    }

    /**
     * The number that a row states.
     *
     * @param column of whole numbers, not null in this row
     * @return from 0 to {@link RetentionRule#MOST}
     * @throws IllegalArgumentException when the column holds something else
     */
    public static int amount(Row row, int column) {
        var in = row.at(column, new ByteReader());
        if (in.get() != Cell.INTEGER) {
            throw new IllegalArgumentException("the column that says how long the document is kept does not hold a whole number");
        }
        return (int) Math.clamp(in.getZigzag(), 0, RetentionRule.MOST);
    }
}
