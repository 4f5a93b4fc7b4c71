package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.record.Op;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What happens to slot, publication and tables behind capture's back: it is said, and after the recovery nothing is missing. */
@Tag("long")
class RecoveryIT extends OnStack {

    private static final String TWO = CaptureProcess.root("thing") + "  many:\n    parts:\n      table: public.part\n      join: {id: thing_id}\n      fields: [id, name]\n";

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

    /** A server has 20 slots, and here are more sources. */
    @AfterEach
    void dropSlots() throws Exception {
        stack.sql("postgres", "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active");
    }

    private static String makeSlot(String source) {
        return "SELECT pg_create_logical_replication_slot('millrace_" + source + "', 'pgoutput')";
    }

    @Test
    void aSlotMadeAnewWhileRowsWereWrittenIsSaidOthersFlowOnAndTheRecoveryBringsWhatIsMissing() throws Exception {
        source("remade");
        try (var capture = capture("remade").awaitStreaming(); var things = records("remade", "thing"); var parts = records("remade", "part")) {
            dropSlot("remade", "UPDATE thing SET name = 'lost' WHERE id = 1", "DELETE FROM thing WHERE id = 2", "INSERT INTO thing VALUES (4, 'd')", makeSlot("remade"));
            capture.awaitReady(answer -> answer.matches("(?s).*They were committed between [0-9A-F]+/[0-9A-F]+ \\([^)]*Z\\) and [0-9A-F]+/[0-9A-F]+ \\([^)]*Z\\).*"),
                    "\"DOWN\"", "streaming", "may be missing", "public.part, public.thing", "./millrace recover remade");
            stack.sql("remade", "INSERT INTO part VALUES (1, 1, 'one')");
            flows("remade", capture, "part", parts);
            assertTrue(capture.ready().contains("\"DOWN\""), "what is missing is still missing");
            assertTrue(capture.post("/recovery", "wrong").contains("may not ask for a recovery"));
            recover(capture);
            whole("remade", capture, things);
            capture.awaitReady("\"UP\"", "The replication slot millrace_remade was made without failover, so no standby keeps it in step");
        }
    }

    @Test
    void theListOfTablesThatWereReadIsWrittenAgainWhereItsTopicWasDeleted() throws Exception {
        source("noted");
        try (var capture = capture("noted").awaitStreaming(); var things = records("noted", "thing")) {
            whole("noted", capture, things);
            capture.stop();
        }
        stack.deleteTopic("millrace.capture.noted");
        try (var capture = capture("noted").awaitStreaming()) {
            stack.awaitLast("millrace.capture.noted", said -> said.equals("millrace.outboxevent\npublic.part\npublic.thing"));
            assertTrue(capture.ready().contains("\"UP\""), capture.ready());
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
    void aSlotThatPostgresGaveUpIsSaidWithTheSettingAndRecovered() throws Exception {
        source("starved");
        stack.sql("starved", "CREATE TABLE filler (body text)");
        try (var capture = capture("starved").awaitStreaming(); var things = records("starved", "thing")) {
            things.await(capture, seen -> seen.size() >= 3);
            capture.stop();
        }
        stack.sql("postgres", "ALTER SYSTEM SET max_slot_wal_keep_size = '32MB'", "SELECT pg_reload_conf()");
        try {
            stack.sql("starved", "DELETE FROM thing WHERE id = 3");
            Awaitility.await().atMost(Duration.ofMinutes(3)).until(() -> {
                stack.sql("starved", "INSERT INTO filler SELECT repeat(md5(i::text), 30) FROM generate_series(1, 60000) i", "CHECKPOINT");
                return stack.query("postgres", "SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'millrace_starved'").contains("lost");
            });
            try (var capture = capture("starved"); var things = records("starved", "thing")) {
                capture.awaitReady("\"DOWN\"", "was given up by Postgres (max_slot_wal_keep_size let the WAL go that it needed) after it was read until", "./millrace recover starved");
                recover(capture);
                whole("starved", capture, things);
            }
        } finally {
            stack.sql("postgres", "ALTER SYSTEM RESET max_slot_wal_keep_size", "SELECT pg_reload_conf()");
        }
    }

    @Test
    void aSlotThatPostgresGivesUpWhileCaptureRunsIsSaidAndRecovered() throws Exception {
        source("squeezed");
        stack.sql("squeezed", "CREATE TABLE filler (body text)");
        try (var capture = capture("squeezed").awaitStreaming(); var things = records("squeezed", "thing")) {
            things.await(capture, seen -> seen.size() >= 3);
            stack.sql("postgres", "ALTER SYSTEM SET max_slot_wal_keep_size = '32MB'", "SELECT pg_reload_conf()");
            stack.servers.kafka().stop();
            try {
                stack.sql("squeezed", "DELETE FROM thing WHERE id = 3");
                Awaitility.await().atMost(Duration.ofMinutes(3)).until(() -> {
                    stack.sql("squeezed", "INSERT INTO filler SELECT repeat(md5(i::text), 30) FROM generate_series(1, 60000) i", "CHECKPOINT");
                    return stack.query("postgres", "SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'millrace_squeezed'").contains("lost");
                });
            } finally {
                stack.servers.kafka().start();
                stack.sql("postgres", "ALTER SYSTEM RESET max_slot_wal_keep_size", "SELECT pg_reload_conf()");
            }
            capture.awaitReady("\"DOWN\"", "was given up by Postgres (max_slot_wal_keep_size let the WAL go that it needed) after it was read until", "./millrace recover squeezed");
            recover(capture);
            whole("squeezed", capture, things);
        }
    }

    @Test
    void aSlotThatWasIdleForTooLongIsSaidWithTheSettingAndRecovered() throws Exception {
        source("idle");
        try (var capture = capture("idle").awaitStreaming(); var things = records("idle", "thing")) {
            things.await(capture, seen -> seen.size() >= 3);
            capture.stop();
        }
        stack.sql("postgres", "ALTER SYSTEM SET idle_replication_slot_timeout = '1s'", "SELECT pg_reload_conf()");
        try {
            stack.sql("idle", "DELETE FROM thing WHERE id = 3");
            Awaitility.await().atMost(Duration.ofMinutes(3)).until(() -> {
                stack.sql("postgres", "CHECKPOINT");
                return stack.query("postgres", "SELECT invalidation_reason FROM pg_replication_slots WHERE slot_name = 'millrace_idle'").contains("idle_timeout");
            });
        } finally {
            stack.sql("postgres", "ALTER SYSTEM RESET idle_replication_slot_timeout", "SELECT pg_reload_conf()");
        }
        try (var capture = capture("idle"); var things = records("idle", "thing")) {
            capture.awaitReady("\"DOWN\"", "was given up by Postgres (it was idle for longer than idle_replication_slot_timeout) after it was read until", "./millrace recover idle");
            recover(capture);
            whole("idle", capture, things);
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
    void aTableThatWasOutOfAPublishedSchemaBetweenTwoLooksIsSaidAndReadAgain() throws Exception {
        source("moved");
        stack.sql("moved", "CREATE SCHEMA attic", "ALTER PUBLICATION millrace_moved DROP TABLE thing, part", "ALTER PUBLICATION millrace_moved ADD TABLES IN SCHEMA public");
        try (var capture = capture("moved").awaitStreaming(); var things = records("moved", "thing")) {
            whole("moved", capture, things);
            stack.sql("moved", "BEGIN; ALTER TABLE thing SET SCHEMA attic; UPDATE attic.thing SET name = 'in no log' WHERE id = 1; ALTER TABLE attic.thing SET SCHEMA public; COMMIT");
            capture.awaitMissing("public.thing", "taken out of the publication millrace_moved and put back");
            assertFalse(CaptureProcess.saysMissing(capture.ready(), "public.part"), capture.ready());
            recover(capture);
            whole("moved", capture, things);
            stack.sql("moved", AWAY);
            capture.awaitMissing("public.thing");
            recover(capture);
            whole("moved", capture, things);
            stack.sql("moved", "BEGIN; ALTER PUBLICATION millrace_moved DROP TABLES IN SCHEMA public; DELETE FROM thing WHERE id = 2; ALTER PUBLICATION millrace_moved ADD TABLES IN SCHEMA public; COMMIT");
            capture.awaitMissing("public.thing", "taken out of the publication millrace_moved");
            capture.awaitMissing("public.part", "taken out of the publication millrace_moved");
            recover(capture);
            whole("moved", capture, things);
            capture.stop();
        }
        stack.sql("moved", "ALTER TABLE thing SET SCHEMA attic", "DELETE FROM attic.thing WHERE id = 3", "ALTER TABLE attic.thing SET SCHEMA public");
        try (var capture = capture("moved"); var things = records("moved", "thing")) {
            capture.awaitMissing("public.thing", "taken out of the publication millrace_moved and put back");
            recover(capture);
            whole("moved", capture, things);
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
    void aRowFilterBesideTheTablesSchemaKeepsNoRowAndIsNotSaid() throws Exception {
        source("beside");
        stack.sql("beside", "ALTER PUBLICATION millrace_beside DROP TABLE thing, part", "ALTER PUBLICATION millrace_beside ADD TABLES IN SCHEMA public", "ALTER PUBLICATION millrace_beside ADD TABLE thing WHERE (id < 3)");
        try (var capture = capture("beside").awaitStreaming(); var things = records("beside", "thing")) {
            stack.sql("beside", "INSERT INTO thing VALUES (200, 'beyond')", "UPDATE thing SET name = 'beyond' WHERE id = 3", "DELETE FROM thing WHERE id = 2");
            whole("beside", capture, things);
            stack.sql("beside", "ALTER PUBLICATION millrace_beside DROP TABLES IN SCHEMA public");
            capture.awaitReady("\"DOWN\"", "passes only some rows of the table public.thing on");
        }
    }

    @Test
    void aTableExchangedByTwoRenamesIsSaidAndReadWhole() throws Exception {
        source("exchanged");
        try (var capture = capture("exchanged").awaitStreaming(); var things = records("exchanged", "thing"); var parts = records("exchanged", "part")) {
            whole("exchanged", capture, things);
            stack.sql("exchanged", "CREATE TABLE fresh (LIKE thing INCLUDING ALL)", "INSERT INTO fresh VALUES (1, 'fresh'), (7, 'new')",
                    "BEGIN; ALTER TABLE thing RENAME TO outdated; ALTER TABLE fresh RENAME TO thing; COMMIT", "INSERT INTO part VALUES (1, 1, 'one')");
            capture.awaitReady("\"DOWN\"", "lacks the table public.thing; run ALTER PUBLICATION millrace_exchanged ADD TABLE");
            flows("exchanged", capture, "part", parts);
            stack.sql("exchanged", "ALTER PUBLICATION millrace_exchanged ADD TABLE thing", "UPDATE thing SET name = 'changed' WHERE id = 7");
            capture.awaitMissing("public.thing", "created anew");
            recover(capture);
            whole("exchanged", capture, things);
        }
    }

    private static final String TRADE = "ALTER TABLE thing RENAME TO traded; ALTER TABLE part RENAME TO thing; ALTER TABLE traded RENAME TO part";

    /** Two tables with rows of the same keys, and the same columns in another order. */
    private static void twins(String source) throws Exception {
        stack.source(source, "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL, thing_id int)", "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text NOT NULL)",
                "INSERT INTO thing VALUES (1, 'thing'), (2, 'thing'), (3, 'thing')", "INSERT INTO part VALUES (1, 1, 'part'), (2, 1, 'part')");
        stack.publish(source, "thing");
        stack.publish(source, "part");
    }

    @Test
    void twoTablesThatTradeTheirNamesAreSaidAndReadWhole() throws Exception {
        twins("traded");
        try (var capture = capture("traded").awaitStreaming(); var things = records("traded", "thing"); var parts = records("traded", "part")) {
            whole("traded", capture, things);
            stack.sql("traded", "BEGIN; UPDATE thing SET name = 'before' WHERE id = 1; " + TRADE + "; UPDATE thing SET name = 'after' WHERE id = 1; INSERT INTO part VALUES (4, 'after', 1); DELETE FROM thing WHERE id = 2; COMMIT",
                    "UPDATE part SET name = 'later' WHERE id = 2");
            capture.awaitMissing("public.thing", "created anew");
            capture.awaitMissing("public.part", "created anew");
            // What the status, the console and the alert count.
            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> capture.get("/q/metrics").lines().anyMatch(line -> line.startsWith("millrace_tables_incomplete{") && line.contains("why=\"missing\"") && line.endsWith(" 2.0")));
            recover(capture);
            flows("traded", capture, "part", parts);
            whole("traded", capture, things);
            assertEquals(Rows.expected(stack, "traded", "part"), Rows.of(parts.toTheEnd()));
        }
    }

    @Test
    void changesOfTablesThatHadOtherNamesForAWhileAreSaidAndReadAgain() throws Exception {
        twins("lent");
        try (var capture = capture("lent").awaitStreaming(); var things = records("lent", "thing"); var parts = records("lent", "part")) {
            whole("lent", capture, things);
            flows("lent", capture, "part", parts);
            capture.stop();
        }
        stack.sql("lent", "BEGIN; " + TRADE + "; COMMIT", "UPDATE thing SET name = 'lent' WHERE id = 1", "INSERT INTO part VALUES (4, 'lent', 1)", "DELETE FROM thing WHERE id = 2", "BEGIN; " + TRADE + "; COMMIT",
                "UPDATE thing SET name = 'back' WHERE id = 3");
        try (var capture = capture("lent"); var things = records("lent", "thing"); var parts = records("lent", "part")) {
            capture.awaitMissing("public.thing", "another table had its name and was changed");
            capture.awaitMissing("public.part", "it was changed while its name was public.thing");
            recover(capture);
            flows("lent", capture, "part", parts);
            whole("lent", capture, things);
            assertEquals(Rows.expected(stack, "lent", "part"), Rows.of(parts.toTheEnd()));
            stack.sql("lent", AWAY);
            capture.awaitMissing("public.thing", "it was changed while its name was public.away");
            recover(capture);
            whole("lent", capture, things);
        }
    }

    private static final String AWAY = "BEGIN; ALTER TABLE thing RENAME TO away; UPDATE away SET name = 'away' WHERE id = 1; ALTER TABLE away RENAME TO thing; COMMIT";

    @Test
    void whatPartitionsBringBehindALentNameOfTheirRootIsNotLost() throws Exception {
        stack.source("leaves", "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL) PARTITION BY RANGE (id)", "CREATE TABLE thing_low PARTITION OF thing FOR VALUES FROM (0) TO (100)",
                "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text)", "INSERT INTO thing VALUES (1, 'a'), (2, 'b'), (3, 'c')");
        stack.publish("leaves", "thing");
        stack.publish("leaves", "part");
        stack.sql("leaves", "ALTER PUBLICATION millrace_leaves SET (publish_via_partition_root = true)");
        try (var capture = capture("leaves").awaitStreaming(); var things = records("leaves", "thing")) {
            whole("leaves", capture, things);
            capture.stop();
        }
        // Postgres describes the root with a partition's first change in a connection, and not again when the root is renamed.
        stack.sql("leaves", AWAY);
        try (var capture = capture("leaves"); var things = records("leaves", "thing")) {
            capture.awaitMissing("public.thing", "it was changed while its name was public.away");
            recover(capture);
            whole("leaves", capture, things);
            stack.sql("leaves", "UPDATE thing SET name = 'later' WHERE id = 2", "DELETE FROM thing WHERE id = 3", "INSERT INTO thing VALUES (4, 'later')");
            whole("leaves", capture, things);
        }
    }

    @Test
    void aNameThatIsLentWhileChangesAreMissingAlreadyIsSaidAndReadAgain() throws Exception {
        source("lacking");
        try (var capture = capture("lacking").awaitStreaming(); var things = records("lacking", "thing")) {
            stack.sql("lacking", "ALTER PUBLICATION millrace_lacking DROP TABLE thing", "UPDATE thing SET name = 'lost' WHERE id = 2", "ALTER PUBLICATION millrace_lacking ADD TABLE thing");
            capture.awaitMissing("public.thing", "taken out of the publication millrace_lacking");
            stack.sql("lacking", AWAY);
            capture.awaitMissing("public.thing", "it was changed while its name was public.away");
            recover(capture);
            whole("lacking", capture, things);
        }
    }

    @Test
    void rowLevelSecurityAReplicaIdentityThatLacksTheKeyAndALoginThatIsRefusedAreSaidWhileTheyStand() throws Exception {
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
            // So that the stream that begins anew for it is connected before the next login.
            stack.sql("secured", "UPDATE thing SET name = 'connected' WHERE id = 2");
            flows("secured", capture, "thing", things);
            stack.sql("secured", "ALTER ROLE secured_reader PASSWORD 'another'");
            capture.awaitReady("\"DOWN\"", "streaming", "nobody can look whether it is whole: Postgres refuses the login");
            stack.sql("secured", "UPDATE thing SET name = 'flows' WHERE id = 1");
            flows("secured", capture, "thing", things);
            stack.sql("secured", "ALTER ROLE secured_reader PASSWORD 'right'");
            whole("secured", capture, things);
        }
    }

    @Test
    void columnsThatThePublicationLeavesOutAndOperationsThatItLeavesOutAreSaidAndReadAgain() throws Exception {
        source("listed");
        try (var capture = capture("listed").awaitStreaming(); var things = records("listed", "thing"); var parts = records("listed", "part")) {
            stack.sql("listed", "ALTER PUBLICATION millrace_listed DROP TABLE part", "ALTER PUBLICATION millrace_listed ADD TABLE part (id, thing_id)", "INSERT INTO part VALUES (1, 1, 'one')");
            capture.awaitReady("\"DOWN\"", "leaves out [name] of the table public.part, of which documents are made");
            stack.sql("listed", "ALTER PUBLICATION millrace_listed DROP TABLE part", "ALTER PUBLICATION millrace_listed ADD TABLE part");
            capture.awaitMissing("public.part");
            recover(capture);
            flows("listed", capture, "part", parts);
            capture.awaitStreaming();
            stack.sql("listed", "ALTER PUBLICATION millrace_listed SET (publish = 'insert')", "UPDATE thing SET name = 'lost' WHERE id = 1", "DELETE FROM thing WHERE id = 2",
                    "ALTER PUBLICATION millrace_listed SET (publish = 'insert, update, delete, truncate')");
            capture.awaitMissing("public.thing", "what that publishes of it was changed");
            recover(capture);
            whole("listed", capture, things);
            stack.sql("listed", "ALTER PUBLICATION millrace_listed SET (publish = 'insert, update')");
            capture.awaitReady("\"DOWN\"", "The publication millrace_listed leaves some operations out");
        }
    }

    @Test
    void rowsThatTravelUnderTheNameOfAnotherTableAreSaid() throws Exception {
        stack.source("rooted", "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL) PARTITION BY RANGE (id)", "CREATE TABLE thing_low PARTITION OF thing FOR VALUES FROM (0) TO (100)",
                "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text) PARTITION BY RANGE (id)", "CREATE TABLE part_all PARTITION OF part DEFAULT", "INSERT INTO thing VALUES (1, 'a')");
        stack.sql("rooted", "ALTER PUBLICATION millrace_rooted SET (publish_via_partition_root = true)");
        stack.publish("rooted", "thing");
        stack.publish("rooted", "part");
        stack.topics("captured.rooted.public.part_all");
        try (var capture = capture("rooted").awaitStreaming(); var things = records("rooted", "thing")) {
            stack.sql("rooted", "ALTER PUBLICATION millrace_rooted SET (publish_via_partition_root = false)", "INSERT INTO thing VALUES (2, 'b')");
            capture.awaitReady("\"DOWN\"", "passes the rows of the partitioned table public.thing on under the names of its partitions");
            stack.sql("rooted", "ALTER PUBLICATION millrace_rooted SET (publish_via_partition_root = true)");
            capture.awaitMissing("public.thing");
            recover(capture);
            whole("rooted", capture, things);
        }
        try (var capture = CaptureProcess.start(stack, folder, "rooted", stack.servers.postgresUser(), stack.servers.postgresPassword(), TWO.replace("public.part", "public.part_all"))) {
            capture.awaitReady("\"DOWN\"", "passes the rows of the partition public.part_all on under the name of part, which it has too");
        }
    }

    @Test
    void rowsThatComeAndGoWithAPartitionAreSaidAndAnEmptyPartitionIsNot() throws Exception {
        stack.source("parted", "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL) PARTITION BY RANGE (id)", "CREATE TABLE thing_0 PARTITION OF thing FOR VALUES FROM (0) TO (100)",
                "CREATE TABLE thing_1 PARTITION OF thing FOR VALUES FROM (100) TO (200)", "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text)",
                "INSERT INTO thing VALUES (1, 'a'), (101, 'b')", "CREATE ROLE parted_reader LOGIN REPLICATION PASSWORD 'right'", "GRANT USAGE ON SCHEMA millrace TO parted_reader",
                "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA millrace TO parted_reader", "GRANT SELECT ON thing, part TO parted_reader");
        stack.sql("parted", "ALTER PUBLICATION millrace_parted SET (publish_via_partition_root = true)");
        stack.publish("parted", "thing");
        stack.publish("parted", "part");
        try (var capture = CaptureProcess.start(stack, folder, "parted", "parted_reader", "right", TWO, "-Dmillrace.capture.watch=500ms", "-Dmillrace.capture.token.file=" + token).awaitStreaming();
                var things = records("parted", "thing")) {
            stack.sql("parted", "CREATE TABLE thing_2 PARTITION OF thing FOR VALUES FROM (200) TO (300)", "INSERT INTO thing VALUES (201, 'c')", "GRANT SELECT ON thing_2 TO parted_reader",
                    "BEGIN; CREATE TABLE thing_3 (LIKE thing INCLUDING ALL); ALTER TABLE thing ATTACH PARTITION thing_3 FOR VALUES FROM (300) TO (400); INSERT INTO thing VALUES (301, 'd'); COMMIT");
            whole("parted", capture, things);
            assertTrue(things.seen.stream().noneMatch(r -> r.op() == Op.TRUNCATE), "partitions that came empty are no reason to read the table again");
            stack.sql("parted", "ALTER TABLE thing DETACH PARTITION thing_0");
            capture.awaitMissing("public.thing", "dropped or detached");
            recover(capture);
            whole("parted", capture, things);
            stack.sql("parted", "ALTER TABLE thing ATTACH PARTITION thing_0 FOR VALUES FROM (0) TO (100)");
            capture.awaitMissing("public.thing", "had rows already");
            recover(capture);
            whole("parted", capture, things);
            stack.sql("parted", "DROP TABLE thing_1", "CREATE UNLOGGED TABLE thing_4 PARTITION OF thing FOR VALUES FROM (400) TO (500)", "INSERT INTO thing VALUES (401, 'in no log')");
            capture.awaitMissing("public.thing", "The table public.thing, or a partition of it, is unlogged");
            stack.sql("parted", "ALTER TABLE thing_4 SET LOGGED");
            capture.awaitReady(answer -> !answer.contains("unlogged, so"), "\"DOWN\"", "may be missing");
            recover(capture);
            whole("parted", capture, things);
        }
    }

    @Test
    void rowsThatASubtransactionOrAYoungerTransactionPutIntoAPartitionBeforeItWasAttachedAreSaid() throws Exception {
        stack.source("younger", "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL) PARTITION BY RANGE (id)", "CREATE TABLE thing_0 PARTITION OF thing FOR VALUES FROM (0) TO (100)",
                "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text)", "INSERT INTO thing VALUES (1, 'a')");
        stack.sql("younger", "ALTER PUBLICATION millrace_younger SET (publish_via_partition_root = true)");
        stack.publish("younger", "thing");
        stack.publish("younger", "part");
        try (var capture = capture("younger").awaitStreaming(); var things = records("younger", "thing"); var migration = stack.connect("younger"); var statement = migration.createStatement()) {
            whole("younger", capture, things);
            stack.sql("younger", "BEGIN; CREATE TABLE thing_2 PARTITION OF thing FOR VALUES FROM (200) TO (300); SAVEPOINT s; INSERT INTO thing VALUES (201, 'b'); RELEASE s; COMMIT",
                    "CREATE TABLE thing_5 PARTITION OF thing FOR VALUES FROM (500) TO (600)", "INSERT INTO thing VALUES (501, 'e')");
            whole("younger", capture, things);
            assertTrue(things.seen.stream().noneMatch(r -> r.op() == Op.TRUNCATE), "no partition that was made as one is a reason to read the table again");
            stack.sql("younger", "BEGIN; CREATE TABLE thing_3 (LIKE thing INCLUDING ALL); SAVEPOINT s; INSERT INTO thing_3 VALUES (301, 'c'); RELEASE s; ALTER TABLE thing ATTACH PARTITION thing_3 FOR VALUES FROM (300) TO (400); COMMIT");
            capture.awaitMissing("public.thing", "a partition was attached to it that had rows already, or may have had");
            recover(capture);
            whole("younger", capture, things);
            stack.sql("younger", "CREATE TABLE thing_4 (LIKE thing INCLUDING ALL)");
            migration.setAutoCommit(false);
            statement.execute("SELECT pg_current_xact_id()");
            stack.sql("younger", "INSERT INTO thing_4 VALUES (401, 'd')");
            statement.execute("ALTER TABLE thing ATTACH PARTITION thing_4 FOR VALUES FROM (400) TO (500)");
            migration.commit();
            capture.awaitMissing("public.thing", "a partition was attached to it that had rows already, or may have had");
            recover(capture);
            whole("younger", capture, things);
        }
    }

    @Test
    void aPartitionThatWasDetachedAndAttachedBetweenTwoLooksIsSaidAndReadAgain() throws Exception {
        stack.source("reattached", "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL) PARTITION BY RANGE (id)", "CREATE TABLE thing_0 PARTITION OF thing FOR VALUES FROM (0) TO (100)",
                "CREATE TABLE thing_1 PARTITION OF thing FOR VALUES FROM (100) TO (200) PARTITION BY RANGE (id)", "CREATE TABLE thing_10 PARTITION OF thing_1 FOR VALUES FROM (100) TO (150)",
                "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text)", "INSERT INTO thing VALUES (1, 'a'), (101, 'b')");
        stack.sql("reattached", "ALTER PUBLICATION millrace_reattached SET (publish_via_partition_root = true)");
        stack.publish("reattached", "thing");
        stack.publish("reattached", "part");
        try (var capture = capture("reattached").awaitStreaming(); var things = records("reattached", "thing")) {
            stack.sql("reattached", "BEGIN; ALTER TABLE thing DETACH PARTITION thing_0; UPDATE thing_0 SET name = 'in no log' WHERE id = 1; "
                    + "ALTER TABLE thing ATTACH PARTITION thing_0 FOR VALUES FROM (0) TO (100); COMMIT");
            capture.awaitMissing("public.thing", "detached and attached again");
            recover(capture);
            whole("reattached", capture, things);
            capture.stop();
        }
        stack.sql("reattached", "ALTER TABLE thing DETACH PARTITION thing_1", "DELETE FROM thing_1 WHERE id = 101", "ALTER TABLE thing ATTACH PARTITION thing_1 FOR VALUES FROM (100) TO (200)");
        try (var capture = capture("reattached"); var things = records("reattached", "thing")) {
            capture.awaitMissing("public.thing", "detached and attached again");
            recover(capture);
            whole("reattached", capture, things);
        }
    }

    @Test
    void aDeleteThatDoesNotSayWhichRowWentParksItsTableAndTheRecoveryTakesTheRowAway() throws Exception {
        source("unnamed");
        stack.sql("unnamed", "ALTER TABLE part ADD other int NOT NULL UNIQUE", "INSERT INTO part VALUES (1, 1, 'one', 1), (2, 1, 'two', 2), (3, 1, 'three', 3)");
        try (var capture = capture("unnamed").awaitStreaming(); var things = records("unnamed", "thing"); var parts = records("unnamed", "part")) {
            flows("unnamed", capture, "part", parts);
            stack.sql("unnamed", "ALTER TABLE part REPLICA IDENTITY USING INDEX part_other_key", "DELETE FROM part WHERE id = 1", "UPDATE part SET other = 7 WHERE id = 2", "ALTER TABLE part REPLICA IDENTITY DEFAULT",
                    "INSERT INTO thing VALUES (4, 'd')");
            capture.awaitMissing("public.part", "a change of it did not say which row it was of");
            flows("unnamed", capture, "thing", things);
            assertTrue(parts.await(capture, seen -> seen.stream().anyMatch(r -> r.unwritable() != null)).stream().anyMatch(r -> String.valueOf(r.unwritable()).contains("carries no [id] of its primary key")));
            recover(capture);
            flows("unnamed", capture, "part", parts);
            whole("unnamed", capture, things);
        }
    }

    @Test
    void aKeyThatWasChangedUnderAReplicaIdentityWithoutItIsSaidOnceAndTheRecoveryTakesTheOldRowAway() throws Exception {
        source("rekeyed");
        stack.sql("rekeyed", "ALTER TABLE part ADD other int NOT NULL UNIQUE", "INSERT INTO part VALUES (1, 1, 'one', 1), (2, 1, 'two', 2), (3, 1, 'three', 3)");
        try (var capture = capture("rekeyed").awaitStreaming(); var things = records("rekeyed", "thing"); var parts = records("rekeyed", "part")) {
            flows("rekeyed", capture, "part", parts);
            stack.sql("rekeyed", "ALTER TABLE part REPLICA IDENTITY USING INDEX part_other_key", "UPDATE part SET id = 100 WHERE id = 1", "ALTER TABLE part REPLICA IDENTITY DEFAULT");
            capture.awaitMissing("public.part", "a change of it did not say which row it was of");
            recover(capture);
            flows("rekeyed", capture, "part", parts);
            whole("rekeyed", capture, things);
            stack.sql("rekeyed", "ALTER TABLE part REPLICA IDENTITY USING INDEX part_other_key", "UPDATE part SET id = 200 WHERE id = 2");
            capture.awaitMissing("public.part", "The replica identity of the table public.part is an index that lacks columns of the primary key");
            // It is said before the stream that was begun anew for it runs.
            stack.sql("rekeyed", "INSERT INTO thing VALUES (4, 'flows')");
            flows("rekeyed", capture, "thing", things);
            int runs = runs(capture);
            for (int id = 200; id < 205; id++) {
                stack.sql("rekeyed", "UPDATE part SET id = id + 1 WHERE id = " + id, "INSERT INTO thing VALUES (" + id + ", 'flows')");
                flows("rekeyed", capture, "thing", things);
            }
            assertEquals(runs, runs(capture), "once, and not for each change");
            recover(capture);
            stack.sql("rekeyed", "ALTER TABLE part REPLICA IDENTITY DEFAULT", "UPDATE part SET id = 300 WHERE id = 3");
            flows("rekeyed", capture, "part", parts);
            whole("rekeyed", capture, things);
            assertTrue(parts.seen.stream().allMatch(r -> r.unwritable() == null), "no row is refused: " + parts.seen);
        }
    }

    private static int runs(CaptureProcess capture) {
        return capture.log().split("Streaming from ", -1).length;
    }

    @Test
    void aPartitionWithAReplicaIdentityWithoutTheKeyMakesAGapWhichTheLogDoesNotTell() throws Exception {
        stack.source("leafkey", "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL)", "INSERT INTO thing VALUES (1, 'a')",
                "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text, other int NOT NULL) PARTITION BY RANGE (id)", "CREATE TABLE part_0 PARTITION OF part FOR VALUES FROM (0) TO (1000)",
                "CREATE UNIQUE INDEX part_0_other ON part_0 (other) INCLUDE (id)", "INSERT INTO part VALUES (1, 1, 'one', 1), (2, 1, 'two', 2)");
        stack.sql("leafkey", "ALTER PUBLICATION millrace_leafkey SET (publish_via_partition_root = true)");
        stack.publish("leafkey", "thing");
        stack.publish("leafkey", "part");
        try (var capture = capture("leafkey").awaitStreaming(); var things = records("leafkey", "thing"); var parts = records("leafkey", "part")) {
            flows("leafkey", capture, "part", parts);
            stack.sql("leafkey", "ALTER TABLE part_0 REPLICA IDENTITY USING INDEX part_0_other");
            capture.awaitMissing("public.part", "the replica identity of a partition of it was an index that lacks columns of the primary key");
            stack.sql("leafkey", "UPDATE part SET id = 100 WHERE id = 1", "ALTER TABLE part_0 REPLICA IDENTITY DEFAULT");
            recover(capture);
            flows("leafkey", capture, "part", parts);
            whole("leafkey", capture, things);
        }
    }

    @Test
    void aDeleteThatDoesNotSayWhichRowWentWhileItsTableIsBeingReadHasTheReadingBeginAgain() throws Exception {
        stack.source("halfway", "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL)", "INSERT INTO thing VALUES (1, 'a')",
                "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text, other int NOT NULL) PARTITION BY RANGE (id)", "CREATE TABLE part_0 PARTITION OF part FOR VALUES FROM (0) TO (10000)",
                "CREATE UNIQUE INDEX part_0_other ON part_0 (other)", "INSERT INTO part SELECT i, 1, 'n' || i, i FROM generate_series(1, 2000) i");
        stack.sql("halfway", "ALTER PUBLICATION millrace_halfway SET (publish_via_partition_root = true)");
        stack.publish("halfway", "thing");
        stack.publish("halfway", "part");
        try (var capture = CaptureProcess.start(stack, folder, "halfway", stack.servers.postgresUser(), stack.servers.postgresPassword(), TWO, "-Dmillrace.capture.watch=500ms", "-Dmillrace.capture.token.file=" + token,
                "-Dmillrace.capture.resnapshot-chunk-rows=100", "-Dmillrace.capture.resnapshot-rows-per-second=300").awaitStreaming(); var parts = records("halfway", "part")) {
            flows("halfway", capture, "part", parts);
            int before = parts.seen.size();
            stack.sql("halfway", "ALTER PUBLICATION millrace_halfway DROP TABLE part", "ALTER PUBLICATION millrace_halfway ADD TABLE part");
            capture.awaitMissing("public.part", "taken out of the publication millrace_halfway");
            recover(capture);
            parts.await(capture, seen -> seen.size() > before + 300);
            // Row 1 is of a chunk that is in Kafka, and no look sees the identity.
            stack.sql("halfway", "BEGIN; ALTER TABLE part_0 REPLICA IDENTITY USING INDEX part_0_other; DELETE FROM part WHERE id = 1; ALTER TABLE part_0 REPLICA IDENTITY DEFAULT; COMMIT");
            flows("halfway", capture, "part", parts);
            capture.awaitStreaming();
            assertEquals(Rows.expected(stack, "halfway", "part"), Rows.of(parts.toTheEnd()));
        }
    }

    @Test
    void aFrozenProcessThatWakesUpLateFindsTheSlotTakenAndDisturbsNothing() throws Exception {
        source("frozen");
        try (var first = capture("frozen").awaitStreaming(); var things = records("frozen", "thing")) {
            first.signal("STOP");
            stack.sql("frozen", "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 'millrace_frozen'", "UPDATE thing SET name = 'for the second' WHERE id = 1");
            try (var second = capture("frozen").awaitStreaming()) {
                flows("frozen", second, "thing", things);
                first.signal("CONT");
                first.awaitReady("\"UP\"", "standing by", "is in use by the server process");
                stack.sql("frozen", "UPDATE thing SET name = 'still for the second' WHERE id = 1");
                whole("frozen", second, things);
                second.stop();
            }
            stack.sql("frozen", "UPDATE thing SET name = 'for the first again' WHERE id = 1");
            whole("frozen", first, things);
        }
    }

    @Test
    void aSecondProcessStandsByAndTakesOverWithinSecondsWhenTheFirstOneIsKilled() throws Exception {
        source("followed");
        try (var first = capture("followed").awaitStreaming(); var things = records("followed", "thing"); var second = capture("followed")) {
            second.awaitReady("\"UP\"", "standing by", "This capture stands by: the source followed is in use by the server process ");
            assertTrue(second.get("/q/metrics").contains("millrace_standby{slot=\"millrace_followed\",stage=\"capture\"} 1.0") && first.get("/q/metrics").contains("millrace_standby{slot=\"millrace_followed\",stage=\"capture\"} 0.0"), second.get("/q/metrics"));
            assertTrue(second.post("/recovery", TOKEN).contains("This capture stands by and can do nothing"), second.post("/recovery", TOKEN));
            things.await(first, seen -> seen.size() == 3);
            first.kill();
            long began = System.nanoTime();
            stack.sql("followed", "INSERT INTO thing VALUES (4, 'd')");
            things.await(second, seen -> seen.stream().anyMatch(r -> r.key().get("id").equals(4)));
            var takeover = Duration.ofNanos(System.nanoTime() - began);
            System.out.printf("The second process brought its first record %d ms after the first one was killed%n", takeover.toMillis());
            assertTrue(takeover.compareTo(Duration.ofSeconds(10)) <= 0, "taken over soon: " + takeover);
            assertTrue(second.get("/q/metrics").contains("millrace_standby{slot=\"millrace_followed\",stage=\"capture\"} 0.0"), second.get("/q/metrics"));
            assertFalse(second.ready().contains("warning"), second.ready());
            whole("followed", second, things);
        }
    }

    @Test
    void aSecondProcessThatKnowsAnotherKafkaStandsByForNobodyAndSaysSo() throws Exception {
        source("elsewhere");
        var other = LocalServers.in(folder.resolve("other"), Ports.free(), Map.of(), Map.of());
        other.kafka().start();
        try (var first = capture("elsewhere").awaitStreaming();
                var second = CaptureProcess.start(stack, folder, "elsewhere", stack.servers.postgresUser(), stack.servers.postgresPassword(), TWO, "-Dkafka.bootstrap.servers=" + other.kafkaBootstrap(), "-Dmillrace.capture.watch=500ms")) {
            second.awaitReady("\"DOWN\"", "Nothing of the source elsewhere comes to this Kafka: another capture has it, and writes to another Kafka: the replication slot millrace_elsewhere has confirmed ", "this Kafka has nothing of the source");
            assertTrue(second.get("/q/metrics").contains("millrace_standby{slot=\"millrace_elsewhere\",stage=\"capture\"} 0.0"), second.get("/q/metrics"));
            first.awaitStreaming();
        } finally {
            other.kafka().kill();
        }
    }

    @Test
    void aTableThatComesToInheritIsSaidWhileItDoesAndIsNoReasonToBeDown() throws Exception {
        source("heirs");
        stack.sql("heirs", "CREATE TABLE special (id int PRIMARY KEY, name text NOT NULL)");
        try (var capture = capture("heirs").awaitStreaming()) {
            assertFalse(capture.ready().contains("warning"), capture.ready());
            stack.sql("heirs", "ALTER TABLE special INHERIT thing");
            capture.awaitReady(answer -> answer.matches("(?s).*\"warning\": *\"Tables inherit from captured ones: special of thing\\. .*"), "\"UP\"");
            stack.sql("heirs", "ALTER TABLE special NO INHERIT thing");
            capture.awaitReady(answer -> !answer.contains("warning"), "\"UP\"");
        }
    }

    @Test
    void aDatabaseThatWasRenamedAndAnotherOneInItsPlaceAreSaidAndTheRightOneGoesOn() throws Exception {
        source("swapped");
        try (var capture = capture("swapped").awaitStreaming(); var things = records("swapped", "thing")) {
            whole("swapped", capture, things);
            alone("swapped", "ALTER DATABASE swapped RENAME TO swapped_away");
            capture.awaitReady("\"DOWN\"", "Postgres has no such database");
            stack.sql("postgres", "CREATE DATABASE swapped TEMPLATE swapped_away");
            capture.awaitReady("\"DOWN\"", "This is the database swapped, and the replication slot millrace_swapped is of the database swapped_away");
            alone("swapped", "DROP DATABASE swapped");
            stack.sql("swapped_away", "UPDATE thing SET name = 'still here' WHERE id = 1");
            stack.sql("postgres", "ALTER DATABASE swapped_away RENAME TO swapped");
            whole("swapped", capture, things);
            assertTrue(things.seen.stream().noneMatch(r -> r.op() == Op.TRUNCATE), "nothing was missing, so nothing is read again");
        }
    }

    @Test
    void aSlotAboveItsBudgetIsSaidAndWhereTheFileSaysSoGivenUpAndRecovered() throws Exception {
        source("costly");
        stack.sql("costly", "CREATE TABLE filler (body text)");
        var fill = "INSERT INTO filler SELECT repeat(md5(i::text), 30) FROM generate_series(1, 60000) i";
        try (var capture = budgeted("alarm"); var things = records("costly", "thing"); var connection = stack.connect("costly"); var statement = connection.createStatement()) {
            capture.awaitStreaming();
            statement.execute("BEGIN; INSERT INTO filler VALUES ('a transaction that stays open')");
            stack.sql("costly", fill);
            capture.awaitReady("\"DOWN\"", "streaming", "The replication slot millrace_costly keeps ", "more than source.wal.budget allows (30 MB)");
            assertTrue(capture.log().contains(" of WAL on the primary, and source.wal.budget allows 30 MB"), "it warned before: " + capture.log());
            assertTrue(capture.get("/q/metrics").contains("millrace_slot_wal_status{slot=\"millrace_costly\",status=\"reserved\"} 1.0"), capture.get("/q/metrics"));
            stack.sql("costly", "UPDATE thing SET name = 'flows' WHERE id = 1");
            flows("costly", capture, "thing", things);
            statement.execute("COMMIT");
            // Postgres says every 15 s which transactions are open.
            whole("costly", capture, things);
        }
        try (var capture = budgeted("give-up"); var things = records("costly", "thing")) {
            capture.awaitStreaming();
            stack.servers.kafka().stop();
            stack.sql("costly", "UPDATE thing SET name = 'lost' WHERE id = 2", "DELETE FROM thing WHERE id = 3");
            stack.sql("costly", fill.replace("60000", "20000"));
            capture.awaitReady("\"DOWN\"", "Capture is behind: ", " of WAL were written since what it has confirmed, more than source.wal.lag allows (12 MB)");
            stack.sql("costly", fill);
            capture.awaitReady("\"DOWN\"", "and was given up to save its disk");
            assertEquals(List.of(), stack.query("postgres", "SELECT slot_name FROM pg_replication_slots WHERE slot_name = 'millrace_costly'"));
            stack.servers.kafka().start();
            whole("costly", capture, things);
        }
    }

    private static CaptureProcess budgeted(String over) throws Exception {
        return CaptureProcess.recovering(stack, folder, "automatic\n  wal: {budget: 30MB, warn: 0.2, lag: 12MB, over: " + over + "}", "costly", stack.servers.postgresUser(), stack.servers.postgresPassword(), TWO,
                "-Dmillrace.capture.watch=500ms");
    }

    /** Does it as soon as nobody is connected with the database. */
    private static void alone(String database, String statement) throws Exception {
        try (var connection = stack.connect("postgres"); var sql = connection.createStatement()) {
            Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> {
                sql.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + database + "'");
                sql.execute(statement);
                return true;
            });
        }
    }
}
