package io.millrace.pipeline.access;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * How many calls each caller may make: so many a second, and ten seconds' worth at once after a rest. Thread-safe.
 */
public final class Buckets {

    private static final int BURST_SECONDS = 10;
    /** Of callers that are remembered; whoever was forgotten has a full bucket again. */
    private static final int MOST = 10_000;
    private static final double NANOS = 1e9;

    private final int perSecond;
    private final LongSupplier nanos;
    /** Guarded by this; the least recently seen first. */
    private final Map<String, Bucket> buckets = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Bucket> eldest) {
            return size() > MOST;
        }
    };

    /**
     * @param perSecond 0: as many as they like
     * @param nanos a clock that only goes forward
     */
    public Buckets(int perSecond, LongSupplier nanos) {
        if (perSecond < 0) {
            throw new IllegalArgumentException("millrace.http.changes-per-second wants 0 or more, not " + perSecond);
        }
        this.perSecond = perSecond;
        this.nanos = nanos;
    }

    /** Whether this caller may make one more call now; it is counted if so. */
    public synchronized boolean take(String caller) {
        return perSecond == 0 || buckets.computeIfAbsent(caller, _ -> new Bucket(most(), nanos.getAsLong())).take(nanos.getAsLong());
    }

    private double most() {
        return (double) perSecond * BURST_SECONDS;
    }

    private final class Bucket {

        private double left;
        private long seen;

        Bucket(double left, long seen) {
            this.left = left;
            this.seen = seen;
        }

        boolean take(long now) {
            left = Math.min(most(), left + (now - seen) / NANOS * perSecond);
            seen = now;
            if (left < 1) {
                return false;
            }
            left--;
            return true;
        }
    }
}
