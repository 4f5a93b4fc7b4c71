package io.millrace.capture.column;

import io.millrace.pipeline.schema.Column;
import java.nio.ByteBuffer;
import java.time.LocalDate;
import java.util.HexFormat;

/**
 * Reads values from the text that Postgres prints with {@code DateStyle = ISO}. The infinities are the extreme values of
 * the number that stands for the date or time; a time beyond what 64 bits of microseconds hold is one step nearer.
 *
 * @see <a href="https://www.postgresql.org/docs/current/datatype-datetime.html">date/time types</a>
 */
public final class PgText {

    static final String INFINITY = "infinity";
    static final String MINUS_INFINITY = "-infinity";
    private static final long MICROS_PER_DAY = 86_400_000_000L;

    private PgText() {}

    /** Days since the epoch. */
    public static int date(String text) {
        if (text.equals(INFINITY)) {
            return Integer.MAX_VALUE;
        }
        if (text.equals(MINUS_INFINITY)) {
            return Integer.MIN_VALUE;
        }
        return Math.toIntExact(new Reader(text).day());
    }

    /** Microseconds since the epoch; an offset in the text is taken into account. */
    public static long timestamp(String text) {
        if (text.equals(INFINITY)) {
            return Long.MAX_VALUE;
        }
        if (text.equals(MINUS_INFINITY)) {
            return Long.MIN_VALUE;
        }
        var reader = new Reader(text);
        long day = reader.day();
        reader.skip(' ');
        long micros = reader.timeOfDay() - reader.offsetSeconds() * 1_000_000L;
        return micros(day, micros);
    }

    /** Microseconds since midnight, up to those of {@code 24:00:00}. */
    public static long time(String text) {
        return new Reader(text).timeOfDay();
    }

    public static byte[] bytea(String text) {
        if (!text.startsWith("\\x")) {
            throw new IllegalArgumentException("A bytea value came in the old escape format; set bytea_output = 'hex' for the role or the database");
        }
        return HexFormat.of().parseHex(text, 2, text.length());
    }

    /**
     * A value of a row in a form that Postgres reads back as the same value.
     *
     * @throws IllegalArgumentException for an array
     */
    public static String print(Column column, Object value) {
        if (column.array()) {
            throw new IllegalArgumentException("an array has no place in a primary key here");
        }
        return switch (column.encoding()) {
            case INT, LONG, FLOAT, DOUBLE, BOOLEAN, STRING -> value.toString();
            case BYTES -> "\\x" + HexFormat.of().formatHex(value instanceof ByteBuffer b ? b.array() : (byte[]) value);
            case DATE -> switch ((Integer) value) {
                case Integer.MAX_VALUE -> INFINITY;
                case Integer.MIN_VALUE -> MINUS_INFINITY;
                case Integer day -> day(day);
            };
            case TIMESTAMP -> moment((Long) value, "");
            case TIMESTAMPTZ -> moment((Long) value, "+00");
            case TIME -> clock((Long) value);
        };
    }

    private static String moment(long micros, String zone) {
        if (micros == Long.MAX_VALUE || micros == Long.MIN_VALUE) {
            return micros > 0 ? INFINITY : MINUS_INFINITY;
        }
        var day = day(Math.floorDiv(micros, MICROS_PER_DAY));
        var time = clock(Math.floorMod(micros, MICROS_PER_DAY)) + zone;
        return day.endsWith(" BC") ? day.substring(0, day.length() - 3) + " " + time + " BC" : day + " " + time;
    }

    private static String day(long day) {
        var date = LocalDate.ofEpochDay(day);
        int year = date.getYear();
        var text = String.format("%04d-%02d-%02d", year > 0 ? year : 1 - year, date.getMonthValue(), date.getDayOfMonth());
        return year > 0 ? text : text + " BC";
    }

    private static String clock(long micros) {
        long seconds = micros / 1_000_000;
        return String.format("%02d:%02d:%02d.%06d", seconds / 3600, seconds / 60 % 60, seconds % 60, micros % 1_000_000);
    }

    static long micros(long day, long micros) {
        long high = Math.multiplyHigh(day, MICROS_PER_DAY);
        long low = day * MICROS_PER_DAY;
        boolean fits = high == 0 && low >= 0 || high == -1 && low < 0;
        if (!fits) {
            return day > 0 ? Long.MAX_VALUE - 1 : Long.MIN_VALUE + 1;
        }
        long sum = low + micros;
        if (((low ^ sum) & (micros ^ sum)) < 0) {
            return day > 0 ? Long.MAX_VALUE - 1 : Long.MIN_VALUE + 1;
        }
        return sum;
    }

    private static final class Reader {
        private final String text;
        private int at;

        Reader(String text) {
            this.text = text;
        }

        long day() {
            long year = number();
            skip('-');
            int month = (int) number();
            skip('-');
            int day = (int) number();
            if (text.endsWith(" BC")) {
                year = 1 - year;
            }
            return LocalDate.of(Math.toIntExact(year), month, day).toEpochDay();
        }

        long timeOfDay() {
            long hours = number();
            skip(':');
            long minutes = number();
            skip(':');
            long seconds = number();
            return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000L + fraction();
        }

        private long fraction() {
            if (at >= text.length() || text.charAt(at) != '.') {
                return 0;
            }
            at++;
            long micros = 0;
            int digits = 0;
            while (at < text.length() && isDigit(text.charAt(at))) {
                micros = micros * 10 + text.charAt(at++) - '0';
                digits++;
            }
            for (; digits < 6; digits++) {
                micros *= 10;
            }
            return micros;
        }

        long offsetSeconds() {
            if (at >= text.length() || text.charAt(at) != '+' && text.charAt(at) != '-') {
                return 0;
            }
            int sign = text.charAt(at++) == '-' ? -1 : 1;
            long seconds = number() * 3600;
            for (int unit = 60; unit >= 1 && at < text.length() && text.charAt(at) == ':'; unit /= 60) {
                at++;
                seconds += number() * unit;
            }
            return sign * seconds;
        }

        private long number() {
            int from = at;
            long number = 0;
            while (at < text.length() && isDigit(text.charAt(at))) {
                number = number * 10 + text.charAt(at++) - '0';
            }
            if (from == at) {
                throw refused();
            }
            return number;
        }

        void skip(char expected) {
            if (at >= text.length() || text.charAt(at++) != expected) {
                throw refused();
            }
        }

        private static boolean isDigit(char c) {
            return c >= '0' && c <= '9';
        }

        private IllegalArgumentException refused() {
            return new IllegalArgumentException("'" + text + "' is not a date or time as Postgres prints it with DateStyle ISO");
        }
    }
}
