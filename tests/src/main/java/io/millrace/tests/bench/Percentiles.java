package io.millrace.tests.bench;

import java.util.Arrays;

/**
 * A set of measured times, all of them kept.
 *
 * @param count how many
 * @param p50 milliseconds, as are the others; not a number where nothing was measured
 */
public record Percentiles(int count, double p50, double p90, double p95, double p99, double max) {

    /** @param micros in any order */
    public static Percentiles ofMicros(long[] micros) {
        if (micros.length == 0) {
            return new Percentiles(0, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN);
        }
        var sorted = micros.clone();
        Arrays.sort(sorted);
        return new Percentiles(sorted.length, at(sorted, 0.5), at(sorted, 0.9), at(sorted, 0.95), at(sorted, 0.99), sorted[sorted.length - 1] / 1e3);
    }

    /** Nearest rank: a time that was measured, never one between two. */
    private static double at(long[] sorted, double share) {
        return sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)] / 1e3;
    }

    public String row(String name) {
        return "  %-44s %,9d %9.1f %9.1f %9.1f %9.1f %9.1f".formatted(name, count, p50, p90, p95, p99, max);
    }

    public static String head() {
        return "  %-44s %9s %9s %9s %9s %9s %9s".formatted("milliseconds", "count", "p50", "p90", "p95", "p99", "max");
    }
}
