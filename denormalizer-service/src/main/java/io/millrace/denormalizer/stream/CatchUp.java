package io.millrace.denormalizer.stream;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/**
 * Tells when a consumer group has worked through everything that was there when the tables had been read.
 *
 * <p>First the source topics up to their ends at that time, which {@link FirstRead} tells; then the exchange, up to its end at that later time, once
 * for each hop that a row can take. What comes in meanwhile does not move the goal, so the end is reached under load too.
 * All instances watch the same committed offsets and come to the same answer.
 */
final class CatchUp {

    private final Admin admin;
    private final FirstRead firstRead;
    private final String group;
    private final List<TopicPartition> sources;
    private final List<TopicPartition> exchange;
    private final int hops;
    private int rounds;
    private Map<TopicPartition, Long> goal;
    private volatile String waits;
    private volatile boolean done;

    CatchUp(Admin admin, FirstRead firstRead, String group, List<TopicPartition> sources, List<TopicPartition> exchange, int hops) {
        this.admin = admin;
        this.firstRead = firstRead;
        this.group = group;
        this.sources = sources;
        this.exchange = exchange;
        this.hops = hops;
    }

    boolean isDone() {
        return done;
    }

    /** What the first build waits for before its goal is known, null where it waits for nothing. */
    String waits() {
        return waits;
    }

    /** Looks how far the group is; called by one thread, now and then. */
    void check() throws ExecutionException, InterruptedException {
        if (goal == null) {
            waits = firstRead.waits();
            if (waits != null) {
                return;
            }
            goal = Offsets.ends(admin, sources);
        }
        var committed = committed();
        while (!done && Offsets.isReached(goal, committed)) {
            rounds++;
            done = rounds > hops;
            goal = Offsets.ends(admin, exchange);
        }
    }

    Map<TopicPartition, Long> committed() throws ExecutionException, InterruptedException {
        return Offsets.committed(admin, group);
    }

    /** How many records of the sources and the exchange are not committed. */
    long lag() throws ExecutionException, InterruptedException {
        var committed = committed();
        var all = new ArrayList<>(sources);
        all.addAll(exchange);
        var first = Offsets.listed(admin, all, OffsetSpec.earliest());
        var last = Offsets.listed(admin, all, OffsetSpec.latest());
        return all.stream().mapToLong(p -> Math.max(0, last.get(p) - committed.getOrDefault(p, first.get(p)))).sum();
    }
}
