package io.millrace.denormalizer.join;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.denormalizer.it.Schema;
import io.millrace.denormalizer.it.Scratch;
import io.millrace.denormalizer.join.measure.Stage;
import io.millrace.denormalizer.join.pay.Pace;
import io.millrace.denormalizer.join.render.DocumentSteps;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Kind;
import io.millrace.denormalizer.join.state.Stores;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.Planner;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.record.Position;
import io.millrace.values.row.RootKeys;
import io.opentelemetry.api.OpenTelemetry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.KeyValueStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** State on disk that a former version wrote is taken over as it is opened. What it wrote stands in a resource, store by store. */
class FormerStateTest {

    private static final int MOST_IN_ONE_VALUE = 4 << 10;
    private static final byte[] HELD = {(byte) 0x80, 0, 0, 0, 0, 0, 0, 2};

    private final RandomRows rows = new RandomRows();
    private final CommitClock commits = new CommitClock();
    private final TreeMap<String, String> documents = new TreeMap<>();
    private final Pipeline pipeline = PipelineFiles.load(List.of(Path.of("src/test/resources/it/pipelines/monitors.yaml"))).getFirst().pipeline();
    private Path state;
    private TopologyTestDriver driver;

    /** Opens RocksDB on what the former version wrote, as a restart with another version does. */
    @BeforeEach
    void restartWithAnotherVersion() throws IOException {
        state = Scratch.folder();
        open(state.resolve("written"));
        try (var lines = new BufferedReader(new InputStreamReader(new GZIPInputStream(Files.newInputStream(Path.of("src/test/resources/state/before-packages.txt.gz"))), StandardCharsets.US_ASCII))) {
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                var parts = line.split(" ", -1);
                store(parts[0]).put(Bytes.wrap(HexFormat.of().parseHex(parts[1])), HexFormat.of().parseHex(parts[2]));
            }
        }
        assertEquals(1, ofKind(Kind.HEAVY_DOCUMENT), "the resource has a heavy document that rests");
        assertTrue(largest() > MOST_IN_ONE_VALUE, "the resource has a set of references that is one large value");
        List.of(Stores.ROWS, Stores.DOCUMENTS, Stores.LOOKUPS).forEach(name -> store(name).flush());
        copy(state.resolve("written"), state.resolve("opened"));
        driver.close();
        FormerWorld.fill(rows);
        rows.put("monitor", List.of("2"), RandomRows.with("id", "2", "team_id", "1", "author_id", "2", "editor", "h2", "parent_id", "1", "title", "held"));
        rows.pending.clear();
        open(state.resolve("opened"));
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (var file : files.filter(f -> Files.isRegularFile(f) && !f.endsWith("LOCK") && !f.endsWith(".lock")).toList()) {
                var copy = to.resolve(from.relativize(file));
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
    }

    @AfterEach
    void close() throws IOException {
        driver.close();
        Scratch.delete(state);
    }

    private void open(Path folder) {
        var rootKeys = new RootKeys(Schema.TABLES.get("monitor").keySchema());
        Plan plan = Planner.plan(pipeline, rootKeys.columns());
        var settings = new JoinSettings(() -> true, () -> false, Duration.ZERO, 1 << 20, 20_000, Pace.UNLIMITED, DocumentSteps.NONE, Set.of(plan.pipeline()), Position.NONE);
        var stage = new Stage(plan, new SimpleMeterRegistry(), OpenTelemetry.noop().getTracer("test"), new Ledger(topic -> ""));
        var properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "test");
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "not-used:1");
        properties.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
        driver = new TopologyTestDriver(JoinTopology.of(plan, JoinTopics.of(plan), rootKeys, rows::schema, commits, settings, stage), properties);
    }

    private KeyValueStore<Bytes, byte[]> store(String name) {
        return driver.getKeyValueStore(name);
    }

    private int ofKind(int kind) {
        int count = 0;
        try (var all = store(Stores.LOOKUPS).prefixScan(Kind.of(kind, new byte[0]), Stores.BYTES)) {
            for (; all.hasNext(); all.next()) {
                count++;
            }
        }
        return count;
    }

    private int largest() {
        int largest = 0;
        try (var all = store(Stores.DOCUMENTS).all()) {
            while (all.hasNext()) {
                largest = Math.max(largest, all.next().value.length);
            }
        }
        return largest;
    }

    /** Sends what is pending, and takes in what comes out until nothing more does. */
    private void send() {
        rows.pending.forEach((table, records) -> driver.createInputTopic(RandomRows.topic(table), new ByteArraySerializer(), new ByteArraySerializer()).pipeRecordList(records));
        rows.pending.clear();
        for (int i = 0; i < 10; i++) {
            commits.committed(0);
            driver.advanceWallClockTime(Duration.ofMillis(25));
        }
        var output = driver.createOutputTopic("documents.monitors", new ByteArrayDeserializer(), new ByteArrayDeserializer());
        for (var document : output.readKeyValuesToList()) {
            documents.put(new String(document.key, StandardCharsets.UTF_8), new String(document.value, StandardCharsets.UTF_8));
        }
    }

    private void assertEqual(String when, Set<String> ids) {
        var expected = new NaiveJoin(rows.tables).documents(pipeline.document());
        assertEquals(ids, documents.keySet(), when);
        ids.forEach(id -> assertEquals(expected.get(id), documents.get(id), when + ", document " + id));
        documents.clear();
    }

    @Test
    void aHeavyDocumentThatRestedComesOutAndIsForgottenOnceThatIsCommitted() {
        assertEquals(0, ofKind(Kind.HEAVY_DOCUMENT), "taken over before anything else");
        assertTrue(store(Stores.LOOKUPS).get(Kind.of(Kind.HELD_DOCUMENT, HELD)) != null);
        send();
        assertEqual("in the new life", Set.of("2"));
        assertEquals(0, ofKind(Kind.HELD_DOCUMENT));
    }

    @Test
    void aLargeSetOfReferencesLeadsToItsDocumentAndComesToBeAKeyForEach() {
        send();
        documents.clear();
        int referrers = ofKind(Kind.REFERRER);
        rows.put("monitor_tag", List.of("1", "1"), null);
        send();
        assertEqual("after the first reference less", Set.of("1"));
        assertEquals(referrers - 1, ofKind(Kind.REFERRER), "what the former version stored is known");
        rows.put("recipient", List.of("5"), null);
        rows.put("recipient", List.of("500"), RandomRows.with("id", "500", "monitor_id", "1", "person_id", "500", "kind", "k"));
        send();
        assertEqual("after another one less and one more", Set.of("1", "2", "3"));
        assertTrue(largest() < MOST_IN_ONE_VALUE, "a value of " + largest() + " bytes");
        rows.put("person", List.of("500"), RandomRows.with("id", "500", "handle", "h500", "name", "new"));
        rows.put("person", List.of("77"), RandomRows.with("id", "77", "handle", "h77", "name", "came later"));
        send();
        assertEqual("after look-ups of before and of now", Set.of("1"));
        rows.put("person", List.of("5"), RandomRows.with("id", "5", "handle", "h5", "name", "nobody shows it"));
        send();
        assertEqual("after a look-up that nobody refers to any more", Set.of());
    }
}
