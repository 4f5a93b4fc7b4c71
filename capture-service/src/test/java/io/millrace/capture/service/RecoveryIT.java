package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.Op;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens to slot, publication and tables behind capture's back: it is said, and after the recovery nothing is missing. */
@Tag("long")
class RecoveryIT {

    private static final String TOKEN = "let me";
    private static final String TWO = CaptureProcess.root("thing") + "  many:\n    parts:\n      table: public.part\n      join: {id: thing_id}\n      fields: [id]\n";

    @TempDir
    static Path folder;
    private static Stack stack;
    private static Path token;

    @BeforeAll
    static void startServers() throws Exception {
        stack = new Stack(folder.resolve("stack"));
        token = Files.writeString(folder.resolve("token"), TOKEN);
    }

    @AfterAll
    static void stopServers() {
        stack.close();
    }

    private static CaptureProcess capture(String source) throws Exception {
        return CaptureProcess.start(stack, folder, source, stack.servers.postgresUser(), stack.servers.postgresPassword(), TWO,
                "-Dmillrace.capture.watch=500ms", "-Dmillrace.capture.token.file=" + token);
    }

    /** {@code thing} has three rows; {@code part} has none. */
    private static void source(String source) throws Exception {
        stack.source(source, "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL)", "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text)",
                "INSERT INTO thing VALUES (1, 'a'), (2, 'b'), (3, 'c')");
        stack.publish(source, "thing");
        stack.publish(source, "part");
    }

    private static Records records(String source, String table) {
        return new Records(stack, "captured." + source + ".public." + table);
    }

    private static void whole(String source, CaptureProcess capture, Records things) throws Exception {
        flows(source, capture, "thing", things);
        capture.awaitStreaming();
        assertEquals(Rows.expected(stack, source, "thing"), Rows.of(things.toTheEnd()));
    }

    /** Waits until the records come to what the table has, in however many of them: whoever begins again repeats. */
    private static void flows(String source, CaptureProcess capture, String table, Records records) throws Exception {
        var expected = Rows.expected(stack, source, table);
        records.await(capture, seen -> Rows.of(seen).equals(expected));
    }

    private static void recover(CaptureProcess capture) {
        assertTrue(capture.post("/recovery", TOKEN).contains("missing"));
    }

    private static void dropSlot(String source, String... meanwhile) throws Exception {
        try (var connection = stack.connect(source); var statement = connection.createStatement()) {
            Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> {
                statement.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 'millrace_" + source + "' AND active");
                return statement.execute("SELECT pg_drop_replication_slot('millrace_" + source + "')");
            });
            for (var sql : meanwhile) {
                statement.execute(sql);
            }
        }
    }

    private static String makeSlot(String source) {
        return "SELECT pg_create_logical_replication_slot('millrace_" + source + "', 'pgoutput')";
    }

    @Test
    void aSlotMadeAnewWhileRowsWereWrittenIsSaidOthersFlowOnAndTheRecoveryBringsWhatIsMissing() throws Exception {
        source("remade");
        try (var capture = capture("remade").awaitStreaming(); var things = records("remade", "thing"); var parts = records("remade", "part")) {
            dropSlot("remade", "UPDATE thing SET name = 'lost' WHERE id = 1", "DELETE FROM thing WHERE id = 2", "INSERT INTO thing VALUES (4, 'd')", makeSlot("remade"));
            capture.awaitReady("\"DOWN\"", "streaming", "may be missing", "public.part, public.thing", "./millrace recover remade");
            stack.sql("remade", "INSERT INTO part VALUES (1, 1, 'one')");
            flows("remade", capture, "part", parts);
            assertTrue(capture.ready().contains("\"DOWN\""), "what is missing is still missing");
            assertTrue(capture.post("/recovery", "wrong").contains("may not ask for a recovery"));
            recover(capture);
            whole("remade", capture, things);
        }
    }

    @Test
    void aSlotAdvancedWhileCaptureWasStoppedIsSaidAlsoAfterItStartsAnew() throws Exception {
        source("advanced");
        try (var capture = capture("advanced").awaitStreaming(); var things = records("advanced", "thing")) {
            things.await(capture, seen -> seen.size() == 3);
            capture.stop();
        }
        stack.sql("advanced", "DELETE FROM thing WHERE id = 3");
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> {
            stack.sql("advanced", "SELECT pg_replication_slot_advance('millrace_advanced', pg_current_wal_lsn())");
            return true;
        });
        try (var capture = capture("advanced")) {
            capture.awaitReady("\"DOWN\"", "streaming", "may be missing", "made anew or moved");
        }
        try (var capture = capture("advanced"); var things = records("advanced", "thing")) {
            capture.awaitReady("\"DOWN\"", "streaming", "may be missing", "made anew or moved");
            recover(capture);
            whole("advanced", capture, things);
        }
    }

    @Test
    void aTableThatWasOutOfThePublicationBetweenTwoLooksIsReadAgainAndTheOthersAreNot() throws Exception {
        source("outside");
        try (var capture = capture("outside").awaitStreaming(); var things = records("outside", "thing"); var parts = records("outside", "part")) {
            stack.sql("outside", "INSERT INTO part VALUES (1, 1, 'one')");
            flows("outside", capture, "part", parts);
            stack.sql("outside", "ALTER PUBLICATION millrace_outside DROP TABLE thing",
                    "UPDATE thing SET name = 'lost' WHERE id = 1", "DELETE FROM thing WHERE id = 2", "INSERT INTO thing VALUES (4, 'd')",
                    "ALTER PUBLICATION millrace_outside ADD TABLE thing");
            capture.awaitMissing("public.thing", "taken out of the publication millrace_outside");
            assertFalse(capture.ready().contains("public.part"), capture.ready());
            stack.sql("outside", "INSERT INTO part VALUES (2, 1, 'two')", "UPDATE thing SET name = 'later' WHERE id = 3");
            flows("outside", capture, "part", parts);
            recover(capture);
            whole("outside", capture, things);
            assertEquals(List.of("1 one", "2 two"), Rows.of(parts.toTheEnd()));
            assertTrue(parts.seen.stream().allMatch(r -> r.op() == Op.CREATE), "the other table is neither read again nor truncated: " + parts.seen);
        }
    }

    @Test
    void aPublicationMadeAnewAndARowFilterAndANewTableOfTheSameNameAreSaid() throws Exception {
        source("filtered");
        try (var capture = capture("filtered").awaitStreaming(); var things = records("filtered", "thing")) {
            stack.sql("filtered", "ALTER PUBLICATION millrace_filtered DROP TABLE thing", "ALTER PUBLICATION millrace_filtered ADD TABLE thing WHERE (id < 100)",
                    "INSERT INTO thing VALUES (200, 'beyond')");
            capture.awaitReady("\"DOWN\"", "passes only some rows of the table public.thing on");
            stack.sql("filtered", "DROP PUBLICATION millrace_filtered", "DELETE FROM thing WHERE id = 1", "CREATE PUBLICATION millrace_filtered FOR ALL TABLES");
            capture.awaitMissing("public.part");
            capture.awaitMissing("millrace.outboxevent");
            capture.awaitMissing("public.thing");
            assertFalse(capture.ready().contains("passes only some rows"), capture.ready());
            recover(capture);
            whole("filtered", capture, things);
            stack.sql("filtered", "DROP TABLE thing", "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL)", "INSERT INTO thing VALUES (7, 'new')");
            capture.awaitMissing("public.thing", "may be missing: it was dropped and created anew");
            recover(capture);
            whole("filtered", capture, things);
        }
    }

    @Test
    void rowLevelSecurityAndAReplicaIdentityThatLacksTheKeyAreSaidWhileTheyStand() throws Exception {
        source("secured");
        stack.sql("secured", "CREATE ROLE secured_reader LOGIN REPLICATION PASSWORD 'right'", "GRANT USAGE ON SCHEMA millrace TO secured_reader",
                "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA millrace, public TO secured_reader");
        try (var capture = CaptureProcess.start(stack, folder, "secured", "secured_reader", "right", TWO, "-Dmillrace.capture.watch=500ms").awaitStreaming(); var things = records("secured", "thing")) {
            stack.sql("secured", "ALTER TABLE thing ENABLE ROW LEVEL SECURITY");
            capture.awaitReady("\"DOWN\"", "Row level security hides rows of the table public.thing from the role secured_reader");
            stack.sql("secured", "INSERT INTO thing VALUES (4, 'd')", "ALTER TABLE thing DISABLE ROW LEVEL SECURITY", "ALTER TABLE thing REPLICA IDENTITY NOTHING");
            capture.awaitReady("\"DOWN\"", "REPLICA IDENTITY NOTHING");
            assertFalse(capture.ready().contains("security"), capture.ready());
            stack.sql("secured", "ALTER TABLE thing REPLICA IDENTITY DEFAULT");
            whole("secured", capture, things);
        }
    }
}
