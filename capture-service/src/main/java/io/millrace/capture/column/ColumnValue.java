package io.millrace.capture.column;

import io.debezium.connector.postgresql.PostgresValueConverter;
import io.debezium.data.SpecialValueDecimal;
import io.millrace.pipeline.schema.Column;
import java.math.BigDecimal;
import java.sql.SQLException;
import java.sql.SQLXML;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Calendar;
import java.util.Comparator;
import java.util.GregorianCalendar;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.postgresql.geometric.PGbox;
import org.postgresql.geometric.PGcircle;
import org.postgresql.geometric.PGline;
import org.postgresql.geometric.PGlseg;
import org.postgresql.geometric.PGpath;
import org.postgresql.geometric.PGpoint;
import org.postgresql.geometric.PGpolygon;
import org.postgresql.util.PGInterval;
import org.postgresql.util.PGobject;

/**
 * Turns what Debezium hands over for a column into the one form that a value has in a row.
 *
 * <p>The same value arrives in different shapes from a snapshot, from the stream and from a column's default; all of them
 * end here as the same number, text or list of element texts.
 */
final class ColumnValue {

    private static final Pattern WHOLE = Pattern.compile("\\.0(?![0-9])");

    private final Column column;

    ColumnValue(Column column) {
        this.column = column;
    }

    /**
     * The value as it stands in the row, null for null.
     *
     * @throws IllegalArgumentException when the value has a shape that this type of column never has
     */
    Object of(Object value) {
        if (value == null) {
            return null;
        }
        if (column.array()) {
            return elements(value);
        }
        return switch (column.encoding()) {
            case INT -> value instanceof Number n ? (Object) n.intValue() : Integer.valueOf(value.toString());
            case LONG -> value instanceof Number n ? (Object) n.longValue() : Long.valueOf(value.toString());
            case FLOAT -> value instanceof Number n ? (Object) n.floatValue() : Float.valueOf(value.toString());
            case DOUBLE -> value instanceof Number n ? (Object) n.doubleValue() : Double.valueOf(value.toString());
            case BOOLEAN -> value instanceof Boolean b ? b : (Object) (value.toString().startsWith("t") || value.toString().equals("1"));
            case BYTES -> value instanceof byte[] b ? b : PgText.bytea(value.toString());
            case DATE -> date(value);
            case TIMESTAMP, TIMESTAMPTZ -> timestamp(value);
            case TIME -> value instanceof java.time.LocalTime t ? (Object) (t.toNanoOfDay() / 1000) : PgText.time(value.toString());
            case STRING -> text(value);
        };
    }

    private List<String> elements(Object value) {
        if (value instanceof Iterable<?> elements) {
            var texts = new ArrayList<String>();
            elements.forEach(e -> texts.add(e == null ? null : e.toString()));
            return texts;
        }
        var elements = ArrayText.elements(value.toString(), column.pgType().equals("box") ? ';' : ',');
        if (column.pgType().equals("money")) {
            elements.replaceAll(ColumnValue::money);
        }
        return elements;
    }

    private Integer date(Object value) {
        return switch (value) {
            case LocalDate d when d.equals(PostgresValueConverter.POSITIVE_INFINITY_LOCAL_DATE) -> Integer.MAX_VALUE;
            case LocalDate d when d.equals(PostgresValueConverter.NEGATIVE_INFINITY_LOCAL_DATE) -> Integer.MIN_VALUE;
            case LocalDate d -> (int) d.toEpochDay();
            case java.sql.Date d when d.getTime() == PostgresValueConverter.POSITIVE_INFINITY_DATE.getTime() -> Integer.MAX_VALUE;
            case java.sql.Date d when d.getTime() == PostgresValueConverter.NEGATIVE_INFINITY_DATE.getTime() -> Integer.MIN_VALUE;
            case java.sql.Date d -> (int) day(d);
            default -> PgText.date(value.toString());
        };
    }

    /** By the fields that the driver set from the text; {@code toLocalDate} forgets the era. */
    private static long day(java.sql.Date date) {
        var calendar = new GregorianCalendar();
        calendar.setTime(date);
        int year = calendar.get(Calendar.YEAR);
        boolean beforeChrist = calendar.get(Calendar.ERA) == GregorianCalendar.BC;
        return LocalDate.of(beforeChrist ? 1 - year : year, calendar.get(Calendar.MONTH) + 1, calendar.get(Calendar.DAY_OF_MONTH)).toEpochDay();
    }

    private Long timestamp(Object value) {
        return switch (value) {
            case Instant i when i.equals(PostgresValueConverter.POSITIVE_INFINITY_INSTANT) -> Long.MAX_VALUE;
            case Instant i when i.equals(PostgresValueConverter.NEGATIVE_INFINITY_INSTANT) -> Long.MIN_VALUE;
            case Instant i -> micros(i.getEpochSecond(), i.getNano());
            case OffsetDateTime t when t.equals(PostgresValueConverter.POSITIVE_INFINITY_OFFSET_DATE_TIME) -> Long.MAX_VALUE;
            case OffsetDateTime t when t.equals(PostgresValueConverter.NEGATIVE_INFINITY_OFFSET_DATE_TIME) -> Long.MIN_VALUE;
            case OffsetDateTime t -> micros(t.toEpochSecond(), t.getNano());
            case LocalDateTime t -> micros(t.toEpochSecond(ZoneOffset.UTC), t.getNano());
            default -> PgText.timestamp(value.toString());
        };
    }

    private static long micros(long seconds, int nanos) {
        return PgText.micros(Math.floorDiv(seconds, 86_400L), Math.floorMod(seconds, 86_400L) * 1_000_000L + nanos / 1_000);
    }

    private String text(Object value) {
        return switch (value) {
            case String s when column.pgType().equals("timetz") -> timeWithZone(s);
            case String s when column.pgType().equals("interval") -> interval(s);
            case String s -> s;
            case SpecialValueDecimal d -> number(d.getDecimalValue().orElse(null), d.toDouble());
            case BigDecimal d -> d.toPlainString();
            case OffsetTime t -> timeWithZone(t);
            case PGInterval i -> IntervalText.of(i);
            case PGpoint g -> geometric(g);
            case PGbox g -> geometric(g);
            case PGcircle g -> geometric(g);
            case PGline g -> geometric(g);
            case PGlseg g -> geometric(g);
            case PGpath g -> geometric(g);
            case PGpolygon g -> geometric(g);
            case PGobject o -> o.getValue();
            case SQLXML x -> xml(x);
            case Map<?, ?> m -> hstore(m);
            case Boolean b -> b ? "1" : "0";
            default -> value.toString();
        };
    }

    private static String number(BigDecimal exact, double special) {
        if (exact != null) {
            return exact.toPlainString();
        }
        return Double.isNaN(special) ? "NaN" : special > 0 ? "Infinity" : "-Infinity";
    }

    private static String money(String text) {
        if (text == null) {
            return null;
        }
        boolean negative = text.startsWith("-") || text.startsWith("(");
        var digits = text.replaceAll("[^0-9.]", "");
        return negative ? "-" + digits : digits;
    }

    /** Debezium's stream gives the time in UTC and forgets the zone, so a snapshot's value follows it. */
    private static String timeWithZone(String text) {
        try {
            var iso = text.matches(".*[+-]\\d\\d") ? text + ":00" : text;
            return timeWithZone(OffsetTime.parse(iso).withOffsetSameInstant(ZoneOffset.UTC));
        } catch (DateTimeParseException _) {
            return text;
        }
    }

    private static String timeWithZone(OffsetTime time) {
        var text = new StringBuilder(21).append(String.format("%02d:%02d:%02d", time.getHour(), time.getMinute(), time.getSecond()));
        if (time.getNano() != 0) {
            var fraction = String.format("%06d", time.getNano() / 1000);
            text.append('.').append(fraction.replaceAll("0+$", ""));
        }
        return text.append("+00").toString();
    }

    private static String interval(String text) {
        try {
            return IntervalText.of(new PGInterval(text));
        } catch (SQLException e) {
            throw new IllegalArgumentException("'" + text + "' is not an interval", e);
        }
    }

    private static String geometric(PGobject shape) {
        var text = shape.getValue();
        return text == null ? null : WHOLE.matcher(text).replaceAll("");
    }

    private static String xml(SQLXML xml) {
        try {
            return xml.getString();
        } catch (SQLException e) {
            throw new IllegalArgumentException("An xml value could not be read: " + e.getMessage(), e);
        }
    }

    /** In Postgres's own order: by the key's length in bytes, then by its bytes. */
    private static String hstore(Map<?, ?> map) {
        var text = new StringBuilder();
        map.entrySet().stream()
                .map(e -> Map.entry(e.getKey().toString(), e.getValue() == null ? "NULL" : quote(e.getValue().toString())))
                .sorted(Comparator.<Map.Entry<String, String>>comparingInt(e -> e.getKey().getBytes(java.nio.charset.StandardCharsets.UTF_8).length)
                        .thenComparing(Map.Entry::getKey))
                .forEach(e -> text.append(text.isEmpty() ? "" : ", ").append(quote(e.getKey())).append("=>").append(e.getValue()));
        return text.toString();
    }

    private static String quote(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
