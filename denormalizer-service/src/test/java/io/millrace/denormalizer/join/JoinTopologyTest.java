package io.millrace.denormalizer.join;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.denormalizer.it.Schema;
import io.millrace.denormalizer.it.Scratch;
import io.millrace.denormalizer.it.Subscribing;
import io.millrace.denormalizer.join.measure.Stage;
import io.millrace.denormalizer.join.pay.Pace;
import io.millrace.denormalizer.join.render.DocumentSteps;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.plan.Planner;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.ledger.Numbering;
import io.millrace.pipeline.progress.JoinState;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import io.millrace.values.row.RootKeys;
import io.opentelemetry.api.OpenTelemetry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The join's logic in one partition: random rows in random order across tables, against nested loops. */
class JoinTopologyTest {

    private Path state;

    private final RandomRows rows = new RandomRows();
    private final CommitClock commits = new CommitClock();
    private final TreeMap<String, String> documents = new TreeMap<>();
    /** Of which the delete says that no row ever came. */
    private final Set<String> absent = new TreeSet<>();
    private final Map<String, Long> versions = new HashMap<>();
    private final Map<String, TestInputTopic<byte[], byte[]>> inputs = new HashMap<>();
    private boolean caughtUp;
    private Pace pace = Pace.UNLIMITED;
    private long emitted;
    private TopologyTestDriver driver;
    private TestOutputTopic<byte[], byte[]> output;
    private TestOutputTopic<byte[], byte[]> told;
    private TestOutputTopic<byte[], byte[]> setAside;
    private boolean isIdle;
    /** Before which record of the exchange all is said to be out. */
    private long out;
    private Pipeline pipeline;
    private Stage stage;
    private SimpleMeterRegistry meters;
    private Position floor = Position.NONE;
    private Duration keepRemoved = Duration.ZERO;
    private final Ledger ledger = new Ledger(topic -> "");

    private void open(String name) throws IOException {
        open(PipelineFiles.load(List.of(file(name))).getFirst().pipeline());
    }

    private void openMonitors(boolean subscribes, Path folder) throws IOException {
        if (subscribes) {
            open(Subscribing.write(file("monitors"), folder.resolve("p.yaml"), "monitors"));
        } else {
            open("monitors");
        }
    }

    private static Path file(String name) {
        return Path.of("src/test/resources/it/pipelines/" + name + ".yaml");
    }

    private void open(Pipeline joined) throws IOException {
        state = Scratch.folder();
        pipeline = joined;
        var rootKeys = new RootKeys(Schema.TABLES.get(pipeline.document().table().table()).keySchema());
        var plan = Planner.plan(pipeline, rootKeys.columns());
        var settings = new JoinSettings(() -> caughtUp, () -> false, keepRemoved, 1 << 20, 20_000, pace, DocumentSteps.NONE, Set.of(plan.pipeline()), floor);
        var topics = JoinTopics.of(plan);
        meters = new SimpleMeterRegistry();
        stage = new Stage(plan, meters, OpenTelemetry.noop().getTracer("test"), ledger);
        var topology = JoinTopology.of(plan, topics, rootKeys, rows::schema, commits, settings, stage);
        var properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "test");
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "not-used:1");
        properties.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
        driver = new TopologyTestDriver(topology, properties);
        for (var topic : JoinTopology.sourceTopics(plan)) {
            inputs.put(topic, driver.createInputTopic(topic, new ByteArraySerializer(), new ByteArraySerializer()));
        }
        output = driver.createOutputTopic(topics.documents(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
        told = driver.createOutputTopic(topics.state(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
        setAside = driver.createOutputTopic(topics.quarantine(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    @AfterEach
    void close() throws IOException {
        if (driver != null) {
            driver.close();
        }
        Scratch.delete(state);
    }

    /** Sends what is pending: each table in its order, mixed at random, parts of it again. */
    private void send(Random random) {
        var queues = new ArrayList<>(rows.pending.keySet());
        var next = new HashMap<String, Integer>();
        while (!queues.isEmpty()) {
            var table = queues.get(random.nextInt(queues.size()));
            int at = next.getOrDefault(table, 0);
            if (at == rows.pending.get(table).size()) {
                queues.remove(table);
                continue;
            }
            var input = inputs.get(RandomRows.topic(table));
            if (input != null) {
                input.pipeInput(rows.pending.get(table).get(at));
            }
            boolean again = at > 2 && random.nextInt(12) == 0;
            next.put(table, again ? at - 1 : at + 1);
            if (random.nextInt(10) == 0) {
                commits.committed(0);
            }
            if (random.nextInt(20) == 0) {
                driver.advanceWallClockTime(Duration.ofMillis(25));
                take();
            }
        }
        rows.pending.clear();
        long deadline = System.nanoTime() + Duration.ofMinutes(5).toNanos();
        for (int i = 0; i < 5 || caughtUp && !isIdle; i++) {
            assertTrue(System.nanoTime() < deadline, "the join goes on for a minute after the last record");
            commits.committed(0);
            driver.advanceWallClockTime(Duration.ofMillis(25));
            take();
        }
    }

    private void take() {
        for (var said : told.readKeyValuesToList()) {
            var value = new String(said.value, StandardCharsets.US_ASCII);
            if (JoinState.outOf(0).equals(new String(said.key, StandardCharsets.US_ASCII))) {
                out = Long.parseLong(value);
            } else {
                isIdle = JoinState.IDLE.equals(value);
            }
        }
        for (var record : output.readRecordsToList()) {
            emitted++;
            var id = new String(record.key(), StandardCharsets.UTF_8);
            long version = Headers.number(record.headers(), Headers.VERSION, -1);
            assertTrue(version >= versions.getOrDefault(id, 0L), () -> "the version of " + id + " went from " + versions.get(id) + " to " + version);
            versions.put(id, version);
            if (record.headers().lastHeader(Headers.ABSENT) != null) {
                absent.add(id);
            }
            if (record.value() == null) {
                documents.remove(id);
            } else {
                documents.put(id, new String(record.value(), StandardCharsets.UTF_8));
            }
        }
    }

    private void compare(String when) {
        var expected = new NaiveJoin(rows.tables).documents(pipeline.document());
        for (var id : expected.keySet()) {
            assertEquals(expected.get(id), documents.get(id), when + ", document " + id);
        }
        assertEquals(expected.keySet(), documents.keySet(), when);
    }

    @ParameterizedTest
    @ValueSource(strings = {"monitors", "orgs", "steps", "people"})
    void documentsEqualTheJoinAfterRandomChangesInRandomOrder(String name) throws IOException {
        open(name);
        randomChanges();
    }

    @ParameterizedTest
    @ValueSource(strings = {"monitors", "orgs", "steps", "people"})
    void documentsEqualTheJoinWhereAllLookUpsAreSubscribedTo(String name, @TempDir Path folder) throws IOException {
        open(Subscribing.write(file(name), folder.resolve("p.yaml"), name));
        assertFalse(pipeline.subscribed().isEmpty());
        randomChanges();
    }

    private void randomChanges() throws IOException {
        var random = new Random(7);
        for (int i = 0; i < 300; i++) {
            rows.change(random);
        }
        send(random);
        assertTrue(documents.isEmpty(), "documents were emitted before the first build had caught up");
        caughtUp = true;
        send(random);
        compare("first build");
        assertEquals(documents.size(), emitted - (versions.size() - documents.size()), "each document is emitted once");
        for (int round = 0; round < 15; round++) {
            int changes = 1 + random.nextInt(30);
            for (int i = 0; i < changes; i++) {
                rows.change(random);
            }
            if (random.nextInt(8) == 0) {
                rows.truncate(List.of("monitor", "team", "recipient", "monitor_tag", "org", "step").get(random.nextInt(6)));
            }
            send(random);
            compare("round " + round);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aDocumentIsAsNewAsWhatLeftItsLookUpBeforeItCame(boolean subscribes, @TempDir Path folder) throws IOException {
        openMonitors(subscribes, folder);
        caughtUp = true;
        var random = new Random(1);
        rows.put("monitor", List.of("1"), RandomRows.with("id", "1", "team_id", "1"));
        rows.put("team", List.of("1"), RandomRows.with("id", "1", "name", "gone soon"));
        rows.put("team", List.of("1"), null);
        rows.pending.remove("team").forEach(inputs.get(RandomRows.topic("team"))::pipeInput);
        send(random);
        compare("after the look-up left");
        assertEquals(rows.position(), versions.get("1"));
    }

    /** Replays are answered from the columns that joins go by: what else a row had is nowhere once it has changed. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nothingIsKeptOfWhatARowHadBeforeItMovedOrLeft(boolean subscribes, @TempDir Path folder) throws IOException {
        keepRemoved = Duration.ofMinutes(10);
        openMonitors(subscribes, folder);
        caughtUp = true;
        for (var change : List.of(Map.of("1", "marker", "2", "marker"), Map.of("1", "other", "2", "gone"))) {
            change.forEach((id, text) -> {
                var parent = text.equals("other") ? "2" : "1";
                put("monitor", id, text, RandomRows.with("id", id, "team_id", parent, "author_id", parent, "parent_id", "2", "title", text));
                put("team", id, text, RandomRows.with("id", id, "name", text, "lead_id", parent));
                put("person", id, text, RandomRows.with("id", id, "handle", text + id, "name", text));
                put("recipient", id, text, RandomRows.with("id", id, "monitor_id", parent, "person_id", parent, "address", text));
                put("tag", id, text, RandomRows.with("id", id, "owner_id", parent, "key", text));
            });
            send(new Random(1));
            compare("after rows of " + change);
            assertEquals(change.containsValue("marker"), stored("marker"));
        }
    }

    private void put(String table, String id, String text, Map<String, String> row) {
        rows.put(table, List.of(id), text.equals("gone") ? null : row);
    }

    /** Whether some value in a store has a text, but for the handles of persons, which joins go by. */
    private boolean stored(String text) {
        boolean isThere = false;
        for (var store : driver.getAllStateStores().keySet()) {
            try (var all = driver.<Bytes, byte[]>getKeyValueStore(store).all()) {
                while (all.hasNext()) {
                    isThere |= new String(all.next().value, StandardCharsets.ISO_8859_1).replaceAll("marker[12]", "").contains(text);
                }
            }
        }
        return isThere;
    }

    @Test
    void whatARowWasJoinedByBeforeIsForgottenOnceNoReplayAsksForIt() throws IOException {
        open("monitors");
        caughtUp = true;
        for (var handle : List.of("former", "other")) {
            rows.put("person", List.of("1"), RandomRows.with("id", "1", "handle", handle, "name", "n"));
            send(new Random(1));
            assertEquals(handle.equals("former"), stored("former"));
        }
    }

    @Test
    void noDocumentOfALaterLifeHasALowerVersionThanThoseBeforeAndAChangeSinceHasItsOwn() throws IOException {
        floor = new Position(1_002, 0);
        open("monitors");
        caughtUp = true;
        rows.put("monitor", List.of("1"), RandomRows.with("id", "1", "team_id", "1"));
        rows.put("monitor", List.of("2"), RandomRows.with("id", "2", "team_id", "1"));
        rows.put("monitor", List.of("2"), null);
        send(new Random(1));
        assertEquals(Map.of("1", 1_002L, "2", 1_003L), versions);
        rows.put("monitor", List.of("1"), RandomRows.with("id", "1", "title", "later"));
        send(new Random(1));
        assertEquals(Map.of("1", 1_004L, "2", 1_003L), versions);
    }

    /** Team 1, called n0, in 500 monitors; each has its document. */
    private void openWithTeam(Random random) throws IOException {
        open("monitors");
        caughtUp = true;
        rows.put("team", List.of("1"), RandomRows.with("id", "1", "name", "n0"));
        for (int i = 0; i < 500; i++) {
            rows.put("monitor", List.of("" + i), RandomRows.with("id", "" + i, "team_id", "1"));
        }
        send(random);
    }

    private void rename(String team, String name) {
        rows.put("team", List.of(team), RandomRows.with("id", team, "name", name));
        rows.pending.remove("team").forEach(inputs.get(RandomRows.topic("team"))::pipeInput);
    }

    @Test
    void aLookUpInManyDocumentsReachesAllOfThem() throws IOException {
        var random = new Random(1);
        openWithTeam(random);
        for (int i = 0; i < 5; i++) {
            rename("1", "after " + i);
        }
        send(random);
        compare("after the look-up changed");
    }

    @Test
    void whileALookUpChangesAllTheTimeItIsToldBeforeWhichRecordAllIsOut() throws IOException {
        openWithTeam(new Random(1));
        var exchange = driver.createOutputTopic(Topics.exchange(Topics.joinGroup(pipeline.name())), new ByteArrayDeserializer(), new ByteArrayDeserializer());
        long end = 0;
        var ends = new TreeMap<Long, Integer>();
        int reached = 0;
        for (int i = 1; i <= 400 || reached <= 300 && i <= 4_000; i++) {
            rename("1", "n" + i);
            end += exchange.readValuesToList().size();
            ends.put(end, i);
            // The join works and tells by the real clock: so much of it lies between two renames, however fast the machine is.
            long until = System.nanoTime() + 5_000_000;
            do {
                driver.advanceWallClockTime(Duration.ofMillis(25));
            } while (System.nanoTime() < until);
            take();
            assertFalse(isIdle);
            var known = ends.floorEntry(out);
            reached = known == null ? 0 : known.getValue();
            for (var document : documents.values()) {
                var name = document.replaceAll("(?s).*\"n(\\d+)\".*", "$1");
                assertTrue(Integer.parseInt(name) >= reached, () -> "all before " + out + " is said to be out, the rename to n" + known.getValue() + " too, but there is " + document);
            }
            if (i % 3 == 0) {
                commits.committed(0);
            }
        }
        assertTrue(reached > 300, "reached " + reached);
    }

    /** As {@link #openWithTeam}, and team 2 in some more; fan-outs are held back until the room that is returned is given. */
    private AtomicInteger openWithTwoTeams(int more) throws IOException {
        var room = new AtomicInteger(Integer.MAX_VALUE);
        pace = (partition, documents) -> room.getAndUpdate(l -> Math.max(0, l - documents)) > 0;
        var random = new Random(1);
        openWithTeam(random);
        rows.put("team", List.of("2"), RandomRows.with("id", "2", "name", "before"));
        for (int i = 500; i < 500 + more; i++) {
            rows.put("monitor", List.of("" + i), RandomRows.with("id", "" + i, "team_id", "2"));
        }
        send(random);
        room.set(0);
        return room;
    }

    private long named(String team) {
        return documents.values().stream().filter(d -> d.contains("\"name\":\"" + team + "\"")).count();
    }

    @Test
    void aLookUpOfFewDocumentsDoesNotWaitForOneOfMany() throws IOException {
        var room = openWithTwoTeams(40);
        rename("1", "n1");
        rename("2", "after");
        take();
        assertEquals(32, named("n1"), "those that go out at once");
        assertEquals(32, named("after"), "those that go out at once");
        for (int turn = 1; turn <= 2; turn++) {
            room.set(32);
            long deadline = System.nanoTime() + Duration.ofMinutes(5).toNanos();
            while (room.get() > 0) {
                assertTrue(System.nanoTime() < deadline, "a piece takes a minute");
                driver.advanceWallClockTime(Duration.ofMillis(25));
            }
        }
        take();
        assertEquals(64, named("n1"), "the oldest's piece, also where a turn suffices for one only");
        assertEquals(40, named("after"), "and the youngest's");
    }

    @Test
    void everyDocumentEndsWithTheLastChangesHoweverTheyMeetTheWalks() throws IOException {
        var room = openWithTwoTeams(100);
        var random = new Random(7);
        for (int i = 0; i < 300; i++) {
            rename(random.nextInt(3) == 0 ? "2" : "1", "n" + i);
            if (random.nextInt(4) == 0) {
                room.set(32 * random.nextInt(20));
                driver.advanceWallClockTime(Duration.ofMillis(25));
            }
            if (random.nextInt(10) == 0) {
                commits.committed(0);
            }
        }
        room.set(Integer.MAX_VALUE);
        send(random);
        compare("after all changes");
    }

    @Test
    void aLookUpThatChangesAllTheTimeStarvesNoOther() throws IOException {
        var room = openWithTwoTeams(100);
        rename("1", "n1");
        rename("2", "after");
        for (int i = 2; i < 50; i++) {
            // Less than a round of the first team's documents.
            room.set(320);
            rename("1", "n" + i);
            driver.advanceWallClockTime(Duration.ofMillis(25));
            take();
        }
        assertEquals(100, named("after"));
    }

    @Test
    void anErasedDocumentStaysAwayUntilItsRowIsNew() throws IOException {
        open("monitors");
        caughtUp = true;
        var random = new Random(1);
        rows.put("monitor", List.of("1"), RandomRows.with("id", "1", "title", "secret"));
        send(random);
        assertTrue(documents.containsKey("1"));
        rows.put("outboxevent", List.of("e"), RandomRows.with("id", "e", "aggregatetype", "monitors", "aggregateid", "1", "type", "erase"));
        send(random);
        assertFalse(documents.containsKey("1"));
        assertTrue(versions.get("1") >= rows.position(), "the delete is as new as the request");
        rows.put("monitor", List.of("1"), RandomRows.with("id", "1", "title", "still"));
        send(random);
        assertFalse(documents.containsKey("1"), "an update brings nothing back");
        rows.put("monitor", List.of("1"), null);
        rows.put("monitor", List.of("1"), RandomRows.with("id", "1", "title", "new"));
        send(random);
        compare("after the row was inserted anew");
    }

    @Test
    void theDeleteOfADocumentOfWhichNoRowEverCameSaysSo() throws IOException {
        open("monitors");
        caughtUp = true;
        var random = new Random(1);
        rows.put("monitor", List.of("1"), RandomRows.with("id", "1", "title", "there"));
        send(random);
        rows.put("outboxevent", List.of("e"), RandomRows.with("id", "e", "aggregatetype", "monitors", "aggregateid", "1", "type", "erase"));
        rows.put("outboxevent", List.of("f"), RandomRows.with("id", "f", "aggregatetype", "monitors", "aggregateid", "2", "type", "erase"));
        send(random);
        assertEquals(Set.of("2"), absent);
        assertTrue(versions.get("2") >= rows.position(), "it is deleted all the same: the index may have it from somewhere");
    }

    @Test
    void aRepairEmitsTheDocumentAsItIsAboveEveryVersionThatItHad() throws IOException {
        open("monitors");
        caughtUp = true;
        var random = new Random(1);
        rows.put("monitor", List.of("1"), RandomRows.with("id", "1", "title", "right"));
        send(random);
        var right = documents.get("1");
        long version = versions.get("1");
        // What somebody else did to the index is not known here.
        documents.remove("1");
        rows.put("outboxevent", List.of("a"), RandomRows.with("id", "a", "aggregatetype", "dashboards", "aggregateid", "1", "type", "repair"));
        send(random);
        assertFalse(documents.containsKey("1"), "a repair for another pipeline");
        rows.put("outboxevent", List.of("b"), RandomRows.with("id", "b", "aggregatetype", "monitors", "aggregateid", "1", "type", "repair"));
        send(random);
        assertEquals(right, documents.get("1"));
        assertTrue(versions.get("1") > version && versions.get("1") >= rows.position(), "the version is the repair's");
        rows.put("monitor", List.of("1"), RandomRows.with("id", "1", "title", "later"));
        send(random);
        compare("after a change that came after the repair");
    }

    @Test
    void aRepairDeletesWhatIsNotToBeSeen() throws IOException {
        open("monitors");
        caughtUp = true;
        var random = new Random(1);
        rows.put("monitor", List.of("1"), RandomRows.with("id", "1", "title", "erased"));
        rows.put("outboxevent", List.of("e"), RandomRows.with("id", "e", "aggregatetype", "monitors", "aggregateid", "1", "type", "erase"));
        send(random);
        for (var orphan : List.of("1", "7")) {
            documents.put(orphan, "{}");
            rows.put("outboxevent", List.of("r" + orphan), RandomRows.with("id", "r" + orphan, "aggregatetype", "monitors", "aggregateid", orphan, "type", "repair"));
            send(random);
            assertFalse(documents.containsKey(orphan), orphan);
            assertTrue(versions.get(orphan) >= rows.position(), "the delete of " + orphan + " is as new as the repair");
        }
        rows.put("monitor", List.of("7"), RandomRows.with("id", "7", "title", "new"));
        send(random);
        assertTrue(documents.containsKey("7"), "a row that comes after the repair has its document");
    }

    /** Twenty monitors of fifty recipients each; all have their documents. */
    private void openWithRecipients(Random random) throws IOException {
        open("monitors");
        caughtUp = true;
        for (int monitor = 1; monitor <= 20; monitor++) {
            rows.put("monitor", List.of("" + monitor), RandomRows.with("id", "" + monitor, "title", "t"));
            for (int i = 0; i < 50; i++) {
                var id = "" + (100 * monitor + i);
                rows.put("recipient", List.of(id), RandomRows.with("id", id, "monitor_id", "" + monitor, "kind", "k"));
            }
        }
        send(random);
        emitted = 0;
    }

    private void truncate(String table) {
        rows.truncate(table);
        rows.pending.remove(table).forEach(inputs.get(RandomRows.topic(table))::pipeInput);
    }

    @Test
    void aTruncateEmitsEachDocumentOnce() throws IOException {
        var random = new Random(1);
        openWithRecipients(random);
        truncate("recipient");
        send(random);
        compare("after the truncate");
        assertEquals(20, emitted);
        assertTrue(versions.values().stream().allMatch(v -> v == rows.position()), () -> "a document is as new as the truncate: " + versions);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTruncateOfLookUpsEmitsEachDocumentOnce(boolean subscribes, @TempDir Path folder) throws IOException {
        var random = new Random(1);
        openMonitors(subscribes, folder);
        caughtUp = true;
        for (int i = 1; i <= 40; i++) {
            var id = "" + i;
            rows.put("person", List.of(id), RandomRows.with("id", id, "handle", "h" + id, "name", "p"));
            rows.put("team", List.of(id), RandomRows.with("id", id, "name", "t", "lead_id", id));
            rows.put("monitor", List.of(id), RandomRows.with("id", id, "team_id", id, "author_id", id, "editor", "h" + (1 + i % 40)));
        }
        rows.put("monitor", List.of("99"), RandomRows.with("id", "99", "author_id", "777"));
        send(random);
        emitted = 0;
        truncate("person");
        send(random);
        compare("after the truncate");
        assertEquals(40, emitted, "the document that showed none of the rows is not written");
    }

    @Test
    void aTruncateOfTheRootTableDeletesEachDocumentOnce() throws IOException {
        var random = new Random(1);
        openWithRecipients(random);
        truncate("monitor");
        send(random);
        assertEquals(Map.of(), documents);
        assertEquals(20, emitted);
    }

    @ParameterizedTest
    @ValueSource(strings = {"team", "monitor", "recipient"})
    void aTruncateOfRowsAtAnyDepthEmitsEachDocumentOnce(String table) throws IOException {
        var random = new Random(1);
        open("orgs");
        caughtUp = true;
        for (int i = 0; i < 60; i++) {
            var id = "" + i;
            if (i < 6) {
                rows.put("org", List.of(id), RandomRows.with("id", id, "name", "o"));
            }
            if (i < 12) {
                rows.put("team", List.of(id), RandomRows.with("id", id, "org_id", "" + i % 6, "name", "t"));
            }
            if (i < 24) {
                rows.put("monitor", List.of(id), RandomRows.with("id", id, "team_id", "" + i % 12, "title", "m"));
            }
            rows.put("recipient", List.of(id), RandomRows.with("id", id, "monitor_id", "" + i % 24, "kind", "k"));
        }
        send(random);
        compare("before");
        emitted = 0;
        truncate(table);
        send(random);
        compare("after the truncate");
        assertEquals(6, emitted);
        rows.put(table, List.of("1"), RandomRows.with("id", "1", "org_id", "3", "team_id", "3", "monitor_id", "3", "name", "new", "title", "new", "kind", "new"));
        send(random);
        compare("after a row came back");
    }

    @Test
    void twoTablesTruncatedTogetherEmitEachDocumentOnce() throws IOException {
        var random = new Random(1);
        openWithRecipients(random);
        rows.put("tag", List.of("1"), RandomRows.with("id", "1", "key", "k"));
        for (int monitor = 1; monitor <= 20; monitor++) {
            rows.put("monitor_tag", List.of("" + monitor, "1"), RandomRows.with("monitor_id", "" + monitor, "tag_id", "1"));
        }
        send(random);
        emitted = 0;
        truncate("recipient");
        truncate("monitor_tag");
        send(random);
        compare("after both");
        assertEquals(20, emitted);
    }

    @Test
    void whileATruncateIsUnderWayChangesOfOthersGoThroughAndNothingIsSaidToBeOut() throws IOException {
        var room = new AtomicInteger(Integer.MAX_VALUE);
        pace = (partition, count) -> room.getAndUpdate(l -> Math.max(0, l - count)) > 0;
        var random = new Random(1);
        openWithRecipients(random);
        room.set(0);
        truncate("recipient");
        take();
        assertEquals(0, emitted, "the record of a truncate is worked off in pieces, between other records");
        for (int i = 0; i < 5; i++) {
            driver.advanceWallClockTime(Duration.ofMillis(25));
            commits.committed(0);
        }
        take();
        assertFalse(isIdle);
        assertEquals(0, emitted);
        assertEquals(1, stage.pendingFanOuts());
        rows.put("monitor", List.of("7"), RandomRows.with("id", "7", "title", "changed"));
        rows.put("recipient", List.of("5000"), RandomRows.with("id", "5000", "monitor_id", "8", "kind", "new"));
        for (var table : List.of("monitor", "recipient")) {
            rows.pending.remove(table).forEach(inputs.get(RandomRows.topic(table))::pipeInput);
        }
        take();
        assertTrue(documents.get("7").contains("changed"));
        assertTrue(documents.get("8").contains("new"));
        room.set(Integer.MAX_VALUE);
        send(random);
        compare("after the truncate");
        assertTrue(emitted <= 22, "emitted " + emitted);
    }

    @Test
    void aPartitionThatMovesAwayTakesWhatItSaidWithIt() throws IOException {
        openWithTwoTeams(100);
        rename("1", "n1");
        driver.advanceWallClockTime(Duration.ofMillis(25));
        assertEquals(1, stage.pendingFanOuts());
        assertEquals(Map.of(0, "LIVE"), stage.phases());
        driver.close();
        driver = null;
        assertEquals(0, stage.pendingFanOuts());
        assertEquals(Map.of(), stage.phases());
        assertEquals(0, meters.get("millrace.fan.outs").gauge().value());
        assertEquals(0, meters.get("millrace.lookups.asked").gauge().value());
    }

    @Test
    void aDocumentOfVeryManyLookUpsIsSetAsideAndOneMoreReferenceCostsOneMore() throws IOException {
        open("monitors");
        var changes = driver.createOutputTopic("test-documents-changelog", new ByteArrayDeserializer(), new ByteArrayDeserializer());
        rows.put("monitor", List.of("1"), RandomRows.with("id", "1", "title", "many"));
        for (int i = 1; i <= 3_000; i++) {
            putRecipient(i);
        }
        rows.pending.forEach((table, records) -> inputs.get(RandomRows.topic(table)).pipeRecordList(records));
        rows.pending.clear();
        caughtUp = true;
        send(new Random(1));
        int largest = changes.readValuesToList().stream().mapToInt(v -> v == null ? 0 : v.length).max().orElseThrow();
        assertTrue(largest < 16 << 10, "a value of " + largest + " bytes: the changelog refuses what is too large, and that ends the join");
        assertEquals("document-too-large", reason(setAside.readRecord()));
        putRecipient(3_001);
        send(new Random(1));
        var written = changes.readValuesToList();
        assertTrue(written.size() < 5 && written.stream().allMatch(v -> v.length < 600), () -> written.size() + " values are written for one more row");
    }

    private void putRecipient(int recipient) {
        var id = Integer.toString(recipient);
        rows.put("recipient", List.of(id), RandomRows.with("id", id, "monitor_id", "1", "person_id", id, "kind", "k".repeat(400)));
    }

    private static String reason(TestRecord<byte[], byte[]> record) {
        return Headers.text(record.headers(), Headers.REASON);
    }

    private void pipe(List<TestRecord<byte[], byte[]>> records) {
        inputs.get(RandomRows.topic("monitor")).pipeRecordList(records);
    }

    /** Records of the table that capture and the gate have passed, with their numbers. */
    private List<TestRecord<byte[], byte[]>> counted(Numbering gate, int rowsOfEach) {
        for (int id = 0; id < rowsOfEach; id++) {
            rows.put("monitor", List.of("" + id), RandomRows.with("id", "" + id, "title", "t"));
        }
        var records = new ArrayList<>(rows.pending.remove("monitor"));
        records.forEach(record -> gate.numbered(new ProducerRecord<>(RandomRows.topic("monitor"), 0, null, record.key(), record.value(), record.headers())).headers()
                .headers(Headers.LEDGER).forEach(record.headers()::add));
        gate.settled();
        return records;
    }

    @Test
    void aRowThatIsDroppedDoubledOrOutOfOrderIsFoundByItsNumberAndForgottenWhenTheTableIsReadAnew() throws IOException {
        open("monitors");
        var gate = new Numbering();
        pipe(counted(gate, 10));
        pipe(counted(gate, 10));
        assertTrue(ledger.isEven(), () -> ledger.says().toString());
        var dropped = counted(gate, 10);
        dropped.remove(4);
        pipe(dropped);
        var doubled = counted(gate, 10);
        doubled.add(5, doubled.get(4));
        pipe(doubled);
        var swapped = counted(gate, 10);
        swapped.add(4, swapped.remove(5));
        pipe(swapped);
        pipe(counted(gate, 10));
        assertTrue(ledger.says().toString().contains("1 written and not in the log, 1 twice, 1 out of order"), () -> ledger.says().toString());
        assertEquals(3, meters.get("millrace.ledger.gaps").tag("table", "public.monitor").gauge().value());
        assertEquals(0, meters.get("millrace.ledger.gaps").tag("table", "public.team").gauge().value());
        truncate("monitor");
        assertTrue(ledger.isEven(), () -> ledger.says().toString());
    }
}
