package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.check.catalog.StateReader;
import io.millrace.local.Debugger;
import io.millrace.local.Ports;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class CaptureIT extends OnStack {

    private static final String THING = "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL, body text)";
    /** Longer than what a page holds, and not compressible to less: it is stored out of line. */
    private static final String LARGE = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) i)";

    private CaptureProcess capture(String source, String... options) throws Exception {
        return start(source, CaptureProcess.root("thing"), options);
    }

    private CaptureProcess start(String source, String tables, String... options) throws Exception {
        return CaptureProcess.start(stack, folder, source, stack.servers.postgresUser(), stack.servers.postgresPassword(), tables, options);
    }

    private void thing(String source, String... statements) throws Exception {
        stack.source(source, THING);
        stack.sql(source, statements);
        stack.publish(source, "thing");
    }

    @Test
    void everyTypeIsTheSameFromSnapshotAndStreamAndAsPostgresHasIt() throws Exception {
        stack.source("types", "CREATE TYPE mood AS ENUM ('sad', 'ok')", "CREATE DOMAIN positive AS int CHECK (value > 0)");
        var columns = Types.ALL;
        var definitions = IntStream.range(0, columns.size()).mapToObj(i -> "c" + i + " " + columns.get(i).type()).collect(Collectors.joining(", "));
        var insert = "INSERT INTO thing (id, " + IntStream.range(0, columns.size()).mapToObj(i -> "c" + i).collect(Collectors.joining(", ")) + ") VALUES (";
        var literals = columns.stream().map(Types.Example::literal).collect(Collectors.joining(", "));
        var nulls = columns.stream().map(_ -> "NULL").collect(Collectors.joining(", "));
        stack.sql("types", "CREATE TABLE thing (" + definitions + ", id int PRIMARY KEY)", insert + "1, " + literals + ")", insert + "2, " + nulls + ")");
        stack.publish("types", "thing");
        try (var capture = capture("types").awaitStreaming(); var records = records("types", "thing")) {
            stack.sql("types", insert + "3, " + literals + ")", insert + "4, " + nulls + ")");
            var rows = records.await(capture, seen -> seen.size() >= 4).stream().collect(Collectors.toMap(r -> (Integer) r.key().get("id"), r -> r));
            var wrong = new TreeMap<String, String>();
            for (int i = 0; i < columns.size(); i++) {
                var column = columns.get(i);
                for (int id : new int[] {1, 3}) {
                    var got = Types.text(rows.get(id).value().get("c" + i));
                    if (!got.equals(column.expected())) {
                        wrong.put(column.type() + (id == 1 ? " from the snapshot" : " from the stream"), got + " instead of " + column.expected());
                    }
                }
                for (int id : new int[] {2, 4}) {
                    assertNull(rows.get(id).value().get("c" + i), column.type());
                }
                assertEquals(column.pgType(), rows.get(1).value().getSchema().getField("c" + i).getProp("pg.type"));
            }
            assertEquals(new TreeMap<>(), wrong);
            assertEquals(rows.get(1).value().getSchema(), rows.get(3).value().getSchema(), "one schema from snapshot and stream");
            assertEquals(Op.READ, rows.get(1).op());
            assertEquals(Op.CREATE, rows.get(3).op());
        }
    }

    @Test
    void whatTheCheckOfMigrationsDerivesFromTheCatalogIsWhatIsRegistered() throws Exception {
        stack.source("derived", DerivedTables.BEFORE.toArray(String[]::new));
        var publication = DerivedTables.ALL.stream().map(t -> t.name().sql() + t.columns()).collect(Collectors.joining(", "));
        stack.sql("derived", "ALTER PUBLICATION millrace_derived SET (publish_via_partition_root = true)", "ALTER PUBLICATION millrace_derived ADD TABLE " + publication);
        for (var table : DerivedTables.ALL) {
            stack.topics(Topics.captured("derived", table.name()));
            stack.sql("derived", table.insert());
        }
        try (var capture = start("derived", DerivedTables.document()).awaitStreaming(); var connection = stack.connect("derived")) {
            var reader = new StateReader(DerivedTables.names(), "millrace_derived", "millrace_derived", 0);
            DerivedTables.assertRegistered(reader.read(connection), stack, capture);
            stack.sql("derived", DerivedTables.CHANGES.toArray(String[]::new));
            for (var table : DerivedTables.ALL) {
                stack.sql("derived", "UPDATE " + table.name().sql() + " SET note = 'again'");
            }
            DerivedTables.assertRegistered(reader.read(connection), stack, capture);
        }
    }

    @Test
    void changesFollowTheSnapshotInOrderWithTombstonesForDeletesAndChangedKeys() throws Exception {
        thing("orders", "INSERT INTO thing VALUES (1, 'one', null), (2, 'two', null)");
        try (var capture = capture("orders").awaitStreaming(); var records = records("orders", "thing")) {
            long began = System.currentTimeMillis();
            // What an application says in the log is no change, whatever it calls it.
            stack.sql("orders", "SELECT pg_logical_emit_message(false, 'millrace', 'x')", "SELECT pg_logical_emit_message(true, 'millrace', 'y')");
            stack.sql("orders", "UPDATE thing SET name = 'uno' WHERE id = 1", "UPDATE thing SET id = 20 WHERE id = 2", "DELETE FROM thing WHERE id = 1", "TRUNCATE thing",
                    "INSERT INTO thing VALUES (3, 'three', null)");
            var rows = records.await(capture, seen -> seen.stream().anyMatch(r -> r.value() != null && r.text("name").equals("three")) && seen.size() >= 7 + Stack.PARTITIONS);
            assertEquals(7 + Stack.PARTITIONS, rows.size());
            var one = rows.stream().filter(r -> r.key() != null && r.key().get("id").equals(1)).toList();
            assertEquals(List.of(Op.READ, Op.UPDATE, Op.DELETE), one.stream().map(Records.Row::op).toList());
            assertNull(one.getLast().value());
            for (int i = 1; i < one.size(); i++) {
                assertTrue(one.get(i - 1).position().isBefore(one.get(i).position()), "positions rise: " + one);
            }
            var old = rows.stream().filter(r -> r.key() != null && r.key().get("id").equals(2)).toList();
            var changed = rows.stream().filter(r -> r.key() != null && r.key().get("id").equals(20)).toList();
            assertEquals(List.of(Op.READ, Op.DELETE), old.stream().map(Records.Row::op).toList());
            assertEquals("two", changed.getFirst().text("name"));
            var truncates = rows.stream().filter(r -> r.op() == Op.TRUNCATE).toList();
            assertEquals(List.of(0, 1, 2), truncates.stream().map(Records.Row::partition).sorted().toList());
            assertEquals(1, truncates.stream().map(Records.Row::position).distinct().count());
            assertTrue(truncates.stream().noneMatch(Records.Row::isTombstone), "compaction would forget the truncate, and a rebuild would show its rows");
            assertTrue(rows.stream().filter(r -> r.op() != Op.READ).allMatch(r -> r.committed() >= began * 1000 && r.committed() <= System.currentTimeMillis() * 1000), "by the clock of this machine");
            assertEquals(0, capture.stop() & ~143, "a polite stop is no failure");
        }
    }

    @Test
    void whatComesOneAfterTheOtherGoesOnTogether() throws Exception {
        thing("paced");
        try (var capture = capture("paced").awaitStreaming(); var records = records("paced", "thing"); var connection = stack.connect("paced"); var statement = connection.createStatement()) {
            long began = System.nanoTime();
            int changes = 0;
            while (System.nanoTime() - began < TimeUnit.SECONDS.toNanos(3)) {
                statement.execute("INSERT INTO thing VALUES (" + changes++ + ", 'x', null)");
                Thread.sleep(5);
            }
            double tenths = (System.nanoTime() - began) / 1e8;
            int all = changes;
            var captured = records.await(capture, seen -> seen.size() >= all).stream().mapToLong(Records.Row::captured).sorted().toArray();
            long batches = 1 + IntStream.range(1, captured.length).filter(i -> captured[i] - captured[i - 1] > 15_000).count();
            assertTrue(batches <= tenths + 5, () -> batches + " batches of " + all + " changes in " + tenths / 10 + " s");
        }
        // The server has a slot for each of the other tests.
        stack.sql("paced", "SELECT pg_drop_replication_slot('millrace_paced')");
    }

    @Test
    void rowsOfATableThatGaveItsNameAwayAreNotThoseOfTheOneThatHasItNow() throws Exception {
        thing("namesake");
        try (var capture = capture("namesake").awaitStreaming(); var records = records("namesake", "thing")) {
            stack.sql("namesake", "INSERT INTO thing VALUES (1, 'before', null)", "BEGIN; INSERT INTO thing VALUES (2, 'before', null); ALTER TABLE thing RENAME TO outdated; " + THING
                    + "; ALTER PUBLICATION millrace_namesake ADD TABLE thing; INSERT INTO thing VALUES (10, 'new', null); INSERT INTO outdated VALUES (20, 'old', null); INSERT INTO thing VALUES (11, 'new', null); "
                    + "INSERT INTO outdated VALUES (21, 'old', null); INSERT INTO thing VALUES (12, 'new', null); TRUNCATE outdated; INSERT INTO thing VALUES (13, 'new', null); COMMIT");
            records.await(capture, seen -> seen.stream().anyMatch(r -> r.key() != null && r.key().get("id").equals(13)));
            assertEquals(List.of("1 before", "2 before", "10 new", "11 new", "12 new", "13 new"), Rows.of(records.toTheEnd()));
        }
    }

    @Test
    void killedInTheMiddleItLosesNothingAndRepeatsWithEqualPositions() throws Exception {
        thing("crash", "INSERT INTO thing SELECT i, 'start', null FROM generate_series(1, 50) i");
        var writer = Thread.ofVirtual().unstarted(() -> {
            try (var connection = stack.connect("crash"); var statement = connection.createStatement()) {
                for (int i = 1; i <= 600; i++) {
                    statement.execute("INSERT INTO thing VALUES (" + (1000 + i) + ", 'new', null); UPDATE thing SET name = 'n" + i + "' WHERE id = " + (1 + i % 50)
                            + "; DELETE FROM thing WHERE id = " + (1000 + i - 3));
                }
            } catch (java.sql.SQLException e) {
                throw new IllegalStateException(e);
            }
        });
        try (var records = records("crash", "thing")) {
            try (var capture = capture("crash")) {
                records.await(capture, seen -> seen.size() > 5);
                writer.start();
                records.await(capture, seen -> seen.size() > 150);
            }
            var unconfirmed = unconfirmed("crash", records);
            try (var capture = capture("crash")) {
                records.await(capture, seen -> seen.size() > 500);
            }
            writer.join();
            try (var capture = capture("crash").awaitStreaming()) {
                stack.sql("crash", "INSERT INTO thing VALUES (9999, 'end', null)");
                records.await(capture, seen -> seen.stream().anyMatch(r -> r.key().get("id").equals(9999)));
                var rows = records.toTheEnd();
                assertSameAsTable("crash", rows);
                var contents = new HashMap<String, String>();
                var repeated = new HashSet<String>();
                for (var row : rows) {
                    if (row.op() != Op.READ) {
                        var before = contents.put(change(row), row.position() + " " + row.value());
                        assertTrue(before == null || before.equals(row.position() + " " + row.value()), "a repeated change is the same: " + before + " and " + row);
                        if (before != null) {
                            repeated.add(change(row));
                        }
                    }
                }
                assertTrue(repeated.containsAll(unconfirmed), () -> "of " + unconfirmed + " only these came again: " + repeated);
                assertEquals(Map.of(), records.uneven());
            }
        }
    }

    private static String change(Records.Row row) {
        return row.key() + "@" + row.position().lsn() + row.op();
    }

    /** The changes in the topic that capture, which is gone, did not live to confirm to Postgres. */
    private Set<String> unconfirmed(String source, Records records) throws Exception {
        var confirmed = Awaitility.await().atMost(Duration.ofSeconds(60)).until(
                () -> stack.query("postgres", "SELECT confirmed_flush_lsn - '0/0' FROM pg_replication_slots WHERE slot_name = 'millrace_" + source + "' AND NOT active"), found -> !found.isEmpty()).getFirst();
        return records.toTheEnd().stream().filter(row -> row.op() != Op.READ && row.position().lsn() > Long.parseLong(confirmed)).map(CaptureIT::change).collect(Collectors.toSet());
    }

    private void assertSameAsTable(String source, List<Records.Row> rows) throws Exception {
        var newest = new HashMap<Object, Position>();
        var table = new TreeMap<Integer, String>();
        for (var row : rows) {
            var key = (Integer) row.key().get("id");
            if (!row.position().isBefore(newest.getOrDefault(key, Position.NONE))) {
                newest.put(key, row.position());
                if (row.value() == null) {
                    table.remove(key);
                } else {
                    table.put(key, row.text("name"));
                }
            }
        }
        assertEquals(stack.query(source, "SELECT id || ' ' || name FROM thing ORDER BY id"), table.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).toList());
    }

    @Test
    void anUntouchedValueOutOfLineIsTheOldValueAndNeverAPlaceholder() throws Exception {
        thing("toast", "ALTER TABLE thing ADD tags text[], ADD picture bytea",
                "INSERT INTO thing VALUES (1, 'a', " + LARGE + ", ARRAY[" + LARGE + ", 'x'], decode(" + LARGE + ", 'hex')), (2, 'b', " + LARGE + ", null, null)");
        try (var records = records("toast", "thing")) {
            try (var capture = capture("toast").awaitStreaming()) {
                stack.sql("toast", "UPDATE thing SET name = 'c' WHERE id = 1");
                records.await(capture, seen -> seen.size() >= 3);
                stack.sql("toast", "UPDATE thing SET id = 3 WHERE id = 1");
                var rows = records.await(capture, seen -> seen.size() >= 5);
                for (var row : rows.stream().filter(r -> r.value() != null).toList()) {
                    assertEquals(rows.getFirst().text("body").length(), row.text("body").length());
                    assertEquals(12800, row.text("body").length());
                }
                var changed = rows.stream().filter(r -> r.value() != null && r.key().get("id").equals(3)).findFirst().orElseThrow();
                var before = rows.stream().filter(r -> r.op() == Op.READ && r.key().get("id").equals(1)).findFirst().orElseThrow();
                assertEquals(before.value().get("tags"), changed.value().get("tags"));
                assertEquals(before.value().get("picture"), changed.value().get("picture"));
                capture.stop();
            }
            stack.sql("toast", "UPDATE thing SET name = 'gone' WHERE id = 2", "DELETE FROM thing WHERE id = 2");
            try (var capture = capture("toast").awaitStreaming()) {
                var rows = records.await(capture, seen -> seen.stream().anyMatch(r -> r.op() == Op.DELETE && r.key().get("id").equals(2)));
                assertTrue(rows.stream().noneMatch(r -> r.value() != null && r.text("name").equals("gone")), "a change of a row that is gone waits for its delete");
                // One at least: a restart repeats what was not confirmed to Postgres yet, and row 1 is gone as well by then.
                var metrics = capture.get("/q/metrics");
                assertTrue(metrics.lines().anyMatch(line -> line.matches("millrace_records_total\\{outcome=\"superseded\",stage=\"capture\",table=\"toast.public.thing\"} [1-9][0-9.]*")), metrics);
            }
        }
    }

    @Test
    void nothingIsConfirmedToPostgresBeforeKafkaHoldsIt() throws Exception {
        thing("confirm");
        try (var capture = capture("confirm").awaitStreaming(); var records = records("confirm", "thing")) {
            stack.sql("confirm", "INSERT INTO thing VALUES (1, 'before', null)");
            records.await(capture, seen -> !seen.isEmpty());
            stack.servers.kafka().stop();
            var written = new AtomicReference<String>();
            stack.sql("confirm", "INSERT INTO thing VALUES (2, 'during', null)");
            written.set(stack.query("confirm", "SELECT pg_current_wal_lsn()").getFirst());
            // Whether it is the row or the mark that Kafka does not take first is chance.
            capture.awaitReady("\"DOWN\"", "Kafka", "trying again");
            stack.sql("confirm", "INSERT INTO thing VALUES (3, 'later', null)");
            assertEquals("t", confirmed("confirm", "< '" + written.get() + "'"), "the change is not in Kafka");
            stack.servers.kafka().start();
            var rows = records.await(capture, seen -> seen.size() >= 3);
            assertEquals(List.of("before", "during", "later"), rows.stream().map(r -> r.text("name")).distinct().sorted().toList());
            assertEquals(Map.of(), records.uneven());
            capture.awaitStreaming();
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> confirmed("confirm", ">= '" + written.get() + "'").equals("t"));
        }
    }

    private String confirmed(String source, String comparison) throws Exception {
        return stack.query("postgres", "SELECT confirmed_flush_lsn " + comparison + " FROM pg_replication_slots WHERE slot_name = 'millrace_" + source + "'").getFirst();
    }

    @Test
    void aNewSchemaWaitsForTheRegistryAndAnAlteredTableGoesOnByItself() throws Exception {
        thing("alter");
        try (var capture = capture("alter").awaitStreaming(); var records = records("alter", "thing")) {
            stack.sql("alter", "INSERT INTO thing VALUES (1, 'known', null)");
            records.await(capture, seen -> !seen.isEmpty());
            stack.servers.registry().stop();
            stack.sql("alter", "INSERT INTO thing VALUES (2, 'still known', null)", "ALTER TABLE thing ADD price numeric(8,2)", "INSERT INTO thing VALUES (3, 'unknown', null, 1.50)");
            capture.awaitReady("\"DOWN\"", "registry", "alter.public.thing-value");
            stack.servers.registry().start();
            var rows = records.await(capture, seen -> seen.stream().anyMatch(r -> r.text("name").equals("unknown")));
            assertEquals("1.50", rows.stream().filter(r -> r.key().get("id").equals(3)).findFirst().orElseThrow().text("price"));
            assertTrue(rows.stream().anyMatch(r -> r.key().get("id").equals(2) && !r.value().hasField("price")));
            capture.awaitStreaming();
        }
    }

    @Tag("long")
    @Test
    void aRegistryThatHangsIsGivenUpAndAskedAgain() throws Exception {
        thing("hang");
        try (var capture = capture("hang").awaitStreaming(); var records = records("hang", "thing")) {
            signalRegistry("STOP");
            try {
                stack.sql("hang", "INSERT INTO thing VALUES (1, 'one', null)");
                capture.awaitReady("\"DOWN\"", "Registering the schema of captured.hang.public.thing");
            } finally {
                signalRegistry("CONT");
            }
            assertEquals("one", records.await(capture, seen -> !seen.isEmpty()).getFirst().text("name"));
            capture.awaitStreaming();
        }
    }

    private void signalRegistry(String signal) throws Exception {
        var pid = Long.toString(stack.servers.registry().running().orElseThrow().pid());
        assertEquals(0, new ProcessBuilder("kill", "-" + signal, pid).inheritIO().start().waitFor());
    }

    @Tag("long")
    @Test
    void aTopicThatIsGoneIsAskedForOncePerAttemptAndNotForEachRow() throws Exception {
        thing("gone");
        try (var capture = capture("gone").awaitStreaming()) {
            stack.sql("gone", "INSERT INTO thing VALUES (0, 'known', null)");
            try (var records = records("gone", "thing")) {
                records.await(capture, seen -> !seen.isEmpty());
            }
            stack.deleteTopic("captured.gone.public.thing");
            stack.sql("gone", "INSERT INTO thing SELECT i, 'many', null FROM generate_series(1, 100) i");
            capture.awaitReady("\"DOWN\"", "did not take the records of captured.gone.public.thing");
            Awaitility.await("attempt after attempt").atMost(Duration.ofSeconds(90)).until(() -> capture.get("/q/metrics").lines()
                    .anyMatch(line -> line.startsWith("millrace_retries_total{stage=\"capture\"") && Double.parseDouble(line.substring(line.lastIndexOf(' '))) >= 3));
            stack.topics("captured.gone.public.thing");
            try (var records = records("gone", "thing")) {
                assertEquals(100, records.await(capture, seen -> seen.size() >= 100).stream().map(r -> r.key().get("id")).distinct().count());
            }
            capture.awaitMissing("thing", "its topic captured.gone.public.thing was deleted", "./millrace recover gone");
        }
    }

    @Test
    void postgresRestartedIsCapturedAgain() throws Exception {
        thing("restart", "INSERT INTO thing VALUES (1, 'a', null)");
        try (var capture = capture("restart").awaitStreaming(); var records = records("restart", "thing")) {
            stack.servers.postgres().kill();
            capture.awaitReady("\"DOWN\"");
            stack.servers.postgres().start();
            // The registry keeps its schemas in the same server.
            stack.servers.registry().restart();
            stack.sql("restart", "UPDATE thing SET name = 'b'");
            records.await(capture, seen -> seen.stream().anyMatch(r -> r.text("name").equals("b")));
            capture.awaitStreaming();
        }
    }

    @Test
    void aSourceThatIsQuietFromTheStartHasHeartbeats() throws Exception {
        thing("quiet");
        try (var capture = capture("quiet").awaitStreaming()) {
            capture.stop();
        }
        try (var capture = capture("quiet").awaitStreaming()) {
            for (int i = 0; i < 3; i++) {
                var last = stack.query("quiet", "SELECT beat FROM millrace.heartbeat").getFirst();
                Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> !stack.query("quiet", "SELECT beat FROM millrace.heartbeat").getFirst().equals(last));
            }
            long committed = Long.parseLong(stack.query("quiet", "SELECT extract(epoch FROM beat)::bigint FROM millrace.heartbeat").getFirst());
            capture.awaitReady(answer -> {
                var complete = Pattern.compile("\"completeUpTo\": *\"[0-9A-F]+/[0-9A-F]+ \\(([^)]+)\\)\"").matcher(answer);
                return complete.find() && Instant.parse(complete.group(1)).getEpochSecond() >= committed;
            });
        }
    }

    @Test
    void aThreadThatHangsOrEndsIsFoundByLiveness() throws Exception {
        thing("alive");
        int debugged = Ports.free(1).getFirst();
        var options = new ArrayList<>(List.of(Debugger.option(debugged).split(" ")));
        options.add("-Dmillrace.capture.stuck-after=3s");
        try (var capture = capture("alive", options.toArray(String[]::new)).awaitStreaming(); var debugger = Debugger.attach(debugged)) {
            capture.awaitAlive("\"UP\"");
            var inBatch = debugger.block(null, "io.millrace.capture.row.Changes", "of");
            capture.awaitAlive("\"DOWN\"", "\"capture alive\": \"it has given no sign of life for longer than 3 s; it stands at io.millrace.capture.row.Changes.of");
            inBatch.interrupt();
            capture.awaitAlive("\"UP\"");
            capture.awaitStreaming();
            debugger.fail("capture alive", "io.millrace.capture.engine.CaptureRun", "once",
                    () -> stack.query("alive", "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 'millrace_alive'"));
            capture.awaitAlive("\"DOWN\"", "\"capture alive\": \"it ended by java.lang.StackOverflowError");
        }
    }

    @Test
    void aTableAddedToThePipelinesIsReadWholeWhileTheOthersAreNot() throws Exception {
        thing("added", "INSERT INTO thing VALUES (1, 'a', null)");
        try (var capture = capture("added").awaitStreaming(); var records = records("added", "thing")) {
            records.await(capture, seen -> seen.size() == 1);
            capture.stop();
        }
        stack.sql("added", "CREATE TABLE part (id int PRIMARY KEY, thing_id int)", "INSERT INTO part VALUES (7, 1)");
        stack.publish("added", "part");
        var both = CaptureProcess.root("thing") + "  many:\n    parts:\n      table: public.part\n      join: {id: thing_id}\n      fields: [id]\n";
        try (var capture = start("added", both).awaitStreaming(); var parts = records("added", "part"); var things = records("added", "thing")) {
            stack.sql("added", "UPDATE part SET thing_id = 2", "INSERT INTO thing VALUES (2, 'b', null)");
            var all = parts.await(capture, seen -> seen.size() >= 2 + Stack.PARTITIONS);
            var rows = all.stream().filter(r -> r.op() != Op.TRUNCATE).toList();
            assertEquals(List.of(Op.READ, Op.UPDATE), rows.stream().map(Records.Row::op).toList());
            assertTrue(rows.getFirst().position().isBefore(rows.getLast().position()));
            var truncates = all.stream().filter(r -> r.op() == Op.TRUNCATE).toList();
            assertEquals(Stack.PARTITIONS, truncates.size());
            assertTrue(truncates.stream().allMatch(r -> r.position().isBefore(rows.getFirst().position())), "they take nothing that was read");
            var other = things.await(capture, seen -> seen.size() >= 2);
            assertEquals(1, other.stream().filter(r -> r.op() == Op.READ).count());
        }
    }

    @Test
    void aGeneratedColumnIsNeitherInTheSnapshotNorInTheStream() throws Exception {
        thing("generated", "ALTER TABLE thing ADD twice int GENERATED ALWAYS AS (id * 2) STORED", "INSERT INTO thing VALUES (1, 'a', null)");
        try (var capture = capture("generated").awaitStreaming(); var records = records("generated", "thing")) {
            stack.sql("generated", "INSERT INTO thing VALUES (2, 'b', null)", "UPDATE thing SET name = 'c' WHERE id = 1");
            var rows = records.await(capture, seen -> seen.size() >= 3);
            assertEquals(1, rows.stream().map(r -> r.value().getSchema()).distinct().count());
            assertFalse(rows.getFirst().value().hasField("twice"));
        }
    }

    @Test
    void aTransformOfThePipelineFileChangesTheRow() throws Exception {
        thing("masked", "INSERT INTO thing VALUES (1, 'secret', 'open')");
        var transforms = """
                tables:
                  public.thing:
                    transforms:
                      - {type: 'org.apache.kafka.connect.transforms.MaskField$Value', options: {fields: name, replacement: '***'}}
                      - {type: 'org.apache.kafka.connect.transforms.ReplaceField$Value', options: {renames: 'body:text'}}
                """;
        try (var capture = start("masked", transforms + CaptureProcess.root("thing")).awaitStreaming(); var records = records("masked", "thing")) {
            stack.sql("masked", "INSERT INTO thing VALUES (2, 'secret', null)", "DELETE FROM thing WHERE id = 1");
            var rows = records.await(capture, seen -> seen.size() >= 3);
            for (var row : rows.stream().filter(r -> r.value() != null).toList()) {
                assertEquals("***", row.text("name"));
                assertFalse(row.value().hasField("body"));
            }
            assertEquals("open", rows.getFirst().text("text"));
        }
    }

    @Test
    void aRowThatCannotBeWrittenStopsNeitherItsTableNorTheOthersAndGivesNothingAway() throws Exception {
        thing("unwritable", "INSERT INTO thing VALUES (1, '1', null), (2, 'secret', null)", "CREATE TABLE part (id int PRIMARY KEY, thing_id int)");
        stack.publish("unwritable", "part");
        var tables = """
                tables:
                  public.thing:
                    transforms:
                      - {type: 'org.apache.kafka.connect.transforms.Cast$Value', options: {spec: 'name:int32'}}
                """ + CaptureProcess.root("thing") + "  many:\n    parts:\n      table: public.part\n      join: {id: thing_id}\n      fields: [id]\n";
        try (var capture = start("unwritable", tables).awaitStreaming(); var things = records("unwritable", "thing"); var parts = records("unwritable", "part")) {
            stack.sql("unwritable", "UPDATE thing SET name = 'another secret' WHERE id = 1", "INSERT INTO part VALUES (7, 1)",
                    "UPDATE thing SET name = '5' WHERE id = 2", "DELETE FROM thing WHERE id = 1");
            parts.await(capture, seen -> seen.size() == 1);
            var rows = things.await(capture, seen -> seen.size() == 5);
            assertEquals(List.of("null true", "5 false", "null true", "null false", "1 false"), List.of(
                    row(rows, 2, Op.READ), row(rows, 2, Op.UPDATE), row(rows, 1, Op.UPDATE), row(rows, 1, Op.DELETE), row(rows, 1, Op.READ)));
            assertEquals(Map.of(), things.uneven());
            var why = rows.stream().filter(r -> r.unwritable() != null).findFirst().orElseThrow().unwritable();
            assertTrue(why.startsWith("The transform org.apache.kafka.connect.transforms.Cast$Value of the table public.thing failed with a "), why);
            assertFalse(why.contains("secret") || capture.log().contains("secret"), why + capture.log());
            capture.awaitReady("\"UP\"");
            var metrics = capture.get("/q/metrics");
            assertTrue(metrics.lines().anyMatch(l -> l.startsWith("millrace_records_total") && l.contains("unwritable.public.thing") && l.contains("outcome=\"unwritable\"") && l.endsWith(" 2.0")), metrics);
        }
    }

    /** Its name, and whether it could not be written. */
    private static String row(List<Records.Row> rows, int id, Op op) {
        var found = rows.stream().filter(r -> r.op() == op && r.key().get("id").toString().equals(Integer.toString(id))).toList();
        assertEquals(1, found.size(), rows.toString());
        var row = found.getFirst();
        return (row.value() == null ? null : row.text("name")) + " " + (row.unwritable() != null);
    }

    @Test
    void aTransformThatDoesNotExistStopsTheStart() throws Exception {
        thing("nosuch");
        var transforms = "tables:\n  public.thing:\n    transforms: [{type: 'com.example.Nowhere', options: {a: b}}]\n";
        try (var capture = start("nosuch", transforms + CaptureProcess.root("thing"))) {
            assertNotEquals(0, capture.exit());
            assertTrue(capture.log().contains("The transform com.example.Nowhere of the table public.thing is not on capture's class path"), capture.log());
            assertFalse(capture.log().contains("\tat "), "a wrong setting is told without a stack trace: " + capture.log());
        }
    }

    @Test
    void anUnknownSettingStopsTheStart() throws Exception {
        thing("setting");
        try (var capture = capture("setting", "-Dmillrace.capture.poll-intervall=1s")) {
            assertNotEquals(0, capture.exit());
            assertTrue(capture.log().contains("millrace.capture.poll-intervall"), capture.log());
        }
    }

    @Test
    void theTraceOfTheOutboxRowGoesOnAndOtherChangesAreSampled() throws Exception {
        thing("traced");
        var context = "#Mon Nov 23 12:00:00 UTC 2026\ntraceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n";
        try (var capture = capture("traced", "-Dmillrace.capture.trace-rate=1").awaitStreaming(); var outbox = new Records(stack, "captured.traced.millrace.outboxevent");
                var records = records("traced", "thing")) {
            stack.sql("traced", "INSERT INTO millrace.outboxevent VALUES (gen_random_uuid(), 'p', '1', 'erase', now(), null, '" + context + "')", "INSERT INTO thing VALUES (1, 'a', null)");
            var event = outbox.await(capture, seen -> !seen.isEmpty()).getFirst();
            assertTrue(event.traceparent().startsWith("00-0af7651916cd43dd8448eb211c80319c-"), event.traceparent());
            assertTrue(records.await(capture, seen -> !seen.isEmpty()).getFirst().traceparent().endsWith("-01"));
        }
    }

    @Test
    void whatStandsInTheWayIsSaidAndCaptureBeginsWhenItIsPutRight() throws Exception {
        stack.source("wrong");
        stack.sql("wrong", "CREATE ROLE reader LOGIN PASSWORD 'right'", "GRANT USAGE ON SCHEMA millrace TO reader", "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA millrace TO reader");
        try (var capture = CaptureProcess.start(stack, folder, "wrong", "reader", "right", CaptureProcess.root("thing"))) {
            capture.awaitReady("may not replicate", "no table public.thing");
            stack.sql("wrong", "ALTER ROLE reader REPLICATION", "CREATE TABLE thing (id int, name text)");
            capture.awaitReady("has no primary key", "may not read the table public.thing", "lacks the table public.thing");
            stack.sql("wrong", "ALTER TABLE thing ADD CONSTRAINT thing_pkey PRIMARY KEY (id) DEFERRABLE", "GRANT SELECT ON thing TO reader", "ALTER PUBLICATION millrace_wrong ADD TABLE thing");
            capture.awaitReady(answer -> !answer.contains("lacks the table"), "\"DOWN\"", "has no primary key", "DEFERRABLE does not count");
            stack.sql("wrong", "ALTER TABLE thing DROP CONSTRAINT thing_pkey, ADD PRIMARY KEY (id)");
            capture.awaitReady("Kafka has no topic captured.wrong.public.thing");
            stack.topics("captured.wrong.public.thing");
            capture.awaitStreaming();
            assertEquals(1, capture.log().lines().filter(l -> l.contains("has no primary key")).count(), "each reason is logged once");
            try (var second = CaptureProcess.start(stack, folder, "wrong", "reader", "right", CaptureProcess.root("thing"))) {
                second.awaitReady(answer -> answer.matches("(?s).*This capture stands by: the source wrong is in use by the server process \\d+, millrace capture from [0-9a-f.:]+ as reader, connected since [-0-9]+ [:0-9]+ UTC\\. .*"), "\"UP\"", "standing by");
            }
        }
        try (var capture = CaptureProcess.start(stack, folder, "wrong", "nobody", "x", CaptureProcess.root("thing"))) {
            capture.awaitReady("nobody", "DOWN");
        }
        stack.sql("postgres", "CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'");
        try (var capture = CaptureProcess.start(stack, folder, "bytes", stack.servers.postgresUser(), stack.servers.postgresPassword(), CaptureProcess.root("thing"))) {
            capture.awaitReady("The database has the encoding SQL_ASCII", "DOWN");
        }
    }

    @Tag("long")
    @Test
    void aSlotThatVanishedIsSaidAndNotSilentlyMadeAnew() throws Exception {
        thing("lost", "INSERT INTO thing VALUES (1, 'a', null)");
        try (var capture = capture("lost").awaitStreaming()) {
            capture.stop();
        }
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> {
            stack.sql("lost", "SELECT pg_drop_replication_slot('millrace_lost')");
            return true;
        });
        try (var capture = capture("lost")) {
            capture.awaitReady("\"DOWN\"", "is gone", "./millrace recover lost");
        }
        stack.sql("lost", "DELETE FROM thing", "INSERT INTO thing VALUES (2, 'b', null)");
        try (var capture = CaptureProcess.recovering(stack, folder, "automatic", "lost", stack.servers.postgresUser(), stack.servers.postgresPassword(), CaptureProcess.root("thing")).awaitStreaming(); var records = records("lost", "thing")) {
            records.await(capture, seen -> Rows.of(seen).equals(List.of("2 b")));
        }
    }
}
