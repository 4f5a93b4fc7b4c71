package io.millrace.connect;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import org.apache.kafka.connect.data.SchemaBuilder;

/**
 * Dates and times of rows, by the names of Avro's logical types. The infinities are the extreme values of the number, as capture writes them.
 */
final class Times {

    private static final String DATE = "date";
    private static final String TIME = "time-micros";
    private static final String WITHOUT_ZONE = "local-timestamp-micros";
    private static final String WITH_ZONE = "timestamp-micros";

    /** Microseconds of a day, which a time may have. */
    private static final long DAY = 86_400_000_000L;

    private Times() {}

    static SchemaBuilder schema(String logicalType) {
        return switch (logicalType) {
            // Wider than Debezium's own, so that the driver's infinite dates have a place in it.
            case DATE -> SchemaBuilder.int64().name("io.debezium.time.Date");
            case TIME -> SchemaBuilder.int64().name("io.debezium.time.MicroTime");
            case WITHOUT_ZONE -> SchemaBuilder.int64().name("io.debezium.time.MicroTimestamp");
            case WITH_ZONE -> SchemaBuilder.string().name("io.debezium.time.ZonedTimestamp");
            default -> throw new IllegalArgumentException("a column cannot be of Avro's logical type " + logicalType);
        };
    }

    /** The value of a column with the schema of that type. */
    static Object value(String logicalType, Number value) {
        return switch (logicalType) {
            case DATE -> switch (value.intValue()) {
                case Integer.MAX_VALUE -> LocalDate.MAX.toEpochDay();
                case Integer.MIN_VALUE -> LocalDate.MIN.toEpochDay();
                default -> value.longValue();
            };
            case WITH_ZONE -> text(logicalType, value);
            default -> value.longValue();
        };
    }

    /** As Postgres reads it. */
    static String text(String logicalType, Number value) {
        long number = value.longValue();
        return switch (logicalType) {
            case DATE -> infinite(number, Integer.MAX_VALUE, Integer.MIN_VALUE) ? infinity(number) : LocalDate.ofEpochDay(number).toString();
            case TIME -> number == DAY ? "24:00:00" : LocalTime.MIDNIGHT.plus(number, ChronoUnit.MICROS).toString();
            case WITHOUT_ZONE -> infinite(number, Long.MAX_VALUE, Long.MIN_VALUE) ? infinity(number) : LocalDateTime.ofInstant(instant(number), ZoneOffset.UTC).toString();
            case WITH_ZONE -> infinite(number, Long.MAX_VALUE, Long.MIN_VALUE) ? infinity(number) : instant(number).toString();
            default -> throw new IllegalArgumentException("a column cannot be of Avro's logical type " + logicalType);
        };
    }

    private static boolean infinite(long number, long most, long least) {
        return number == most || number == least;
    }

    private static String infinity(long number) {
        return number > 0 ? "infinity" : "-infinity";
    }

    private static Instant instant(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }
}
