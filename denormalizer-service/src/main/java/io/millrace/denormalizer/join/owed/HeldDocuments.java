package io.millrace.denormalizer.join.owed;

import io.millrace.denormalizer.join.lookup.Subscriptions;
import io.millrace.denormalizer.join.message.Change;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Kind;
import io.millrace.denormalizer.join.state.Piece;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.pipeline.progress.JoinState;
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
 * Documents that changed and are not emitted yet: not before a heavy one has rested, and not before a reference that one waits for has its answer. The changes in between come out
 * together, with the first one's headers. Each is stored until it is out and committed, because no record need lead to it any more: a new life renders all that it finds.
 *
 * <p>A document of {@link #ROWS} or more that took {@link #HEAVY} or more to render rests several times as long. One with many unanswered references waits for one of them, so that it is not
 * rendered at each answer; as it holds that reference, the answer leads back to it. Only so many documents that wait are remembered; the others are found again by the answer, and only rendered more often.
 * Not thread-safe.
 */
public final class HeldDocuments implements Account {

    /** A smaller document that took long only had to wait for the processor. */
    private static final int ROWS = 1_000;
    private static final long HEAVY = 5_000_000;
    private static final int REST = 4;
    private static final int MOST_HEAVY = 1_000;
    private static final int MOST_WAITING = 1_000;
    private static final int MOST_OUT = 10_000;
    private static final int MOST_AGES = 64;
    /** The offset of the oldest record for which a stored document is held, beside the headers of the change. */
    private static final String SINCE = "since";
    /** Documents of an earlier life that are due at a time. */
    private static final int PIECE = 100;

    private final KeyValueStore<Bytes, byte[]> store;
    private final CommitClock.Session clock;
    private final Subscriptions subscriptions;
    /** When a heavy document may be rendered again, by the system's nanosecond clock. */
    private final Map<Bytes, Long> rests = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Bytes, Long> eldest) {
            return size() > MOST_HEAVY;
        }
    };
    /** The least used first. */
    private final LinkedHashMap<Bytes, Held> held = new LinkedHashMap<>(16, 0.75f, true);
    /** What is out, in the order in which it came out. */
    private final LinkedHashMap<Bytes, Held> out = new LinkedHashMap<>();
    private int stored;
    /** How many of what is held rest. */
    private int resting;
    /** How many of what is remembered, out or not, never waited for an answer. */
    private int onlyHeavy;
    /** Of what is stored and not remembered: how many are held since which record; some count as older than they are. */
    private final TreeMap<Long, Integer> ages = new TreeMap<>();
    /** Where the walk over what is not remembered goes on; null where none is under way. */
    private Bytes walk;

    public HeldDocuments(KeyValueStore<Bytes, byte[]> store, CommitClock.Session clock, Subscriptions subscriptions) {
        this.store = store;
        this.clock = clock;
        this.subscriptions = subscriptions;
        takeOver();
        try (var all = store.prefixScan(OwedKeys.documents(), Stores.BYTES)) {
            while (all.hasNext()) {
                stored++;
                ages.merge(since(all.next().value), 1, Integer::sum);
            }
        }
        walk = stored == 0 ? null : OwedKeys.documents();
    }

    /** A version before kept heavy documents apart, and did not know since when. */
    private void takeOver() {
        for (var all = Piece.of(store, OwedKeys.heavyDocuments(), null, Integer.MAX_VALUE).entries().iterator(); all.hasNext();) {
            var next = all.next();
            store.put(OwedKeys.document(Kind.from(next.key, 1)), next.value);
            store.delete(next.key);
        }
    }

    private static final class Held {
        /** Of the first change. */
        Headers cause;
        final Causes causes;
        /** As it is stored; not newer than it is. */
        long since;
        /** The reference that it waits for; null where it rests. */
        Bytes blockedBy;
        boolean isOnlyHeavy;
        long outAt;

        Held(Headers cause, long since) {
            this.cause = cause;
            this.since = since;
            this.causes = new Causes(since);
        }
    }

    @Override
    public String state() {
        return stored == 0 ? null : stored > onlyHeavy ? JoinState.ASKING : "holding heavy documents";
    }

    @Override
    public long oldest() {
        long oldest = ages.isEmpty() ? Causes.NONE : ages.firstKey();
        for (var document : held.values()) {
            oldest = Math.min(oldest, document.causes.oldest(clock));
        }
        for (var document : out.values()) {
            oldest = Math.min(oldest, document.causes.oldest(clock));
        }
        return oldest;
    }

    /** Whether the document is not to be rendered now; then it will be, later. */
    public boolean holds(byte[] rootKey, Change change) {
        if (rests.isEmpty() && held.isEmpty()) {
            return false;
        }
        var key = Bytes.wrap(rootKey);
        var document = held.get(key);
        boolean isBlocked = document != null && document.blockedBy != null && subscriptions.isAsked(document.blockedBy.get());
        if (isBlocked) {
            add(key, document, change.since());
        } else if (isResting(key)) {
            hold(key, null, change);
        }
        return isBlocked || isResting(key);
    }

    private boolean isResting(Bytes key) {
        var until = rests.isEmpty() ? null : rests.get(key);
        return until != null && until - System.nanoTime() > 0;
    }

    /** The document waits for a reference that it holds. */
    public void await(byte[] rootKey, Bytes reference, Change change) {
        hold(Bytes.wrap(rootKey), reference, change);
    }

    private void hold(Bytes key, Bytes blockedBy, Change change) {
        var document = remembered(key);
        if (document == null) {
            document = new Held(change.cause(), change.since());
            document.isOnlyHeavy = true;
            onlyHeavy++;
            store.put(OwedKeys.document(key.get()), stored(document));
            stored++;
        } else {
            document.cause = out.remove(key) == null ? document.cause : change.cause();
            add(key, document, change.since());
        }
        if (blockedBy != null && document.isOnlyHeavy) {
            document.isOnlyHeavy = false;
            onlyHeavy--;
        }
        resting += (blockedBy == null ? 1 : 0) - (held.containsKey(key) && document.blockedBy == null ? 1 : 0);
        document.blockedBy = blockedBy;
        held.put(key, document);
        if (held.size() - resting > MOST_WAITING) {
            forgetOne();
        }
    }

    /** What is stored of the document; null where nothing is. */
    private Held remembered(Bytes key) {
        var known = held.get(key);
        if (known == null) {
            known = out.get(key);
        }
        var value = known != null || stored == held.size() + out.size() ? null : store.get(OwedKeys.document(key.get()));
        if (value != null) {
            known = new Held(cause(value), since(value));
            ages.computeIfPresent(known.since, (age, count) -> count == 1 ? null : count - 1);
        }
        return known;
    }

    /** The document is held for one more record; it may be an older one, where a look-up's change comes late. */
    private void add(Bytes key, Held document, long since) {
        document.causes.add(since);
        if (since < document.since) {
            document.since = since;
            store.put(OwedKeys.document(key.get()), stored(document));
        }
    }

    /** Of what waits; it stays stored. */
    private void forgetOne() {
        for (var all = held.entrySet().iterator(); all.hasNext();) {
            var next = all.next();
            var document = next.getValue();
            if (document.blockedBy != null) {
                all.remove();
                long since = document.causes.oldest(clock);
                var known = ages.size() < MOST_AGES ? null : ages.floorKey(since);
                document.since = known == null ? since : known;
                ages.merge(document.since, 1, Integer::sum);
                store.put(OwedKeys.document(next.getKey().get()), stored(document));
                return;
            }
        }
    }

    /** For what the document is rendered: the change since which it is held; where none is known, the one that is at hand. */
    public Change change(byte[] rootKey, Change change) {
        var document = held.isEmpty() ? null : held.get(Bytes.wrap(rootKey));
        return document == null ? change : change.with(document.cause, change.since());
    }

    /** The document is out, or gone, or cannot be built. */
    public void release(byte[] rootKey) {
        if (stored == 0) {
            return;
        }
        var key = Bytes.wrap(rootKey);
        if (out.containsKey(key)) {
            return;
        }
        if (out.size() < MOST_OUT || held.containsKey(key)) {
            var document = remembered(key);
            if (document != null) {
                release(key, document);
            }
        } else if (walk == null && store.get(OwedKeys.document(rootKey)) != null) {
            // It comes out once more, when there is room.
            walk = OwedKeys.documents();
        }
    }

    private void release(Bytes key, Held document) {
        resting -= held.remove(key) != null && document.blockedBy == null ? 1 : 0;
        document.outAt = clock.stamp();
        document.causes.out(document.outAt);
        out.put(key, document);
    }

    /** Notes what a rendering of so many stored rows took. */
    public void rendered(byte[] rootKey, int rows, long nanos) {
        if (rows >= ROWS && nanos >= HEAVY) {
            rests.put(Bytes.wrap(rootKey), System.nanoTime() + REST * nanos);
        } else if (!rests.isEmpty()) {
            rests.remove(Bytes.wrap(rootKey));
        }
    }

    @Override
    public void settle() {
        while (!out.isEmpty() && clock.isCommitted(out.firstEntry().getValue().outAt)) {
            var first = out.pollFirstEntry();
            store.delete(OwedKeys.document(first.getKey().get()));
            stored--;
            onlyHeavy -= first.getValue().isOnlyHeavy ? 1 : 0;
        }
    }

    /**
     * What has rested long enough, and some of what is stored and not remembered.
     *
     * @param isBuilt whether every document may be shown
     */
    public List<Due> due(boolean isBuilt) {
        var due = new ArrayList<Due>();
        if (resting > 0) {
            held.forEach((key, document) -> {
                if (document.blockedBy == null && !isResting(key)) {
                    due.add(Due.shown(key.get(), document.cause, document.causes.oldest(clock)));
                }
            });
            due.forEach(d -> release(Bytes.wrap(d.rootKey()), held.get(Bytes.wrap(d.rootKey()))));
        }
        if (isBuilt && walk != null && out.size() + PIECE <= MOST_OUT) {
            var piece = Piece.of(store, OwedKeys.documents(), walk, PIECE);
            walk = piece.next();
            for (var next : piece.entries()) {
                var rootKey = Kind.from(next.key, 1);
                var key = Bytes.wrap(rootKey);
                if (!held.containsKey(key) && !out.containsKey(key)) {
                    due.add(Due.shown(rootKey, cause(next.value), since(next.value)));
                }
            }
        }
        return due;
    }

    private static byte[] stored(Held document) {
        return StoredCause.write(new RecordHeaders(document.cause).add(SINCE, new ByteWriter(Long.BYTES).putLong(document.since).toBytes()));
    }

    /** 0 where it is not known. */
    private static long since(byte[] stored) {
        var since = StoredCause.read(stored).lastHeader(SINCE);
        return since == null ? 0 : new ByteReader(since.value()).getLong();
    }

    private static Headers cause(byte[] stored) {
        return StoredCause.read(stored).remove(SINCE);
    }
}
