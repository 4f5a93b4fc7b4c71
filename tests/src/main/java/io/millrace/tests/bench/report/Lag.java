package io.millrace.tests.bench.report;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Whether what waits grows while changes go on. The first third of the time is not looked at: a stage that has rested has something to make up for.
 *
 * @param middle what waited on average in the second third
 * @param last in the last third
 */
record Lag(double middle, double last) {

    /** Of all that comes, what more may wait at the end of a third than at its beginning: noise is not growth. */
    private static final double NOISE = 0.05;
    /** Nor is what comes in so many seconds. */
    private static final double LEAST_SECONDS = 0.5;

    /** @param at seconds since the beginning; @param records that stages say wait; @param probes whose documents no search has found yet */
    record Sample(double at, double records, double probes) {}

    /** @return not a number where a third has no sample */
    static Lag of(List<Sample> samples, double seconds, ToDoubleFunction<Sample> what) {
        return new Lag(mean(samples, seconds / 3, seconds * 2 / 3, what), mean(samples, seconds * 2 / 3, seconds, what));
    }

    private static double mean(List<Sample> samples, double from, double to, ToDoubleFunction<Sample> what) {
        return samples.stream().filter(s -> s.at >= from && s.at < to).mapToDouble(what).average().orElse(Double.NaN);
    }

    /** @param perSecond how many come; @param seconds of all three thirds */
    boolean isBounded(double perSecond, double seconds) {
        return last - middle <= perSecond * Math.max(LEAST_SECONDS, NOISE * seconds / 3);
    }
}
