package io.millrace.indexer.bulk;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.indexer.IndexerConfig;
import io.millrace.pipeline.file.Target;
import io.millrace.pipeline.liveness.Loop;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * How many bulk requests may be in flight to one target at once: as many as the settings allow while it takes them well, half as many after each time that it does not, one at least, and one more after each
 * round of good answers. Requests to indexes that are written aside have half of them at most. Thread-safe.
 */
public final class BulkPermits {

    private static final Duration TURN = Duration.ofSeconds(10);
    /** Requests that were sent together fail together: that is one time, not several. */
    private static final long ONE_TIME_NANOS = Duration.ofSeconds(1).toNanos();

    private final int most;
    private final LongSupplier clock;
    private final ReentrantLock lock = new ReentrantLock(true);
    private final Condition free = lock.newCondition();
    /** Guarded by lock. */
    private int limit;
    /** Guarded by lock. */
    private int used;
    /** Guarded by lock; of these, by indexes that are written aside. */
    private int usedAside;
    /** Guarded by lock; good answers since the limit changed. */
    private int good;
    /** Guarded by lock. */
    private long fell;

    /** @param target that the requests go to, for the metric */
    public static BulkPermits of(Target target, IndexerConfig config, MeterRegistry meters) {
        var permits = new BulkPermits(config.concurrentBulks(), System::nanoTime);
        Gauge.builder("millrace.bulk.limit", permits, BulkPermits::limit).description("Bulk requests that may be in flight at once; fewer than the settings allow while the target has too much to do")
                .tag("stage", "index").tag("target", target.word()).strongReference(true).register(meters);
        return permits;
    }

    /** @param clock nanoseconds of a monotonic clock */
    BulkPermits(int most, LongSupplier clock) {
        this.most = most;
        this.clock = clock;
        this.limit = most;
        this.fell = clock.getAsLong() - ONE_TIME_NANOS;
    }

    int limit() {
        lock.lock();
        try {
            return limit;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for one.
     *
     * @param aside whether it is for an index that is written aside
     * @param loop gets a sign of life meanwhile
     */
    public void acquire(boolean aside, Loop loop) throws InterruptedException {
        loop.waits(TURN);
        lock.lockInterruptibly();
        try {
            while (!isFree(aside)) {
                loop.waits(TURN);
                free.await(TURN.toSeconds(), TimeUnit.SECONDS);
            }
            used++;
            usedAside += aside ? 1 : 0;
        } finally {
            lock.unlock();
        }
    }

    private boolean isFree(boolean aside) {
        return used < limit && (!aside || usedAside < Math.max(1, limit / 2));
    }

    /** @param well whether the target took the request well */
    public void release(boolean aside, boolean well) {
        lock.lock();
        try {
            used--;
            usedAside -= aside ? 1 : 0;
            if (well) {
                rise();
            } else {
                fall();
            }
            free.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void rise() {
        good++;
        if (good >= limit && limit < most) {
            limit++;
            good = 0;
        }
    }

    private void fall() {
        good = 0;
        long now = clock.getAsLong();
        if (now - fell >= ONE_TIME_NANOS) {
            limit = Math.max(1, limit / 2);
            fell = now;
        }
    }
}
