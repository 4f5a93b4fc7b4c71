package io.millrace.denormalizer.join;

import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Documents that cannot be emitted because a reference has no answer.
 *
 * <p>While one waits, changes of it are taken in and not shown, and the answer that it waited for may be to a reference that it
 * then drops: no record need lead to it any more. So each is stored until it is out and committed, and a new life renders those again.
 *
 * <p>So that one of many unanswered references is not rendered at each answer, one reference is watched, and the document rests while that
 * has no answer: as the document holds it, the answer leads back to it. Where there is no room to remember what is watched, the document is only rendered
 * more often. Not thread-safe.
 */
final class WaitingDocuments {

    /** How many are watched. */
    private static final int MOST = 1_000;
    private static final int MOST_DONE = 10_000;
    private static final int MOST_AGES = 64;
    /** The offset of the record since which a stored document waits, beside the headers of the change. */
    private static final String SINCE = "since";
    /** Rendered at a time. */
    private static final int PIECE = 100;

    private final KeyValueStore<Bytes, byte[]> store;
    private final CommitClock.Session clock;
    private final Subscriptions subscriptions;
    private final Map<Bytes, Watched> watched = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Bytes, Watched> eldest) {
            return size() > MOST;
        }
    };
    /** What is out, and when it came out. */
    private final Map<Bytes, Long> done = new LinkedHashMap<>();
    private int stored;
    /** How many of what is stored wait since which record, by its offset in the exchange; some count as older than they are. */
    private final TreeMap<Long, Integer> ages = new TreeMap<>();
    /** Where the walk over what is stored goes on; null where none is under way. */
    private Bytes walk;

    WaitingDocuments(KeyValueStore<Bytes, byte[]> store, CommitClock.Session clock, Subscriptions subscriptions) {
        this.store = store;
        this.clock = clock;
        this.subscriptions = subscriptions;
        try (var all = store.prefixScan(Keys.waitingDocuments(), Stores.BYTES)) {
            while (all.hasNext()) {
                stored++;
                ages.merge(since(all.next().value), 1, Integer::sum);
            }
        }
        walk = stored == 0 ? null : Keys.waitingDocuments();
    }

    /**
     * @param cause of the change since which the document waits
     * @param since as it is stored
     */
    private record Watched(Bytes reference, Headers cause, long since) {}

    /** Whether nothing waits, and all that did is out and committed. */
    boolean isIdle() {
        return stored == 0;
    }

    /**
     * Whether the document still waits.
     *
     * @param since the offset of the oldest record for which it would be shown now
     */
    boolean holds(byte[] rootKey, long since) {
        var key = Bytes.wrap(rootKey);
        var found = watched.isEmpty() ? null : watched.get(key);
        if (found == null || !subscriptions.isAsked(found.reference.get())) {
            return false;
        }
        if (since < found.since) {
            watched.put(key, new Watched(found.reference, found.cause, atLeastSince(rootKey, since)));
        }
        return true;
    }

    /** What a document that waited is rendered for: the change since which it waits; where none is known, the one that is at hand. */
    Change change(byte[] rootKey, Change change) {
        var found = watched.isEmpty() ? null : watched.get(Bytes.wrap(rootKey));
        return found == null ? change : change.with(found.cause, change.since());
    }

    /** The oldest record since which a document waits, or that is not known to be committed; {@link Causes#NONE} where there is none. */
    long oldest() {
        return ages.isEmpty() ? Causes.NONE : ages.firstKey();
    }

    /** The document waits for a reference that it holds. */
    void add(byte[] rootKey, Bytes reference, Change change) {
        var cause = change.cause();
        long since = change.since();
        var key = Bytes.wrap(rootKey);
        if (done.remove(key) == null && store.get(Keys.waitingDocument(rootKey)) == null) {
            long age = count(since);
            store.put(Keys.waitingDocument(rootKey), stored(cause, age));
            stored++;
            watched.put(key, new Watched(reference, cause, age));
        } else {
            watched.put(key, new Watched(reference, cause, atLeastSince(rootKey, since)));
        }
    }

    /** A stored document is to be shown for an older record, too: a fan-out that comes late. @return since which it waits now */
    private long atLeastSince(byte[] rootKey, long since) {
        var key = Keys.waitingDocument(rootKey);
        var value = store.get(key);
        if (since >= since(value)) {
            return since(value);
        }
        long age = count(since);
        uncount(since(value));
        store.put(key, stored(cause(value), age));
        return age;
    }

    /** @return as how old it counts */
    private long count(long since) {
        var known = ages.size() < MOST_AGES ? null : ages.floorKey(since);
        long age = known == null ? since : known;
        ages.merge(age, 1, Integer::sum);
        return age;
    }

    private void uncount(long age) {
        ages.computeIfPresent(age, (a, count) -> count == 1 ? null : count - 1);
    }

    private static byte[] stored(Headers cause, long since) {
        return StoredCause.write(new RecordHeaders(cause).add(SINCE, new ByteWriter(Long.BYTES).putLong(since).toBytes()));
    }

    private static long since(byte[] stored) {
        var since = StoredCause.read(stored).lastHeader(SINCE);
        return since == null ? 0 : new ByteReader(since.value()).getLong();
    }

    private static Headers cause(byte[] stored) {
        return StoredCause.read(stored).remove(SINCE);
    }

    /** The document is out, or gone, or cannot be built. */
    void remove(byte[] rootKey) {
        if (stored == 0) {
            return;
        }
        var key = Bytes.wrap(rootKey);
        watched.remove(key);
        if (store.get(Keys.waitingDocument(rootKey)) == null) {
            return;
        }
        done.remove(key);
        if (done.size() < MOST_DONE) {
            done.put(key, clock.stamp());
        } else if (walk == null) {
            // It comes out once more, when there is room.
            walk = Keys.waitingDocuments();
        }
    }

    /** Forgets what is committed. */
    void settle() {
        for (var all = done.entrySet().iterator(); all.hasNext();) {
            var next = all.next();
            if (!clock.isCommitted(next.getValue())) {
                return;
            }
            var key = Keys.waitingDocument(next.getKey().get());
            uncount(since(store.get(key)));
            store.delete(key);
            stored--;
            all.remove();
        }
    }

    /** Some of what an earlier life left. Only for when every document may be shown. */
    List<Due> due() {
        if (walk == null || done.size() + PIECE > MOST_DONE) {
            return List.of();
        }
        var piece = Piece.of(store, Keys.waitingDocuments(), walk, PIECE);
        walk = piece.next();
        var due = new ArrayList<Due>();
        for (var next : piece.entries()) {
            var rootKey = Keys.from(next.key, 1);
            if (!done.containsKey(Bytes.wrap(rootKey))) {
                due.add(Due.shown(rootKey, cause(next.value), since(next.value)));
            }
        }
        return due;
    }
}
