package io.millrace.denormalizer.it;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.topic.Topics;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Fields that come to the file of a pipeline whose documents are there, and leave it, while rows change and the join is killed. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ReshapeIT {

    private static final List<String> PIPELINE = List.of("monitors");
    private static final Map<String, String> SETTINGS = Map.of("millrace.denormalizer.commit-interval", "100ms", "millrace.denormalizer.session-timeout", "6s");
    private static final String INDEXER = "millrace-indexer";
    private static final Duration SOON = Duration.ofMinutes(3);
    /** Documents that nobody changes: so many with a team, which get a field of it, and as many without. */
    private static final int STILL = 8_000;
    private static final int FIRST = 100_001;

    @TempDir
    static Path data;
    static World world;
    static Path file;
    static String former;
    static String formerQuery;
    static ManagedProcess service;
    static ManagedProcess second;

    @BeforeAll
    static void start() throws Exception {
        world = new World(data, Map.of());
        file = data.resolve("monitors.yaml");
        former = Files.readString(World.FILES.resolve("monitors.yaml"));
        formerQuery = world.query("monitors");
        Files.writeString(file, former);
        service = world.stack.service(1, file.toString(), SETTINGS);
        second = world.stack.service(2, data.resolve("second.yaml").toString(), SETTINGS);
        world.db.createStatement().execute("CREATE INDEX ON monitor (parent_id)");
        world.traffic.transactions(300);
        world.change("INSERT INTO team (id, name, lead_id) VALUES (801, 'one', 7), (802, 'two', NULL)",
                "INSERT INTO monitor (id, team_id, title) SELECT i, CASE WHEN i % 2 = 0 THEN 801 END, 'still' FROM generate_series(" + FIRST + ", " + (FIRST + 2 * STILL - 1) + ") i");
        service.start();
        world.converges(PIPELINE, "the first build");
        awaitLive();
    }

    @AfterAll
    static void stop() {
        if (world != null) {
            world.close();
        }
    }

    private static void awaitLive() {
        await().atMost(SOON).untilAsserted(() -> assertTrue(world.stack.health(1).contains("{0=LIVE, 1=LIVE, 2=LIVE, 3=LIVE}"), () -> said(1)));
    }

    private static String said(int number) {
        try {
            return world.stack.health(number);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The former text with something in the place of a part that it has. */
    private static String with(String text, String... replacements) {
        var changed = text;
        for (int i = 0; i < replacements.length; i += 2) {
            assertTrue(changed.contains(replacements[i]), replacements[i]);
            changed = changed.replace(replacements[i], replacements[i + 1]);
        }
        return changed;
    }

    /** Whose team has a lead's number, a recipient a person's, both of columns by which they were only joined before; and a value that is made of what there is. */
    private static String grown() {
        return with(former, "      fields: [id, name]\n      one:\n        lead:", "      fields: [id, {chief: lead_id}, {shout: {upper: name}}, name]\n      one:\n        lead:",
                "      fields: [kind, address]", "      fields: [{whom: person_id}, kind, address]");
    }

    private static String grownQuery() {
        return with(formerQuery, "'team', (SELECT json_build_object('id', t.id, 'name', t.name,", "'team', (SELECT json_build_object('id', t.id, 'name', t.name, 'chief', t.lead_id, 'shout', upper(t.name COLLATE pg_c_utf8),",
                "json_build_object('kind', r.kind, 'address', r.address,", "json_build_object('kind', r.kind, 'address', r.address, 'whom', r.person_id,");
    }

    /** The ids of documents that nobody changes and that came since, for no change of a row. */
    private static List<String> stillSince(int size) {
        world.documents("monitors").now();
        var owed = world.documents("monitors").owed();
        return owed.subList(size, owed.size()).stream().filter(id -> Long.parseLong(id) >= FIRST).toList();
    }

    /** As the indexer says that it has all: what is owed goes out in bursts, each when it has the one before. */
    private static void indexed() throws Exception {
        var documents = IntStream.range(0, Stack.PARTITIONS).mapToObj(p -> new TopicPartition(Topics.documents("monitors"), p)).toList();
        var ends = world.stack.admin().listOffsets(documents.stream().collect(Collectors.toMap(p -> p, p -> OffsetSpec.latest()))).all().get();
        world.stack.admin().alterConsumerGroupOffsets(INDEXER, ends.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, e -> new OffsetAndMetadata(e.getValue().offset())))).all().get();
    }

    private static Set<String> differing(Map<String, String> before, Map<String, String> after) {
        var ids = new TreeSet<>(after.keySet());
        ids.removeIf(id -> Objects.equals(before.get(id), after.get(id)) || Long.parseLong(id) < FIRST);
        return ids;
    }

    @Test
    @Order(1)
    void aFieldThatIsAddedComesIntoTheDocumentsThatShowItAndIntoNoOthersThoughTheJoinIsKilled() throws Exception {
        var before = new TreeMap<>(world.documents("monitors").now());
        int size = world.documents("monitors").owed().size();
        service.stop();
        Files.writeString(file, grown());
        world.expects("monitors", grownQuery());
        indexed();
        service.launch();
        await().atMost(SOON).pollInterval(Duration.ofMillis(20)).until(() -> {
            indexed();
            return stillSince(size).size() >= STILL / 4;
        });
        service.kill();
        world.stack.admin().deleteConsumerGroups(List.of(INDEXER)).all().get();
        int killed = stillSince(size).size();
        assertTrue(killed < STILL, "the join was done before it was killed");
        world.load(60);
        service.launch();
        world.load(60);
        world.converges(PIPELINE, "a field was added");
        awaitLive();
        var written = stillSince(size);
        assertEquals(differing(before, world.documents("monitors").now()), new TreeSet<>(written));
        assertEquals(STILL, new HashSet<>(written).size());
        assertTrue(written.size() - STILL < killed, written.size() - STILL + " documents came twice, and " + killed + " had come before the kill: it began anew");
        int done = world.documents("monitors").owed().size();
        service.stop();
        service.start();
        world.load(20);
        world.converges(PIPELINE, "nothing was added any more");
        assertEquals(List.of(), stillSince(done), "what was done is done again");
    }

    @Test
    @Order(2)
    void aFieldThatIsTakenOutAgainLeavesTheDocumentsThatShowedIt() throws Exception {
        int size = world.documents("monitors").owed().size();
        service.stop();
        Files.writeString(file, former);
        world.expects("monitors", formerQuery);
        service.start();
        world.converges(PIPELINE, "the fields were taken out while nothing changed");
        awaitLive();
        world.load(60);
        world.converges(PIPELINE, "changes after that");
        assertEquals(STILL, stillSince(size).size());
    }

    @Test
    @Order(3)
    void instancesWithDifferentFilesAgreeOnceTheyHaveTheSame() throws Exception {
        Files.writeString(data.resolve("second.yaml"), grown());
        second.launch();
        world.load(60);
        second.awaitReady();
        world.load(60);
        service.stop();
        Files.writeString(file, grown());
        world.expects("monitors", grownQuery());
        world.load(60);
        service.launch();
        world.load(60);
        world.converges(PIPELINE, "both have the new file");
        second.kill();
        world.load(60);
        world.converges(PIPELINE, "one of them was killed");
    }

    @Test
    @Order(4)
    void whatNeedsALaterGenerationIsRefusedWithItsLineAndItsReason() throws Exception {
        service.stop();
        Files.writeString(file, with(grown(), "      fields: [id, {chief: lead_id}, {shout: {upper: name}}, name]", "      fields: [id, {chief: lead_id}, {shout: {lower: name}}, org_id, {again: id}]"));
        service.launch();
        await().atMost(SOON).untilAsserted(() -> assertTrue(said(1).contains("replaces: [monitors]"), () -> said(1)));
        var health = said(1);
        assertTrue(health.contains("monitors.yaml:11: document.one.team.fields[2]: a later generation is needed, because 'shout' is there with another value"), health);
        assertTrue(health.contains("monitors.yaml:11: document.one.team.fields[3]: a later generation is needed, because the join keeps of each row what its documents use, so its rows of public.team do not have org_id"), health);
        assertTrue(health.contains("monitors.yaml:11: document.one.team.fields[4]: in place: 'again' is added"), health);
        assertTrue(health.contains("monitors.yaml:11: document.one.team.fields: a later generation is needed, because 'name' is gone from the file"), health);
        assertFalse(health.contains("recipients"), health);
        service.stop();
        Files.writeString(file, grown());
        service.start();
        world.load(20);
        world.converges(PIPELINE, "the file was put back");
    }
}
