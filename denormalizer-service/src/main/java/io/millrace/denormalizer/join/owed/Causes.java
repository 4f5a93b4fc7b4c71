package io.millrace.denormalizer.join.owed;

import io.millrace.denormalizer.join.state.CommitClock;

/**
 * The records for which something is emitted again and again, as far as it is not known that what came of them is committed. Each is
 * told by its offset in the exchange; only the oldest can be asked for, so that three numbers are enough for any number of records.
 * It may give an older one than is true, for as long as more records come, but never a newer one. Not thread-safe.
 */
public final class Causes {

    /** There is none. */
    public static final long NONE = Long.MAX_VALUE;

    private long oldest;
    /** Whether something is out that is not known to be committed: once it is, {@link #next} is the oldest. */
    private boolean isLeaving;
    private long stamp;
    private long next = NONE;
    /** The oldest of those that came since the last round. */
    private long later = NONE;

    Causes(long offset) {
        oldest = offset;
    }

    void add(long offset) {
        if (isLeaving && offset < next) {
            next = offset;
        } else if (!isLeaving && offset < oldest) {
            oldest = offset;
        } else {
            later = Math.min(later, offset);
        }
    }

    /** What came of every one is out. */
    void out(long now) {
        leave(now, NONE);
    }

    /** What came of those before the last call of this is out; of those since then perhaps not. */
    void roundOut(long now) {
        leave(now, later);
    }

    private void leave(long now, long then) {
        if (!isLeaving) {
            isLeaving = true;
            stamp = now;
            next = then;
            later = NONE;
        }
    }

    /** The oldest that is not known to be committed; {@link #NONE} where all are. */
    long oldest(CommitClock.Session clock) {
        if (isLeaving && clock.isCommitted(stamp)) {
            isLeaving = false;
            oldest = next;
            next = NONE;
        }
        return oldest;
    }
}
