package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * How long a document is kept, counted from a time in its root row. Times without a zone, and dates, are of UTC.
 *
 * @param column the root's column with the time; a document whose time is null, infinite or after the year 9999 stays
 * @param keep how long
 * @param when which root rows the rule is for; null for all
 * @param override where another number than that of {@code keep} may stand; null for nowhere
 */
public record RetentionRule(@NotBlank String column, @NotNull @Valid Keep keep, @Valid Where when, @Valid Stated override) {

    /** The most of any unit. */
    public static final int MOST = 100_000;

    /** The rule for a person to read. */
    public String text() {
        var where = when == null ? "" : when.any().stream().map(all -> all.stream().map(RetentionRule::text).collect(Collectors.joining(" and "))).collect(Collectors.joining(" or ", " when ", ""));
        return keep + " after " + column + where + (override == null ? "" : ", or as many " + override.unit.word() + " as " + (override.one == null ? "" : override.one + ".") + override.column + " says");
    }

    private static String text(Where.Condition condition) {
        return (condition.column() + " " + condition.comparison().name().toLowerCase(Locale.ROOT).replace('_', ' ') + " " + String.join(", ", condition.values())).strip();
    }

    /** Lengths of time of the calendar, by which Postgres's intervals count too. */
    public enum Unit {
        HOURS, DAYS, WEEKS, MONTHS, YEARS;

        /** As it stands in a file, and in an interval. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** @param amount 0 for no time at all */
    public record Keep(@Min(0) @Max(MOST) int amount, @NotNull Unit unit) {

        @Override
        public String toString() {
            return amount + " " + unit.word();
        }
    }

    /**
     * A column of whole numbers, from 0 to {@link #MOST}; what is outside counts as the nearer end, null as nothing said.
     *
     * @param one the relation of the document in whose row it is; null for the root row itself
     * @param column in that row
     * @param unit what it counts
     */
    public record Stated(String one, @NotBlank String column, @NotNull Unit unit) {}
}
