package io.millrace.capture.column;

import org.postgresql.util.PGInterval;

/**
 * Writes an interval the way Postgres does with {@code IntervalStyle = postgres}, whatever style the database uses.
 */
final class IntervalText {

    private IntervalText() {}

    static String of(PGInterval interval) {
        var text = new StringBuilder();
        unit(text, interval.getYears(), "year");
        unit(text, interval.getMonths(), "mon");
        unit(text, interval.getDays(), "day");
        long micros = ((interval.getHours() * 60L + interval.getMinutes()) * 60L + interval.getWholeSeconds()) * 1_000_000L + interval.getMicroSeconds();
        if (micros != 0 || text.isEmpty()) {
            if (!text.isEmpty()) {
                text.append(' ');
            }
            if (micros < 0) {
                text.append('-');
            } else if (text.indexOf("-") >= 0 && lastIsNegative(interval)) {
                text.append('+');
            }
            clock(text, Math.abs(micros));
        }
        return text.toString();
    }

    private static boolean lastIsNegative(PGInterval interval) {
        if (interval.getDays() != 0) {
            return interval.getDays() < 0;
        }
        return interval.getMonths() != 0 ? interval.getMonths() < 0 : interval.getYears() < 0;
    }

    private static void unit(StringBuilder text, int amount, String name) {
        if (amount == 0) {
            return;
        }
        boolean plus = amount > 0 && endsNegative(text);
        if (!text.isEmpty()) {
            text.append(' ');
        }
        text.append(plus ? "+" : "").append(amount).append(' ').append(name).append(amount == 1 ? "" : "s");
    }

    private static boolean endsNegative(StringBuilder text) {
        int amount = text.lastIndexOf(" ");
        int before = amount < 0 ? -1 : text.lastIndexOf(" ", amount - 1);
        return amount >= 0 && text.charAt(before + 1) == '-';
    }

    private static void clock(StringBuilder text, long micros) {
        long seconds = micros / 1_000_000;
        text.append(String.format("%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60));
        long fraction = micros % 1_000_000;
        if (fraction != 0) {
            text.append('.').append(String.format("%06d", fraction).replaceAll("0+$", ""));
        }
    }
}
