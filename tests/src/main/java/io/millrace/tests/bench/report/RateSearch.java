package io.millrace.tests.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** Looks for the highest rate that holds: twice as much as long as it does, then the middle between what held and what did not. */
final class RateSearch {

    /** Tries a rate. */
    interface Trial<T, E extends Exception> {
        T at(int rate) throws E;
    }

    /** @param highest that held; 0 where none did */
    record Found<T>(int highest, List<T> trials) {}

    private final int first;
    private final int most;
    private final double precision;
    private final int trials;

    /**
     * @param first rate that is tried
     * @param most rate that is tried
     * @param precision share of the highest rate that held within which the lowest that did not is near enough
     * @param trials at most
     */
    RateSearch(int first, int most, double precision, int trials) {
        this.first = first;
        this.most = most;
        this.precision = precision;
        this.trials = trials;
    }

    /** @param held whether a trial went well */
    <T, E extends Exception> Found<T> run(Trial<T, E> trial, Predicate<T> held) throws E {
        var all = new ArrayList<T>();
        int low = 0;
        int high = Integer.MAX_VALUE;
        int next = first;
        while (all.size() < trials && next > low && next < high) {
            var result = trial.at(next);
            all.add(result);
            if (held.test(result)) {
                low = next;
            } else {
                high = next;
            }
            next = next(low, high);
        }
        return new Found<>(low, List.copyOf(all));
    }

    /** The lower bound where there is nothing more to try. */
    private int next(int low, int high) {
        if (high == Integer.MAX_VALUE) {
            return Math.min(2 * low, most);
        }
        return high - low <= precision * low ? low : low + (high - low) / 2;
    }
}
