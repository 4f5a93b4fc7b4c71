package io.millrace.tests.bench.scale;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/** A consumer group's lag as KEDA sees it: the ends of its topics less what it has committed. */
final class CommittedLag {

    private final Admin admin;
    private final List<String> groups;

    /** @param groups one for each trigger of the ScaledObject */
    CommittedLag(Admin admin, List<String> groups) {
        this.admin = admin;
        this.groups = groups;
    }

    /** The largest of the groups' lags: with several triggers the largest wish counts. */
    long now() throws ExecutionException, InterruptedException {
        long most = 0;
        for (var group : groups) {
            most = Math.max(most, lag(group));
        }
        return most;
    }

    private long lag(String group) throws ExecutionException, InterruptedException {
        var committed = new HashMap<TopicPartition, Long>();
        admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().forEach((partition, offset) -> {
            if (offset != null) {
                committed.put(partition, offset.offset());
            }
        });
        var asked = new HashMap<TopicPartition, OffsetSpec>();
        committed.keySet().forEach(partition -> asked.put(partition, OffsetSpec.latest()));
        var ends = admin.listOffsets(asked).all().get();
        return committed.entrySet().stream().mapToLong(e -> Math.max(0, ends.get(e.getKey()).offset() - e.getValue())).sum();
    }

    /** All that the groups have committed; grows when a record has been dealt with. */
    long committed() throws ExecutionException, InterruptedException {
        long sum = 0;
        for (var group : groups) {
            for (var offset : Map.copyOf(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get()).values()) {
                sum += offset.offset();
            }
        }
        return sum;
    }
}
