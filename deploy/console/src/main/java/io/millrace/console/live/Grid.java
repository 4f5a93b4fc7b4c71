package io.millrace.console.live;

import java.util.ArrayList;
import java.util.List;

/**
 * The moments that curves have points at: multiples of their distance, so that what was drawn does not move with the time, and whoever keeps answers in between can keep these.
 *
 * @param first seconds since the epoch
 * @param step seconds between two of them
 * @param points how many there are
 */
record Grid(long first, long step, int points) {

    /** Those of a range. @param now seconds since the epoch, not before the last one */
    static Grid of(Range range, long now) {
        long step = range.step().toSeconds();
        return new Grid(now / step * step - range.length().toSeconds(), step, (int) (range.length().toSeconds() / step) + 1);
    }

    long last() {
        return first + (points - 1) * step;
    }

    /** Which of the points is next to it, negative where none is within half a step: others may have moved what was asked for to moments that they keep. @param at seconds since the epoch */
    int index(double at) {
        double steps = Math.rint((at - first) / step);
        return steps >= 0 && steps < points ? (int) steps : -1;
    }

    /** Milliseconds since the epoch. */
    long millis(int point) {
        return (first + point * step) * 1_000;
    }

    List<Long> millis() {
        var all = new ArrayList<Long>(points + 1);
        for (int i = 0; i < points; i++) {
            all.add(millis(i));
        }
        return all;
    }

    /** Null for what is not a number. @param values one for each point; null for none at all */
    List<Float> list(float[] values) {
        var all = new ArrayList<Float>(points + 1);
        for (int i = 0; i < points; i++) {
            all.add(values == null || Float.isNaN(values[i]) ? null : Float.valueOf(values[i]));
        }
        return all;
    }
}
