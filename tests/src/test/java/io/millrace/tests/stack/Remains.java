package io.millrace.tests.stack;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.topic.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.awaitility.Awaitility;

/** What is left of a text in a stack's topics and files. */
public final class Remains {

    private static final Map<String, String> AT_ONCE = Map.of("segment.ms", "500", "max.compaction.lag.ms", "500", "min.cleanable.dirty.ratio", "0.01", "delete.retention.ms", "500");

    private final DemoStack stack;
    private final RawTopics topics;
    private final String marker;

    /** @param marker ASCII that stands nowhere else */
    public Remains(DemoStack stack, String marker) {
        this.stack = stack;
        this.topics = new RawTopics(stack);
        this.marker = marker;
    }

    /** What is done meanwhile. */
    public interface Action {
        void run() throws Exception;
    }

    /** The records that hold it in their value. */
    public List<ConsumerRecord<byte[], byte[]>> inTopic(String topic) {
        return topics.read(topic).stream().filter(record -> record.value() != null && new String(record.value(), ISO_8859_1).contains(marker)).toList();
    }

    /** Files that hold its bytes, in a folder of the stack's data. */
    public List<Path> inFiles(String folder) throws IOException {
        try (var files = Files.walk(folder(folder))) {
            return files.filter(Files::isRegularFile).filter(this::isMarked).toList();
        }
    }

    private Path folder(String name) {
        return stack.stack().options().data().resolve(name);
    }

    private boolean isMarked(Path file) {
        try {
            return new String(Files.readAllBytes(file), ISO_8859_1).contains(marker);
        } catch (NoSuchFileException _) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The topics are compacted at once, and what was captured or asked for by jobs is old at once, as happens by and by. Whoever reads them keeps its deletions again afterwards.
     *
     * @param concerned which topics
     * @param later writes records into all of their partitions, which close the segments before
     */
    public void assertGoneFromTopics(Predicate<String> concerned, Action later) throws Exception {
        try (var admin = Admin.create(Map.copyOf(stack.stack().servers().kafkaAdmin()))) {
            var all = admin.listTopics().names().get().stream().filter(concerned).collect(Collectors.toCollection(TreeSet::new));
            var names = new TreeSet<>(AT_ONCE.keySet());
            names.add("retention.ms");
            var before = present(admin, all, names);
            change(admin, all, topic -> set(AT_ONCE));
            change(admin, all.stream().filter(topic -> topic.startsWith(Topics.CAPTURED) || topic.startsWith(Topics.ENRICHMENT)).toList(), topic -> set(Map.of("retention.ms", "1000")));
            try {
                Awaitility.await("no topic has the bytes").pollInterval(Duration.ofSeconds(5)).atMost(Duration.ofMinutes(6)).untilAsserted(() -> {
                    later.run();
                    assertEquals(List.of(), all.stream().filter(topic -> !inTopic(topic).isEmpty()).toList());
                });
            } finally {
                change(admin, all, before::get);
            }
        }
    }

    /** By topic, what makes its settings what they are now. */
    private static Map<String, Collection<AlterConfigOp>> present(Admin admin, Collection<String> topics, Set<String> names) throws Exception {
        var present = new HashMap<String, Collection<AlterConfigOp>>();
        admin.describeConfigs(topics.stream().map(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic)).toList()).all().get().forEach((topic, settings) -> present.put(topic.name(), names.stream().map(settings::get)
                .map(entry -> entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG ? new AlterConfigOp(new ConfigEntry(entry.name(), entry.value()), AlterConfigOp.OpType.SET) : new AlterConfigOp(new ConfigEntry(entry.name(), null), AlterConfigOp.OpType.DELETE)).toList()));
        return present;
    }

    private static Collection<AlterConfigOp> set(Map<String, String> settings) {
        return settings.entrySet().stream().map(e -> new AlterConfigOp(new ConfigEntry(e.getKey(), e.getValue()), AlterConfigOp.OpType.SET)).toList();
    }

    private static void change(Admin admin, Collection<String> topics, Function<String, Collection<AlterConfigOp>> to) throws Exception {
        admin.incrementalAlterConfigs(topics.stream().collect(Collectors.toMap(topic -> new ConfigResource(ConfigResource.Type.TOPIC, topic), to))).all().get();
    }

    /**
     * Segments are merged at once, and the join's folder is filled anew from its changelogs, as happens by and by.
     *
     * @param indexes as their path names them
     * @param fresh returns once the join is through
     */
    public void assertGoneFromDisks(String indexes, Action fresh) throws Exception {
        stack.process(Stage.DENORMALIZER).stop();
        DemoStack.delete(folder("denormalizer"));
        stack.process(Stage.DENORMALIZER).start();
        fresh.run();
        // What it has in memory goes to disk when it stops.
        stack.process(Stage.DENORMALIZER).stop();
        try {
            assertEquals(List.of(), inFiles("denormalizer"));
            Awaitility.await("no segment has the bytes").pollInterval(Duration.ofSeconds(2)).atMost(Duration.ofMinutes(3)).untilAsserted(() -> {
                stack.index().ask("POST", indexes + "/_forcemerge?max_num_segments=1", null);
                stack.index().ask("POST", indexes + "/_flush?force=true", null);
                assertEquals(List.of(), inFiles("search"));
            });
        } finally {
            stack.process(Stage.DENORMALIZER).start();
        }
    }
}
