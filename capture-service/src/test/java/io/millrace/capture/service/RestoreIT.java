package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.record.Op;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Postgres comes back as it was before, or on another timeline, with a slot that looks as if nothing had happened. */
@Tag("long")
class RestoreIT {

    private static final String SOURCE = "restored";
    private static final String TOKEN = "let me";

    @TempDir
    Path folder;
    private Stack stack;

    @BeforeEach
    void startServers() throws Exception {
        stack = new Stack(folder.resolve("stack"));
        stack.source(SOURCE, "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL)", "CREATE TABLE filler (body text)", "INSERT INTO thing VALUES (1, 'a'), (2, 'b'), (3, 'c')");
        stack.publish(SOURCE, "thing");
    }

    @AfterEach
    void stopServers() {
        stack.close();
    }

    private CaptureProcess capture(String recovery) throws Exception {
        return CaptureProcess.recovering(stack, folder, recovery, SOURCE, stack.servers.postgresUser(), stack.servers.postgresPassword(), CaptureProcess.root("thing"),
                "-Dmillrace.capture.watch=500ms", "-Dmillrace.capture.token.file=" + Files.writeString(folder.resolve("token"), TOKEN));
    }

    private Path data() {
        return folder.resolve("stack").resolve("postgres");
    }

    private static void copy(Path from, Path to) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder("sh", "-c", "rm -rf '" + to + "' && cp -a '" + from + "' '" + to + "'").inheritIO().start().waitFor());
    }

    private void restartPostgres() {
        stack.servers.postgres().start();
        // The registry keeps its schemas in the same server.
        stack.servers.registry().restart();
    }

    /** Copies the stopped server, goes on with it for a while, and puts the copy back. The last rows are of the life that is lost. */
    private void restore(CaptureProcess capture, Records things) throws Exception {
        things.await(capture, seen -> seen.size() >= 3);
        stack.servers.postgres().stop();
        copy(data(), folder.resolve("copy"));
        restartPostgres();
        capture.awaitStreaming();
        stack.sql(SOURCE, "UPDATE thing SET name = 'lost life' WHERE id = 1", "INSERT INTO thing VALUES (4, 'lost life')", "DELETE FROM thing WHERE id = 2");
        things.await(capture, seen -> Rows.of(seen).toString().equals("[1 lost life, 3 c, 4 lost life]"));
        var written = stack.query(SOURCE, "SELECT pg_current_wal_lsn()").getFirst();
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> stack.query("postgres", "SELECT confirmed_flush_lsn >= '" + written + "' FROM pg_replication_slots").contains("t"));
        stack.servers.postgres().stop();
        copy(folder.resolve("copy"), data());
    }

    private void whole(CaptureProcess capture, Records things) throws Exception {
        var expected = Rows.expected(stack, SOURCE, "thing");
        things.await(capture, seen -> Rows.of(seen).equals(expected));
        capture.awaitStreaming();
        stack.sql(SOURCE, "UPDATE thing SET name = 'and on' WHERE id = 3");
        var after = Rows.expected(stack, SOURCE, "thing");
        things.await(capture, seen -> Rows.of(seen).equals(after));
    }

    @Test
    void aCopyThatIsPutBackIsSaidAndItsRowsAreNewerThanThoseOfTheLifeThatIsLost() throws Exception {
        try (var capture = capture("ask").awaitStreaming(); var things = new Records(stack, "captured." + SOURCE + ".public.thing")) {
            restore(capture, things);
            restartPostgres();
            stack.sql(SOURCE, "UPDATE thing SET name = 'new life' WHERE id = 1");
            capture.awaitReady("\"DOWN\"", "was restored from a copy", "./millrace recover restored");
            assertTrue(capture.post("/recovery?source=restored", TOKEN).contains("missing"));
            whole(capture, things);
        }
    }

    @Test
    void aCopyThatIsPutBackWithoutItsSlotIsSaidToBeOneAndNotOnlyToLackTheSlot() throws Exception {
        try (var things = new Records(stack, "captured." + SOURCE + ".public.thing")) {
            try (var capture = capture("ask").awaitStreaming()) {
                restore(capture, things);
            }
            restartPostgres();
            stack.sql(SOURCE, "SELECT pg_drop_replication_slot('millrace_restored')", "UPDATE thing SET name = 'new life' WHERE id = 1");
            try (var capture = capture("ask")) {
                capture.awaitReady("\"DOWN\"", "was restored from a copy", "./millrace recover restored");
                assertTrue(capture.post("/recovery", TOKEN).contains("missing"));
                whole(capture, things);
            }
        }
    }

    @Test
    void aCopyWhoseLogIsLongerThanTheLostOneIsFoundByItsHeartbeatsAndRecoveredByItself() throws Exception {
        try (var things = new Records(stack, "captured." + SOURCE + ".public.thing")) {
            try (var capture = capture("automatic").awaitStreaming()) {
                restore(capture, things);
            }
            restartPostgres();
            stack.sql(SOURCE, "INSERT INTO filler SELECT repeat(md5(i::text), 30) FROM generate_series(1, 20000) i", "UPDATE thing SET name = 'new life' WHERE id = 1");
            try (var capture = capture("automatic")) {
                whole(capture, things);
                assertTrue(capture.log().contains("The stream has a heartbeat at"), capture.log());
            }
        }
    }

    @Test
    void aPromotionBehindEverythingThatWasCapturedIsNoRecovery() throws Exception {
        try (var capture = capture("ask").awaitStreaming(); var things = new Records(stack, "captured." + SOURCE + ".public.thing")) {
            things.await(capture, seen -> seen.size() == 3);
            stack.servers.postgres().stop();
            Files.createFile(data().resolve("recovery.signal"));
            Files.writeString(data().resolve("postgresql.auto.conf"), "restore_command = '/bin/false'\n");
            restartPostgres();
            Awaitility.await().atMost(Duration.ofSeconds(20)).ignoreExceptions().until(() -> stack.query("postgres", "SELECT pg_walfile_name(pg_current_wal_lsn())").getFirst().startsWith("00000002"));
            stack.sql(SOURCE, "UPDATE thing SET name = 'promoted' WHERE id = 1");
            things.await(capture, seen -> seen.size() == 4);
            capture.awaitStreaming();
            assertEquals(4, things.toTheEnd().size(), "nothing is read again");
            assertTrue(capture.log().contains("promoted to timeline 2"), capture.log());
            assertTrue(stack.texts("millrace.capture." + SOURCE + ".reached").contains("0/0"), "an LSN of the timeline that was left may be another place in this one");
        }
    }

    @Test
    void aStandbyThatKeptTheSlotInStepTakesOverAndNothingIsReadAgain() throws Exception {
        try (var capture = capture("ask").awaitStreaming(); var things = new Records(stack, "captured." + SOURCE + ".public.thing")) {
            things.await(capture, seen -> seen.size() >= 3);
            failOver(capture, true, standby -> {
                stack.sql(SOURCE, "UPDATE thing SET name = 'before the failover' WHERE id = 1", "DELETE FROM thing WHERE id = 2");
                things.await(capture, seen -> Rows.of(seen).equals(List.of("1 before the failover", "3 c")));
                awaitStandby(standby, "SELECT synced AND NOT temporary AND confirmed_flush_lsn >= '%s' FROM pg_replication_slots WHERE slot_name = 'millrace_" + SOURCE + "'");
            });
            stack.sql(SOURCE, "UPDATE thing SET name = 'after the failover' WHERE id = 3");
            whole(capture, things);
            assertTrue(capture.log().contains("promoted to timeline 2"), capture.log());
            assertEquals(3, things.toTheEnd().stream().filter(r -> r.op() == Op.READ).count(), "nothing is read again");
        }
    }

    @Test
    void aStandbyThatHasNoSlotTakesOverAndTheRecoveryBringsWhatWasWrittenMeanwhile() throws Exception {
        try (var things = new Records(stack, "captured." + SOURCE + ".public.thing")) {
            try (var capture = capture("ask").awaitStreaming()) {
                things.await(capture, seen -> seen.size() >= 3);
                failOver(capture, false, standby -> {
                    stack.sql(SOURCE, "UPDATE thing SET name = 'before the failover' WHERE id = 1");
                    things.await(capture, seen -> Rows.of(seen).equals(List.of("1 before the failover", "2 b", "3 c")));
                    capture.kill();
                    stack.sql(SOURCE, "DELETE FROM thing WHERE id = 2");
                    awaitStandby(standby, "SELECT pg_last_wal_replay_lsn() >= '%s'");
                });
            }
            try (var capture = capture("ask")) {
                capture.awaitReady("\"DOWN\"", "The replication slot millrace_restored is gone, though it was read until ", "all that are captured", "./millrace recover restored");
                assertTrue(capture.post("/recovery", TOKEN).contains("missing"));
                whole(capture, things);
            }
        }
    }

    @Test
    void aStandbyThatLacksWhatWasCapturedTakesOverAndTheRecoveryTakesThatAway() throws Exception {
        try (var capture = capture("ask").awaitStreaming(); var things = new Records(stack, "captured." + SOURCE + ".public.thing")) {
            things.await(capture, seen -> seen.size() >= 3);
            failOver(capture, true, standby -> {
                stack.sql(SOURCE, "UPDATE thing SET name = 'before the failover' WHERE id = 1");
                awaitStandby(standby, "SELECT pg_last_wal_replay_lsn() >= '%s'");
                standby.postgres().kill();
                stack.sql(SOURCE, "UPDATE thing SET name = 'lost' WHERE id = 1", "INSERT INTO thing VALUES (4, 'lost')", "DELETE FROM thing WHERE id = 2");
                things.await(capture, seen -> Rows.of(seen).equals(List.of("1 lost", "3 c", "4 lost")));
                var written = stack.query(SOURCE, "SELECT pg_current_wal_lsn()").getFirst();
                Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> stack.query("postgres", "SELECT confirmed_flush_lsn >= '" + written + "' FROM pg_replication_slots WHERE slot_name = 'millrace_restored'").contains("t"));
                stack.servers.postgres().stop();
                standby.postgres().start();
            });
            stack.sql(SOURCE, "UPDATE thing SET name = 'new life' WHERE id = 3");
            capture.awaitReady("\"DOWN\"", "which left timeline 1 at ", "a standby that had not received everything was promoted", "./millrace recover restored");
            assertTrue(capture.post("/recovery", TOKEN).contains("missing"));
            whole(capture, things);
        }
    }

    /** What happens while a standby follows. */
    private interface Meanwhile {
        void with(LocalServers standby) throws Exception;
    }

    /**
     * A standby follows for a while, then is promoted and stands where the primary was.
     *
     * @param slots whether it keeps the primary's slots in step
     */
    private void failOver(CaptureProcess capture, boolean slots, Meanwhile meanwhile) throws Exception {
        var standbyFolder = Files.createDirectories(folder.resolve("standby"));
        var standby = LocalServers.in(standbyFolder, Ports.free());
        try {
            stack.sql("postgres", "SELECT pg_create_physical_replication_slot('standby')");
            stack.servers.postgres().stop();
            copy(data(), standbyFolder.resolve("postgres"));
            restartPostgres();
            // As pg_basebackup does: a standby makes its own slots.
            copy(Files.createDirectories(folder.resolve("none")), standbyFolder.resolve("postgres/pg_replslot"));
            Files.createFile(standbyFolder.resolve("postgres/standby.signal"));
            Files.writeString(standbyFolder.resolve("postgres/postgresql.auto.conf"), """
                    primary_conninfo = 'host=localhost port=%d user=%s password=%s dbname=%s'
                    primary_slot_name = 'standby'
                    hot_standby_feedback = on
                    sync_replication_slots = %s
                    """.formatted(URI.create(stack.servers.jdbcUrl(SOURCE).substring("jdbc:".length())).getPort(), stack.servers.postgresUser(), stack.servers.postgresPassword(), SOURCE, slots ? "on" : "off"));
            standby.postgres().launch();
            standby.postgres().awaitReady();
            capture.awaitStreaming();
            meanwhile.with(standby);
            stack.servers.postgres().stop();
            assertEquals("t", ask(standby, "SELECT pg_promote()"));
            standby.postgres().stop();
            copy(standbyFolder.resolve("postgres"), data());
            restartPostgres();
        } finally {
            standby.postgres().kill();
        }
    }

    /** @param reached a query of the standby with a place for the primary's LSN as it is now */
    private void awaitStandby(LocalServers standby, String reached) throws SQLException {
        var written = stack.query(SOURCE, "SELECT pg_current_wal_lsn()").getFirst();
        Awaitility.await().atMost(Duration.ofSeconds(120)).ignoreExceptions().until(() -> ask(standby, reached.formatted(written)).equals("t"));
    }

    private static String ask(LocalServers server, String sql) throws SQLException {
        try (var connection = DriverManager.getConnection(server.jdbcUrl("postgres"), server.postgresUser(), server.postgresPassword()); var statement = connection.createStatement(); var row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
