package io.millrace.console.live;

import java.util.List;
import java.util.stream.IntStream;

/**
 * The moments that curves have points at.
 *
 * @param first seconds since the epoch
 * @param step seconds between two of them
 * @param points how many there are
 */
record Grid(long first, long step, int points) {

    /** Those of a range. @param to the last one, seconds since the epoch */
    static Grid of(Range range, long to) {
        long step = range.step().toSeconds();
        return new Grid(to - range.length().toSeconds(), step, (int) (range.length().toSeconds() / step) + 1);
    }

    long last() {
        return first + (points - 1) * step;
    }

    /** Which of the points it is, negative where it is none. @param at seconds since the epoch */
    int index(double at) {
        double steps = (at - first) / step;
        return steps >= 0 && steps < points && steps == Math.rint(steps) ? (int) steps : -1;
    }

    /** Milliseconds since the epoch. */
    List<Long> millis() {
        return IntStream.range(0, points).mapToObj(i -> (first + i * step) * 1_000).toList();
    }
}
