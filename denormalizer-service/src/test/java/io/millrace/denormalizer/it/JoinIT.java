package io.millrace.denormalizer.it;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.denormalizer.json.JsonCanon;
import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.topic.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Documents against the SQL join, whatever order the rows come in and whoever is killed. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class JoinIT {

    private static final List<String> PIPELINES = List.of("monitors", "orgs", "steps", "people");
    private static final long SEED = Long.getLong("millrace.it.seed", 42);

    @TempDir
    static Path data;
    static Stack stack;
    static Connection db;
    static Rows rows;
    static Traffic traffic;
    static final Random random = new Random(SEED);
    static final Map<String, Documents> documents = new HashMap<>();
    static final Map<String, String> sql = new HashMap<>();
    static ManagedProcess service;

    @BeforeAll
    static void start() throws Exception {
        stack = new Stack(data);
        var servers = stack.servers();
        db = DriverManager.getConnection(servers.jdbcUrl("postgres"), servers.postgresUser(), servers.postgresPassword());
        db.createStatement().execute("CREATE DATABASE it");
        db.close();
        db = DriverManager.getConnection(servers.jdbcUrl("it"), servers.postgresUser(), servers.postgresPassword());
        db.createStatement().execute(resource("schema.sql"));
        rows = new Rows(stack);
        traffic = new Traffic(db, random);
        var topics = new ArrayList<>(Schema.TABLES.keySet().stream().map(Rows::topic).toList());
        for (var pipeline : PIPELINES) {
            topics.add(Topics.documents(pipeline));
            topics.add(Topics.quarantineDocuments(pipeline));
            sql.put(pipeline, resource(pipeline + ".sql"));
        }
        stack.topics(topics);
        for (var pipeline : PIPELINES) {
            documents.put(pipeline, new Documents(stack, pipeline));
        }
        service = stack.service(1, Path.of("src/test/resources/it/pipelines").toAbsolutePath().toString(), Map.of());
    }

    @AfterAll
    static void stop() throws SQLException {
        documents.values().forEach(Documents::close);
        if (db != null) {
            db.close();
        }
        if (stack != null) {
            stack.close();
        }
    }

    private static String resource(String name) throws IOException {
        try (var in = JoinIT.class.getResourceAsStream("/it/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static TreeMap<String, String> expected(String pipeline) throws SQLException {
        var expected = new TreeMap<String, String>();
        try (var result = db.createStatement().executeQuery(sql.get(pipeline))) {
            while (result.next()) {
                expected.put(result.getString(1), new String(JsonCanon.canonical(result.getString(2)), StandardCharsets.UTF_8));
            }
        }
        return expected;
    }

    private static String difference(Map<String, String> expected, Map<String, String> actual) {
        for (var id : expected.keySet()) {
            if (!expected.get(id).equals(actual.get(id))) {
                return "document " + id + "\n  expected " + expected.get(id) + "\n  actual   " + actual.get(id);
            }
        }
        return actual.keySet().stream().filter(id -> !expected.containsKey(id)).findFirst().map(id -> "document " + id + " should not be there: " + actual.get(id)).orElse("");
    }

    private static void converges(String when) throws SQLException {
        for (var pipeline : PIPELINES) {
            var expected = expected(pipeline);
            var found = documents.get(pipeline);
            await(when + ", pipeline " + pipeline + ", seed " + SEED).atMost(Duration.ofSeconds(150)).pollInterval(Duration.ofMillis(200))
                    .untilAsserted(() -> assertEquals("", difference(expected, found.now())));
            assertEquals(List.of(), found.regressions(), "versions went backwards: " + when);
        }
    }

    @Test
    @Order(1)
    void theFirstBuildMakesEachDocumentOnce() throws Exception {
        traffic.transactions(400);
        rows.capture(db);
        rows.send(random, false);
        service.start();
        converges("after the first build");
        for (var pipeline : PIPELINES) {
            assertTrue(documents.get(pipeline).records() <= expected(pipeline).size() + 30,
                    pipeline + " has " + documents.get(pipeline).records() + " records for " + expected(pipeline).size() + " documents");
        }
    }

    @Test
    @Order(2)
    void changesInAnyOrderAcrossTablesAndReplaysConverge() throws Exception {
        for (int round = 0; round < 6; round++) {
            traffic.transactions(150);
            rows.capture(db);
            rows.send(random, true);
            converges("round " + round);
        }
    }

    @Test
    @Order(3)
    void killsInTheMiddleOfChangesConverge() throws Exception {
        for (int round = 0; round < 4; round++) {
            traffic.transactions(150);
            rows.capture(db);
            rows.send(random, true);
            service.kill();
            traffic.transactions(50);
            rows.capture(db);
            rows.send(random, true);
            service.start();
            converges("kill " + round);
        }
    }

    @Test
    @Order(7)
    void instancesComeAndGoUnderLoad() throws Exception {
        var second = stack.service(2, Path.of("src/test/resources/it/pipelines").toAbsolutePath().toString(), Map.of());
        load();
        second.start();
        load();
        converges("a second instance with an empty disk came");
        load();
        service.kill();
        load();
        converges("the first instance was killed");
        service.start();
        load();
        second.stop();
        load();
        converges("the second instance left");
    }

    private static void load() throws SQLException {
        traffic.transactions(60);
        rows.capture(db);
        rows.send(random, true);
    }

    @Test
    @Order(4)
    void aTruncatedTableLeavesEveryDocument() throws Exception {
        for (var table : List.of("monitor_tag", "team", "recipient", "org", "monitor")) {
            db.createStatement().execute("TRUNCATE " + table);
            traffic.transactions(20);
            rows.capture(db);
            rows.send(random, true);
            converges("truncate of " + table);
        }
    }

    @Test
    @Order(5)
    void anErasedDocumentStaysAwayUntilItsRowIsInsertedAnew() throws Exception {
        db.createStatement().execute("INSERT INTO monitor (id, title) VALUES (777, 'secret')");
        rows.capture(db);
        rows.send(random, false);
        var found = documents.get("monitors");
        await().atMost(Duration.ofSeconds(60)).until(() -> found.now().containsKey("777"));
        long erasure = rows.nextTransaction();
        rows.change("outboxevent", "c", null, Map.of("id", "8c5a1a3e-0000-4000-8000-000000000777", "aggregatetype", "monitors", "aggregateid", "777", "type", "erase"));
        rows.send(random, false);
        await().atMost(Duration.ofSeconds(60)).until(() -> !found.now().containsKey("777"));
        assertTrue(found.version("777") >= erasure, "the delete has the version " + found.version("777") + ", the erasure " + erasure);
        db.createStatement().execute("UPDATE monitor SET title = 'still secret' WHERE id = 777");
        db.createStatement().execute("INSERT INTO monitor (id, title) VALUES (778, 'after')");
        rows.capture(db);
        rows.send(random, true);
        await().atMost(Duration.ofSeconds(60)).until(() -> found.now().containsKey("778"));
        assertTrue(!found.now().containsKey("777"), "an update brought the erased document back");
        db.createStatement().execute("DELETE FROM monitor WHERE id = 777");
        db.createStatement().execute("INSERT INTO monitor (id, title) VALUES (777, 'new')");
        rows.capture(db);
        rows.send(random, true);
        converges("after the erased row was inserted anew");
    }

    @Test
    @Order(6)
    void aReplayOfEverythingChangesNothing() throws Exception {
        rows.sendAllAgain(random);
        traffic.transactions(20);
        rows.capture(db);
        rows.send(random, false);
        converges("after a replay of everything");
    }
}
