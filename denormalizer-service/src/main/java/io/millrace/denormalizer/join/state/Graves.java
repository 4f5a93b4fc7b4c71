package io.millrace.denormalizer.join.state;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Stubs of what was removed from a store, to be cleared away when no replay can ask for them any more.
 *
 * <p>They keep a replay from showing, for a moment, what is gone; nothing is wrong for longer than that without them. Not
 * thread-safe.
 */
public final class Graves {

    private static final int MOST = 100_000;

    private final KeyValueStore<Bytes, byte[]> store;
    private final CommitClock.Session clock;
    private final long keepNanos;
    private final ArrayDeque<Grave> graves = new ArrayDeque<>();

    public Graves(KeyValueStore<Bytes, byte[]> store, CommitClock.Session clock, Duration keep) {
        this.store = store;
        this.clock = clock;
        this.keepNanos = keep.toNanos();
    }

    private record Grave(Bytes key, byte[] stub, long stamp, long dug) {}

    public void add(Bytes key, byte[] stub) {
        graves.add(new Grave(key, stub, clock.stamp(), System.nanoTime()));
    }

    /** Clears where more are kept than should be, so that their number has a bound however many rows go between two calls of {@link #clear}. */
    public void clearExcess() {
        if (graves.size() > MOST) {
            clear();
        }
    }

    /** Clears what is committed and old enough; what is above the most that are kept, as soon as it is committed. */
    public void clear() {
        long now = System.nanoTime();
        while (!graves.isEmpty()) {
            var grave = graves.getFirst();
            if (!clock.isCommitted(grave.stamp) || now - grave.dug < keepNanos && graves.size() <= MOST) {
                return;
            }
            graves.removeFirst();
            if (Arrays.equals(store.get(grave.key), grave.stub)) {
                store.delete(grave.key);
            }
        }
    }
}
