package io.millrace.purge.verification;

import java.util.concurrent.TimeUnit;

/** Keeps reading below a rate. Not thread-safe. */
final class Pace {

    private final double nanosEach;
    private long next = System.nanoTime();

    /** @param rate documents a second */
    Pace(int rate) {
        this.nanosEach = (double) TimeUnit.SECONDS.toNanos(1) / rate;
    }

    /** Waits until what was read before has had its time. @param documents that are read next */
    void await(int documents) throws InterruptedException {
        long now = System.nanoTime();
        if (next > now) {
            TimeUnit.NANOSECONDS.sleep(next - now);
        }
        next = Math.max(next, now) + (long) (documents * nanosEach);
    }
}
