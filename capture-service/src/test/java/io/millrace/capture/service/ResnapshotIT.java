package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.avro.Schema;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Tables that are read while the stream goes on: whatever changes meanwhile, a reader ends with what the table has. */
class ResnapshotIT extends OnStack {

    private static final String ONE = CaptureProcess.root("thing");
    private static final String TWO = ONE + "  many:\n    parts:\n      table: public.part\n      join: {id: thing_id}\n      fields: [id, name]\n";
    private static final String NOTHING_READ = "\"resnapshots\":[]";

    private static CaptureProcess capture(String source, String tables, String... options) throws Exception {
        var all = new ArrayList<>(List.of("-Dmillrace.capture.token.file=" + token, "-Dmillrace.capture.watch=500ms"));
        all.addAll(List.of(options));
        return CaptureProcess.start(stack, folder, source, stack.servers.postgresUser(), stack.servers.postgresPassword(), tables, all.toArray(String[]::new));
    }

    private static void source(String source, int rows) throws Exception {
        stack.source(source, "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL)", "INSERT INTO thing SELECT i, 'n' || i FROM generate_series(1, " + rows + ") i");
        stack.publish(source, "thing");
    }

    private static String resnapshot(CaptureProcess capture, String table) {
        return capture.post("/resnapshots?table=" + table, TOKEN);
    }

    private static String resnapshot(CaptureProcess capture, String table, String where) {
        return resnapshot(capture, table + "&where=" + URLEncoder.encode(where, StandardCharsets.UTF_8));
    }

    private static void awaitStatus(CaptureProcess capture, Predicate<String> status) {
        try {
            Awaitility.await().atMost(Duration.ofSeconds(120)).pollInterval(Duration.ofMillis(100)).until(() -> status.test(capture.ask("GET", "/resnapshots", TOKEN)));
        } catch (org.awaitility.core.ConditionTimeoutException e) {
            throw new AssertionError(capture.ask("GET", "/resnapshots", TOKEN) + "\n" + capture.ready() + "\n" + capture.log(), e);
        }
    }

    private static void awaitRead(CaptureProcess capture) {
        awaitStatus(capture, status -> status.contains(NOTHING_READ));
    }

    private static int rowsRead(String status) {
        var found = java.util.regex.Pattern.compile("\"rows\":(\\d+)").matcher(status);
        return found.find() ? Integer.parseInt(found.group(1)) : 0;
    }

    /** What readers have, both those of everything and those that come after the topic was compacted, is what the table has. */
    private static void assertSame(String source, String table, CaptureProcess capture, Records records) throws Exception {
        var expected = Rows.expected(stack, source, table);
        records.await(capture, seen -> Rows.of(seen).equals(expected));
        var all = records.toTheEnd();
        assertEquals(expected, Rows.of(all));
        assertEquals(expected, Rows.of(compacted(all)), "of a key compaction keeps the last record, and that is no older one");
    }

    private static List<Records.Row> compacted(List<Records.Row> records) {
        var last = new LinkedHashMap<String, Records.Row>();
        records.forEach(row -> {
            var key = row.partition() + " " + row.key();
            last.remove(key);
            last.put(key, row);
        });
        return List.copyOf(last.values());
    }

    private static long reads(List<Records.Row> rows) {
        return rows.stream().filter(r -> r.op() == Op.READ).count();
    }

    /** Changes rows at random, about 400 times a second, until it is told to stop; among them deletes, inserts and changed keys. */
    private static CompletableFuture<Integer> change(String source, AtomicBoolean stop, int rows) {
        return CompletableFuture.supplyAsync(() -> {
            var random = new Random(7);
            int changes = 0;
            try (var connection = stack.connect(source); var statement = connection.createStatement()) {
                while (!stop.get()) {
                    int id = 1 + random.nextInt(rows);
                    statement.execute(switch (changes % 4) {
                        case 0 -> "UPDATE thing SET name = 'c" + changes + "' WHERE id = " + id;
                        case 1 -> "DELETE FROM thing WHERE id = " + id;
                        case 2 -> "INSERT INTO thing VALUES (" + id + ", 'i" + changes + "') ON CONFLICT (id) DO UPDATE SET name = excluded.name";
                        default -> "UPDATE thing SET id = " + (rows * 2 + changes) + ", name = 'k" + changes + "' WHERE id = " + id;
                    });
                    changes++;
                    Thread.sleep(2);
                }
            } catch (SQLException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return changes;
        });
    }

    @Test
    void aReadingThatFailsKeepsNoOtherWaiting() throws Exception {
        source("failing", 10);
        stack.sql("failing", "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text)", "INSERT INTO part VALUES (1, 1, 'one')");
        stack.publish("failing", "part");
        try (var capture = capture("failing", TWO).awaitStreaming(); var parts = records("failing", "part")) {
            assertSame("failing", "part", capture, parts);
            resnapshot(capture, "public.thing", "1/(id-5) > 0");
            capture.awaitReady("\"DOWN\"", "The table public.thing is not read on: ", "division by zero");
            resnapshot(capture, "public.part");
            awaitStatus(capture, status -> !status.contains("public.part"));
            assertEquals(2, reads(parts.toTheEnd()), "it was read again");
            capture.awaitReady("\"DOWN\"", "division by zero");
            awaitStatus(capture, status -> status.contains("\"table\":\"public.thing\"") && status.contains("division by zero"));
            capture.ask("DELETE", "/resnapshots?table=public.thing", TOKEN);
            capture.awaitReady("\"UP\"");
        }
    }

    @Test
    void aTableIsReadAgainWhileItChangesAndNothingOldAndNothingDeletedComesBack() throws Exception {
        source("busy", 20_000);
        try (var capture = capture("busy", ONE, "-Dmillrace.capture.resnapshot-chunk-rows=500", "-Dmillrace.capture.resnapshot-rows-per-second=4000").awaitStreaming(); var things = records("busy", "thing")) {
            var stop = new AtomicBoolean();
            var changes = change("busy", stop, 20_000);
            var asked = resnapshot(capture, "public.thing");
            assertTrue(asked.contains("\"state\":\"") && asked.contains("\"estimate\":"), asked);
            assertTrue(resnapshot(capture, "public.thing").contains("is being read already"));
            awaitStatus(capture, status -> status.contains("\"state\":\"reading\"") && status.matches("(?s).*\"secondsLeft\":\\d+.*"));
            assertTrue(capture.ready().contains("\"UP\""), capture.ready());
            awaitRead(capture);
            stop.set(true);
            assertTrue(changes.get() > 100, "it was changed meanwhile: " + changes.get());
            assertSame("busy", "thing", capture, things);
            assertTrue(reads(things.seen) > 30_000, "it was read twice: " + reads(things.seen));
            var metrics = capture.get("/q/metrics");
            assertTrue(metrics.lines().anyMatch(line -> line.matches("millrace_resnapshot_rows_total\\{stage=\"capture\"} [1-9].*")), metrics);
            assertTrue(metrics.contains("millrace_resnapshot_tables{stage=\"capture\"} 0.0"), metrics);
        }
    }

    @Test
    void aKeyWhoseOperatorsStandInAnotherSchemaOrWhoseCollationIsItsOwnIsComparedByThese() throws Exception {
        stack.source("ordered", "CREATE SCHEMA ext", "CREATE EXTENSION citext SCHEMA ext", "CREATE EXTENSION ltree SCHEMA ext", "CREATE TYPE ext.mood AS ENUM ('sad', 'ok')", "CREATE DOMAIN ext.label AS text COLLATE \"C\"",
                "CREATE TABLE thing (id ext.citext PRIMARY KEY, name text, body text)", "CREATE TABLE part (thing_id ext.citext, kind ext.mood, path ext.ltree, label ext.label COLLATE \"POSIX\", name text, body text, PRIMARY KEY (kind, path, label))",
                "ALTER TABLE thing ALTER body SET STORAGE EXTERNAL", "ALTER TABLE part ALTER body SET STORAGE EXTERNAL",
                // By the order of its type 'a' and 'B' stand before 'c' and 'D', by that of text both large letters come first.
                "INSERT INTO thing SELECT CASE i % 2 WHEN 0 THEN upper(chr(96 + i)) ELSE chr(96 + i) END, 'n' || i, repeat('b', 10000) FROM generate_series(1, 26) i",
                "INSERT INTO part SELECT 'a', CASE i % 2 WHEN 0 THEN 'sad' ELSE 'ok' END::ext.mood, ('top.x' || i % 3)::ext.ltree, 'L' || i, 'n' || i, repeat('b', 10000) FROM generate_series(1, 100) i");
        stack.publish("ordered", "thing");
        stack.publish("ordered", "part");
        try (var capture = capture("ordered", TWO.replace("fields: [id, name]", "fields: [label, name]"), "-Dmillrace.capture.resnapshot-chunk-rows=3").awaitStreaming(); var things = records("ordered", "thing"); var parts = records("ordered", "part")) {
            resnapshot(capture, "public.thing");
            resnapshot(capture, "public.part");
            awaitRead(capture);
            assertEquals(52, reads(things.toTheEnd()), "each row is read again");
            assertEquals(200, reads(parts.toTheEnd()), "each row is read again");
            resnapshot(capture, "public.part", "name <> 'n7'");
            awaitRead(capture);
            assertEquals(299, reads(parts.toTheEnd()), "each row but one is read again");
            stack.sql("ordered", "UPDATE thing SET name = 'changed' WHERE id OPERATOR(ext.=) 'd'", "UPDATE part SET name = 'changed' WHERE label = 'L7'");
            for (var records : List.of(things, parts)) {
                var changed = records.await(capture, seen -> seen.stream().anyMatch(r -> r.op() == Op.UPDATE)).getLast();
                assertEquals(10_000, changed.text("body").length(), "what the update left as it was is read back by the key: " + changed);
            }
            capture.awaitReady("\"UP\"");
        }
    }

    @Tag("long")
    @Test
    void everyTypeAndEveryKindOfKeyIsReadAgainAsTheSnapshotAndTheStreamHaveIt() throws Exception {
        stack.source("typed", "CREATE TYPE mood AS ENUM ('sad', 'ok')", "CREATE DOMAIN positive AS int CHECK (value > 0)", "CREATE DOMAIN code AS varchar(8)");
        var columns = Types.ALL;
        var definitions = IntStream.range(0, columns.size()).mapToObj(i -> "c" + i + " " + columns.get(i).type()).collect(Collectors.joining(", "));
        var literals = columns.stream().map(Types.Example::literal).collect(Collectors.joining(", "));
        stack.sql("typed", "CREATE TABLE thing (" + definitions + ", id int PRIMARY KEY, \"Odd \"\"name\" text, twice int GENERATED ALWAYS AS (id * 2) STORED)", "INSERT INTO thing SELECT " + literals + ", 1, 'it''s'",
                "CREATE TABLE part (thing_id int, at timestamptz, kind mood, label code, amount numeric, name text, PRIMARY KEY (label, at, kind, amount) INCLUDE (thing_id))",
                "INSERT INTO part SELECT 1, timestamptz '2026-01-01' + i * interval '1 microsecond', CASE i % 2 WHEN 0 THEN 'sad' ELSE 'ok' END::mood, 'it''s ' || i % 3, i / 7.0, 'n' || i FROM generate_series(1, 50) i");
        stack.publish("typed", "thing");
        stack.publish("typed", "part");
        try (var capture = capture("typed", TWO.replace("fields: [id, name]", "fields: [label, name]"), "-Dmillrace.capture.resnapshot-chunk-rows=7").awaitStreaming(); var things = records("typed", "thing"); var parts = records("typed", "part")) {
            var first = things.await(capture, seen -> !seen.isEmpty()).getFirst();
            resnapshot(capture, "public.thing");
            resnapshot(capture, "part");
            awaitRead(capture);
            var again = things.toTheEnd().stream().filter(r -> r.op() == Op.READ).toList().getLast();
            assertEquals(first.value().toString(), again.value().toString());
            assertEquals(first.value().getSchema(), again.value().getSchema());
            assertEquals(first.key().getSchema(), again.key().getSchema());
            assertTrue(first.position().isBefore(again.position()));
            var keys = parts.toTheEnd().stream().filter(r -> r.op() == Op.READ).collect(Collectors.groupingBy(r -> r.key().toString(), Collectors.counting()));
            assertEquals(50, keys.size());
            assertTrue(keys.values().stream().allMatch(times -> times == 2), keys.toString());
            stack.sql("typed", "UPDATE thing SET \"Odd \"\"name\" = 'x'");
            var streamed = things.await(capture, seen -> seen.getLast().op() == Op.UPDATE).getLast();
            assertEquals(again.value().getSchema(), streamed.value().getSchema(), "one schema from the reading and from the stream");
        }
    }

    @Test
    void theRowsThatAConditionChoosesAreReadAgainAndTheOthersStayAsTheyAre() throws Exception {
        source("chosen", 3000);
        try (var capture = capture("chosen", ONE, "-Dmillrace.capture.resnapshot-chunk-rows=50").awaitStreaming(); var things = records("chosen", "thing")) {
            things.await(capture, seen -> seen.size() == 3000);
            resnapshot(capture, "thing", "id % 1000 = 0 OR name = 'n7' -- of all");
            awaitRead(capture);
            var again = things.toTheEnd().stream().skip(3000).toList();
            assertEquals(List.of(7, 1000, 2000, 3000), again.stream().map(r -> (Integer) r.key().get("id")).sorted().toList());
            assertTrue(again.stream().allMatch(r -> r.op() == Op.READ), "nothing is taken away where only some rows are read: " + again);
            assertSame("chosen", "thing", capture, things);
        }
    }

    @Test
    void whatCannotBeReadIsRefusedAndWhatIsAskedForCanBeTakenBack() throws Exception {
        source("refused", 5000);
        stack.sql("refused", "CREATE TABLE part (id int, thing_id int, name text)", "CREATE TABLE other (id int PRIMARY KEY)");
        stack.publish("refused", "part");
        try (var capture = capture("refused", TWO, "-Dmillrace.capture.resnapshot-chunk-rows=100", "-Dmillrace.capture.resnapshot-rows-per-second=100")) {
            capture.awaitReady("\"DOWN\"", "streaming", "has no primary key");
            assertTrue(resnapshot(capture, "public.part").contains("has no primary key"));
            assertTrue(resnapshot(capture, "public.other").contains("is not captured"));
            assertTrue(resnapshot(capture, "nowhere.thing").contains("is not captured"));
            assertTrue(resnapshot(capture, "a.b.c").contains("is not a table name"));
            assertTrue(resnapshot(capture, "millrace.outboxevent").contains("Millrace's own"));
            for (var wrong : List.of("nothing = 1", "id = ", "true) OR (true", "true LIMIT 1", "true UNION SELECT", "id", "id = 'x'", "true /*")) {
                assertTrue(resnapshot(capture, "public.thing", wrong).contains("Postgres refuses to read the table public.thing where"), wrong + ": " + resnapshot(capture, "public.thing", wrong));
            }
            assertTrue(resnapshot(capture, "public.thing", "true; DROP TABLE other").contains("without a semicolon"));
            assertTrue(capture.post("/resnapshots?table=public.thing", "wrong").contains("The caller may not"));
            assertTrue(capture.post("/resnapshots?source=another&table=public.thing", TOKEN).contains("not of 'another'"));
            assertTrue(capture.ask("GET", "/resnapshots", TOKEN).contains(NOTHING_READ), "nothing of this is read");
            assertTrue(capture.ask("DELETE", "/resnapshots?table=public.thing", TOKEN).contains("is not being read again"));
            assertTrue(resnapshot(capture, "public.thing").contains("\"table\":\"public.thing\""));
            awaitStatus(capture, status -> rowsRead(status) > 0);
            assertTrue(capture.ask("DELETE", "/resnapshots?table=public.thing", TOKEN).contains("\"table\":\"public.thing\""));
            assertTrue(capture.ask("GET", "/resnapshots", TOKEN).contains(NOTHING_READ));
        }
    }

    @Test
    @Tag("long")
    void killedInTheMiddleItGoesOnBehindWhatItHadRead() throws Exception {
        source("resumed", 10_000);
        var options = new String[] {"-Dmillrace.capture.resnapshot-chunk-rows=250", "-Dmillrace.capture.resnapshot-rows-per-second=2000"};
        try (var things = records("resumed", "thing")) {
            try (var capture = capture("resumed", ONE, options).awaitStreaming()) {
                resnapshot(capture, "public.thing");
                awaitStatus(capture, status -> rowsRead(status) >= 250);
            }
            stack.sql("resumed", "DELETE FROM thing WHERE id < 100", "UPDATE thing SET name = 'new' WHERE id BETWEEN 9000 AND 9100");
            try (var capture = capture("resumed", ONE, options).awaitStreaming()) {
                awaitRead(capture);
                assertTrue(capture.log().contains("rows that were read before"), capture.log());
                assertSame("resumed", "thing", capture, things);
                long reads = reads(things.seen);
                assertTrue(reads > 19_500 && reads < 20_800, "what was read is not read once more, save a chunk: " + reads);
            }
        }
    }

    private static CompletableFuture<Void> later(String source, String transaction) {
        return CompletableFuture.runAsync(() -> {
            try {
                stack.sql(source, transaction);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    /** Returns when a commit of the source waits for a standby, and its log up to there was sent to capture. */
    private static void awaitSent(String source) throws SQLException {
        try (var connection = stack.connect(source); var statement = connection.createStatement()) {
            Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(20)).until(() -> {
                try (var row = statement.executeQuery("""
                        SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = '%1$s' AND wait_event = 'SyncRep') AND sent_lsn >= pg_current_wal_flush_lsn()
                        FROM pg_stat_replication JOIN pg_replication_slots ON active_pid = pid WHERE slot_name = 'millrace_%1$s'""".formatted(source))) {
                    return row.next() && row.getBoolean(1);
                }
            });
        }
    }

    /** Which columns may be null is asked of the catalog, which shows a commit some time after the log has it. */
    @Test
    @Tag("long")
    void aColumnOfACommitThatIsNotSeenYetIsTakenForWhatItIs() throws Exception {
        source("described", 3);
        try (var capture = capture("described", ONE).awaitStreaming(); var things = records("described", "thing")) {
            stack.awaitStandbys("nobody");
            var migration = later("described", "ALTER TABLE thing ADD COLUMN floor int NOT NULL DEFAULT 1; UPDATE thing SET name = 'new' WHERE id = 1");
            awaitSent("described");
            assertFalse(migration.isDone(), "its commit waits");
            stack.releaseStandbys();
            migration.get();
            things.await(capture, seen -> seen.stream().anyMatch(r -> r.value() != null && r.text("name").equals("new")));
            var floor = things.seen.stream().filter(r -> r.value() != null && r.text("name").equals("new")).findFirst().orElseThrow().value().getSchema().getField("floor");
            assertEquals(Schema.Type.INT, floor.schema().getType(), "it may not be null");
        } finally {
            stack.releaseStandbys();
        }
    }

    @Test
    @Tag("long")
    void aCommitThatIsInTheLogButNotSeenYetIsWaitedFor() throws Exception {
        source("unseen", 10);
        try (var capture = capture("unseen", ONE).awaitStreaming(); var things = records("unseen", "thing")) {
            stack.awaitStandbys("nobody");
            var update = later("unseen", "UPDATE thing SET name = 'new' WHERE id = 1; DELETE FROM thing WHERE id = 2; INSERT INTO thing VALUES (11, 'new')");
            things.await(capture, seen -> seen.stream().anyMatch(r -> r.value() != null && r.text("name").equals("new")));
            // A process that has not seen the transaction come.
            capture.stop();
            try (var next = capture("unseen", ONE).awaitStreaming()) {
                resnapshot(next, "public.thing");
                next.awaitReady("\"DOWN\"", "The table public.thing is not read on", "commits wait for a synchronous standby that does not answer");
                assertTrue(rowsRead(next.ask("GET", "/resnapshots", TOKEN)) == 0 && !update.isDone());
                stack.releaseStandbys();
                update.get();
                awaitRead(next);
                next.awaitStreaming();
                assertSame("unseen", "thing", next, things);
            }
        } finally {
            stack.releaseStandbys();
        }
    }

    @Test
    @Tag("long")
    void aTableThatIsAddedIsReadWhileTheOthersFlowAndTheSlotAdvances() throws Exception {
        source("grown", 10);
        try (var capture = capture("grown", ONE).awaitStreaming()) {
            capture.stop();
        }
        stack.sql("grown", "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text)", "INSERT INTO part SELECT i, 1, 'p' || i FROM generate_series(1, 60000) i", "ANALYZE part");
        stack.publish("grown", "part");
        try (var capture = capture("grown", TWO, "-Dmillrace.capture.resnapshot-rows-per-second=5000"); var things = records("grown", "thing"); var parts = records("grown", "part")) {
            capture.awaitReady("\"UP\"", "reading 1 table while the others flow");
            var longest = Duration.ZERO;
            var slot = "SELECT confirmed_flush_lsn > '%s' FROM pg_replication_slots WHERE slot_name = 'millrace_grown'";
            var before = stack.query("grown", "SELECT pg_current_wal_lsn()").getFirst();
            for (int i = 1; capture.ready().contains("reading 1 table "); i++) {
                int number = i;
                long began = System.nanoTime();
                stack.sql("grown", "UPDATE thing SET name = 'round " + i + "' WHERE id = 1", "UPDATE part SET name = 'changed' WHERE id = " + i * 100);
                things.await(capture, seen -> seen.stream().anyMatch(r -> r.value() != null && r.text("name").equals("round " + number)));
                var took = Duration.ofNanos(System.nanoTime() - began);
                longest = took.compareTo(longest) > 0 ? took : longest;
            }
            assertTrue(longest.compareTo(Duration.ofSeconds(3)) < 0, "no change of the other table waits for the reading: " + longest);
            assertEquals("t", stack.query("grown", slot.formatted(before)).getFirst(), "the slot advanced meanwhile");
            capture.awaitStreaming();
            assertFalse(capture.log().contains("Reading 1 table as of"), "the stream did not pause: " + capture.log());
            assertSame("grown", "part", capture, parts);
            assertTrue(capture.ask("DELETE", "/resnapshots?table=part", TOKEN).contains("is not being read again"));
        }
    }

    @Test
    @Tag("long")
    void whileATableIsReadTheOthersAreAsFastAsBeforeAndTheSlotKeepsNoMore() throws Exception {
        source("calm", 1000);
        stack.sql("calm", "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text)", "INSERT INTO part SELECT i, 1, 'p' || i FROM generate_series(1, 200000) i");
        stack.publish("calm", "part");
        try (var capture = capture("calm", TWO, "-Dmillrace.capture.resnapshot-rows-per-second=10000").awaitStreaming()) {
            var stop = new AtomicBoolean();
            var changes = change("calm", stop, 1000);
            latencies("calm", Duration.ofSeconds(5));
            var before = latencies("calm", Duration.ofSeconds(12));
            resnapshot(capture, "public.part");
            awaitStatus(capture, status -> rowsRead(status) > 0);
            var kept = stack.query("calm", "SELECT pg_current_wal_lsn() - restart_lsn FROM pg_replication_slots WHERE slot_name = 'millrace_calm'").getFirst();
            var during = latencies("calm", Duration.ofSeconds(12));
            assertTrue(rowsRead(capture.ask("GET", "/resnapshots", TOKEN)) > 0, "it is still being read");
            assertEquals("t", stack.query("calm", "SELECT pg_current_wal_lsn() - restart_lsn < 64000000 FROM pg_replication_slots WHERE slot_name = 'millrace_calm'").getFirst(), "the slot kept " + kept + " as it began");
            stop.set(true);
            changes.get();
            var told = "p99 of the others' changes: %,d µs before, %,d µs while another table was read".formatted(percentile99(before), percentile99(during));
            System.out.println(told);
            assertTrue(percentile99(during) < 2 * percentile99(before) + 50_000, told);
        }
    }

    /** From the commit of each change of {@code thing} to the moment at which a reader has it, in microseconds. */
    private static List<Long> latencies(String source, Duration during) {
        var micros = new ArrayList<Long>();
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", stack.servers.kafkaBootstrap()), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partitions = IntStream.range(0, Stack.PARTITIONS).mapToObj(p -> new TopicPartition("captured." + source + ".public.thing", p)).toList();
            consumer.assign(partitions);
            consumer.seekToEnd(partitions);
            long until = System.nanoTime() + during.toNanos();
            while (System.nanoTime() < until) {
                consumer.poll(Duration.ofMillis(50)).forEach(record -> micros.add(Headers.nowMicros() - Headers.number(record.headers(), Headers.COMMITTED, 0)));
            }
        }
        return micros;
    }

    private static long percentile99(List<Long> micros) {
        assertTrue(micros.size() > 500, "enough changes to tell: " + micros.size());
        return micros.stream().sorted().skip(micros.size() * 99L / 100).findFirst().orElseThrow();
    }

    @Test
    @Tag("long")
    void aTableThatWasTakenOutAndPutBackIsReadAgainWhileTheOthersFlowAndLosesWhatIsGone() throws Exception {
        source("back", 20_000);
        stack.sql("back", "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text)");
        stack.publish("back", "part");
        try (var capture = capture("back", TWO, "-Dmillrace.capture.resnapshot-rows-per-second=4000").awaitStreaming(); var things = records("back", "thing"); var parts = records("back", "part")) {
            things.await(capture, seen -> seen.size() == 20_000);
            stack.sql("back", "ALTER PUBLICATION millrace_back DROP TABLE thing", "DELETE FROM thing WHERE id % 3 = 0", "UPDATE thing SET name = 'unseen' WHERE id % 5 = 1", "INSERT INTO thing VALUES (30000, 'unseen')",
                    "ALTER PUBLICATION millrace_back ADD TABLE thing");
            capture.awaitMissing("public.thing");
            // What carries the table may have changed with it, so the stream begins anew.
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> capture.post("/resnapshots?table=public.thing&where=id%3D1", TOKEN), answer -> !answer.contains("not streaming yet"));
            assertTrue(capture.post("/resnapshots?table=public.thing&where=id%3D1", TOKEN).contains("leave the condition out"));
            var stop = new AtomicBoolean();
            var changes = change("back", stop, 20_000);
            capture.post("/recovery", TOKEN);
            awaitStatus(capture, status -> rowsRead(status) > 0);
            capture.awaitMissing("public.thing", "being read while the stream goes on");
            assertTrue(capture.ask("DELETE", "/resnapshots?table=thing", TOKEN).contains("cannot be cancelled"));
            stack.sql("back", "INSERT INTO part VALUES (1, 1, 'meanwhile')");
            parts.await(capture, seen -> !seen.isEmpty());
            assertTrue(capture.ready().contains("\"DOWN\""), "the other table did not wait for this one");
            capture.awaitStreaming();
            stop.set(true);
            assertTrue(changes.get() > 200);
            assertSame("back", "thing", capture, things);
        }
    }
}
