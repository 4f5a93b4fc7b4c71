package io.millrace.denormalizer.shape;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.denormalizer.it.Scratch;
import io.millrace.denormalizer.join.JoinSettings;
import io.millrace.denormalizer.join.JoinTopics;
import io.millrace.denormalizer.join.JoinTopology;
import io.millrace.denormalizer.join.measure.Stage;
import io.millrace.denormalizer.join.pay.Pace;
import io.millrace.denormalizer.join.render.DocumentSteps;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.plan.Planner;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.progress.JoinState;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import io.millrace.values.row.RootKeys;
import io.opentelemetry.api.OpenTelemetry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;

/** The join of one pipeline in one partition, and the documents that it made. */
final class Joined implements AutoCloseable {

    /** What {@link Topics#joinState} holds once all documents are emitted. */
    private static final List<String> STORES = List.of("rows", "documents", "lookups");

    private final CommitClock commits = new CommitClock();
    private final Pipeline pipeline;
    private final World world;
    private final Path state;
    private final DocumentSteps steps;
    private final TopologyTestDriver driver;
    private final Map<String, TestInputTopic<byte[], byte[]>> inputs = new HashMap<>();
    private final TestOutputTopic<byte[], byte[]> output;
    private final TestOutputTopic<byte[], byte[]> told;
    private final TestOutputTopic<byte[], byte[]> quarantine;
    private final Map<TableName, List<World.Change>> sent = new HashMap<>();
    private final Map<String, Long> versions = new HashMap<>();
    private final TreeMap<String, String> documents = new TreeMap<>();
    private final Set<String> everShown = new TreeSet<>();
    private final List<String> regressions = new ArrayList<>();
    private final List<String> quarantined = new ArrayList<>();
    private int emitted;
    private boolean isRestarted;
    private boolean caughtUp;
    private boolean isIdle;

    Joined(Pipeline pipeline, World world, Path state, DocumentSteps steps) {
        this.pipeline = pipeline;
        this.world = world;
        this.state = state;
        this.steps = steps;
        var rootKeys = new RootKeys(world.table(pipeline.document().table()).keySchema());
        var plan = Planner.plan(pipeline, rootKeys.columns(), steps.fingerprint());
        var settings = new JoinSettings(() -> caughtUp, () -> false, Duration.ZERO, 8 << 20, 20_000, Pace.UNLIMITED, steps, Set.of(plan.pipeline()), Position.NONE);
        var topics = JoinTopics.of(plan);
        var topology = JoinTopology.of(plan, topics, rootKeys, world::schema, commits, settings, new Stage(plan, new SimpleMeterRegistry(), OpenTelemetry.noop().getTracer("test"), new Ledger(topic -> "")));
        var properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "shape");
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "not-used:1");
        properties.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
        driver = new TopologyTestDriver(topology, properties);
        for (var topic : JoinTopology.sourceTopics(plan)) {
            inputs.put(topic, driver.createInputTopic(topic, new ByteArraySerializer(), new ByteArraySerializer()));
        }
        output = driver.createOutputTopic(topics.documents(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
        told = driver.createOutputTopic(topics.state(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
        quarantine = driver.createOutputTopic(topics.quarantine(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** A new life on a copy of the state; what was taken in last comes again, since it was not committed. */
    Joined restarted(Path copy) throws IOException {
        return restarted(copy, pipeline);
    }

    /** The same with another file of the pipeline. */
    Joined restarted(Path copy, Pipeline other) throws IOException {
        STORES.forEach(store -> driver.getKeyValueStore(store).flush());
        while (!copied(copy)) {
            Scratch.delete(copy);
        }
        close();
        var next = new Joined(other, world, copy, steps);
        next.sent.putAll(sent);
        next.versions.putAll(versions);
        next.documents.putAll(documents);
        next.regressions.addAll(regressions);
        next.quarantined.addAll(quarantined);
        next.isRestarted = true;
        return next;
    }

    /** Whether the copy is of one moment: RocksDB merges its files on a thread of its own, and then takes the old ones away. */
    private boolean copied(Path copy) throws IOException {
        Files.createDirectories(copy);
        try {
            var before = sizes();
            for (var file : before.keySet()) {
                Files.createDirectories(copy.resolve(file).getParent());
                Files.copy(state.resolve(file), copy.resolve(file));
            }
            return before.equals(sizes());
        } catch (NoSuchFileException | UncheckedIOException e) {
            return false;
        }
    }

    private Map<Path, Long> sizes() throws IOException {
        var sizes = new TreeMap<Path, Long>();
        try (var files = Files.walk(state)) {
            for (var file : files.filter(f -> Files.isRegularFile(f) && !f.endsWith("LOCK") && !f.endsWith(".lock")).toList()) {
                sizes.put(state.relativize(file), Files.size(file));
            }
        }
        return sizes;
    }

    /** Takes changes in: each table in its order, the tables mixed at random, some of it again. */
    void take(List<World.Change> changes, Random random) {
        var fresh = new LinkedHashMap<TableName, List<World.Change>>();
        for (var change : changes) {
            if (inputs.containsKey(Topics.rows(pipeline.source().name(), change.table()))) {
                fresh.computeIfAbsent(change.table(), t -> new ArrayList<>()).add(change);
            }
        }
        var queues = new LinkedHashMap<TableName, List<World.Change>>();
        sent.keySet().forEach(t -> queues.put(t, new ArrayList<>(last(t, random))));
        fresh.forEach((t, list) -> queues.computeIfAbsent(t, n -> new ArrayList<>()).addAll(list));
        isRestarted = false;
        var tables = new ArrayList<>(queues.keySet());
        var next = new HashMap<TableName, Integer>();
        while (!tables.isEmpty()) {
            var table = tables.get(random.nextInt(tables.size()));
            int at = next.merge(table, 1, Integer::sum) - 1;
            if (at == queues.get(table).size()) {
                tables.remove(table);
                continue;
            }
            send(queues.get(table).get(at));
            if (random.nextInt(10) == 0) {
                commits.committed(0);
            }
            if (random.nextInt(25) == 0) {
                pass();
            }
        }
        fresh.forEach((table, list) -> sent.computeIfAbsent(table, t -> new ArrayList<>()).addAll(list));
        settle();
    }

    /** Until nothing is owed any more. */
    void settle() {
        caughtUp = true;
        long deadline = System.nanoTime() + Duration.ofMinutes(5).toNanos();
        for (int i = 0; i < 6 || !isIdle; i++) {
            assertTrue(System.nanoTime() < deadline, "the join goes on for a minute after the last record");
            commits.committed(0);
            pass();
        }
    }

    /** What is sent again because it was not committed: after a restart, and now and then. */
    private List<World.Change> last(TableName table, Random random) {
        var before = sent.get(table);
        return !isRestarted && random.nextInt(3) > 0 || before.isEmpty() ? List.of() : before.subList(Math.max(0, before.size() - 1 - random.nextInt(20)), before.size());
    }

    private void send(World.Change change) {
        var headers = new RecordHeaders();
        headers.add(Headers.POSITION, change.position().toBytes());
        headers.add(Headers.OP, change.op().code());
        inputs.get(Topics.rows(pipeline.source().name(), change.table())).pipeInput(new TestRecord<>(change.key(), change.value(), headers, 0L));
    }

    private void pass() {
        driver.advanceWallClockTime(Duration.ofMillis(25));
        for (var record : output.readRecordsToList()) {
            emitted++;
            var id = new String(record.key(), StandardCharsets.UTF_8);
            long version = Headers.number(record.headers(), Headers.VERSION, -1);
            long before = versions.getOrDefault(id, 0L);
            if (version < before) {
                regressions.add(id + ": " + before + " then " + version);
            }
            versions.put(id, version);
            if (record.value() == null) {
                documents.remove(id);
            } else {
                everShown.add(id);
                documents.put(id, new String(record.value(), StandardCharsets.UTF_8));
            }
        }
        told.readValuesToList().forEach(v -> isIdle = JoinState.IDLE.equals(new String(v, StandardCharsets.US_ASCII)));
        quarantine.readRecordsToList().forEach(r -> quarantined.add(Headers.text(r.headers(), Headers.REASON) + ": " + Headers.text(r.headers(), Headers.DETAIL)));
    }

    TreeMap<String, String> documents() {
        return documents;
    }

    /** The ids of all documents that it ever emitted, in this life. */
    Set<String> everShown() {
        return everShown;
    }

    /** How many records it wrote about documents, in this life. */
    int emitted() {
        return emitted;
    }

    long version(String id) {
        return versions.getOrDefault(id, -1L);
    }

    /** Versions that went backwards. */
    List<String> regressions() {
        return regressions;
    }

    List<String> quarantined() {
        return quarantined;
    }

    @Override
    public void close() {
        driver.close();
    }
}
