package io.millrace.denormalizer.it;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.pipeline.topic.Topics;
import io.millrace.values.json.JsonCanon;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.awaitility.core.ConditionTimeoutException;

/** A database, its rows on Kafka, the documents that come of them, and the SQL that says what they should be. */
final class World implements AutoCloseable {

    static final List<String> PIPELINES = List.of("monitors", "orgs", "steps", "people");
    /** A row that moves takes all that is below it along, so a few thousand rows make two hundred thousand messages, and large documents for most of them. */
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    static final Path FILES = Path.of("src/test/resources/it/pipelines").toAbsolutePath();
    static final long SEED = Long.getLong("millrace.it.seed", 42);

    final Random random = new Random(SEED);
    final Stack stack;
    final Connection db;
    final Rows rows;
    final Traffic traffic;
    private final Map<String, Documents> documents = new HashMap<>();
    private final Map<String, String> sql = new HashMap<>();

    /** @param others pipelines whose topics are to be there besides, with the pipeline whose SQL they share */
    World(Path data, Map<String, String> others) throws Exception {
        stack = new Stack(data);
        var servers = stack.servers();
        try (var admin = DriverManager.getConnection(servers.jdbcUrl("postgres"), servers.postgresUser(), servers.postgresPassword())) {
            admin.createStatement().execute("CREATE DATABASE it");
        }
        db = DriverManager.getConnection(servers.jdbcUrl("it"), servers.postgresUser(), servers.postgresPassword());
        db.createStatement().execute(resource("schema.sql"));
        db.createStatement().execute("SET synchronous_commit = off");
        rows = new Rows(stack);
        traffic = new Traffic(db, random);
        var topics = new ArrayList<>(Schema.TABLES.keySet().stream().map(Rows::topic).toList());
        PIPELINES.forEach(p -> sql.put(p, p));
        sql.putAll(others);
        for (var pipeline : sql.keySet()) {
            topics.add(Topics.documents(pipeline));
            topics.add(Topics.quarantineDocuments(pipeline));
            sql.put(pipeline, resource(sql.get(pipeline) + ".sql"));
        }
        stack.topics(topics);
        sql.keySet().forEach(p -> documents.put(p, new Documents(stack.servers().kafkaBootstrap(), p, Stack.PARTITIONS)));
    }

    private static String resource(String name) throws IOException {
        try (var in = World.class.getResourceAsStream("/it/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** From now on a pipeline's documents are what this SQL says. */
    void expects(String pipeline, String query) {
        sql.put(pipeline, query);
    }

    /** What says now what a pipeline's documents are. */
    String query(String pipeline) {
        return sql.get(pipeline);
    }

    Documents documents(String pipeline) {
        return documents.get(pipeline);
    }

    /** What the SQL join says now, as canonical JSON by document id. */
    TreeMap<String, String> expected(String pipeline) throws SQLException {
        var expected = new TreeMap<String, String>();
        try (var result = db.createStatement().executeQuery(sql.get(pipeline))) {
            while (result.next()) {
                expected.put(result.getString(1), new String(JsonCanon.canonical(result.getString(2)), StandardCharsets.UTF_8));
            }
        }
        return expected;
    }

    /** The first document that is not what it should be; empty where there is none. */
    static String difference(Map<String, String> expected, Map<String, String> actual) {
        for (var id : expected.keySet()) {
            if (!expected.get(id).equals(actual.get(id))) {
                return "document " + id + "\n  expected " + expected.get(id) + "\n  actual   " + actual.get(id);
            }
        }
        return actual.keySet().stream().filter(id -> !expected.containsKey(id)).findFirst().map(id -> "document " + id + " should not be there: " + actual.get(id)).orElse("");
    }

    /** Waits until every document is as the SQL join says; no version may have gone backwards. */
    void converges(String when) throws SQLException {
        converges(PIPELINES, when);
    }

    void converges(List<String> pipelines, String when) throws SQLException {
        var expected = new LinkedHashMap<String, TreeMap<String, String>>();
        for (var pipeline : pipelines) {
            expected.put(pipeline, expected(pipeline));
        }
        try {
            await(when + ", seed " + SEED).atMost(PATIENCE).pollInterval(Duration.ofMillis(20))
                    .untilAsserted(() -> expected.forEach((p, wanted) -> assertEquals("", difference(wanted, documents.get(p).now()), "pipeline " + p)));
        } catch (ConditionTimeoutException e) {
            throw new AssertionError(e.getMessage() + differing(expected) + stack.state(), e);
        }
        pipelines.forEach(p -> assertEquals(List.of(), documents.get(p).regressions(), "versions went backwards: " + when));
        // A topology that a test runs by itself numbers nothing.
        pipelines.stream().filter(PIPELINES::contains).forEach(p -> assertEquals(List.of(), documents.get(p).uneven(), "by the count of the join: " + when));
    }

    private String differing(Map<String, TreeMap<String, String>> expected) {
        return expected.entrySet().stream().map(wanted -> {
            var found = documents.get(wanted.getKey()).now();
            var ids = new TreeSet<>(wanted.getValue().keySet());
            ids.addAll(found.keySet());
            ids.removeIf(id -> Objects.equals(wanted.getValue().get(id), found.get(id)));
            return "\n" + wanted.getKey() + ": " + ids.size() + " of " + wanted.getValue().size() + " differ: " + ids.stream().limit(50).collect(Collectors.joining(", "));
        }).collect(Collectors.joining());
    }

    /** Changes rows at random and sends them in an order of their own, some of them again. */
    void load(int transactions) throws SQLException {
        traffic.transactions(transactions);
        send();
    }

    /** Statements as one transaction, sent at once, and some of the rows before it again. */
    void change(String... statements) throws SQLException {
        commit(statements);
        send();
    }

    /** The same without any row of before. */
    void changeOnly(String... statements) throws SQLException {
        commit(statements);
        rows.capture(db);
        rows.send(random, false);
    }

    private void commit(String... statements) throws SQLException {
        db.setAutoCommit(false);
        for (var statement : statements) {
            db.createStatement().execute(statement);
        }
        db.commit();
        db.setAutoCommit(true);
    }

    private void send() throws SQLException {
        rows.capture(db);
        rows.send(random, true);
    }

    @Override
    public void close() {
        documents.values().forEach(Documents::close);
        try {
            db.close();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        } finally {
            stack.close();
        }
    }
}
