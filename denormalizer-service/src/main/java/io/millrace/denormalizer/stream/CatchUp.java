package io.millrace.denormalizer.stream;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Tells when a consumer group has worked through everything that was there when it was first asked.
 *
 * <p>First the source topics up to their ends at that time; then the exchange, up to its end at that later time, once
 * for each hop that a row can take. What comes in meanwhile does not move the goal, so the end is reached under load too.
 * All instances watch the same committed offsets and come to the same answer.
 */
final class CatchUp {

    private final Admin admin;
    private final String group;
    private final List<TopicPartition> sources;
    private final List<TopicPartition> exchange;
    private final int hops;
    private int rounds;
    private Map<TopicPartition, Long> goal;
    private volatile boolean done;

    CatchUp(Admin admin, String group, List<TopicPartition> sources, List<TopicPartition> exchange, int hops) {
        this.admin = admin;
        this.group = group;
        this.sources = sources;
        this.exchange = exchange;
        this.hops = hops;
    }

    boolean isDone() {
        return done;
    }

    /** Looks how far the group is; called by one thread, now and then. */
    void check() throws ExecutionException, InterruptedException {
        if (goal == null) {
            goal = ends(sources);
        }
        var committed = committed();
        while (!done && goal.entrySet().stream().allMatch(g -> committed.containsKey(g.getKey()) && committed.get(g.getKey()).offset() >= g.getValue())) {
            rounds++;
            done = rounds > hops;
            goal = ends(exchange);
        }
    }

    Map<TopicPartition, OffsetAndMetadata> committed() throws ExecutionException, InterruptedException {
        var offsets = new HashMap<>(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get());
        offsets.values().removeIf(o -> o == null);
        return offsets;
    }

    /** How many records of the sources and the exchange are not committed. */
    long lag() throws ExecutionException, InterruptedException {
        var committed = committed();
        var all = new ArrayList<>(sources);
        all.addAll(exchange);
        var first = admin.listOffsets(all.stream().collect(Collectors.toMap(p -> p, p -> OffsetSpec.earliest()))).all().get();
        var last = admin.listOffsets(all.stream().collect(Collectors.toMap(p -> p, p -> OffsetSpec.latest()))).all().get();
        return all.stream().mapToLong(p -> Math.max(0, last.get(p).offset() - (committed.containsKey(p) ? committed.get(p).offset() : first.get(p).offset()))).sum();
    }

    /** The ends of those partitions that hold anything. */
    private Map<TopicPartition, Long> ends(List<TopicPartition> partitions) throws ExecutionException, InterruptedException {
        var first = admin.listOffsets(partitions.stream().collect(Collectors.toMap(p -> p, p -> OffsetSpec.earliest()))).all().get();
        var last = admin.listOffsets(partitions.stream().collect(Collectors.toMap(p -> p, p -> OffsetSpec.latest()))).all().get();
        return partitions.stream().filter(p -> first.get(p).offset() < last.get(p).offset()).collect(Collectors.toMap(p -> p, p -> last.get(p).offset()));
    }
}
