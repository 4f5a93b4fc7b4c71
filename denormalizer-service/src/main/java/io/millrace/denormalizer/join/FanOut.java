package io.millrace.denormalizer.join;

import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Brings a look-up's change into the documents that refer to it. The first few at once; the rest as a job that goes on
 * between other work and after a restart.
 *
 * <p>Every second piece of work is the oldest job's, so that each comes to its end in its turn, and those between are the youngest's: what reaches a
 * thousand documents does not wait for what reaches a million. A job walks the referrers in a circle: a further change of the same look-up only moves the end of the walk to where
 * it stands, and when it has come round, the job is as young as that change, so that a look-up that changes all the time starves
 * nobody. Only the job is stored, until its end is committed: after a restart the walk begins again. Not thread-safe.
 */
final class FanOut {

    private static final int AT_ONCE = 32;
    /** Between two looks at the clock. */
    private static final int PIECE = 32;

    private final KeyValueStore<Bytes, byte[]> store;
    private final CommitClock.Session clock;
    private final int partition;
    private final Pace pace;
    private final Show emit;
    /** The oldest first. */
    private final LinkedHashMap<Bytes, Job> jobs = new LinkedHashMap<>();
    /** Those at their end, until that is committed. */
    private final Map<Bytes, Job> ended = new HashMap<>();

    FanOut(KeyValueStore<Bytes, byte[]> store, CommitClock.Session clock, int partition, Pace pace, Show emit) {
        this.store = store;
        this.clock = clock;
        this.partition = partition;
        this.pace = pace;
        this.emit = emit;
        var keys = new ArrayList<byte[]>();
        try (var stored = store.prefixScan(Keys.jobs(), Stores.BYTES)) {
            while (stored.hasNext()) {
                var next = stored.next();
                keys.add(Keys.from(next.key, 1));
                jobs.put(Bytes.wrap(keys.getLast()), new Job(headers(next.value), 0));
            }
        }
    }

    /** A walk over the referrers of one reference. */
    private static final class Job {
        Headers cause;
        /** The root key emitted last, null at the beginning. */
        byte[] cursor;
        /** Where the walk ends; null for the end of all referrers. */
        byte[] end;
        /** Whether the walk starts again from the beginning after the last referrer, to reach {@link #end}. */
        boolean again;
        long endedAt;
        final Causes causes;

        Job(Headers cause, long since) {
            this.cause = cause;
            this.causes = new Causes(since);
        }
    }

    boolean isIdle() {
        return jobs.isEmpty() && ended.isEmpty();
    }

    int pending() {
        return jobs.size() + ended.size();
    }

    /** The oldest record for which documents are still to be emitted, or are not known to be committed; {@link Causes#NONE} where there is none. */
    long oldest() {
        long oldest = Causes.NONE;
        for (var job : jobs.values()) {
            oldest = Math.min(oldest, job.causes.oldest(clock));
        }
        for (var job : ended.values()) {
            oldest = Math.min(oldest, job.causes.oldest(clock));
        }
        return oldest;
    }

    /**
     * Emits, now or later, every document that refers to something that changed.
     *
     * @param offset of the record that says so
     */
    void start(Bytes reference, Headers cause, long offset) {
        var running = jobs.get(reference);
        if (running == null) {
            running = ended.remove(reference);
            if (running != null) {
                running.cursor = null;
                jobs.put(reference, running);
            }
        }
        if (running != null) {
            running.end = running.cursor;
            running.again = running.cursor != null;
            running.cause = cause;
            running.causes.add(offset);
            store.put(Keys.job(reference.get()), headers(cause));
            return;
        }
        var job = new Job(cause, offset);
        if (!step(reference, job, AT_ONCE)) {
            jobs.put(reference, job);
            store.put(Keys.job(reference.get()), headers(cause));
        }
    }

    /** Goes on until the time is up, or no more documents are wanted now. */
    void work(long untilNanos) {
        ended.entrySet().removeIf(entry -> {
            boolean isCommitted = clock.isCommitted(entry.getValue().endedAt);
            if (isCommitted) {
                store.delete(Keys.job(entry.getKey().get()));
            }
            return isCommitted;
        });
        for (boolean isOldest = true; !jobs.isEmpty() && System.nanoTime() < untilNanos && pace.test(partition, PIECE); isOldest = !isOldest) {
            var next = isOldest ? jobs.firstEntry() : jobs.lastEntry();
            var job = next.getValue();
            if (step(next.getKey(), job, PIECE)) {
                job.endedAt = clock.stamp();
                job.causes.out(job.endedAt);
                jobs.remove(next.getKey());
                ended.put(next.getKey(), job);
            } else if (job.cursor == null) {
                // It has come round.
                jobs.putLast(next.getKey(), job);
            }
        }
    }

    /** Emits up to so many documents; true where the walk is at its end. */
    private boolean step(Bytes reference, Job job, int most) {
        var prefix = Keys.referrer(reference.get(), Stores.NONE).get();
        var roots = new ArrayList<byte[]>(most);
        boolean atEnd = true;
        var from = job.cursor == null ? prefix : new ByteWriter(prefix.length + job.cursor.length + 1).put(prefix).put(job.cursor).put(0).toBytes();
        try (var referrers = store.range(Bytes.wrap(from), Bytes.wrap(behind(prefix)))) {
            while (referrers.hasNext()) {
                var key = referrers.next().key.get();
                if (key.length < prefix.length || !Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length)) {
                    break;
                }
                if (roots.size() == most) {
                    atEnd = false;
                    break;
                }
                var root = Arrays.copyOfRange(key, prefix.length, key.length);
                if (!job.again && job.end != null && Arrays.compareUnsigned(root, job.end) > 0) {
                    break;
                }
                roots.add(root);
            }
        }
        long since = job.causes.oldest(clock);
        for (var root : roots) {
            emit.show(root, job.cause, since);
            job.cursor = root;
        }
        if (atEnd && job.again) {
            job.causes.roundOut(clock.stamp());
            job.again = false;
            job.cursor = null;
            return false;
        }
        return atEnd;
    }

    /** The first key behind all that begin with a prefix. */
    static byte[] behind(byte[] prefix) {
        var next = prefix.clone();
        for (int i = next.length - 1; i >= 0; i--) {
            if (++next[i] != 0) {
                return Arrays.copyOf(next, i + 1);
            }
        }
        throw new IllegalArgumentException("Nothing comes behind a prefix of 0xFF bytes alone");
    }

    static byte[] headers(Headers cause) {
        var out = new ByteWriter(128);
        for (Header header : cause) {
            if (header.value() != null) {
                out.putBlock(header.key().getBytes(java.nio.charset.StandardCharsets.UTF_8)).putBlock(header.value());
            }
        }
        return out.toBytes();
    }

    static Headers headers(byte[] stored) {
        var headers = new RecordHeaders();
        for (var in = new ByteReader(stored); in.hasMore();) {
            headers.add(in.getUtf8(), in.getBlock());
        }
        return headers;
    }
}
