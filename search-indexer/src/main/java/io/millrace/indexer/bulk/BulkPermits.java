package io.millrace.indexer.bulk;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.health.Conditions;
import io.millrace.pipeline.file.Target;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.wording.Counted;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * How much may be on its way to one target: how many bulk requests at once, and how large each may be, as a share of the documents and of the bytes that the settings allow. It is all of that while the target takes it well. Each time
 * that it does not, there are half as many requests, one at least; where one alone was too much, the next one is half as large as that was, a sixteenth at least. Afterwards requests become larger first, by an eighth for each whole one
 * that was taken well, and then more, by one for each round of good answers (additive increase and multiplicative decrease, as Chiu and Jain, 1989). Requests to indexes that are written aside are half of them at most. Thread-safe.
 */
public final class BulkPermits {

    private static final Duration TURN = Duration.ofSeconds(10);
    /** Requests that were sent together fail together: that is one time, not several. */
    private static final long ONE_TIME_NANOS = Duration.ofSeconds(1).toNanos();
    /** Small requests tell nothing of large ones, and must not keep these small for ever either: after so long without trouble one good answer is enough. */
    private static final long CALM_NANOS = Duration.ofSeconds(2).toNanos();
    private static final double LEAST = 1.0 / 16;
    private static final double STEP = 1.0 / 8;
    private static final int LONGEST_REASON = 200;
    private static final double MEGABYTE = 1 << 20;

    private final int most;
    private final int mostDocuments;
    private final long mostBytes;
    private final LongSupplier clock;
    private final Consumer<String> note;
    private final ReentrantLock lock = new ReentrantLock(true);
    private final Condition free = lock.newCondition();
    /** Guarded by lock. */
    private int limit;
    /** Guarded by lock; how large a request may be, of what the settings allow. */
    private double share = 1;
    /** Guarded by lock. */
    private int used;
    /** Guarded by lock; of these, by indexes that are written aside. */
    private int usedAside;
    /** Guarded by lock; good answers since the limit changed. */
    private int good;
    /** Guarded by lock; what was taken well since the share changed, in the same measure. */
    private double taken;
    /** Guarded by lock; when there was trouble last, or more was allowed. */
    private long changed;
    /** Guarded by lock; when less was allowed last. */
    private long fell;
    /** Guarded by lock; why less was allowed last, null where never. */
    private String trouble;

    /** @param target that the requests go to, for metrics and health */
    public static BulkPermits of(Target target, IndexerConfig config, Conditions conditions, MeterRegistry meters) {
        var permits = new BulkPermits(config.concurrentBulks(), config.bulkDocuments(), config.bulkBytes().asLongValue(), System::nanoTime, note -> conditions.warning("requests to " + target.word(), note));
        Gauge.builder("millrace.bulk.limit", permits, BulkPermits::limit).description("Bulk requests that may be in flight at once; fewer than the settings allow while the target has too much to do")
                .tag("stage", "index").tag("target", target.word()).strongReference(true).register(meters);
        Gauge.builder("millrace.bulk.limit.bytes", permits, BulkPermits::bytes).description("Bytes that one bulk request may have; fewer than the settings allow while one request at a time is too much for the target")
                .tag("stage", "index").tag("target", target.word()).strongReference(true).register(meters);
        return permits;
    }

    /**
     * @param clock nanoseconds of a monotonic clock
     * @param note is told what is allowed whenever that is less than the settings, and null when it is as much again
     */
    BulkPermits(int most, int mostDocuments, long mostBytes, LongSupplier clock, Consumer<String> note) {
        this.most = most;
        this.mostDocuments = mostDocuments;
        this.mostBytes = mostBytes;
        this.clock = clock;
        this.note = note;
        this.limit = most;
        this.fell = clock.getAsLong() - ONE_TIME_NANOS;
        this.changed = fell;
    }

    int limit() {
        lock.lock();
        try {
            return limit;
        } finally {
            lock.unlock();
        }
    }

    /** How many bytes a request may have now; a single document may have more. */
    public long bytes() {
        lock.lock();
        try {
            return Math.max(1, Math.round(mostBytes * share));
        } finally {
            lock.unlock();
        }
    }

    /** How many documents a request may have now. */
    public int documents() {
        lock.lock();
        try {
            return (int) Math.max(1, Math.round(mostDocuments * share));
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

    /**
     * Gives one back.
     *
     * @param documents of the request
     * @param bytes of the request, by the {@linkplain Document#weight() weight} of its documents
     * @param why the target did not take it well, without values of documents; null where it did
     */
    public void release(boolean aside, int documents, long bytes, String why) {
        double sent = Math.max((double) documents / mostDocuments, (double) bytes / mostBytes);
        lock.lock();
        try {
            used--;
            usedAside -= aside ? 1 : 0;
            if (why == null) {
                rise(sent);
            } else {
                fall(sent, why);
            }
            free.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What an answer says that took long; null where it did not. */
    public static String slow(Bulk.Answer.Answered answer, Duration slow) {
        return answer.nanos() < slow.toNanos() ? null : String.format(Locale.ROOT, "a request took %.1f s", answer.nanos() / 1e9);
    }

    private void rise(double sent) {
        if (share < 1) {
            taken += sent;
            if (taken >= share || clock.getAsLong() - changed >= CALM_NANOS) {
                allow(limit, Math.min(1, share + STEP));
            }
        } else if (limit < most && ++good >= limit) {
            allow(limit + 1, share);
        }
    }

    private void fall(double sent, String why) {
        good = 0;
        taken = 0;
        changed = clock.getAsLong();
        if (changed - fell < ONE_TIME_NANOS) {
            return;
        }
        fell = changed;
        trouble = why.length() > LONGEST_REASON ? why.substring(0, LONGEST_REASON) + "…" : why;
        if (limit > 1) {
            allow(limit / 2, share);
        } else if (sent > LEAST) {
            allow(limit, Math.max(LEAST, Math.min(share, sent) / 2));
        } else {
            allow(limit, share);
        }
    }

    private void allow(int requests, double ofSize) {
        limit = requests;
        share = ofSize;
        good = 0;
        taken = 0;
        changed = clock.getAsLong();
        note.accept(limit == most && share == 1 ? null : String.format(Locale.ROOT, "%d of %d bulk requests at once, of %,d of %s and %.1f of %.1f MB each at most, since %s; it becomes more again by itself as these are taken well",
                limit, most, documents(), Counted.of(mostDocuments, "document"), bytes() / MEGABYTE, mostBytes / MEGABYTE, trouble));
    }
}
