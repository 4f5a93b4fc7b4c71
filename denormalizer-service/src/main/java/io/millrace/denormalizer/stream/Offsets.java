package io.millrace.denormalizer.stream;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/** Asks Kafka where partitions end and how far a consumer group is. */
final class Offsets {

    private Offsets() {}

    /** The ends of those partitions that hold anything. */
    static Map<TopicPartition, Long> ends(Admin admin, Collection<TopicPartition> partitions) throws ExecutionException, InterruptedException {
        var first = listed(admin, partitions, OffsetSpec.earliest());
        var last = listed(admin, partitions, OffsetSpec.latest());
        last.entrySet().removeIf(e -> first.get(e.getKey()) >= e.getValue());
        return last;
    }

    static Map<TopicPartition, Long> listed(Admin admin, Collection<TopicPartition> partitions, OffsetSpec which) throws ExecutionException, InterruptedException {
        return admin.listOffsets(partitions.stream().collect(Collectors.toMap(p -> p, p -> which))).all().get().entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().offset()));
    }

    /** The offsets that a group has committed; a partition of which it has committed none is not in the answer. */
    static Map<TopicPartition, Long> committed(Admin admin, String group) throws ExecutionException, InterruptedException {
        var offsets = new HashMap<TopicPartition, Long>();
        admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().forEach((p, o) -> {
            if (o != null) {
                offsets.put(p, o.offset());
            }
        });
        return offsets;
    }

    static boolean isReached(Map<TopicPartition, Long> goal, Map<TopicPartition, Long> committed) {
        return goal.entrySet().stream().allMatch(g -> committed.getOrDefault(g.getKey(), -1L) >= g.getValue());
    }
}
