package io.millrace.indexer.handover;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.generation.IndexState;
import io.millrace.indexer.generation.SearchAwayException;
import io.millrace.indexer.place.Targets;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.Offsets;
import io.millrace.pipeline.topic.Topics;
import io.smallrye.common.annotation.Identifier;
import jakarta.inject.Singleton;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.jboss.logging.Logger;

/** What an index that was deleted leaves behind: its marks, and the consumer group that wrote it aside. Thread-safe. */
@Singleton
public final class Leftovers {

    private static final Logger LOG = Logger.getLogger(Leftovers.class);
    private static final int TIMEOUT_MILLIS = 5_000;

    private final Targets targets;
    private final Offsets offsets;
    private final String group;
    private final Map<String, Object> settings;

    Leftovers(Targets targets, KafkaWatch kafka, IndexerConfig config, @Identifier("default-kafka-broker") Map<String, Object> shared) {
        this.targets = targets;
        this.offsets = kafka.offsets();
        this.group = config.group();
        this.settings = settings(shared);
    }

    private static Map<String, Object> settings(Map<String, Object> shared) {
        var own = new HashMap<>(shared);
        own.remove(ConsumerConfig.GROUP_ID_CONFIG);
        own.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, TIMEOUT_MILLIS);
        own.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, TIMEOUT_MILLIS);
        return own;
    }

    /** The name of the consumer group whose members write an index aside. */
    public static String group(String group, String index) {
        return group + "-" + index;
    }

    /**
     * Deletes it, once nobody here writes the index any more. Where that is not possible it is logged and left: marks of an index that is gone are read by nobody, and Kafka forgets a group without members and offsets by itself.
     *
     * @param pipeline behind whose alias the index stood
     */
    public void clear(Pipeline pipeline, IndexState gone) throws InterruptedException {
        try {
            targets.of(pipeline).marks().forget(partitions(pipeline, gone), gone.uuid());
        } catch (SearchAwayException | KafkaException e) {
            LOG.warnf("The marks of the index %s, which is deleted, stay: %s", gone.index(), e.getMessage());
        }
        deleteGroup(group(group, gone.index()));
    }

    /** Its own topic may be gone; all topics of a source have the same number. */
    private List<TopicPartition> partitions(Pipeline pipeline, IndexState gone) throws InterruptedException {
        var topic = Topics.documents(gone.pipeline());
        return offsets.partitions(List.of(Topics.documents(pipeline.name()))).stream().map(p -> new TopicPartition(topic, p.partition())).toList();
    }

    /** While another instance is in it, that one deletes it as it leaves. */
    private void deleteGroup(String name) throws InterruptedException {
        try (var admin = Admin.create(settings)) {
            admin.deleteConsumerGroups(List.of(name)).all().get();
            LOG.infof("The consumer group %s is deleted, since its index is", name);
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof GroupNotEmptyException || e.getCause() instanceof GroupIdNotFoundException)) {
                LOG.warnf("The consumer group %s, whose index is deleted, stays until Kafka forgets it: %s. Where a right is missing, run the provisioner's apply: the indexer needs DELETE on groups that begin with %s", name, e.getCause().getMessage(), group);
            }
        } catch (KafkaException e) {
            LOG.warnf("The consumer group %s, whose index is deleted, stays until Kafka forgets it: %s", name, e.getMessage());
        }
    }
}
