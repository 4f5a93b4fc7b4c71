package io.millrace.pipeline.log;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthorizationException;

/**
 * What Kafka says of logs at one time.
 *
 * @param logs of those partitions that exist and answer
 * @param silent partitions that exist and do not answer, for want of a leader say; of these nothing is known
 * @param topics those that exist, of the ones that were asked for
 */
record Look(Map<TopicPartition, Log> logs, Set<TopicPartition> silent, Set<String> topics) {

    /** One look, for which everything is asked. */
    static Look at(Admin admin, Collection<TopicPartition> partitions, Collection<String> topics) throws InterruptedException {
        return at(admin, partitions, topics, new Identities(), new Keepings());
    }

    /**
     * Waits for Kafka's answers, as long as the client's own limits allow.
     *
     * @param topics whether these exist is asked as well
     * @param identities what is known of the topics' ids
     * @param keepings what is known of the topics' settings
     * @throws KafkaException where Kafka does not answer or refuses
     */
    static Look at(Admin admin, Collection<TopicPartition> partitions, Collection<String> topics, Identities identities, Keepings keepings) throws InterruptedException {
        var names = new HashSet<>(topics);
        partitions.forEach(p -> names.add(p.topic()));
        var there = identities.of(admin, names);
        var cluster = identities.cluster(admin);
        var open = partitions.stream().filter(p -> there.containsKey(p.topic()) && p.partition() < there.get(p.topic()).partitions().size()).toList();
        var starts = offsets(admin, open, OffsetSpec.earliest());
        var ends = offsets(admin, open, OffsetSpec.latest());
        var keeping = keepings.of(admin, open.stream().map(TopicPartition::topic).collect(Collectors.toSet()));
        var logs = new HashMap<TopicPartition, Log>();
        var silent = new HashSet<TopicPartition>();
        for (var partition : open) {
            if (starts.containsKey(partition) && ends.containsKey(partition)) {
                var kept = keeping.getOrDefault(partition.topic(), Keepings.Keeping.UNKNOWN);
                logs.put(partition, new Log(new LogId(cluster, there.get(partition.topic()).topicId().toString()), starts.get(partition), ends.get(partition), kept.compacted(), kept.millis()));
            } else {
                silent.add(partition);
            }
        }
        return new Look(logs, silent, there.keySet());
    }

    /** One partition that does not answer keeps nothing from the others. */
    private static Map<TopicPartition, Long> offsets(Admin admin, List<TopicPartition> partitions, OffsetSpec which) throws InterruptedException {
        var listed = admin.listOffsets(partitions.stream().collect(Collectors.toMap(p -> p, p -> which)));
        var offsets = new HashMap<TopicPartition, Long>();
        for (var partition : partitions) {
            try {
                offsets.put(partition, listed.partitionResult(partition).get().offset());
            } catch (ExecutionException e) {
                if (e.getCause() instanceof AuthorizationException) {
                    throw failed("Listing the offsets of " + partition, e);
                }
            }
        }
        return offsets;
    }

    static <T> T get(String attempted, KafkaFuture<T> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw failed(attempted, e);
        }
    }

    static KafkaException failed(String attempted, ExecutionException e) {
        return new KafkaException(attempted + " failed: " + e.getCause().getMessage(), e.getCause());
    }
}
