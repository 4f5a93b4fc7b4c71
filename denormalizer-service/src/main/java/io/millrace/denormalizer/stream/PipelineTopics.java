package io.millrace.denormalizer.stream;

import io.millrace.denormalizer.join.JoinTopics;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;

/** Holds the topics of a pipeline against what its join needs. */
final class PipelineTopics {

    private PipelineTopics() {}

    /**
     * Makes the exchange topic where it is missing.
     *
     * @return the number of partitions that all have
     * @throws NotReadyException when topics are missing, or have different numbers of partitions
     */
    static int prepare(Admin admin, List<String> sources, JoinTopics topics, short replicationFactor) throws ExecutionException, InterruptedException, NotReadyException {
        var existing = admin.listTopics().names().get();
        var needed = new ArrayList<>(sources);
        needed.add(topics.documents());
        needed.add(topics.quarantine());
        var missing = needed.stream().filter(t -> !existing.contains(t)).toList();
        if (!missing.isEmpty()) {
            throw new NotReadyException("Waiting for the topics " + String.join(", ", missing) + ": they do not exist yet; the provisioner makes them (./millrace up, or the provisioner's apply)");
        }
        var described = admin.describeTopics(sources).allTopicNames().get();
        int partitions = described.get(sources.getFirst()).partitions().size();
        refuseUnequal(described, partitions);
        if (!existing.contains(topics.exchange())) {
            create(admin, topics.exchange(), partitions, replicationFactor);
        } else {
            refuseUnequal(admin.describeTopics(List.of(topics.exchange())).allTopicNames().get(), partitions);
        }
        return partitions;
    }

    private static void refuseUnequal(Map<String, TopicDescription> topics, int partitions) throws NotReadyException {
        var counts = new TreeMap<String, Integer>();
        topics.forEach((name, topic) -> counts.put(name, topic.partitions().size()));
        if (counts.values().stream().anyMatch(c -> c != partitions)) {
            throw new NotReadyException("The topics of a pipeline must all have the same number of partitions, and keep it; expected " + partitions + ", found " + counts
                    + ". Rows would be joined with the wrong neighbours, so nothing is joined. Recreate the topic that differs with " + partitions
                    + " partitions; to change the number for all, build a new generation");
        }
    }

    /** Nothing may be lost between the stages, however long one of them is down: the records stay until they are consumed and purged. */
    private static void create(Admin admin, String name, int partitions, short replicationFactor) throws ExecutionException, InterruptedException {
        var topic = new NewTopic(name, partitions, replicationFactor).configs(Map.of(
                TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE,
                TopicConfig.RETENTION_MS_CONFIG, "-1",
                TopicConfig.RETENTION_BYTES_CONFIG, "-1",
                TopicConfig.SEGMENT_BYTES_CONFIG, Integer.toString(64 << 20),
                TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Integer.toString(16 << 20),
                TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, "CreateTime"));
        try {
            admin.createTopics(new HashSet<>(List.of(topic))).all().get();
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw e;
            }
        }
    }
}
