package io.millrace.connect;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;

/**
 * Dates and times of rows, by the names of Avro's logical types, as the text that Postgres prints in UTC. Numbers have no place for all that Postgres takes: a sink reads them as Java's dates, which know no
 * infinity, and no time at the end of a day. The infinities are the extreme values of the number, as capture writes them.
 */
final class Times {

    private static final String DATE = "date";
    private static final String TIME = "time-micros";
    private static final String WITHOUT_ZONE = "local-timestamp-micros";
    private static final String WITH_ZONE = "timestamp-micros";

    /** Microseconds of a day, which a time may have. */
    private static final long DAY = 86_400_000_000L;

    private Times() {}

    /** The type of Postgres that reads the text, in capital letters. */
    static String sourceType(String logicalType) {
        return switch (logicalType) {
            case DATE -> "DATE";
            case TIME -> "TIME";
            case WITHOUT_ZONE -> "TIMESTAMP";
            case WITH_ZONE -> "TIMESTAMPTZ";
            default -> throw new IllegalArgumentException("a column cannot be of Avro's logical type " + logicalType);
        };
    }

    /** As Postgres prints it, and reads it. */
    static String text(String logicalType, Number value) {
        long number = value.longValue();
        return switch (logicalType) {
            case DATE -> infinite(number, Integer.MAX_VALUE, Integer.MIN_VALUE) ? infinity(number) : day(LocalDate.ofEpochDay(number), "");
            case TIME -> number == DAY ? "24:00:00" : clock(LocalTime.MIDNIGHT.plus(number, ChronoUnit.MICROS));
            case WITHOUT_ZONE -> infinite(number, Long.MAX_VALUE, Long.MIN_VALUE) ? infinity(number) : moment(number, "");
            case WITH_ZONE -> infinite(number, Long.MAX_VALUE, Long.MIN_VALUE) ? infinity(number) : moment(number, "+00");
            default -> throw new IllegalArgumentException("a column cannot be of Avro's logical type " + logicalType);
        };
    }

    private static String moment(long micros, String zone) {
        var moment = LocalDateTime.ofInstant(Instant.EPOCH.plus(micros, ChronoUnit.MICROS), ZoneOffset.UTC);
        return day(moment.toLocalDate(), " " + clock(moment.toLocalTime()) + zone);
    }

    /** The year before 1 is 1 BC, which is said behind all else. */
    private static String day(LocalDate day, String rest) {
        return "%04d-%02d-%02d%s%s".formatted(day.get(ChronoField.YEAR_OF_ERA), day.getMonthValue(), day.getDayOfMonth(), rest, day.getYear() < 1 ? " BC" : "");
    }

    private static String clock(LocalTime time) {
        var seconds = "%02d:%02d:%02d".formatted(time.getHour(), time.getMinute(), time.getSecond());
        return time.getNano() == 0 ? seconds : seconds + (".%06d".formatted(time.getNano() / 1000)).replaceAll("0+$", "");
    }

    private static boolean infinite(long number, long most, long least) {
        return number == most || number == least;
    }

    private static String infinity(long number) {
        return number > 0 ? "infinity" : "-infinity";
    }
}
