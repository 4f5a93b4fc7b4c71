package io.millrace.gate;

import io.millrace.pipeline.kafka.KafkaTrouble;
import io.millrace.pipeline.kafka.PlainClients;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.log.OffsetGuard;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.SecurityUtils;

/** The gate's connections to Kafka. Thread-safe. */
@ApplicationScoped
public class KafkaClients {

    /** After so long without a sign of life an instance's partitions go to another. */
    private static final Duration SESSION = Duration.ofSeconds(15);
    /** Shorter than a session, so that nothing an instance has sent is still on its way when another takes over. */
    private static final Duration DELIVERY = Duration.ofSeconds(10);
    /** How long Kafka may wait for a record before it answers a fetch, in milliseconds. It answers one request of a connection after the other: whoever asks for an end, or closes, waits for that fetch. */
    private static final int SHORT_FETCH = 50;
    private static final int LONG_FETCH = 5_000;
    /** How long Kafka may take beside that, in milliseconds. */
    private static final int ANSWER = 5_000;
    private static final int LARGEST_REQUEST = 16 * 1024 * 1024;

    private final Map<String, Object> shared;
    private final GateConfig config;
    private final KafkaProducer<byte[], byte[]> producer;
    private final Admin admin;
    private final Map<String, Integer> counts = new ConcurrentHashMap<>();
    private final Map<String, Integer> ensured = new ConcurrentHashMap<>();

    KafkaClients(@Identifier("default-kafka-broker") Map<String, Object> shared, GateConfig config) {
        PlainClients.requirePlainBrokers(shared);
        this.shared = Map.copyOf(shared);
        this.config = config;
        this.producer = new KafkaProducer<>(producerSettings(), new ByteArraySerializer(), new ByteArraySerializer());
        this.admin = Admin.create(with(Map.of(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000, AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 10_000)));
    }

    private Map<String, Object> producerSettings() {
        return with(Map.of(
                ProducerConfig.CLIENT_ID_CONFIG, "millrace-gate",
                ProducerConfig.ACKS_CONFIG, "all",
                ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true,
                ProducerConfig.LINGER_MS_CONFIG, 0,
                ProducerConfig.BATCH_SIZE_CONFIG, 128 * 1024,
                ProducerConfig.BUFFER_MEMORY_CONFIG, 32L * 1024 * 1024,
                ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000,
                ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, (int) DELIVERY.toMillis(),
                ProducerConfig.MAX_BLOCK_MS_CONFIG, 5_000,
                ProducerConfig.MAX_REQUEST_SIZE_CONFIG, LARGEST_REQUEST));
    }

    private Map<String, Object> with(Map<String, Object> settings) {
        var all = new HashMap<>(shared);
        all.remove(ConsumerConfig.GROUP_ID_CONFIG);
        all.remove(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG);
        all.putAll(settings);
        return all;
    }

    /** After how long without a sign of life the group gives an instance's partitions to another. */
    public Duration session() {
        var set = shared.get(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG);
        return set == null ? SESSION : Duration.ofMillis(Long.parseLong(set.toString()));
    }

    /** Idempotent, waiting for all replicas. A failed send means that the record may or may not be in the topic. */
    public KafkaProducer<byte[], byte[]> producer() {
        return producer;
    }

    public Admin admin() {
        return admin;
    }

    /** The group's consumer of captured records; the caller closes it. What {@code kafka.*} says of sessions and fetching holds. */
    public KafkaConsumer<byte[], byte[]> captured() {
        var settings = new HashMap<String, Object>(Map.of(
                // A new table's topic is seen within this time.
                ConsumerConfig.METADATA_MAX_AGE_CONFIG, 2_000,
                // They are of one partition as a rule, and a partition is paused between polls only: more of them outgrow its share of what may be held.
                ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 500,
                // Compressed, some ten thousand records; what is fetched and not yet read should not outlive the young generation.
                ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 2 * 1024 * 1024,
                ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 256 * 1024,
                ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 2_000,
                ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, (int) SESSION.toMillis()));
        settings.putAll(shared);
        settings.putAll(Map.of(
                ConsumerConfig.GROUP_ID_CONFIG, config.group(),
                ConsumerConfig.CLIENT_ID_CONFIG, "millrace-gate",
                // Where to begin is decided by the guard of the offsets, never by the client.
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none",
                ConsumerConfig.FETCH_MIN_BYTES_CONFIG, 1,
                // Offsets are committed as the lanes finish.
                ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false,
                ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, CooperativeStickyAssignor.class.getName()));
        return new KafkaConsumer<>(settings, new SettlingDeserializer(), new ByteArrayDeserializer());
    }

    /** Begins to hold the group's offsets against the captured logs; the caller closes it. */
    public OffsetGuard guard(OffsetGuard.Stage stage, Loops loops) {
        return new OffsetGuard(shared, Topics.GATE_MARKS, config.group(), config.replication(), stage, loops);
    }

    /** A consumer of no group, which goes on from the beginning where what it stands on is gone; the caller closes it. */
    public KafkaConsumer<byte[], byte[]> reader() {
        return reader("earliest", SHORT_FETCH);
    }

    /** The same for whoever reads for ever, and does not ask it for a log's end: {@link #ends} does not wait for a fetch that waits for a record. */
    public KafkaConsumer<byte[], byte[]> follower() {
        return reader("earliest", LONG_FETCH);
    }

    /** The same, but it fails where what it stands on is gone. */
    public KafkaConsumer<byte[], byte[]> strictReader() {
        return reader("none", SHORT_FETCH);
    }

    private KafkaConsumer<byte[], byte[]> reader(String reset, int mostMillis) {
        return new KafkaConsumer<>(with(Map.of(
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, reset,
                ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false,
                ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false,
                ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, mostMillis,
                ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, ANSWER,
                ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, mostMillis + ANSWER)),
                new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** How many partitions the topic of this partition has; remembered. */
    public int partitions(TopicPartition of) throws InterruptedException {
        var known = counts.get(of.topic());
        if (known == null || known <= of.partition()) {
            known = partitions(of.topic());
            counts.put(of.topic(), known);
        }
        return known;
    }

    /** The first offset that is still there, for each of the partitions whose topic is there. */
    public Map<TopicPartition, Long> starts(Collection<TopicPartition> partitions) throws InterruptedException {
        return offsets(partitions, OffsetSpec.earliest());
    }

    /** The offset that the next record will have, for each of the partitions whose topic is there. */
    public Map<TopicPartition, Long> ends(Collection<TopicPartition> partitions) throws InterruptedException {
        return offsets(partitions, OffsetSpec.latest());
    }

    private Map<TopicPartition, Long> offsets(Collection<TopicPartition> partitions, OffsetSpec which) throws InterruptedException {
        if (partitions.isEmpty()) {
            return Map.of();
        }
        var there = present(partitions.stream().map(TopicPartition::topic).collect(Collectors.toSet()));
        var asked = partitions.stream().filter(p -> there.contains(p.topic())).collect(Collectors.toMap(Function.identity(), p -> which));
        var offsets = new HashMap<TopicPartition, Long>();
        get("Asking for offsets of " + there, AclOperation.DESCRIBE, admin.listOffsets(asked).all()).forEach((partition, found) -> offsets.put(partition, found.offset()));
        return offsets;
    }

    private Set<String> present(Collection<String> topics) throws InterruptedException {
        var present = new TreeSet<String>();
        for (var topic : admin.describeTopics(topics).topicNameValues().entrySet()) {
            try {
                present.add(get("Describing the topic " + topic.getKey(), AclOperation.DESCRIBE, topic.getValue()).name());
            } catch (KafkaException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw e;
                }
            }
        }
        return present;
    }

    private int partitions(String topic) throws InterruptedException {
        return get("Describing the topic " + topic, AclOperation.DESCRIBE, admin.describeTopics(List.of(topic)).allTopicNames()).get(topic).partitions().size();
    }

    /**
     * Makes a topic unless it is there. Looks first: a gate whose topics are provisioned needs no right to make any.
     *
     * @param settings its settings, where it is made
     */
    public void ensure(String topic, int partitions, Map<String, String> settings) throws InterruptedException {
        if (ensured.getOrDefault(topic, 0) >= partitions) {
            return;
        }
        int present;
        try {
            present = partitions(topic);
        } catch (KafkaException e) {
            if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                throw e;
            }
            create(topic, partitions, settings);
            present = partitions;
        }
        if (present < partitions) {
            throw new KafkaException("The topic " + topic + " has " + Counted.of(present, "partition") + ", the captured topic has " + partitions
                    + "; records keep their partition, so give it as many: kafka-topics --alter --topic " + topic + " --partitions " + partitions);
        }
        ensured.put(topic, present);
    }

    private void create(String topic, int partitions, Map<String, String> settings) throws InterruptedException {
        var replication = config.replication() < 0 ? Optional.<Short>empty() : Optional.of(config.replication());
        try {
            get("Creating the topic " + topic + ", which is not there,", AclOperation.CREATE, admin.createTopics(List.of(new NewTopic(topic, Optional.of(partitions), replication).configs(settings))).all());
        } catch (KafkaException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw e;
            }
        }
    }

    /** A topic that keeps each key's last value for ever. */
    public static Map<String, String> compacted() {
        return Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT);
    }

    /** A topic that keeps every record until it is removed on purpose, with room for a record that was just too large elsewhere. */
    public static Map<String, String> kept() {
        return Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE, TopicConfig.RETENTION_MS_CONFIG, "-1",
                TopicConfig.RETENTION_BYTES_CONFIG, "-1", TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Integer.toString(LARGEST_REQUEST));
    }

    /**
     * Waits for Kafka's answer.
     *
     * @param right what a Kafka that authorizes asks for
     */
    public <T> T get(String attempted, AclOperation right, org.apache.kafka.common.KafkaFuture<T> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw new KafkaException(attempted + " failed: " + why(e.getCause(), right), e.getCause());
        }
    }

    /** Kafka's own words, and what to do about them. */
    public String why(Throwable failure, AclOperation right) {
        return failure instanceof AuthorizationException ? failure.getMessage() + " The gate's Kafka user lacks the right " + SecurityUtils.operationName(right) + ". Give it the rights of schema-registry-gate: name it under kafka.principals of the regions file"
                + " and run ./millrace apply, or take its KafkaUser from deploy/kubernetes" + (right == AclOperation.CREATE ? ". Or make the topic: the provisioner makes all that a pipeline needs" : "")
                : failure instanceof AuthenticationException || failure instanceof TimeoutException ? failure.getMessage() + " (Kafka at " + shared.get(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG) + "); " + KafkaTrouble.advice(failure, shared)
                : failure.getMessage();
    }

    @PreDestroy
    void close() {
        producer.close(Duration.ofSeconds(5));
        admin.close(Duration.ofSeconds(2));
    }
}
