package io.millrace.pipeline.progress;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** What Kafka says of topics and groups now; nothing is remembered. Every question may throw a {@link KafkaException}. As thread-safe as its client. */
public final class Offsets {

    private final Admin admin;

    /** @param admin stays its caller's to close; its timeouts bound each question */
    public Offsets(Admin admin) {
        this.admin = admin;
    }

    /** All partitions of those topics that exist. */
    public List<TopicPartition> partitions(Collection<String> topics) throws InterruptedException {
        var partitions = new ArrayList<TopicPartition>();
        for (var described : admin.describeTopics(topics).topicNameValues().entrySet()) {
            try {
                described.getValue().get().partitions().forEach(p -> partitions.add(new TopicPartition(described.getKey(), p.partition())));
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw new KafkaException("Describing the topic " + described.getKey() + " failed: " + e.getCause().getMessage(), e.getCause());
                }
            }
        }
        return partitions;
    }

    /** Kafka's ids of those topics that exist: a topic that is made anew has another one (KIP-516). */
    public Map<String, String> ids(Collection<String> topics) throws InterruptedException {
        var ids = new HashMap<String, String>();
        for (var described : admin.describeTopics(topics).topicNameValues().entrySet()) {
            try {
                ids.put(described.getKey(), described.getValue().get().topicId().toString());
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw new KafkaException("Describing the topic " + described.getKey() + " failed: " + e.getCause().getMessage(), e.getCause());
                }
            }
        }
        return ids;
    }

    /** How long a compacted topic keeps a delete at least ({@code delete.retention.ms}). */
    public Duration deletesKept(String topic) throws InterruptedException {
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        var config = get("Asking for the settings of the topic " + topic, admin.describeConfigs(List.of(resource)).all()).get(resource);
        return Duration.ofMillis(Long.parseLong(config.get(TopicConfig.DELETE_RETENTION_MS_CONFIG).value()));
    }

    /**
     * From where to where a log goes.
     *
     * @param start the first offset that is still there
     * @param end the offset that the next record will have
     */
    public record Span(long start, long end) {}

    /** Of each partition. */
    public Map<TopicPartition, Span> spans(Collection<TopicPartition> partitions) throws InterruptedException {
        var first = list(partitions, OffsetSpec.earliest());
        var last = list(partitions, OffsetSpec.latest());
        return partitions.stream().collect(Collectors.toMap(p -> p, p -> new Span(first.get(p), last.get(p))));
    }

    /** The first offset that each partition still has. */
    public Map<TopicPartition, Long> starts(Collection<TopicPartition> partitions) throws InterruptedException {
        return list(partitions, OffsetSpec.earliest());
    }

    /** The ends of those partitions that hold records. */
    public Map<TopicPartition, Long> ends(Collection<TopicPartition> partitions) throws InterruptedException {
        return spans(partitions).entrySet().stream().filter(s -> s.getValue().start() < s.getValue().end()).collect(Collectors.toMap(Map.Entry::getKey, s -> s.getValue().end()));
    }

    /** How many records stand in the topics that exist. */
    public Map<String, Long> standing(Collection<String> topics) throws InterruptedException {
        return spans(partitions(topics)).entrySet().stream().collect(Collectors.groupingBy(s -> s.getKey().topic(), Collectors.summingLong(s -> s.getValue().end() - s.getValue().start())));
    }

    private Map<TopicPartition, Long> list(Collection<TopicPartition> partitions, OffsetSpec which) throws InterruptedException {
        var listed = get("Listing offsets", admin.listOffsets(partitions.stream().collect(Collectors.toMap(p -> p, p -> which))).all());
        return partitions.stream().collect(Collectors.toMap(p -> p, p -> listed.get(p).offset()));
    }

    /** What the group has committed; a partition without a commit is not in it. */
    public Map<TopicPartition, OffsetAndMetadata> committed(String group) throws InterruptedException {
        var committed = new HashMap<>(get("Asking for the offsets of the group " + group, admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()));
        committed.values().removeIf(o -> o == null);
        return committed;
    }

    /** The same without what is attached to the commits. */
    public Map<TopicPartition, Long> positions(String group) throws InterruptedException {
        return committed(group).entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, o -> o.getValue().offset()));
    }

    /** How many records of these partitions the group has not committed. */
    public long lag(String group, Collection<TopicPartition> partitions) throws InterruptedException {
        return lag(positions(group), partitions);
    }

    /** How many records of these partitions stand behind what a group has committed. */
    public long lag(Map<TopicPartition, Long> committed, Collection<TopicPartition> partitions) throws InterruptedException {
        var uncommitted = partitions.stream().filter(p -> !committed.containsKey(p)).toList();
        var first = uncommitted.isEmpty() ? Map.<TopicPartition, Long>of() : starts(uncommitted);
        var last = list(partitions, OffsetSpec.latest());
        return partitions.stream().mapToLong(p -> Math.max(0, last.get(p) - committed.getOrDefault(p, first.getOrDefault(p, 0L)))).sum();
    }

    /** Whether a group is through what stood before these offsets. */
    public static boolean isReached(Map<TopicPartition, Long> goal, Map<TopicPartition, Long> positions) {
        return goal.entrySet().stream().allMatch(g -> positions.getOrDefault(g.getKey(), -1L) >= g.getValue());
    }

    private static <T> T get(String attempted, KafkaFuture<T> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw new KafkaException(attempted + " failed: " + e.getCause().getMessage(), e.getCause());
        }
    }
}
