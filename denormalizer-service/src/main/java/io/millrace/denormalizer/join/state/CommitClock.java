package io.millrace.denormalizer.join.state;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts the commits of each partition, so that a processor can tell whether something that it did is committed, and
 * with it whatever was sent before. Thread-safe.
 */
public final class CommitClock {

    private final ConcurrentHashMap<Integer, AtomicInteger> commits = new ConcurrentHashMap<>();

    /** The offsets of a partition were committed. */
    public void committed(int partition) {
        counter(partition).incrementAndGet();
    }

    private AtomicInteger counter(int partition) {
        return commits.computeIfAbsent(partition, p -> new AtomicInteger());
    }

    public Session session(int partition) {
        return new Session(counter(partition), ThreadLocalRandom.current().nextInt());
    }

    /** The clock as one life of one task sees it. */
    public static final class Session {

        private final AtomicInteger commits;
        private final int id;

        private Session(AtomicInteger commits, int id) {
            this.commits = commits;
            this.id = id;
        }

        /** Marks what is done now. */
        public long stamp() {
            return (long) id << 32 | commits.get() & 0xFFFF_FFFFL;
        }

        /**
         * Whether what was stamped is committed. What an earlier life stamped, and this one has not stamped again, is:
         * had it not been, its record would have been replayed, and stamped, before any later record of its key.
         */
        public boolean isCommitted(long stamp) {
            return (int) (stamp >> 32) != id || (int) stamp != commits.get();
        }
    }
}
