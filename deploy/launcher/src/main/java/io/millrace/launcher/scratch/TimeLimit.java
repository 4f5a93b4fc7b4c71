package io.millrace.launcher.scratch;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Ends something that takes too long. Thread-safe. */
public final class TimeLimit implements AutoCloseable {

    private static final long AGAIN_SECONDS = 1;

    private final Duration most;
    private final Runnable end;
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile boolean passed;

    private TimeLimit(Duration most, Runnable end) {
        this.most = most;
        this.end = end;
    }

    /** @param end is called when the time is over, and every second after it until this is closed */
    public static TimeLimit start(Duration most, Runnable end) {
        var limit = new TimeLimit(most, end);
        Thread.ofVirtual().name("check-time-limit").start(limit::watch);
        return limit;
    }

    private void watch() {
        try {
            boolean closed = done.await(most.toMillis(), TimeUnit.MILLISECONDS);
            while (!closed) {
                passed = true;
                endOnce();
                closed = done.await(AGAIN_SECONDS, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void endOnce() {
        try {
            end.run();
        } catch (RuntimeException e) {
            // A server that cannot be reached at this moment is tried again; the check itself tells what it met.
            return;
        }
    }

    /** Whether the time was over. */
    public boolean hasPassed() {
        return passed;
    }

    @Override
    public void close() {
        done.countDown();
    }
}
