package io.millrace.provisioner.topic;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.progress.JoinState;
import io.millrace.pipeline.shape.DocumentShape;
import io.millrace.pipeline.shape.ShapeChange;
import io.millrace.pipeline.shape.ShapeComparison;
import io.millrace.pipeline.topic.Topics;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.ProvisioningException;
import io.millrace.provisioner.Step;
import io.millrace.provisioner.Targets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Whether the joins that run can become those of the files: what is added in place is told, and anything else that is different in the documents is refused before a join refuses it. A join says itself what its state was built for; of one
 * that has not said so, nothing is known here.
 */
public final class JoinShapes implements Step {

    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Targets targets;
    private final List<PipelineFile> files;

    public JoinShapes(Targets targets, Collection<PipelineFile> files) {
        this.targets = targets;
        this.files = List.copyOf(files);
    }

    @Override
    public String describe() {
        return "joins: their state can become that of the files' documents";
    }

    @Override
    public Check check() {
        var problems = new ArrayList<String>();
        var advice = new ArrayList<String>();
        try (var consumer = new KafkaConsumer<>(settings(), new StringDeserializer(), new StringDeserializer())) {
            var topics = consumer.listTopics().keySet();
            for (var file : files) {
                var state = Topics.joinState(Topics.joinGroup(file.pipeline().name()));
                if (topics.contains(state)) {
                    compare(file, last(consumer, new TopicPartition(state, 0)), problems, advice);
                }
            }
        } catch (AuthorizationException e) {
            advice.add("Whether the joins that run can become those of the files is not known, since Kafka does not let this user read what they say (" + e.getMessage() + "); give it READ on the topics millrace-denormalizer-*, or read it in the joins' health");
        } catch (KafkaException e) {
            throw new ProvisioningException("Reading what the joins say of their state in Kafka at " + targets.kafkaBootstrap() + " failed: " + e.getMessage()
                    + "; check that the brokers run, and that this user may read the topics millrace-denormalizer-*-state, then run again", e);
        }
        return problems.isEmpty() && !advice.isEmpty() ? new Check.Advised(advice) : Check.of(problems, List.of());
    }

    private Map<String, Object> settings() {
        var settings = new HashMap<String, Object>(targets.kafka());
        settings.remove(ConsumerConfig.GROUP_ID_CONFIG);
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 15_000);
        return settings;
    }

    /** The last value of each key. */
    private static Map<String, String> last(KafkaConsumer<String, String> consumer, TopicPartition state) {
        var last = new HashMap<String, String>();
        consumer.assign(List.of(state));
        consumer.seekToBeginning(List.of(state));
        long end = consumer.endOffsets(List.of(state)).get(state);
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (consumer.position(state) < end) {
            if (System.nanoTime() > deadline) {
                throw new KafkaException("the topic " + state.topic() + " was not read to its end within " + PATIENCE.toSeconds() + " s");
            }
            for (var record : consumer.poll(POLL)) {
                last.put(record.key() == null ? "" : record.key(), record.value());
            }
        }
        return last;
    }

    private record Said(String base, String shape) {}

    private static void compare(PipelineFile file, Map<String, String> last, List<String> problems, List<String> advice) {
        var changes = new LinkedHashSet<ShapeChange>();
        for (var said : said(last)) {
            changes.addAll(ShapeComparison.between(new DocumentShape(said.base), new DocumentShape(said.shape), file.pipeline()));
        }
        boolean isOther = changes.stream().anyMatch(change -> !change.isInPlace());
        changes.forEach(change -> (isOther ? problems : advice).add(file.problem(change.at(), change.says()).toString()));
        if (isOther) {
            problems.add(file.path() + ": " + ShapeChange.advice(file.pipeline().name(), file.pipeline().index().name()));
        } else if (!changes.isEmpty()) {
            advice.add(file.path() + ": give all services this file, the indexer first; the join then says 'reshaping' until every document has its fields (./millrace status)");
        }
    }

    private static Set<Said> said(Map<String, String> last) {
        var said = new LinkedHashSet<Said>();
        for (int partition = 0; last.containsKey(JoinState.baseOf(partition)) && last.containsKey(JoinState.shapeOf(partition)); partition++) {
            said.add(new Said(last.get(JoinState.baseOf(partition)), last.get(JoinState.shapeOf(partition))));
        }
        return said;
    }

    @Override
    public void apply() {
        throw new IllegalStateException(describe() + " has nothing to apply");
    }
}
