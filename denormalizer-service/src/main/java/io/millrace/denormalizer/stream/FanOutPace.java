package io.millrace.denormalizer.stream;

import io.millrace.denormalizer.join.pay.Pace;
import io.millrace.pipeline.progress.Offsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.apache.kafka.common.TopicPartition;

/**
 * Lets fan-outs go on in bursts: the next one when the indexer has written the one before, and, while single rows change, has had half of that time for them.
 *
 * <p>A change of one row waits in the documents' topic behind whatever a fan-out put there before it. So a burst is as large
 * as the indexer lately wrote in a quarter of a second: it doubles while it is written sooner and is halved when it takes longer.
 * Without a rest behind it the search engine would have no moment without a fan-out, and whoever searches would wait for refreshes that wait for a core.
 * The partitions that wait for it have equal parts of it, or those that are asked first would take it all.
 * Where no indexer has committed an offset, nothing is held back. {@link #test} and {@link #busy} are for any thread, the rest for one.
 */
final class FanOutPace implements Pace {

    private static final int LEAST = 64;
    private static final int MOST = 1 << 16;
    private static final Duration SOON = Duration.ofMillis(250);
    private static final Duration LATE = Duration.ofMillis(350);
    /** Without a record of a single row for so long there is nobody to wait. */
    private static final Duration QUIET = Duration.ofSeconds(1);

    private final Offsets offsets;
    private final String indexerGroup;
    private final List<TopicPartition> documents;
    private final LongSupplier nanos;
    private final Map<Integer, Room> rooms = new ConcurrentHashMap<>();
    private volatile long busyAt;
    private int burst = LEAST;
    private long granted;
    /** Whether a burst went out that the indexer is not known to have written. */
    private boolean isOut = true;
    /** Its end, null until it is known. */
    private Map<TopicPartition, Long> goal;
    /** When the next one may go, where none is out. */
    private long due;

    FanOutPace(Offsets offsets, String indexerGroup, List<TopicPartition> documents) {
        this(offsets, indexerGroup, documents, System::nanoTime);
    }

    /** @param nanos the clock by which a burst is written soon or late */
    FanOutPace(Offsets offsets, String indexerGroup, List<TopicPartition> documents, LongSupplier nanos) {
        this.offsets = offsets;
        this.indexerGroup = indexerGroup;
        this.documents = documents;
        this.nanos = nanos;
        this.granted = nanos.getAsLong();
        this.busyAt = granted - QUIET.toNanos();
    }

    /** One partition's part of a burst. */
    private static final class Room {
        final AtomicInteger left = new AtomicInteger(LEAST);
        volatile boolean isWanted;
    }

    @Override
    public boolean test(int partition, int documents) {
        var room = rooms.computeIfAbsent(partition, p -> new Room());
        room.isWanted = room.left.getAndUpdate(left -> left > 0 ? left - documents : left) <= 0;
        return !room.isWanted;
    }

    @Override
    public void busy() {
        busyAt = nanos.getAsLong();
    }

    /** Looks how far the indexer is, where a burst is out; called while there are fan-outs. */
    void check() throws InterruptedException {
        var wanted = rooms.values().stream().filter(r -> r.isWanted).toList();
        if (wanted.isEmpty()) {
            return;
        }
        var written = offsets.positions(indexerGroup);
        written.keySet().retainAll(documents);
        if (written.isEmpty()) {
            grant(wanted, MOST);
            return;
        }
        if (isOut) {
            look(written);
        }
        if (!isOut && nanos.getAsLong() - due >= 0) {
            isOut = true;
            granted = nanos.getAsLong();
            grant(wanted, burst / wanted.size());
        }
    }

    private void look(Map<TopicPartition, Long> written) throws InterruptedException {
        if (goal == null) {
            goal = offsets.ends(documents);
        }
        if (Offsets.isReached(goal, written)) {
            long took = nanos.getAsLong() - granted;
            burst = took <= SOON.toNanos() ? Math.min(MOST, 2 * burst) : took > LATE.toNanos() ? Math.max(LEAST, burst / 2) : burst;
            goal = null;
            isOut = false;
            long now = granted + took;
            due = now - busyAt < QUIET.toNanos() ? now + took / 2 : now;
        }
    }

    private static void grant(List<Room> rooms, int documents) {
        for (var room : rooms) {
            room.left.set(documents);
            room.isWanted = false;
        }
    }
}
