package io.millrace.tests.bench.report;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * What is measured, on stacks of which sizes, and for how long.
 *
 * @param sizes monitors of the demo, ascending; for each a stack of its own
 * @param rates changes a second; the first is measured once more at the end, and by how much it differs is what chance makes
 * @param seconds of each rate and of rest
 * @param start how long changes go on right after the start
 * @param rest before what is measured at rest; half of it between rates
 * @param trial of a rate that is searched for
 * @param trials at most
 * @param precision of the search, as a share of the rate
 */
record Plan(Set<Part> parts, List<Integer> sizes, List<Integer> rates, Duration seconds, Duration start, Duration rest, Duration trial, int trials, double precision) {

    /** Changes a second right after the start, for each size, and beside a fan-out. */
    static final int RATE = 100;
    /** Changes a second that are tried first, and at most. */
    static final int FIRST_TRIAL = 100;
    static final int LAST_TRIAL = 6_400;
    /** Monitors of the stack on which a row is spread to all of them: the largest that is not larger. */
    private static final int FAN_OUT = 100_000;

    Plan {
        sizes = sizes.stream().distinct().sorted().toList();
        rates = List.copyOf(rates);
    }

    /** Which of the parts are measured on a stack of this size. */
    Set<Part> on(int size) {
        var here = EnumSet.noneOf(Part.class);
        for (var part : parts) {
            if (switch (part) {
                case LOAD, CHANGES, LIMITS -> true;
                case START, IDLE, STEADY, RATE -> size == sizes.getFirst();
                case FANOUT -> size == fanOutSize();
            }) {
                here.add(part);
            }
        }
        return here;
    }

    /** How long and at which rates a part is measured; what was measured otherwise before is no reason not to measure it. */
    String asked(Part part) {
        return switch (part) {
            case LOAD, LIMITS, FANOUT -> "";
            case START -> RATE + "/s for " + start.toSeconds() + " s";
            case CHANGES -> RATE + "/s for " + seconds.toSeconds() + " s";
            case IDLE -> seconds.toSeconds() + " s after " + rest.toSeconds() + " s";
            case STEADY -> rates + " for " + seconds.toSeconds() + " s each";
            case RATE -> trials + " trials of " + trial.toSeconds() + " s to " + precision;
        };
    }

    int fanOutSize() {
        return sizes.stream().filter(size -> size <= FAN_OUT).max(Integer::compare).orElse(sizes.getFirst());
    }

    /** Whether a part has been measured on a stack of this size as this plan would. */
    boolean isMeasured(Part part, int size, Store store) {
        return store.read(part.file(size), Object.class).filter(former -> former.monitors() == size && former.asked().equals(asked(part))).isPresent();
    }
}
