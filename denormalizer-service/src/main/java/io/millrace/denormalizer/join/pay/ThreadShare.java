package io.millrace.denormalizer.join.pay;

import java.util.function.LongSupplier;

/**
 * How much of one stream thread's time goes into long work, such as bringing a look-up into many documents, while
 * records wait. All tasks of a thread draw from the same share, or together they would take all of it. Only for its thread.
 */
public final class ThreadShare {

    private static final long MILLI = 1_000_000;
    /** Of the time, while records come in. */
    private static final double SHARE = 0.3;
    private static final long MOST = 20 * MILLI;
    private static final long LEAST = MILLI;
    /** At once, when no record has come for a while. */
    private static final long IDLE = 40 * MILLI;

    private final LongSupplier nanos;
    private long saved;
    private long refilled;
    private long lastBusy;
    private boolean busy;

    /** @param nanos the time, as {@link System#nanoTime} has it */
    public ThreadShare(LongSupplier nanos) {
        this.nanos = nanos;
        refilled = nanos.getAsLong();
        lastBusy = refilled;
    }

    /** The time by which its shares are measured. */
    long now() {
        return nanos.getAsLong();
    }

    /** A record came. */
    public void busy() {
        busy = true;
    }

    /** Nanoseconds that may be worked now; 0 where none are. */
    long grant(long now) {
        if (busy) {
            busy = false;
            lastBusy = now;
        }
        saved = Math.min(MOST, saved + (long) ((now - refilled) * SHARE));
        refilled = now;
        if (now - lastBusy > IDLE) {
            return IDLE;
        }
        return saved < LEAST ? 0 : saved;
    }

    void spent(long nanos) {
        saved = Math.max(0, saved - nanos);
        // What was worked is not time in which more may be saved.
        refilled += nanos;
    }
}
