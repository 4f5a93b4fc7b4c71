package io.millrace.indexer;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Growing waits between attempts, each spread by a random fifth so that the partitions do not come back in step. For one
 * thread.
 */
public final class Backoff {

    private final long min;
    private final long max;
    private long next;

    public Backoff(Duration min, Duration max) {
        this.min = Math.max(1, min.toMillis());
        this.max = Math.max(this.min, max.toMillis());
        this.next = this.min;
    }

    /** The first wait of the settings, doubling up to their longest. */
    public static Backoff of(IndexerConfig config) {
        return new Backoff(config.retryMin(), config.retryMax());
    }

    /** Waits, longer from call to call. */
    public void await() throws InterruptedException {
        Thread.sleep(next - ThreadLocalRandom.current().nextLong(next / 5 + 1));
        next = Math.min(max, next * 2);
    }

    /** Begins again with the shortest wait. */
    public void reset() {
        next = min;
    }
}
