package io.millrace.provisioner.topic;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.ProvisioningException;
import io.millrace.provisioner.Step;
import io.millrace.provisioner.Targets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** The topics of all pipelines, with their partitions and settings. */
public final class KafkaTopics implements Step, AutoCloseable {

    private static final int TIMEOUT_SECONDS = 30;

    private final Targets targets;
    private final SequencedMap<String, Map<String, String>> wanted;
    private final Admin admin;

    public KafkaTopics(Targets targets, Collection<PipelineFile> files) {
        this.targets = targets;
        this.wanted = TopicLayout.of(files);
        this.admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, targets.kafkaBootstrap(),
                AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 15_000, AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, 10_000));
    }

    @Override
    public String describe() {
        return "Kafka: " + wanted.size() + " topics with " + targets.partitions() + " partitions";
    }

    /** What there is of what is wanted. */
    private record Found(Map<String, Integer> partitions, Map<String, Map<String, String>> settings) {}

    @Override
    public Check check() {
        var found = found();
        var problems = new ArrayList<String>();
        found.partitions().forEach((topic, partitions) -> {
            if (partitions != targets.partitions()) {
                problems.add("The topic " + topic + " has " + partitions + " partitions and " + targets.partitions() + " are asked for; all topics of a source need the same number, since rows meet by"
                        + " their partition, and it cannot be changed while they hold records: ask for " + partitions + ", or delete the topics of this source and start anew");
            }
        });
        var actions = new ArrayList<String>();
        missing(found).forEach(topic -> actions.add("create topic " + topic + ": " + targets.partitions() + " partitions, " + new TreeMap<>(settings(topic))));
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

    /** A broker may answer from what it knew before; returns when it knows what was made. */
    private void awaitShown() {
        long deadline = System.nanoTime() + Duration.ofSeconds(TIMEOUT_SECONDS).toNanos();
        while (!(check() instanceof Check.Done)) {
            if (System.nanoTime() > deadline) {
                throw failed("Waiting until the brokers show the topics that were made", new TimeoutException("not within " + TIMEOUT_SECONDS + " s"));
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
