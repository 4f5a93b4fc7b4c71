package io.millrace.capture.source;

import java.time.Duration;

/**
 * A moment as two clocks had it: the monotonic one stands still while a machine sleeps, the other one is set now and then.
 *
 * @param nanos by {@link System#nanoTime()}
 * @param millis by {@link System#currentTimeMillis()}
 */
public record Moment(long nanos, long millis) {

    public static Moment now() {
        return new Moment(System.nanoTime(), System.currentTimeMillis());
    }

    /** Whether more time has gone by since, by either clock. */
    public boolean isOlderThan(Duration age) {
        return System.nanoTime() - nanos > age.toNanos() || System.currentTimeMillis() - millis > age.toMillis();
    }

    /** A moment that was so long before this one. */
    Moment before(Duration age) {
        return new Moment(nanos - age.toNanos(), millis - age.toMillis());
    }
}
