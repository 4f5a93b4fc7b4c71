package io.millrace.tests.bench.load;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.topic.Topics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/** How many records were written to the topics between the stages, and what they take on the broker's disk. */
public final class Hops {

    private static final String CHANGELOG = "-changelog";

    /**
     * @param records ever written
     * @param bytes on the broker's disk now, compressed as they came; of the exchange, what was not yet taken away
     */
    public record Hop(long records, long bytes) {

        private Hop plus(Hop other) {
            return new Hop(records + other.records, bytes + other.bytes);
        }
    }

    private Hops() {}

    /** By the kind of topic: {@code captured}, {@code rows}, the join's own by its stores, {@code documents}, and all others. */
    public static Map<String, Hop> of(String bootstrap, List<PipelineFile> files) throws InterruptedException {
        var names = files.stream().map(file -> file.pipeline().name()).toList();
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            var bytes = new TreeMap<String, Long>();
            var partitions = new LinkedHashMap<TopicPartition, OffsetSpec>();
            var broker = admin.describeCluster().nodes().get().iterator().next().id();
            admin.describeLogDirs(List.of(broker)).allDescriptions().get().get(broker).values().forEach(folder -> folder.replicaInfos().forEach((partition, replica) -> {
                bytes.merge(partition.topic(), replica.size(), Long::sum);
                partitions.put(partition, OffsetSpec.latest());
            }));
            var records = admin.listOffsets(partitions).all().get().entrySet().stream().collect(Collectors.groupingBy(e -> e.getKey().topic(), Collectors.summingLong(e -> e.getValue().offset())));
            var hops = new LinkedHashMap<String, Hop>();
            bytes.forEach((topic, size) -> hops.merge(kind(topic, names), new Hop(records.getOrDefault(topic, 0L), size), Hop::plus));
            return hops;
        } catch (ExecutionException e) {
            throw new IllegalStateException("Asking Kafka at " + bootstrap + " for the sizes of its topics failed: " + e.getCause(), e);
        }
    }

    private static String kind(String topic, List<String> pipelines) {
        if (pipelines.stream().map(Topics::documents).anyMatch(topic::equals)) {
            return "documents";
        }
        if (topic.startsWith("captured.") || topic.startsWith("rows.")) {
            return topic.substring(0, topic.indexOf('.'));
        }
        if (topic.endsWith(CHANGELOG)) {
            var store = topic.substring(0, topic.length() - CHANGELOG.length());
            return "state of the join: " + store.substring(store.lastIndexOf('-') + 1);
        }
        return pipelines.stream().map(name -> Topics.exchange(Topics.joinGroup(name))).anyMatch(topic::equals) ? "exchange of the join" : "others";
    }
}
