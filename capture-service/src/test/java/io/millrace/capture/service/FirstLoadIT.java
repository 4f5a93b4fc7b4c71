package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.topic.Topics;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Tables that are read before their stream begins, in parts and over several connections. */
class FirstLoadIT extends OnStack {

    private static final int MANY = 200_000;
    /** Changes that are sent at once. */
    private static final int BATCH = 4_096;

    private static void source(String source, int rows, String... statements) throws Exception {
        stack.source(source, "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL)", "INSERT INTO thing SELECT i, 'n' || i FROM generate_series(1, " + rows + ") i", "ANALYZE thing");
        stack.sql(source, statements);
        stack.publish(source, "thing");
    }

    private static CaptureProcess capture(String source, String recovery, String tables, String... options) throws Exception {
        var all = new java.util.ArrayList<>(List.of("-Dmillrace.capture.token.file=" + token, "-Dmillrace.capture.watch=500ms"));
        all.addAll(List.of(options));
        return CaptureProcess.recovering(stack, folder, recovery, source, stack.servers.postgresUser(), stack.servers.postgresPassword(), tables, all.toArray(String[]::new));
    }

    private static CaptureProcess capture(String source) throws Exception {
        return capture(source, "ask", CaptureProcess.root("thing"));
    }

    private static void assertSame(String source, String table, CaptureProcess capture, Records records) throws Exception {
        var expected = Rows.expected(stack, source, table);
        // Many rows: they are compared once they are all here, and not with each handful that comes.
        Awaitility.await().alias(capture.ready()).atMost(Duration.ofSeconds(150)).pollInterval(Duration.ofSeconds(1)).until(() -> Rows.of(records.toTheEnd()).equals(expected));
        assertEquals(expected, Rows.of(records.toTheEnd()));
    }

    private static long reads(List<Records.Row> rows) {
        return rows.stream().filter(r -> r.op() == Op.READ).count();
    }

    private static int awaitRows(CaptureProcess capture, int enough) {
        var found = new int[1];
        Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(20)).until(() -> {
            var rows = Pattern.compile("\"rows\":(\\d+)").matcher(capture.ask("GET", "/resnapshots", TOKEN));
            found[0] = rows.find() ? Integer.parseInt(rows.group(1)) : 0;
            return found[0] >= enough;
        });
        return found[0];
    }

    private static String metric(CaptureProcess capture, String name) {
        return capture.get("/q/metrics").lines().filter(line -> line.startsWith(name + "{")).findFirst().orElse("none of " + name);
    }

    @Test
    void everyRowIsReadOnceAlsoOfPartitionsAndOfLargeValuesAndTheStreamFollows() throws Exception {
        source("parts", 40_000, "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text) PARTITION BY RANGE (id)",
                "CREATE TABLE part_a PARTITION OF part FOR VALUES FROM (0) TO (1000)", "CREATE TABLE part_b PARTITION OF part FOR VALUES FROM (1000) TO (2000) PARTITION BY HASH (id)",
                "CREATE TABLE part_b0 PARTITION OF part_b FOR VALUES WITH (MODULUS 2, REMAINDER 0)", "CREATE TABLE part_b1 PARTITION OF part_b FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
                // More than one piece may hold, in the blocks of one part, of each partition.
                "INSERT INTO part SELECT i, i, repeat(md5(i::text), 3000) FROM generate_series(900, 1399) i", "DELETE FROM part WHERE id % 7 = 0", "CREATE TABLE none (id int PRIMARY KEY, thing_id int, name text)");
        stack.sql("parts", "ALTER PUBLICATION millrace_parts SET (publish_via_partition_root = true)");
        stack.publish("parts", "part");
        stack.publish("parts", "none");
        var many = "    %1$s:\n      table: public.%1$s\n      join: {id: thing_id}\n      fields: [id, name]\n";
        try (var capture = capture("parts", "ask", CaptureProcess.root("thing") + "  many:\n" + many.formatted("part") + many.formatted("none"), "-Dmillrace.capture.snapshot-threads=3").awaitStreaming();
                var things = records("parts", "thing"); var parts = records("parts", "part")) {
            stack.sql("parts", "UPDATE part SET name = 'new' WHERE id = 1000", "DELETE FROM thing WHERE id = 40000");
            assertSame("parts", "thing", capture, things);
            assertSame("parts", "part", capture, parts);
            assertEquals(40_000, reads(things.seen));
            assertEquals(Integer.parseInt(stack.query("parts", "SELECT count(*) FROM part").getFirst()), reads(parts.seen));
            assertEquals(1, things.seen.stream().filter(r -> r.op() == Op.READ).map(Records.Row::position).distinct().count(), "all are as of one position");
            assertTrue(metric(capture, "millrace_snapshot_rows_total").endsWith(" " + (double) (reads(things.seen) + reads(parts.seen))), metric(capture, "millrace_snapshot_rows_total"));
            assertTrue(metric(capture, "millrace_snapshot_rows_remaining").endsWith(" 0.0"));
            assertTrue(metric(capture, "millrace_snapshot_tables_remaining").endsWith(" 0.0"));
        }
    }

    @Test
    void aValueThatIsNotOfItsTypeParksItsTableWhileTheOthersGoOnAndIsNotGivenAway() throws Exception {
        // Postgres gives no such value away by itself: a superuser has to tell it to write dates as the numbers that they are stored as.
        var print = "UPDATE pg_type SET typoutput = '%s'::regproc WHERE oid = 'date'::regtype";
        source("odd", 1_000, "ALTER TABLE thing ADD day date", "UPDATE thing SET day = '5874897-12-31' WHERE id % 100 = 0", "CREATE TABLE part (id int PRIMARY KEY, thing_id int, name text)", "INSERT INTO part SELECT i, i, 'p' FROM generate_series(1, 10) i",
                print.formatted("int4out"));
        stack.publish("odd", "part");
        var document = CaptureProcess.root("thing") + "  many:\n    parts:\n      table: public.part\n      join: {id: thing_id}\n      fields: [id, name]\n";
        try (var capture = capture("odd", "ask", document).awaitStreaming(); var things = records("odd", "thing"); var parts = records("odd", "part")) {
            var why = "A row of the table public.thing cannot be written: the value of its column 'day' is no date as Postgres prints it (IllegalArgumentException)";
            var read = things.await(capture, seen -> seen.size() == 1_000);
            assertEquals(IntStream.rangeClosed(1, 10).mapToObj(i -> i * 100).toList(), read.stream().filter(r -> why.equals(r.unwritable())).map(r -> (Integer) r.key().get("id")).sorted().toList());
            stack.sql("odd", "DELETE FROM thing WHERE id = 100", "UPDATE thing SET name = 'u' WHERE id = 200", "INSERT INTO thing VALUES (1001, 'n', '5874897-12-31'), (1002, 'n', null)",
                    "INSERT INTO thing SELECT 1003, repeat('large', 40000), '5874897-12-31'", "ALTER TABLE thing REPLICA IDENTITY FULL", "DELETE FROM thing WHERE id = 300", "INSERT INTO part VALUES (11, 11, 'p')");
            assertSame("odd", "part", capture, parts);
            var changed = things.toTheEnd().subList(1_000, things.seen.size());
            assertEquals(Set.of(200, 1_001, 1_003), changed.stream().filter(r -> why.equals(r.unwritable())).map(r -> r.key().get("id")).collect(Collectors.toSet()));
            assertEquals(Set.of(100, 300), changed.stream().filter(Records.Row::isTombstone).map(r -> r.key().get("id")).collect(Collectors.toSet()), "a row that is gone goes by its key");
            assertTrue(capture.ready().contains("\"UP\"") && !capture.log().contains("interrupted"), capture.ready() + capture.log());
            stack.sql("odd", print.formatted("date_out"), "UPDATE thing SET name = name WHERE day IS NOT NULL");
            assertSame("odd", "thing", capture, things);
            assertFalse(capture.ready().contains("2145031948") || capture.log().contains("2145031948"), capture.ready() + capture.log());
        }
    }

    /** Changes rows at random until it is told to stop, and says how many changes that were; among them deletes and inserts. */
    private static CompletableFuture<Integer> change(String source, AtomicBoolean stop) {
        return CompletableFuture.supplyAsync(() -> {
            var random = new Random(7);
            try (var connection = stack.connect(source); var statement = connection.createStatement()) {
                int i = 0;
                for (; !stop.get(); i++) {
                    int id = 1 + random.nextInt(MANY);
                    statement.execute(switch (i % 3) {
                        case 0 -> "UPDATE thing SET name = 'c" + i + "' WHERE id = " + id;
                        case 1 -> "DELETE FROM thing WHERE id = " + id;
                        default -> "INSERT INTO thing VALUES (" + id + ", 'i" + i + "') ON CONFLICT (id) DO UPDATE SET name = excluded.name";
                    });
                    Thread.sleep(2);
                }
                return i;
            } catch (SQLException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    @Test
    @Tag("long")
    void killedInTheMiddleOfATableItGoesOnThereAndNoTransactionStaysOpen() throws Exception {
        int many = 3 * MANY;
        source("resumed", many);
        var stop = new AtomicBoolean();
        var changes = change("resumed", stop);
        try (var things = records("resumed", "thing")) {
            try (var capture = capture("resumed")) {
                awaitRows(capture, many / 4);
                assertTrue(capture.ready().matches("(?s).*reading \\d tables: [\\d,]+ of about [\\d,]+ rows, [\\d,]+ rows/s, [\\d,]+ s left.*"), capture.ready());
                assertEquals(List.of("t"), stack.query("resumed", "SELECT coalesce(max(now() - xact_start) < interval '3 s', true) FROM pg_stat_activity WHERE application_name = 'millrace capture' AND query NOT LIKE 'START_REPLICATION%'"));
                // What was read is remembered once a second.
                awaitRows(capture, many / 2);
            }
            long before = reads(things.toTheEnd());
            stack.sql("resumed", "DELETE FROM thing WHERE id % 1000 = 1", "UPDATE thing SET name = 'while it was down' WHERE id % 1000 = 2");
            try (var capture = capture("resumed").awaitStreaming()) {
                stop.set(true);
                int changed = changes.get() + many / 1000;
                var behind = Pattern.compile("Reading the table public.thing behind ([\\d,]+) rows? that").matcher(capture.log());
                assertTrue(behind.find(), capture.log());
                assertSame("resumed", "thing", capture, things);
                long remembered = Long.parseLong(behind.group(1).replace(",", ""));
                long again = reads(things.seen) - before;
                assertTrue(remembered > 0 && again <= many - remembered + changed, "what is known to have been read, " + remembered + " of " + before + " rows, is not read once more, save the " + changed + " that were moved: " + again);
            }
        }
    }

    /** How often something was remembered, the signs of life of whoever writes left out. */
    private static long remembered(String source) {
        return stack.texts(Topics.captureState(source)).stream().filter(text -> text != null && !text.contains("\"sign\":")).count();
    }

    private static void standsStill(Callable<Number> counted) throws Exception {
        var last = new AtomicReference<>(counted.call());
        Awaitility.await().during(Duration.ofSeconds(1)).atMost(Duration.ofSeconds(30)).until(() -> last.getAndSet(counted.call()).equals(last.get()));
    }

    @Test
    @Tag("long")
    void aSecondProcessWaitsDuringAFirstLoadAndTakesItOverAtItsEnd() throws Exception {
        source("guarded", MANY);
        try (var first = capture("guarded"); var things = records("guarded", "thing")) {
            awaitRows(first, MANY / 20);
            try (var connection = stack.connect("guarded"); var statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                statement.execute("LOCK TABLE thing");
                first.awaitReady("the table public.thing is not read on at the moment: ");
                // Of a reader that had finished a batch may still be on its way.
                standsStill(() -> things.toTheEnd().size());
                standsStill(() -> remembered("guarded"));
                int read = things.toTheEnd().size();
                long remembered = remembered("guarded");
                try (var second = capture("guarded")) {
                    second.awaitReady(answer -> answer.matches("(?s).*This capture stands by: the source guarded is in use by the server process \\d+, millrace capture from [0-9a-f.:]+ as [^,]+, connected since [-0-9]+ [:0-9]+ UTC.*"), "\"UP\"", "standing by");
                    Thread.sleep(2_000);
                    assertEquals(read, things.toTheEnd().size(), "who waits writes no rows");
                    assertEquals(remembered, remembered("guarded"), "and has nothing remembered");
                    assertFalse(second.log().contains("Reading "), second.log());
                    statement.execute("DELETE FROM thing WHERE id % 1000 = 1");
                    statement.execute("UPDATE thing SET name = 'of nobody' WHERE id % 1000 = 2");
                    first.kill();
                    connection.commit();
                    long began = System.nanoTime();
                    Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(20)).until(() -> things.toTheEnd().size() > read);
                    var takeover = Duration.ofNanos(System.nanoTime() - began);
                    System.out.printf("The second process wrote its first row %d ms after the first one was killed in its first load%n", takeover.toMillis());
                    assertTrue(takeover.compareTo(Duration.ofSeconds(10)) < 0, "taken over soon: " + takeover);
                    second.awaitStreaming();
                    assertSame("guarded", "thing", second, things);
                    // Nothing is remembered of the two parts that were begun, which are half of the table.
                    assertTrue(reads(things.seen) < MANY * 3 / 2, "it goes on where the first one was: " + reads(things.seen));
                }
            }
        }
    }

    @Test
    @Tag("long")
    void aProcessThatStoodStillDuringItsFirstLoadFindsAnotherOneInItsPlaceAndReadsNoFurther() throws Exception {
        source("asleep", MANY);
        var batches = "-Dmillrace.capture.batch-size=" + BATCH;
        try (var first = capture("asleep", "ask", CaptureProcess.root("thing"), batches); var things = records("asleep", "thing")) {
            awaitRows(first, MANY / 20);
            first.signal("STOP");
            try (var second = capture("asleep").awaitStreaming()) {
                stack.sql("asleep", "DELETE FROM thing WHERE id % 1000 = 1", "UPDATE thing SET name = 'for the second' WHERE id % 1000 = 2");
                assertSame("asleep", "thing", second, things);
                int before = things.toTheEnd().size();
                first.signal("CONT");
                first.awaitReady("\"UP\"", "standing by", "is in use by the server process");
                assertTrue(first.log().contains("The lock of the source asleep is lost ("), first.log());
                int late = things.toTheEnd().size() - before;
                assertTrue(late <= BATCH, "what was on its way to Kafka, and no more: " + late);
                assertSame("asleep", "thing", second, things);
            }
        }
    }

    @Test
    @Tag("long")
    void aTableThatIsRewrittenWhileItIsReadIsReadOnBesideTheStream() throws Exception {
        source("rewritten", MANY);
        try (var capture = capture("rewritten", "ask", CaptureProcess.root("thing"), "-Dmillrace.capture.resnapshot-rows-per-second=200000", "-Dmillrace.capture.resnapshot-chunk-rows=20000"); var things = records("rewritten", "thing")) {
            awaitRows(capture, 10_000);
            stack.sql("rewritten", "VACUUM FULL thing");
            capture.awaitStreaming();
            assertTrue(capture.log().contains("The table public.thing is read on while the stream goes on, from its beginning: its rows are in other files"), capture.log());
            stack.sql("rewritten", "DELETE FROM thing WHERE id < 100");
            assertSame("rewritten", "thing", capture, things);
        }
    }

    @Test
    @Tag("long")
    void theRowsOfAPartitionThatGoesWhileItsTableIsReadGoToo() throws Exception {
        stack.source("shrunk", "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL) PARTITION BY RANGE (id)",
                "CREATE TABLE thing_a PARTITION OF thing FOR VALUES FROM (0) TO (" + MANY / 2 + ")", "CREATE TABLE thing_b PARTITION OF thing FOR VALUES FROM (" + MANY / 2 + ") TO (" + 2 * MANY + ")",
                "INSERT INTO thing SELECT i, 'n' || i FROM generate_series(1, " + MANY + ") i", "ANALYZE thing");
        stack.sql("shrunk", "ALTER PUBLICATION millrace_shrunk SET (publish_via_partition_root = true)");
        stack.publish("shrunk", "thing");
        try (var capture = capture("shrunk", "automatic", CaptureProcess.root("thing"), "-Dmillrace.capture.resnapshot-rows-per-second=200000", "-Dmillrace.capture.resnapshot-chunk-rows=20000"); var things = records("shrunk", "thing")) {
            awaitRows(capture, 20_000);
            stack.sql("shrunk", "DROP TABLE thing_a");
            capture.awaitStreaming();
            assertTrue(capture.log().contains("The table public.thing is read on while the stream goes on, from its beginning: "), capture.log());
            assertTrue(reads(things.toTheEnd()) > 0);
            assertSame("shrunk", "thing", capture, things);
        }
    }

    @Test
    @Tag("long")
    void aLockIsWaitedForAndWhatWasAskedForMeanwhileCanBeTakenBack() throws Exception {
        source("locked", MANY, "CREATE TABLE other (id int PRIMARY KEY, thing_id int, name text)", "INSERT INTO other VALUES (1, 1, 'one')");
        stack.publish("locked", "other");
        try (var capture = capture("locked", "ask", CaptureProcess.root("thing") + "  many:\n    other:\n      table: public.other\n      join: {id: thing_id}\n      fields: [id, name]\n"); var things = records("locked", "thing")) {
            awaitRows(capture, 10_000);
            try (var connection = stack.connect("locked"); var statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                statement.execute("LOCK TABLE thing");
                var asked = capture.post("/resnapshots?table=public.other", TOKEN);
                assertTrue(asked.contains("waiting"), asked);
                capture.awaitReady("the table public.thing is not read on at the moment: ");
                assertTrue(capture.ask("GET", "/resnapshots", TOKEN).contains("lock timeout"));
                var taken = capture.ask("DELETE", "/resnapshots?table=public.other", TOKEN);
                assertTrue(taken.contains("\"table\":\"public.other\""), taken);
            }
            capture.awaitStreaming();
            assertFalse(capture.log().contains("is read on while the stream goes on"), capture.log());
            assertSame("locked", "thing", capture, things);
            assertEquals(MANY, reads(things.seen), "what was read before it was locked is not read once more");
        }
    }

    @Test
    @Tag("long")
    void aTableThatStaysLockedKeepsNoOtherFromBeingReadAndStreamedAndLookedAt() throws Exception {
        source("shut", 1_000, "CREATE TABLE part (id int PRIMARY KEY, thing_id int DEFAULT 1, name text) PARTITION BY RANGE (id)", "CREATE TABLE part_a PARTITION OF part DEFAULT",
                "INSERT INTO part VALUES (1, 1, 'one')", "ALTER PUBLICATION millrace_shut SET (publish_via_partition_root = true)");
        stack.publish("shut", "part");
        var tables = CaptureProcess.root("thing") + "  many:\n    part:\n      table: public.part\n      join: {id: thing_id}\n      fields: [id, name]\n";
        try (var connection = stack.connect("shut"); var statement = connection.createStatement(); var things = records("shut", "thing"); var parts = records("shut", "part")) {
            // A slot that is made waits for whoever has a lock like this one.
            statement.execute("SELECT pg_create_logical_replication_slot('millrace_shut', 'pgoutput')");
            connection.setAutoCommit(false);
            statement.execute("LOCK TABLE part");
            try (var capture = capture("shut", "ask", tables)) {
                capture.awaitReady("reading 1 table while the others flow");
                assertTrue(capture.log().contains("The table public.part is read on while the stream goes on, from its beginning: "), capture.log());
                stack.sql("shut", "UPDATE thing SET name = 'flows' WHERE id = 1");
                assertSame("shut", "thing", capture, things);
                capture.kill();
            }
            try (var capture = capture("shut", "ask", tables)) {
                stack.sql("shut", "UPDATE thing SET name = 'flows on' WHERE id = 1");
                assertSame("shut", "thing", capture, things);
                stack.sql("shut", "ALTER PUBLICATION millrace_shut DROP TABLE thing", "DELETE FROM thing WHERE id = 2", "ALTER PUBLICATION millrace_shut ADD TABLE thing");
                capture.awaitMissing("public.thing", "taken out of the publication millrace_shut");
                assertFalse(capture.log().contains("nobody can look"), capture.log());
                Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> capture.post("/resnapshots?table=public.thing", TOKEN).contains("waiting"));
                connection.rollback();
                capture.awaitStreaming();
                assertSame("shut", "thing", capture, things);
                assertSame("shut", "part", capture, parts);
            }
        }
    }

    @Test
    @Tag("long")
    void aReadingForWhichTheSlotKeepsTooMuchGoesOnBesideTheStream() throws Exception {
        source("costly", MANY, "CREATE TABLE filler (body text)");
        try (var capture = capture("costly", "ask\n  wal: {budget: 40MB, over: give-up}", CaptureProcess.root("thing"), "-Dmillrace.capture.watch=100ms", "-Dmillrace.capture.resnapshot-rows-per-second=200000", "-Dmillrace.capture.resnapshot-chunk-rows=20000");
                var things = records("costly", "thing")) {
            awaitRows(capture, 1);
            stack.sql("costly", "INSERT INTO filler SELECT repeat(md5(i::text), 30) FROM generate_series(1, 28000) i");
            capture.awaitReady("reading 1 table while the others flow");
            assertTrue(capture.log().contains("more than half of what source.wal.budget allows (40 MB)"), capture.log());
            capture.awaitStreaming();
            assertFalse(capture.log().contains("was given up"), capture.log());
            assertSame("costly", "thing", capture, things);
        }
    }
}
