package io.millrace.denormalizer.join.state;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * What a store keeps for replays only, to be cleared away when none can ask for it any more: stubs of what was removed, and what rows had announced before they changed.
 *
 * <p>Stubs keep a replay from showing, for a moment, what is gone; nothing is wrong for longer than that without them. Not
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

    /** @param stub null where the row is there, and only has formers */
    private record Grave(Bytes key, byte[] stub, long stamp, long dug) {}

    public void put(Bytes key, Entry entry) {
        var stored = entry.toBytes();
        store.put(key, stored);
        if (entry.row() == null) {
            add(key, stored);
        }
    }

    public void put(Bytes key, Image image) {
        var stored = image.toBytes();
        store.put(key, stored);
        if (!image.isPresent()) {
            add(key, stored);
        } else if (!image.formers().isEmpty()) {
            add(key, null);
        }
    }

    private void add(Bytes key, byte[] stub) {
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
            clear(grave);
        }
    }

    private void clear(Grave grave) {
        var stored = store.get(grave.key);
        if (grave.stub == null) {
            forgetFormers(grave.key, Image.read(stored));
        } else if (Arrays.equals(stored, grave.stub)) {
            store.delete(grave.key);
        }
    }

    private void forgetFormers(Bytes key, Image image) {
        if (image != null && image.isPresent() && !image.formers().isEmpty() && image.formers().stream().allMatch(former -> clock.isCommitted(former.stamp()))) {
            store.put(key, new Image(image.position(), image.content(), List.of()).toBytes());
        }
    }
}
