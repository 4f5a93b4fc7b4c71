package io.millrace.denormalizer.foundation;

import io.millrace.pipeline.progress.Offsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.TopicPartition;

/**
 * Tells when a consumer group has worked through everything that was there when the tables had been read.
 *
 * <p>First the source topics up to their ends at that time, which {@link FirstRead} tells; then the exchange, up to its end at that later time, once
 * for each hop that a row can take. What comes in meanwhile does not move the goal, so the end is reached under load too.
 * All instances watch the same committed offsets and come to the same answer.
 */
public final class CatchUp {

    private final Offsets offsets;
    private final FirstRead firstRead;
    private final String group;
    private final List<TopicPartition> sources;
    private final List<TopicPartition> exchange;
    private final int hops;
    private int rounds;
    private Map<TopicPartition, Long> goal;
    private volatile String waits;
    private volatile boolean near;
    private volatile boolean done;

    public CatchUp(Offsets offsets, FirstRead firstRead, String group, List<TopicPartition> sources, List<TopicPartition> exchange, int hops) {
        this.offsets = offsets;
        this.firstRead = firstRead;
        this.group = group;
        this.sources = sources;
        this.exchange = exchange;
        this.hops = hops;
    }

    public boolean isDone() {
        return done;
    }

    /** Whether the group has still to commit what is there already. */
    public boolean isNear() {
        return !done && near;
    }

    /** What the first build waits for before its goal is known, null where it waits for nothing. */
    public String waits() {
        return waits;
    }

    /** Looks how far the group is; called by one thread, now and then. */
    public void check() throws ExecutionException, InterruptedException {
        if (goal == null) {
            waits = firstRead.waits();
            if (waits != null) {
                return;
            }
            goal = offsets.ends(sources);
            near = true;
        }
        var committed = committed();
        while (!done && Offsets.isReached(goal, committed)) {
            rounds++;
            done = rounds > hops;
            goal = offsets.ends(exchange);
        }
    }

    public Map<TopicPartition, Long> committed() throws InterruptedException {
        return offsets.positions(group);
    }

    /** How many records of the sources and the exchange stand behind what is committed. */
    public long lag(Map<TopicPartition, Long> committed) throws InterruptedException {
        var all = new ArrayList<>(sources);
        all.addAll(exchange);
        return offsets.lag(committed, all);
    }
}
