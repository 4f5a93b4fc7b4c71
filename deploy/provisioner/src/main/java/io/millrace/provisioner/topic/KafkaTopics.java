package io.millrace.provisioner.topic;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.log.Recovery;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.ProvisioningException;
import io.millrace.provisioner.Step;
import io.millrace.provisioner.Targets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** The topics of all pipelines, with their partitions and settings. */
public final class KafkaTopics implements Step, AutoCloseable {

    private static final int TIMEOUT_SECONDS = 30;

    private final Targets targets;
    private final SequencedMap<String, Map<String, String>> wanted;
    private final List<PipelineFile> files;
    private final Admin admin;

    public KafkaTopics(Targets targets, Collection<PipelineFile> files) {
        this.targets = targets;
        this.wanted = TopicLayout.of(files, targets.keeping());
        this.files = List.copyOf(files);
        this.admin = connect(targets);
    }

    private static Admin connect(Targets targets) {
        var settings = new HashMap<String, Object>(Map.of(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 15_000, AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, 10_000));
        settings.putAll(targets.kafka());
        try {
            return Admin.create(settings);
        } catch (KafkaException e) {
            throw new ProvisioningException("Connecting to Kafka at " + targets.kafkaBootstrap() + " failed: " + (e.getCause() == null ? e : e.getCause()).getMessage()
                    + "; correct the address or the security settings of Kafka", e);
        }
    }

    /** The id of the cluster: the same for two regions only if they mean the same Kafka. */
    public String clusterId() {
        return await("Asking for the cluster's id", admin.describeCluster().clusterId());
    }

    /** What every broker is set to, by what one of them says; null where Kafka lets nobody know. */
    String brokerSetting(String name) {
        try {
            var broker = new ConfigResource(ConfigResource.Type.BROKER, await("Asking for the brokers", admin.describeCluster().nodes()).iterator().next().idString());
            var setting = await("Reading the settings of a broker", admin.describeConfigs(List.of(broker)).all()).get(broker).get(name);
            return setting == null ? null : setting.value();
        } catch (ProvisioningException e) {
            if (e.getCause() instanceof AuthorizationException) {
                return null;
            }
            throw e;
        }
    }

    public Set<String> topics() {
        return wanted.keySet();
    }

    /** The sources that have topics of captured rows in this Kafka and are none of these files'. */
    public SortedSet<String> otherSources() {
        return holdings().otherSources(files);
    }

    /**
     * The pipelines that these files replace and that stand all the same, by files that were not given, with why. What is theirs stays.
     */
    public SortedMap<String, String> standing() {
        return StageTopics.replaced(files).isEmpty() ? new TreeMap<>() : holdings().standing(files);
    }

    /** Each pipeline that these files replace and whose own file was not given, with the same reason. */
    public static Map<String, String> replaced(Collection<PipelineFile> files, String why) {
        return StageTopics.replaced(files).stream().collect(Collectors.toMap(pipeline -> pipeline, _ -> why));
    }

    private Holdings holdings() {
        return new Holdings(await("Listing the topics", admin.listTopics().names()), await("Listing the groups", admin.listGroups().all()), group ->
                await("Reading the offsets of the group " + group, admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()).keySet().stream().map(TopicPartition::topic).collect(Collectors.toSet()));
    }

    @Override
    public String describe() {
        return "Kafka: " + Counted.of(wanted.size(), "topic") + " with " + Counted.of(targets.partitions(), "partition");
    }

    /** What there is of what is wanted. */
    private record Found(Map<String, Integer> partitions, Map<String, Map<String, String>> settings) {}

    @Override
    public Check check() {
        var found = found();
        var problems = new ArrayList<String>();
        found.partitions().forEach((topic, partitions) -> {
            if (partitions != targets.partitions()) {
                problems.add("The topic " + topic + " has " + Counted.of(partitions, "partition") + ", where " + targets.partitions() + " are asked for; all topics of a source need the same number, since rows meet by"
                        + " their partition, and it cannot be changed in place: ask for " + partitions + ", and for more bring up a source of another name beside this one (the runbook's 'More partitions')");
            }
        });
        var actions = new ArrayList<String>();
        missing(found).forEach(topic -> actions.add("create topic " + topic + ": " + Counted.of(targets.partitions(), "partition") + ", " + new TreeMap<>(settings(topic))));
        different(found).forEach((topic, settings) -> actions.add("alter topic " + topic + ": " + new TreeMap<>(settings)));
        return Check.of(problems, actions);
    }

    private List<String> missing(Found found) {
        return wanted.keySet().stream().filter(topic -> !found.partitions().containsKey(topic)).toList();
    }

    private Map<String, Map<String, String>> different(Found found) {
        var different = new HashMap<String, Map<String, String>>();
        found.settings().forEach((topic, there) -> {
            var changes = new HashMap<>(settings(topic));
            changes.entrySet().removeIf(e -> e.getValue().equals(there.get(e.getKey())));
            if (!changes.isEmpty()) {
                different.put(topic, changes);
            }
        });
        return different;
    }

    /** One copy may be lost without stopping the writers, where there are three. */
    private Map<String, String> settings(String topic) {
        var settings = new HashMap<>(wanted.get(topic));
        settings.put("min.insync.replicas", targets.replication() >= 3 ? "2" : "1");
        return settings;
    }

    private Found found() {
        var descriptions = new HashMap<String, Integer>();
        for (var entry : admin.describeTopics(wanted.keySet()).topicNameValues().entrySet()) {
            try {
                TopicDescription description = await("Looking for the topic " + entry.getKey(), entry.getValue());
                descriptions.put(entry.getKey(), description.partitions().size());
            } catch (ProvisioningException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw e;
                }
            }
        }
        var resources = descriptions.keySet().stream().map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic)).toList();
        Map<ConfigResource, Config> configs = await("Reading the settings of topics", admin.describeConfigs(resources).all());
        var settings = new HashMap<String, Map<String, String>>();
        configs.forEach((resource, config) -> {
            var values = new HashMap<String, String>();
            config.entries().forEach(e -> values.put(e.name(), e.value()));
            settings.put(resource.name(), values);
        });
        return new Found(descriptions, settings);
    }

    @Override
    public void apply() {
        var found = found();
        var created = admin.createTopics(missing(found).stream()
                .map(topic -> new NewTopic(topic, targets.partitions(), targets.replication()).configs(settings(topic))).toList());
        created.values().forEach((topic, future) -> {
            try {
                await("Creating the topic " + topic, future);
            } catch (ProvisioningException e) {
                if (!(e.getCause() instanceof TopicExistsException)) {
                    throw e;
                }
            }
        });
        var changes = new HashMap<ConfigResource, Collection<AlterConfigOp>>();
        different(found).forEach((topic, settings) -> changes.put(new ConfigResource(ConfigResource.Type.TOPIC, topic),
                settings.entrySet().stream().map(e -> new AlterConfigOp(new ConfigEntry(e.getKey(), e.getValue()), AlterConfigOp.OpType.SET)).toList()));
        await("Changing the settings of topics", admin.incrementalAlterConfigs(changes).all());
        awaitShown();
    }

    /** Every right that the cluster knows. */
    List<AclBinding> rights() {
        return List.copyOf(await("Listing rights (a Kafka without an authorizer has none: then name no principals in the regions file)", admin.describeAcls(AclBindingFilter.ANY).values()));
    }

    void allow(List<AclBinding> rights) {
        await("Giving rights", admin.createAcls(rights).all());
    }

    void disallow(List<AclBinding> rights) {
        await("Taking rights back", admin.deleteAcls(rights.stream().map(AclBinding::toFilter).toList()).all());
    }

    /** The topics, those that the stages made for themselves, and the groups that belong to no other pipeline. */
    @Override
    public Check removal() {
        var actions = new ArrayList<String>();
        topicsThere().forEach(topic -> actions.add("delete topic " + topic));
        groupsThere().forEach(group -> actions.add("delete group " + group));
        var problems = new ArrayList<String>();
        holdings().readers(files, wanted.keySet()).forEach((group, topics) -> problems.add("The join " + group + " runs and reads " + String.join(", ", topics)
                + ", and the file of its pipeline was not given: give the files of all pipelines of the source, or stop that join first"));
        return Check.of(problems, actions);
    }

    @Override
    public List<String> staying() {
        var standing = standing();
        if (standing.isEmpty()) {
            return List.of();
        }
        var there = holdings();
        return standing.entrySet().stream().map(left -> "What the replaced pipeline " + left.getKey() + " has in Kafka stays, because its file was not given and " + left.getValue()
                + "; it goes with the destroy of that file: " + String.join(", ", there.of(left.getKey()))).toList();
    }

    private List<String> topicsThere() {
        var there = holdings();
        var byStages = StageTopics.of(files, there.standing(files).keySet());
        return there.topics().stream().filter(topic -> wanted.containsKey(topic) || byStages.isTopic(topic)).sorted().toList();
    }

    private List<String> groupsThere() {
        var there = holdings();
        var byStages = StageTopics.of(files, there.standing(files).keySet());
        return there.groups().stream().map(GroupListing::groupId).filter(byStages::isGroup).sorted().toList();
    }

    @Override
    public void remove() {
        // Without its group nobody knows any more whose rows a replaced join read.
        var topics = topicsThere();
        for (var group : groupsThere()) {
            try {
                await("Deleting the group " + group, admin.deleteConsumerGroups(List.of(group)).all());
            } catch (ProvisioningException e) {
                if (e.getCause() instanceof GroupNotEmptyException) {
                    throw new ProvisioningException("The group " + group + " still has members: stop the denormalizer of this region first, then run this again", e);
                }
                throw e;
            }
        }
        await("Deleting topics", admin.deleteTopics(topics).all());
        awaitTrue("Waiting until the brokers have forgotten the topics", () -> Collections.disjoint(holdings().topics(), topics));
        forget();
    }

    /** A gate that serves other sources too is not to miss the topics. */
    private void forget() {
        try {
            Recovery.forget(new HashMap<>(targets.kafka()), Topics.GATE_MARKS, wanted.keySet());
        } catch (KafkaException e) {
            throw failed("Removing the marks of the deleted topics", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed("Removing the marks of the deleted topics", e);
        }
    }

    /** A broker may answer from what it knew before; returns when it knows what was made. */
    private void awaitShown() {
        awaitTrue("Waiting until the brokers show the topics that were made", () -> check() instanceof Check.Done);
    }

    private void awaitTrue(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(TIMEOUT_SECONDS).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw failed(what, new TimeoutException("not within " + TIMEOUT_SECONDS + " s"));
            }
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
    }

    private <T> T await(String what, KafkaFuture<T> future) {
        try {
            return future.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw failed(what, e.getCause());
        } catch (TimeoutException e) {
            throw failed(what, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed(what, e);
        }
    }

    private ProvisioningException failed(String what, Throwable cause) {
        return new ProvisioningException(what + " in Kafka at " + targets.kafkaBootstrap() + " failed: " + cause.getMessage()
                + "; check that the brokers run and that this address is theirs, then run again", cause);
    }

    @Override
    public void close() {
        admin.close();
    }
}
