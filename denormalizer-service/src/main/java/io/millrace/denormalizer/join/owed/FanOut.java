package io.millrace.denormalizer.join.owed;

import io.millrace.denormalizer.join.lookup.LookupKeys;
import io.millrace.denormalizer.join.message.Change;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Kind;
import io.millrace.denormalizer.join.state.Piece;
import io.millrace.denormalizer.join.state.Stores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Owes a look-up's change to the documents that refer to it. The first few are due at once; the rest as a job that goes on
 * between other work and after a restart.
 *
 * <p>Every second piece of work is the oldest job's, and so is the first of each turn, so that each comes to its end in its turn; those between are the youngest's: what reaches a
 * thousand documents does not wait for what reaches a million. A job walks the referrers in a circle: a further change of the same look-up only moves the end of the walk to where
 * it stands, and when it has come round, the job is as young as that change, so that a look-up that changes all the time starves
 * nobody. Only the job is stored, until its end is committed: after a restart the walk begins again. Not thread-safe.
 */
public final class FanOut implements Account {

    private static final int AT_ONCE = 32;

    private final KeyValueStore<Bytes, byte[]> store;
    private final CommitClock.Session clock;
    /** The oldest first. */
    private final LinkedHashMap<Bytes, Job> jobs = new LinkedHashMap<>();
    /** Those at their end, until that is committed. */
    private final Map<Bytes, Job> ended = new HashMap<>();

    public FanOut(KeyValueStore<Bytes, byte[]> store, CommitClock.Session clock) {
        this.store = store;
        this.clock = clock;
        try (var stored = store.prefixScan(OwedKeys.jobs(), Stores.BYTES)) {
            while (stored.hasNext()) {
                var next = stored.next();
                jobs.put(Bytes.wrap(Kind.from(next.key, 1)), new Job(StoredCause.read(next.value), 0));
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

    @Override
    public String state() {
        return jobs.isEmpty() && ended.isEmpty() ? null : "spreading";
    }

    public int pending() {
        return jobs.size() + ended.size();
    }

    @Override
    public long oldest() {
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
     * Owes every document that refers to something that changed.
     *
     * @return those that are due at once
     */
    public List<Due> start(Bytes reference, Change change) {
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
            running.cause = change.cause();
            running.causes.add(change.offset());
            store.put(OwedKeys.job(reference.get()), StoredCause.write(change.cause()));
            return List.of();
        }
        var job = new Job(change.cause(), change.offset());
        var due = new ArrayList<Due>(AT_ONCE);
        if (!step(reference, job, AT_ONCE, due)) {
            jobs.put(reference, job);
            store.put(OwedKeys.job(reference.get()), StoredCause.write(change.cause()));
        }
        return due;
    }

    @Override
    public void settle() {
        ended.entrySet().removeIf(entry -> {
            boolean isCommitted = clock.isCommitted(entry.getValue().endedAt);
            if (isCommitted) {
                store.delete(OwedKeys.job(entry.getKey().get()));
            }
            return isCommitted;
        });
    }

    /** Whether there are documents that are due. */
    public boolean isUnderWay() {
        return !jobs.isEmpty();
    }

    /**
     * The next documents of a job.
     *
     * @param isOldests whether it is the oldest job's turn, or the youngest's
     */
    public List<Due> due(int most, boolean isOldests) {
        var next = isOldests ? jobs.firstEntry() : jobs.lastEntry();
        var job = next.getValue();
        var due = new ArrayList<Due>(most);
        if (step(next.getKey(), job, most, due)) {
            job.endedAt = clock.stamp();
            job.causes.out(job.endedAt);
            jobs.remove(next.getKey());
            ended.put(next.getKey(), job);
        } else if (job.cursor == null) {
            // It has come round.
            jobs.putLast(next.getKey(), job);
        }
        return due;
    }

    /** Goes on by up to so many documents; true where the walk is at its end. */
    private boolean step(Bytes reference, Job job, int most, List<Due> due) {
        var prefix = LookupKeys.referrers(reference.get());
        var piece = Piece.of(store, prefix, job.cursor == null ? null : LookupKeys.behindReferrer(reference.get(), job.cursor), most);
        boolean atEnd = piece.next() == null;
        long since = job.causes.oldest(clock);
        for (var entry : piece.entries()) {
            var root = Kind.from(entry.key, prefix.get().length);
            if (!job.again && job.end != null && Arrays.compareUnsigned(root, job.end) > 0) {
                atEnd = true;
                break;
            }
            due.add(Due.shown(root, job.cause, since));
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
}
