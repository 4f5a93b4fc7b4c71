package io.millrace.capture.resnapshot;

import io.millrace.capture.continuity.Resnapshot;
import io.millrace.capture.subject.Reading;
import io.millrace.pipeline.retry.Backoff;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/** Readings that do not go on, each with the reason, and when it is tried again. Not thread-safe. */
final class Setbacks {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
    private static final int MOST_TOLD = 5;

    private final Map<Id, Setback> all = new LinkedHashMap<>();
    /** When any of them is tried again at the earliest. */
    private long notBefore;
    private final LongSupplier nanos;

    /** Which reading it is, however far it is. */
    record Id(String table, String where, Reading erasing) {

        static Id of(Resnapshot one) {
            return new Id(one.table(), one.where(), one.erasing());
        }
    }

    /** @param notBefore when it is tried again at the earliest, as {@link System#nanoTime()} has it */
    private record Setback(String why, Backoff backoff, long notBefore) {}

    /** @param nanos the time, as {@link System#nanoTime()} has it */
    Setbacks(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /**
     * A reading does not go on. It waits longer from time to time; and it and all others that had a setback wait for as long as the attempt took, so that those that go on have half of the time at least.
     *
     * @param took how long the attempt took
     * @return whether the reason is new
     */
    boolean add(Resnapshot one, String why, Duration took) {
        var before = all.get(Id.of(one));
        var backoff = before == null ? new Backoff(FIRST_PAUSE, LONGEST_PAUSE) : before.backoff;
        all.put(Id.of(one), new Setback(why, backoff, nanos.getAsLong() + backoff.next().toNanos()));
        notBefore = nanos.getAsLong() + took.toNanos();
        return before == null || !before.why.equals(why);
    }

    /** A reading goes on. */
    void over(Resnapshot one) {
        all.remove(Id.of(one));
    }

    /** Only these are to be read from now on. */
    void keep(Collection<Resnapshot> wanted) {
        all.keySet().retainAll(wanted.stream().map(Id::of).collect(Collectors.toSet()));
    }

    /**
     * The reading to go on with, null for none. One that had a setback comes first once its pause is over: what it is told of may be over, too, and nobody would know while another one is read for hours.
     *
     * @param wanted in their order
     */
    Resnapshot next(List<Resnapshot> wanted) {
        long now = nanos.getAsLong();
        Resnapshot first = null;
        for (var one : wanted) {
            var setback = all.get(Id.of(one));
            if (setback != null && setback.notBefore - now <= 0 && notBefore - now <= 0) {
                return one;
            }
            first = first == null && setback == null ? one : first;
        }
        return first;
    }

    /** Why a reading does not go on, null where it does. */
    String why(Resnapshot one) {
        var setback = all.get(Id.of(one));
        return setback == null ? null : setback.why;
    }

    /** Why readings do not go on, a line for each; null where all do. */
    String told() {
        if (all.isEmpty()) {
            return null;
        }
        return all.values().stream().limit(MOST_TOLD).map(Setback::why).collect(Collectors.joining("\n")) + (all.size() > MOST_TOLD ? "\nNor are " + (all.size() - MOST_TOLD) + " other tables read on" : "");
    }
}
