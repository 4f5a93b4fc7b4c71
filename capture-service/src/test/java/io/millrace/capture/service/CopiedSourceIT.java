package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.record.Op;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Another process captures a copy of the source's database into the same Kafka. It has the lock and the slot of the copy, and the same system identifier. */
@Tag("long")
class CopiedSourceIT {

    private static final String SOURCE = "copied";
    private static final String TOKEN = "let me";

    @TempDir
    Path folder;
    private Stack stack;
    private LocalServers copy;

    @BeforeEach
    void startServers() throws Exception {
        stack = new Stack(folder.resolve("stack"));
        stack.source(SOURCE, "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL)", "CREATE TABLE filler (body text)", "INSERT INTO thing VALUES (1, 'a'), (2, 'b'), (3, 'c')");
        stack.publish(SOURCE, "thing");
        copy = LocalServers.in(Files.createDirectories(folder.resolve("copy")), Ports.free());
    }

    @AfterEach
    void stopServers() {
        copy.postgres().kill();
        stack.close();
    }

    private CaptureProcess capture(LocalServers database, String name) throws Exception {
        return CaptureProcess.ofCopy(database, stack, Files.createDirectories(folder.resolve(name)), "automatic", SOURCE, CaptureProcess.root("thing"),
                "-Dmillrace.capture.watch=500ms", "-Dmillrace.capture.token.file=" + Files.writeString(folder.resolve("token"), TOKEN));
    }

    /** The copy's log grows longer than the source's, so nothing in it tells that it is one. */
    private void copySource(CaptureProcess capture) throws Exception {
        stack.servers.postgres().stop();
        assertEquals(0, new ProcessBuilder("sh", "-c", "rm -rf copy/postgres && cp -a stack/postgres copy/postgres").directory(folder.toFile()).inheritIO().start().waitFor());
        stack.servers.postgres().start();
        // The registry keeps its schemas in the same server.
        stack.servers.registry().restart();
        capture.awaitStreaming();
        copy.postgres().launch();
        copy.postgres().awaitReady();
        sql(copy, "INSERT INTO filler SELECT repeat(md5(i::text), 30) FROM generate_series(1, 20000) i", "UPDATE thing SET name = 'of the copy' WHERE id = 1", "DELETE FROM thing WHERE id = 2");
    }

    private static void sql(LocalServers database, String... statements) throws SQLException {
        try (var connection = DriverManager.getConnection(database.jdbcUrl(SOURCE), database.postgresUser(), database.postgresPassword()); var statement = connection.createStatement()) {
            for (var sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private static List<String> rows(LocalServers database) throws SQLException {
        try (var connection = DriverManager.getConnection(database.jdbcUrl(SOURCE), database.postgresUser(), database.postgresPassword()); var statement = connection.createStatement();
                var found = statement.executeQuery("SELECT id || ' ' || name FROM thing ORDER BY id")) {
            var rows = new ArrayList<String>();
            while (found.next()) {
                rows.add(found.getString(1));
            }
            return rows;
        }
    }

    private static void flows(LocalServers database, CaptureProcess capture, Records things) throws Exception {
        var expected = rows(database);
        things.await(capture, seen -> Rows.of(seen).equals(expected));
        assertEquals(expected, Rows.of(things.toTheEnd()));
    }

    private static String writes(CaptureProcess capture) {
        return "Another capture writes the topics of the source copied: the process " + capture.pid() + " at ";
    }

    private static boolean has(Records things, String name) throws Exception {
        return things.toTheEnd().stream().anyMatch(row -> row.value() != null && row.text("name").equals(name));
    }

    @Test
    void whoCapturesACopyDoesNotTakeTheTopicsOverFromOneThatWritesNorBehindItWithoutAPersonsWord() throws Exception {
        try (var things = new Records(stack, "captured." + SOURCE + ".public.thing"); var first = capture(stack.servers, "first").awaitStreaming()) {
            things.await(first, seen -> seen.size() == 3);
            copySource(first);
            try (var second = capture(copy, "second")) {
                second.awaitReady("\"DOWN\"", writes(first), ", which has captured the database copied at ", " (system identifier ", ", timeline 1, running since ", "./millrace recover copied");
                assertFalse(second.post("/recovery", TOKEN).contains("\"missing\""), "a word that would be in vain is refused");
                stack.sql(SOURCE, "UPDATE thing SET name = 'of the source' WHERE id = 3");
                flows(stack.servers, first, things);
                first.awaitStreaming();
                assertEquals(3, things.toTheEnd().stream().filter(row -> row.op() == Op.READ).count(), "nothing is read again");
                assertFalse(has(things, "of the copy"), "nothing of the copy comes");
                first.stop();
                second.awaitReady("\"DOWN\"", "It has ended by now, or is silent");
                try (var third = capture(stack.servers, "third").awaitStreaming()) {
                    stack.sql(SOURCE, "UPDATE thing SET name = 'of the source still' WHERE id = 3");
                    flows(stack.servers, third, things);
                    second.awaitReady("\"DOWN\"", writes(third));
                }
                second.awaitReady("\"DOWN\"", "It has ended by now, or is silent");
                assertFalse(has(things, "of the copy"), "nothing of the copy comes");
                assertTrue(second.post("/recovery", TOKEN).contains("missing"));
                flows(copy, second, things);
                second.awaitStreaming();
            }
        }
    }

    @Test
    void aFrozenProcessWhoseTopicsWereTakenOverForACopyWritesNothingWhenItWakesUp() throws Exception {
        try (var things = new Records(stack, "captured." + SOURCE + ".public.thing"); var first = capture(stack.servers, "first").awaitStreaming()) {
            things.await(first, seen -> seen.size() == 3);
            copySource(first);
            first.signal("STOP");
            stack.sql(SOURCE, "UPDATE thing SET name = 'too late' WHERE id = 3");
            try (var second = capture(copy, "second").awaitStreaming()) {
                flows(copy, second, things);
                first.signal("CONT");
                first.awaitReady("\"DOWN\"", writes(second));
                assertFalse(has(things, "too late"), "what the first one had in its hands when it woke up");
                sql(copy, "UPDATE thing SET name = 'of the copy, too' WHERE id = 3");
                flows(copy, second, things);
                second.awaitStreaming();
                assertFalse(second.log().contains("were taken over by"), "the second one noticed nothing: " + second.log());
            }
        }
    }

    @Test
    void whoWaitsForAPersonKeepsTheTopicsFromACopy() throws Exception {
        stack.deleteTopic("captured." + SOURCE + ".public.thing");
        try (var first = capture(stack.servers, "first")) {
            first.awaitReady("\"DOWN\"", "Kafka has no topic captured.copied.public.thing");
            stack.awaitLast("millrace.capture." + SOURCE + ".state", last -> last != null && last.contains("\"sign\":4"));
            assertFalse(stack.texts("millrace.capture." + SOURCE + ".state").contains(null), "it was never given back");
            stack.topics("captured." + SOURCE + ".public.thing");
            first.awaitStreaming();
        }
    }
}
