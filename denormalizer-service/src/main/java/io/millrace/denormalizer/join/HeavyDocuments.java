package io.millrace.denormalizer.join;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Holds back documents that take long to render, so that many changes of one of them cost few renderings. A document
 * of {@link #ROWS} or more that took {@link #HEAVY} or more is rendered again only when several times as long has passed; the changes in between
 * come out together. What is held back is stored until it is out and committed. Not thread-safe.
 */
final class HeavyDocuments {

    /** A smaller document that took long only had to wait for the processor. */
    private static final int ROWS = 1_000;
    private static final long HEAVY = 5_000_000;
    private static final int REST = 4;
    private static final int MOST_KNOWN = 1_000;

    private final KeyValueStore<Bytes, byte[]> store;
    private final CommitClock.Session clock;
    /** When a heavy document may be rendered again, by the system's nanosecond clock. */
    private final Map<Bytes, Long> heavy = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Bytes, Long> eldest) {
            return size() > MOST_KNOWN;
        }
    };
    private final Map<Bytes, Held> held = new LinkedHashMap<>();

    HeavyDocuments(KeyValueStore<Bytes, byte[]> store, CommitClock.Session clock) {
        this.store = store;
        this.clock = clock;
        try (var stored = store.prefixScan(Keys.heldDocuments(), Stores.BYTES)) {
            while (stored.hasNext()) {
                var next = stored.next();
                held.put(Bytes.wrap(Keys.from(next.key, 1)), new Held(StoredCause.read(next.value), new Causes(0)));
            }
        }
    }

    private static final class Held {
        final Headers cause;
        final Causes causes;
        boolean done;
        long doneAt;

        Held(Headers cause, Causes causes) {
            this.cause = cause;
            this.causes = causes;
        }
    }

    /** Whether nothing is held back, and all that was is out and committed. */
    boolean isIdle() {
        return held.isEmpty();
    }

    /** The oldest record for which a document is held back, or is not known to be committed; {@link Causes#NONE} where there is none. */
    long oldest() {
        long oldest = Causes.NONE;
        for (var waiting : held.values()) {
            oldest = Math.min(oldest, waiting.causes.oldest(clock));
        }
        return oldest;
    }

    /** Whether the document is not to be rendered now; then it will be, later. */
    boolean holds(byte[] rootKey, Change change) {
        if (heavy.isEmpty() && held.isEmpty()) {
            return false;
        }
        var key = Bytes.wrap(rootKey);
        var waiting = held.get(key);
        if (waiting != null && !waiting.done) {
            waiting.causes.add(change.since());
            return true;
        }
        var until = heavy.get(key);
        if (until == null || until - System.nanoTime() <= 0) {
            return false;
        }
        if (waiting != null) {
            waiting.causes.add(change.since());
        }
        held.put(key, new Held(change.cause(), waiting == null ? new Causes(change.since()) : waiting.causes));
        store.put(Keys.heldDocument(rootKey), StoredCause.write(change.cause()));
        return true;
    }

    /** Notes what a rendering of so many stored rows took. */
    void rendered(byte[] rootKey, int rows, long nanos) {
        if (rows >= ROWS && nanos >= HEAVY) {
            heavy.put(Bytes.wrap(rootKey), System.nanoTime() + REST * nanos);
        } else if (!heavy.isEmpty()) {
            heavy.remove(Bytes.wrap(rootKey));
        }
    }

    /** Forgets what is committed. */
    void settle() {
        held.entrySet().removeIf(entry -> {
            boolean isCommitted = entry.getValue().done && clock.isCommitted(entry.getValue().doneAt);
            if (isCommitted) {
                store.delete(Keys.heldDocument(entry.getKey().get()));
            }
            return isCommitted;
        });
    }

    /** What has rested long enough. */
    List<Due> due() {
        if (held.isEmpty()) {
            return List.of();
        }
        var due = new ArrayList<Due>();
        held.forEach((key, waiting) -> {
            var until = heavy.get(key);
            if (!waiting.done && (until == null || until - System.nanoTime() <= 0)) {
                due.add(Due.shown(key.get(), waiting.cause, waiting.causes.oldest(clock)));
                waiting.done = true;
                waiting.doneAt = clock.stamp();
                waiting.causes.out(waiting.doneAt);
            }
        });
        return due;
    }
}
