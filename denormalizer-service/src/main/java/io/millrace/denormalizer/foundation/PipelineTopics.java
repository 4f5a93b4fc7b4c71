package io.millrace.denormalizer.foundation;

import io.millrace.denormalizer.join.JoinTopics;
import io.millrace.denormalizer.join.JoinTopology;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;

/** Holds the topics of a pipeline against what its join needs. */
public final class PipelineTopics {

    /** Nothing may be lost between the stages, however long one of them is down: the records stay until they are consumed and purged. */
    private static final Map<String, String> KEPT = Map.of(
            TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE,
            TopicConfig.RETENTION_MS_CONFIG, "-1",
            TopicConfig.RETENTION_BYTES_CONFIG, "-1",
            TopicConfig.SEGMENT_BYTES_CONFIG, Integer.toString(64 << 20),
            TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Integer.toString(16 << 20),
            TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, "CreateTime");
    /** A few words that are written often and read as a whole. */
    private static final Map<String, String> LAST_WORDS = Map.of(
            TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT,
            TopicConfig.SEGMENT_BYTES_CONFIG, Integer.toString(4 << 20),
            TopicConfig.MIN_CLEANABLE_DIRTY_RATIO_CONFIG, "0.1");

    /** What the key, the headers and Kafka add to a document, at most: an id has up to 512 bytes. */
    private static final int ADDED = 4 << 10;

    private static final Duration FOR_EVER = Duration.ofDays(3_650_000);

    private PipelineTopics() {}

    /**
     * Makes the exchange topic where it is missing.
     *
     * @return the number of partitions that all have
     * @throws NotReadyException when topics are missing, or have different numbers of partitions
     */
    public static int prepare(Admin admin, List<String> sources, JoinTopics topics, short replicationFactor) throws ExecutionException, InterruptedException, NotReadyException {
        var existing = admin.listTopics().names().get();
        var needed = new ArrayList<>(sources);
        needed.add(topics.documents());
        needed.add(topics.quarantine());
        var missing = needed.stream().filter(t -> !existing.contains(t)).toList();
        if (!missing.isEmpty()) {
            throw new NotReadyException("Waiting for the topics " + String.join(", ", missing) + ": they do not exist, or Kafka may not tell this service of them; the provisioner makes topics and rights (./millrace up, or the provisioner's apply)");
        }
        var described = admin.describeTopics(sources).allTopicNames().get();
        int partitions = described.get(sources.getFirst()).partitions().size();
        refuseUnequal(described, partitions, topics);
        if (!existing.contains(topics.exchange())) {
            create(admin, new NewTopic(topics.exchange(), partitions, replicationFactor).configs(KEPT));
        } else {
            refuseUnequal(admin.describeTopics(List.of(topics.exchange())).allTopicNames().get(), partitions, topics);
        }
        if (!existing.contains(topics.state())) {
            create(admin, new NewTopic(topics.state(), 1, replicationFactor).configs(LAST_WORDS));
        }
        return partitions;
    }

    /**
     * What a document may have, so that no larger one ever reaches the producer: a batch that its topic refuses is split and sent again, and where one document of it is too large alone,
     * that does not end before the batch expires; the documents beside it wait as long.
     *
     * @param most the configured bytes
     * @return these, or what the topic of the documents takes where that is less
     */
    public static int documentBytes(Admin admin, JoinTopics topics, int most) throws ExecutionException, InterruptedException {
        var topic = new ConfigResource(ConfigResource.Type.TOPIC, topics.documents());
        var taken = admin.describeConfigs(List.of(topic)).all().get().get(topic).get(TopicConfig.MAX_MESSAGE_BYTES_CONFIG);
        return Math.min(most, Math.max(0, Integer.parseInt(taken.value()) - ADDED));
    }

    /** For how long the changelogs of the state keep deletions at least; ten thousand years where none is there, since nothing was deleted then. */
    public static Duration deletionsKept(Admin admin, JoinTopics topics) throws ExecutionException, InterruptedException {
        var there = admin.listTopics().names().get();
        var changelogs = JoinTopology.changelogs(topics).stream().filter(there::contains).map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic)).toList();
        return admin.describeConfigs(changelogs).all().get().values().stream().map(settings -> Duration.ofMillis(Long.parseLong(settings.get(TopicConfig.DELETE_RETENTION_MS_CONFIG).value())))
                .min(Comparator.naturalOrder()).orElse(FOR_EVER);
    }

    private static void refuseUnequal(Map<String, TopicDescription> topics, int partitions, JoinTopics join) throws NotReadyException {
        var counts = new TreeMap<String, Integer>();
        topics.forEach((name, topic) -> counts.put(name, topic.partitions().size()));
        if (counts.values().stream().anyMatch(c -> c != partitions)) {
            throw new NotReadyException("The topics of a pipeline must all have the same number of partitions, and keep it; expected " + partitions + ", found " + counts
                    + ". Rows would be joined with the wrong neighbours, so nothing is joined. Delete the topic that differs, run ./millrace apply, which makes it with as many as the others, "
                    + "then have its table read again and the join built anew: ./millrace recover " + join.documents());
        }
    }

    private static void create(Admin admin, NewTopic topic) throws ExecutionException, InterruptedException {
        try {
            admin.createTopics(List.of(topic)).all().get();
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw e;
            }
        }
    }
}
