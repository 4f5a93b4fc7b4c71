package io.millrace.capture.engine;

import java.time.Duration;
import java.util.function.LongSupplier;

/** Counts how often one run after the other failed in the same way at the same place. Used by one thread. */
final class Stumbles {

    /** So often it may have been chance. */
    private static final int MOST = 3;

    private String last;
    private long place;
    private int times;
    private long since;
    private final long longest;
    private final LongSupplier nanos;

    /** @param longest for how long it may be chance */
    Stumbles(Duration longest) {
        this(longest, System::nanoTime);
    }

    /** @param nanos the time, as {@link System#nanoTime()} has it */
    Stumbles(Duration longest, LongSupplier nanos) {
        this.longest = longest.toNanos();
        this.nanos = nanos;
    }

    /**
     * A run failed.
     *
     * @param why the same text for the same failure
     * @param confirmed the LSN up to which Kafka has everything, 0 where that is not known
     * @return whether it is no chance any more
     */
    boolean failed(String why, long confirmed) {
        if (!why.equals(last) || confirmed != place) {
            times = 0;
            since = nanos.getAsLong();
        }
        times++;
        last = why;
        place = confirmed;
        return times >= MOST && nanos.getAsLong() - since >= longest;
    }

    /** Something was done about it. */
    void forget() {
        times = 0;
        last = null;
    }

    /** How often it was by now. */
    int times() {
        return times;
    }
}
