package io.millrace.denormalizer.stream;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.TopicPartition;

/**
 * Lets fan-outs go on in bursts: the next one when the indexer has written the one before.
 *
 * <p>A change of one row waits in the documents' topic behind whatever a fan-out put there before it. So a burst is as large
 * as the indexer lately wrote in a fifth of a second: it doubles while it is written sooner and is halved when it takes longer.
 * Where no indexer has committed an offset, nothing is held back. {@link #test} is for any thread, the rest for one.
 */
final class FanOutPace implements IntPredicate {

    private static final int LEAST = 64;
    private static final int MOST = 1 << 16;
    private static final Duration SOON = Duration.ofMillis(200);
    private static final Duration LATE = Duration.ofMillis(300);

    private final Admin admin;
    private final String indexerGroup;
    private final List<TopicPartition> documents;
    private final AtomicInteger room = new AtomicInteger(LEAST);
    private int burst = LEAST;
    private long granted = System.nanoTime();
    /** The end of the burst that went out, null until it is known. */
    private Map<TopicPartition, Long> goal;

    FanOutPace(Admin admin, String indexerGroup, List<TopicPartition> documents) {
        this.admin = admin;
        this.indexerGroup = indexerGroup;
        this.documents = documents;
    }

    /** Whether so many documents may go out now; they count as gone then. */
    @Override
    public boolean test(int documents) {
        return room.getAndUpdate(left -> left > 0 ? left - documents : left) > 0;
    }

    /** Looks how far the indexer is, where a burst is out; called while there are fan-outs. */
    void check() throws ExecutionException, InterruptedException {
        if (room.get() > 0) {
            return;
        }
        var written = new HashMap<>(Offsets.committed(admin, indexerGroup));
        written.keySet().retainAll(documents);
        if (written.isEmpty()) {
            room.set(MOST);
            return;
        }
        if (goal == null) {
            goal = Offsets.ends(admin, documents);
        }
        if (Offsets.isReached(goal, written)) {
            long took = System.nanoTime() - granted;
            burst = took <= SOON.toNanos() ? Math.min(MOST, 2 * burst) : took > LATE.toNanos() ? Math.max(LEAST, burst / 2) : burst;
            goal = null;
            granted = System.nanoTime();
            room.set(burst);
        }
    }
}
