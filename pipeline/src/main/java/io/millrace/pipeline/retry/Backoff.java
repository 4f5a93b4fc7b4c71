package io.millrace.pipeline.retry;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Waits between attempts that double up to a limit, each shorter by a random part of a fifth, so that those who failed together do
 * not come back in step. For one thread.
 */
public final class Backoff {

    private final long first;
    private final long longest;
    private long next;

    /**
     * @param first the wait after the first failure; a millisecond at least
     * @param longest no wait is longer, nor shorter than the first
     */
    public Backoff(Duration first, Duration longest) {
        this.first = Math.max(1, first.toMillis());
        this.longest = Math.max(this.first, longest.toMillis());
        this.next = this.first;
    }

    /** How long to wait now; the wait after it is longer. */
    public Duration next() {
        long millis = next - ThreadLocalRandom.current().nextLong(next / 5 + 1);
        next = Math.min(longest, next * 2);
        return Duration.ofMillis(millis);
    }

    /** Waits, longer from call to call. */
    public void await() throws InterruptedException {
        Thread.sleep(next());
    }

    /** Something went right: begins again with the first wait. */
    public void reset() {
        next = first;
    }
}
