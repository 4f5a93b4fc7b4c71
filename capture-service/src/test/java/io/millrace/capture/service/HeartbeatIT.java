package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.Debugger;
import io.millrace.local.Ports;
import java.io.IOException;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The row by which capture knows how far the stream is: what keeps it from being written, or from coming, is said, and holds up no change. */
@Tag("long")
class HeartbeatIT extends OnStack {

    private static void source(String source) throws Exception {
        stack.source(source, "CREATE TABLE thing (id int PRIMARY KEY, name text)");
        stack.publish(source, "thing");
        stack.sql(source, "CREATE ROLE " + source + "_role LOGIN REPLICATION PASSWORD 'right'");
        grant(source);
    }

    private static void grant(String source) throws Exception {
        stack.sql(source, "GRANT USAGE ON SCHEMA millrace TO " + source + "_role", "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA millrace TO " + source + "_role",
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + source + "_role");
    }

    private static CaptureProcess capture(String source, String... options) throws IOException {
        return CaptureProcess.start(stack, folder, source, source + "_role", "right", CaptureProcess.root("thing"), options);
    }

    /** A row that is written now comes within the patience of a reader, whatever health says. */
    private static void flows(String source, int id, CaptureProcess capture, Records things) throws Exception {
        stack.sql(source, "INSERT INTO thing VALUES (" + id + ", 'flows')");
        things.await(capture, seen -> seen.stream().anyMatch(row -> row.key().get("id").equals(id)));
    }

    @Test
    void aHeartbeatThatCannotBeWrittenIsSaidWithWhatMendsItAndHoldsUpNoChange() throws Exception {
        source("unwritten");
        var grant = "The heartbeat cannot be written, by which capture knows how far the stream is, and the slot advances while the tables are quiet: ERROR: permission denied for table heartbeat";
        var granted = "run GRANT USAGE ON SCHEMA millrace TO \\\"unwritten_role\\\"; GRANT INSERT, UPDATE ON ";
        try (var things = records("unwritten", "thing")) {
            try (var capture = capture("unwritten").awaitStreaming()) {
                flows("unwritten", 1, capture, things);
                stack.sql("unwritten", "REVOKE INSERT, UPDATE ON millrace.heartbeat FROM unwritten_role");
                capture.awaitReady("\"DOWN\"", grant, granted);
                flows("unwritten", 2, capture, things);
                capture.stop();
            }
            try (var capture = capture("unwritten")) {
                capture.awaitReady("\"DOWN\"", grant, granted);
                flows("unwritten", 3, capture, things);
                grant("unwritten");
                capture.awaitStreaming();
                try (var locker = stack.connect("unwritten"); var lock = locker.createStatement()) {
                    locker.setAutoCommit(false);
                    lock.execute("LOCK TABLE millrace.heartbeat IN SHARE MODE");
                    long began = System.nanoTime();
                    capture.awaitReady("\"DOWN\"", "somebody has it locked");
                    flows("unwritten", 4, capture, things);
                    assertTrue(System.nanoTime() - began < 60_000_000_000L, "the stream's connection ends after 60 s without an answer");
                    locker.rollback();
                }
                capture.awaitStreaming();
                stack.sql("unwritten", "DROP TABLE millrace.heartbeat");
                capture.awaitReady("\"DOWN\"", "millrace.heartbeat");
                flows("unwritten", 5, capture, things);
                stack.sql("unwritten", "CREATE TABLE millrace.heartbeat (id int PRIMARY KEY, beat timestamptz)", "ALTER PUBLICATION millrace_unwritten ADD TABLE millrace.heartbeat");
                grant("unwritten");
                capture.awaitStreaming();
                flows("unwritten", 6, capture, things);
            }
        }
    }

    @Test
    void aStreamThatStandsIsSaidAndOneThatHasMuchToDoIsBehindAndNotDown() throws Exception {
        source("standing");
        int debugged = Ports.free(1).getFirst();
        try (var capture = capture("standing", Debugger.option(debugged).split(" ")).awaitStreaming(); var things = records("standing", "thing"); var debugger = Debugger.attach(debugged)) {
            flows("standing", 1, capture, things);
            var sender = stack.query("standing", "SELECT active_pid FROM pg_replication_slots WHERE slot_name = 'millrace_standing'").getFirst();
            signal("STOP", sender);
            try {
                capture.awaitReady("\"DOWN\"", "The stream stands: the heartbeat that was written behind", "process " + sender);
            } finally {
                signal("CONT", sender);
            }
            capture.awaitStreaming();
            flows("standing", 2, capture, things);
            var inBatch = debugger.block(null, "io.millrace.capture.row.Changes", "of");
            stack.sql("standing", "INSERT INTO thing VALUES (3, 'waits')");
            capture.awaitReady("\"UP\"", "\"warning\"", "The stream has not come to the heartbeat that was written behind", "and goes on");
            inBatch.interrupt();
            capture.awaitReady(without("warning"), "\"UP\"");
            flows("standing", 4, capture, things);
        }
    }

    @Test
    void aHeartbeatThatTheStreamPassesWithoutItIsSaid() throws Exception {
        source("passed");
        try (var capture = capture("passed").awaitStreaming(); var things = records("passed", "thing")) {
            stack.sql("passed", "ALTER PUBLICATION millrace_passed DROP TABLE millrace.heartbeat");
            int id = 0;
            for (long began = System.nanoTime(); !capture.ready().contains("The stream has passed the heartbeat that was written behind") && System.nanoTime() - began < 60_000_000_000L; Thread.sleep(500)) {
                flows("passed", ++id, capture, things);
            }
            capture.awaitReady("\"DOWN\"", "The stream has passed the heartbeat that was written behind", "look whether the publication millrace_passed has millrace.heartbeat");
            stack.sql("passed", "ALTER PUBLICATION millrace_passed ADD TABLE millrace.heartbeat");
            capture.awaitStreaming();
        }
    }

    private static Predicate<String> without(String part) {
        return answer -> !answer.contains(part);
    }

    private static void signal(String name, String pid) throws Exception {
        assertEquals(0, new ProcessBuilder("kill", "-" + name, pid).inheritIO().start().waitFor());
    }

    @Test
    void theTopicThatSaysHowFarTheStreamIsIsMadeAgainAndHoldsUpNoChange() throws Exception {
        source("reached");
        try (var capture = capture("reached").awaitStreaming(); var things = records("reached", "thing")) {
            flows("reached", 1, capture, things);
            stack.deleteTopic("millrace.capture.reached.reached");
            for (int i = 2; i <= 8; i++) {
                long began = System.nanoTime();
                flows("reached", i, capture, things);
                assertTrue(System.nanoTime() - began < 8_000_000_000L, "a row waited for the topic " + (System.nanoTime() - began) / 1_000_000 + " ms");
                Thread.sleep(2_000);
            }
            var written = stack.query("reached", "SELECT pg_current_wal_insert_lsn() - '0/0'").getFirst();
            stack.awaitLast("millrace.capture.reached.reached", said -> lsn(said) >= Long.parseLong(written));
            capture.awaitReady("\"UP\"");
        }
    }

    private static long lsn(String text) {
        var halves = Pattern.compile("/").split(text);
        return (Long.parseLong(halves[0], 16) << 32) + Long.parseLong(halves[1], 16);
    }
}
