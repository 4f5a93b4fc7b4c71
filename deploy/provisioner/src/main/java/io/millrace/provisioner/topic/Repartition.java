package io.millrace.provisioner.topic;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.log.Rebuild;
import io.millrace.pipeline.log.Recovery;
import io.millrace.pipeline.progress.Offsets;
import io.millrace.pipeline.topic.Topics;
import io.millrace.provisioner.ProvisioningException;
import io.millrace.provisioner.Targets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Gives the topics of pipelines more partitions. Rows meet by their partition, and a key keeps its partition for ever, so topics with rows or documents are made anew, and
 * the stages fill them again: capture finds that its topics were made anew, and the joins are stopped until they are built anew. Run again, it goes on where it ended.
 */
public final class Repartition implements AutoCloseable {

    private static final Duration STOPPING = Duration.ofMinutes(5);
    private static final Duration LOOK = Duration.ofSeconds(1);

    private final Targets targets;
    private final List<Pipeline> pipelines;
    private final KafkaTopics topics;

    public Repartition(Targets targets, Collection<PipelineFile> files) {
        this.targets = targets;
        this.pipelines = files.stream().map(PipelineFile::pipeline).toList();
        this.topics = new KafkaTopics(targets, files);
    }

    /** What would be done, a line for each topic; empty where all have the number already. */
    public List<String> plan() {
        var actions = new ArrayList<String>();
        other().forEach((topic, partitions) -> actions.add((isParking(topic) ? "add partitions to the topic " : "delete topic ") + topic + ", which has " + partitions + " partitions"
                + (isParking(topic) ? "" : ", and create it with " + targets.partitions())));
        return actions;
    }

    /** Those that are made anew, or get more: where one of rows or documents has another number, a key may stand in two partitions of any of them. */
    private Map<String, Integer> other() {
        var found = new TreeMap<>(topics.found().partitions());
        boolean renew = found.entrySet().stream().anyMatch(e -> !isParking(e.getKey()) && e.getValue() != targets.partitions());
        found.entrySet().removeIf(e -> e.getValue() == targets.partitions() && (isParking(e.getKey()) || !renew));
        return found;
    }

    /** What the joins send to themselves, where it has another number; a join makes its own again. */
    private List<String> exchanges() throws InterruptedException {
        var exchanges = pipelines.stream().map(p -> Topics.exchange(Topics.joinGroup(p.name()))).toList();
        var partitions = new Offsets(topics.admin()).partitions(exchanges).stream().collect(Collectors.groupingBy(TopicPartition::topic, Collectors.counting()));
        return partitions.entrySet().stream().filter(e -> e.getValue() != targets.partitions()).map(Map.Entry::getKey).toList();
    }

    private static boolean isParking(String topic) {
        return topic.startsWith(Topics.QUARANTINE);
    }

    /**
     * Does it.
     *
     * @param gate the gate's consumer group
     * @param progress receives a line for each thing that was done
     * @throws ProvisioningException where rows are parked, the number would become lower, the joins do not stop, or Kafka does not do it
     */
    public void run(String gate, Consumer<String> progress) {
        try {
            if (other().isEmpty() && exchanges().isEmpty()) {
                return;
            }
            refuse();
            stopJoins(progress);
            renew(progress);
            readAgain(gate, progress);
        } catch (KafkaException e) {
            throw topics.failed("Giving the topics " + targets.partitions() + " partitions", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw topics.failed("Giving the topics " + targets.partitions() + " partitions", e);
        }
    }

    private void refuse() throws InterruptedException {
        var problems = new ArrayList<String>();
        other().forEach((topic, partitions) -> {
            if (partitions > targets.partitions()) {
                problems.add("The topic " + topic + " has " + partitions + " partitions and " + targets.partitions() + " are asked for: the number can only become higher");
            }
        });
        var parking = topics.topics().stream().filter(topic -> isParking(topic) && !topic.startsWith(Topics.QUARANTINE + Topics.DOCUMENTS)).toList();
        new Offsets(topics.admin()).standing(parking).forEach((topic, records) -> {
            if (records > 0) {
                problems.add("The topic " + topic + " holds " + records + " parked records, whose order is that of the partitions as they are: replay or discard them first (./millrace quarantine list)");
            }
        });
        if (!problems.isEmpty()) {
            throw new ProvisioningException(problems, null);
        }
    }

    /** Those of earlier generations read the same rows. */
    private void stopJoins(Consumer<String> progress) throws InterruptedException {
        for (var name : new TreeSet<>(pipelines.stream().flatMap(p -> Stream.concat(Stream.of(p.name()), p.replaces().stream())).toList())) {
            var group = Topics.joinGroup(name);
            if (new Offsets(topics.admin()).ids(List.of(Topics.joinMarks(group))).isEmpty()) {
                continue;
            }
            try (var rebuild = new Rebuild(new HashMap<>(targets.kafka()), name)) {
                rebuild.ask();
                long until = System.nanoTime() + STOPPING.toNanos();
                while (!rebuild.isStopped()) {
                    if (System.nanoTime() > until) {
                        throw new ProvisioningException("The group " + group + " still has members after " + STOPPING + ", though they were asked to stop; stop the denormalizer, then run this again", null);
                    }
                    Thread.sleep(LOOK);
                }
                progress.accept("the join of " + name + " stands still until ./millrace recover " + Topics.documents(name));
            }
        }
    }

    private void renew(Consumer<String> progress) throws InterruptedException {
        var other = other();
        var old = new ArrayList<>(other.keySet().stream().filter(topic -> !isParking(topic)).toList());
        old.addAll(exchanges());
        topics.await("Deleting topics", topics.admin().deleteTopics(old).all());
        topics.awaitTrue("Waiting until the brokers have forgotten the topics", () -> topics.await("Listing the topics", topics.admin().listTopics().names()).stream().noneMatch(old::contains));
        old.forEach(topic -> progress.accept("deleted the topic " + topic));
        var more = new HashMap<String, NewPartitions>();
        other.keySet().stream().filter(Repartition::isParking).forEach(topic -> more.put(topic, NewPartitions.increaseTo(targets.partitions())));
        topics.await("Adding partitions", topics.admin().createPartitions(more).all());
        topics.apply();
        progress.accept("all topics have " + targets.partitions() + " partitions");
    }

    /** Else the gate would hold them, for what their like of before had is gone. */
    private void readAgain(String gate, Consumer<String> progress) throws InterruptedException {
        if (new Offsets(topics.admin()).ids(List.of(Topics.GATE_MARKS)).isEmpty()) {
            return;
        }
        try (var recovery = new Recovery(new HashMap<>(targets.kafka()), Topics.GATE_MARKS, gate)) {
            for (var topic : topics.topics()) {
                if (topic.startsWith(Topics.CAPTURED)) {
                    recovery.readFromStart(topic);
                }
            }
        }
        progress.accept("the gate reads the captured topics from their first record");
    }

    @Override
    public void close() {
        topics.close();
    }
}
