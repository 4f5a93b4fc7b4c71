package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.capture.source.MissingValues;
import io.millrace.capture.source.SourceConnection;
import io.millrace.pipeline.file.Reference;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.schema.Column;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** That a value arrives as SQL has it, or its table is parked; SQL itself is asked. */
class ValuesIT extends OnStack {

    /** What a client sets that wants to read values as they are. */
    private static final String[] PLAIN = {"SET bytea_output = hex", "SET extra_float_digits = 1", "SET DateStyle = ISO", "SET IntervalStyle = postgres", "SET TimeZone = UTC", "SET search_path = public",
        "SET xmloption = content", "SET array_nulls = on", "SET standard_conforming_strings = on", "SET default_transaction_isolation = 'read committed'", "SET lc_monetary = 'C'"};

    private static void sql(String source, String... statements) throws Exception {
        stack.sql(source, Stream.concat(Stream.of(PLAIN), Stream.of(statements)).toArray(String[]::new));
    }

    /** A role that captures, and nothing more. */
    private static void role(String source) throws Exception {
        stack.sql(source, "CREATE ROLE " + source + "_role LOGIN REPLICATION PASSWORD 'right'", "GRANT USAGE ON SCHEMA millrace TO " + source + "_role",
                "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA millrace TO " + source + "_role", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + source + "_role");
    }

    @Test
    void everyOddValueIsAsSqlHasItWhateverTheRolesAndTheDatabasesSettings() throws Exception {
        stack.source("odd", OddValues.TYPES.toArray(String[]::new));
        sql("odd", OddValues.table("thing"), "INSERT INTO thing VALUES " + OddValues.row(1), "CREATE TABLE animal (id int PRIMARY KEY, name text)", "CREATE TABLE dog (id int PRIMARY KEY) INHERITS (animal)",
                "INSERT INTO animal VALUES (1, 'cat')", "INSERT INTO dog VALUES (2, 'rex')",
                "CREATE TABLE keyed (id int, at time, mood odd_mood, PRIMARY KEY (at, mood))", "INSERT INTO keyed VALUES (1, '12:00:00.000001', ''), (1, '12:00:00.000001', 'sad, or \"so\"'), (1, '12:00:00.000999', '')");
        stack.publish("odd", "thing");
        stack.publish("odd", "animal");
        stack.publish("odd", "keyed");
        role("odd");
        stack.sql("odd", "CREATE ROLE odd_nobody", "GRANT odd_nobody TO odd_role");
        var settings = new ArrayList<>(List.of("bytea_output = escape", "extra_float_digits = -3", "DateStyle = 'German, DMY'", "IntervalStyle = iso_8601", "TimeZone = 'Asia/Kathmandu'", "search_path = nowhere",
                "xmloption = document", "array_nulls = off", "standard_conforming_strings = off", "default_transaction_isolation = serializable", "client_encoding = LATIN1", "row_security = on"));
        for (var setting : settings) {
            stack.sql("postgres", "ALTER DATABASE odd SET " + setting);
        }
        settings.addAll(List.of("statement_timeout = 1", "lock_timeout = 1", "idle_in_transaction_session_timeout = 1", "idle_session_timeout = 300", "default_transaction_read_only = on",
                "transaction_timeout = 50", "wal_sender_timeout = 1", "role = odd_nobody"));
        for (var setting : settings) {
            stack.sql("postgres", "ALTER ROLE odd_role SET " + setting);
        }
        var document = CaptureProcess.root("thing") + "  many:\n    animals:\n      table: public.animal\n      join: {id: id}\n      fields: [id]\n"
                + "    keyed:\n      table: public.keyed\n      join: {id: id}\n      fields: [at]\n";
        try (var capture = CaptureProcess.start(stack, folder, "odd", "odd_role", "right", document, "-Duser.timezone=Asia/Kathmandu").awaitStreaming();
                var records = records("odd", "thing"); var animals = records("odd", "animal"); var keyed = records("odd", "keyed")) {
            sql("odd", "INSERT INTO thing VALUES " + OddValues.row(2), "INSERT INTO dog VALUES (3, 'rolf')", "INSERT INTO animal VALUES (4, 'cow')");
            var rows = records.await(capture, seen -> seen.size() >= 2);
            var wrong = new TreeMap<String, String>();
            for (var row : rows) {
                var expected = expected((Integer) row.key().get("id"));
                for (int i = 0; i < OddValues.ALL.size(); i++) {
                    var value = OddValues.ALL.get(i);
                    var got = row.value() == null ? "nothing: " + row.unwritable() : Types.text(row.value().get("c" + i));
                    if (!(value.real() ? same(expected.get(i), got) : expected.get(i).equals(got))) {
                        wrong.put(row.op() + " " + i + " " + value, got + " instead of " + expected.get(i));
                    }
                }
            }
            assertEquals(new TreeMap<>(), wrong);
            assertEquals(1, rows.stream().map(r -> r.value().getSchema()).distinct().count(), "one schema from snapshot and stream");
            assertEquals(List.of(1, 4), animals.await(capture, seen -> seen.size() >= 2).stream().map(r -> r.key().get("id")).sorted().toList(),
                    "the rows of a table that inherits travel under its own name only");
            assertTrue(capture.ready().contains("Tables inherit from captured ones: dog of animal. "), capture.ready());
            assertEquals(3, keyed.await(capture, seen -> seen.size() >= 3).size(), "a key of a time and an enum");
        }
    }

    /** Stored out of line. */
    private static final String LARGE = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) i)";

    @Tag("long")
    @Test
    void aValueThatCannotBeReadBackParksItsTableAndTheOthersFlow() throws Exception {
        var tables = List.of("thing", "hidden", "revoked", "renamed", "replaced", "cut", "rekeyed", "gone", "moved", "retyped");
        stack.source("back");
        for (var table : tables) {
            stack.sql("back", "CREATE TABLE " + table + " (id int PRIMARY KEY, name text, body text, note text)", "INSERT INTO " + table + " VALUES (1, 'a', " + LARGE + ", 'n')");
        }
        stack.sql("back", "ALTER TABLE retyped ALTER body TYPE bytea USING body::bytea", "ALTER TABLE replaced ADD extra int", "ALTER TABLE replaced DROP extra");
        for (var table : tables) {
            stack.publish("back", table);
        }
        role("back");
        var document = new StringBuilder(CaptureProcess.root("thing")).append("  many:\n");
        tables.stream().skip(1).forEach(t -> document.append("    ").append(t).append(": {table: public.").append(t).append(", join: {id: id}, fields: [name]}\n"));
        try (var capture = CaptureProcess.start(stack, folder, "back", "back_role", "right", document.toString()).awaitStreaming(); var things = records("back", "thing")) {
            stack.sql("back", "ALTER TABLE hidden ENABLE ROW LEVEL SECURITY", "REVOKE SELECT ON revoked FROM back_role");
            inOneTransaction("hidden", "");
            inOneTransaction("revoked", "");
            inOneTransaction("renamed", "ALTER TABLE renamed RENAME body TO content; ALTER TABLE renamed DROP note");
            inOneTransaction("replaced", "ALTER TABLE replaced RENAME body TO content; ALTER TABLE replaced ADD body text");
            inOneTransaction("cut", "ALTER TABLE cut DROP body");
            inOneTransaction("rekeyed", "ALTER TABLE rekeyed RENAME id TO key");
            inOneTransaction("gone", "DROP TABLE gone");
            inOneTransaction("moved", "ALTER TABLE moved RENAME TO moved_away");
            inOneTransaction("retyped", "ALTER TABLE retyped ALTER body TYPE text USING 'no bytes'");
            stack.sql("back", "INSERT INTO thing VALUES (2, 'b', null, null)");
            things.await(capture, seen -> seen.stream().anyMatch(r -> r.key().get("id").equals(2)));
            capture.awaitMissing("public.rekeyed", "a change of it did not say which row it was of");
            var last = new TreeMap<String, String>();
            for (var table : tables.subList(1, tables.size())) {
                try (var records = records("back", table)) {
                    // A table that is gone is no longer in the stream once somebody looked, and is said to lack changes.
                    records.await(capture, seen -> seen.stream().anyMatch(r -> r.op() != Op.READ) || CaptureProcess.saysMissing(capture.ready(), "public." + table));
                    var row = newest(records.toTheEnd());
                    last.put(table, row.op() == Op.READ ? "may be missing" : row.value() == null ? row.unwritable() : row.text("name") + " " + row.text("body").length());
                }
            }
            var unkeyed = "A row of the table public.%s cannot be written: its primary key is not known any more, because the table was dropped or its key changed since";
            for (var table : List.of("gone", "moved")) {
                var said = last.remove(table);
                assertTrue(said.equals(unkeyed.formatted(table)) || said.equals("may be missing"), said);
            }
            var back = "A row of the table public.%s cannot be written: an update left 'body' as it was, so the WAL does not carry the value, and it cannot be read back (%s)";
            assertEquals(new TreeMap<>(Map.of(
                    "hidden", back.formatted("hidden", "ERROR: query would be affected by row-level security policy for table \"hidden\""),
                    "revoked", back.formatted("revoked", "ERROR: permission denied for table revoked"),
                    "renamed", "b 12800",
                    "replaced", "b 12800",
                    "cut", back.formatted("cut", "the column 'body' was dropped since"),
                    "rekeyed", unkeyed.formatted("rekeyed"),
                    "retyped", "A row of the table public.retyped cannot be written: an update left 'body' as it was, and what the table has there now is no bytea any more")), last);
        }
    }

    private static final List<String> COLUMNS = List.of("id", "name", "body");

    @Tag("long")
    @Test
    void aValueIsReadBackOnlyOnceItsTransactionIsSeen() throws Exception {
        stack.source("early", "CREATE TABLE thing (id int PRIMARY KEY, name text, body text)", "INSERT INTO thing VALUES (1, 'a', 'old')");
        var source = new SourceConnection(stack.servers.jdbcUrl("early"), stack.servers.postgresUser(), new Reference.Literal(stack.servers.postgresPassword()));
        try (var values = new MissingValues(source, "early"); var connection = stack.connect("early"); var statement = connection.createStatement()) {
            assertEquals(Map.of("body", "old"), body(values, transaction(statement), 1), "a transaction that has ended");
            connection.setAutoCommit(false);
            long open = transaction(statement);
            statement.execute("UPDATE thing SET body = 'new' WHERE id = 1; INSERT INTO thing VALUES (2, 'b', 'newer'); SAVEPOINT s; CREATE TABLE fresh AS SELECT * FROM thing; RELEASE s");
            for (int id = 1; id <= 2; id++) {
                int row = id;
                var early = assertThrows(SQLException.class, () -> body(values, open, row));
                assertTrue(early.getMessage().contains("the update's transaction " + open + " is committed in the log, and no session sees it"), early.getMessage());
            }
            assertThrows(SQLException.class, () -> body(values, "fresh", open, 1), "nor is the catalog asked before");
            connection.commit();
            assertEquals(Map.of("body", "new"), body(values, open, 1));
            assertEquals(Map.of("body", "newer"), body(values, open, 2));
            assertEquals(Map.of("body", "newer"), body(values, "fresh", open, 2));
            long takenBack = transaction(statement);
            connection.rollback();
            assertEquals(Map.of("body", "new"), body(values, takenBack, 1), "which the log never brings");
            var elsewhere = assertThrows(IllegalStateException.class, () -> body(values, takenBack + 1_000_000, 1));
            assertTrue(elsewhere.getMessage().contains("has another history, because Postgres was restored or a standby promoted"), elsewhere.getMessage());
            var again = assertThrows(IllegalStateException.class, () -> body(values, takenBack + 1_000_000, 1));
            assertTrue(again.getMessage().contains("plain connections and the one that reads the stream lead to different servers"), again.getMessage());
            assertEquals(Map.of("body", "new"), body(values, open, 1), "it connects again");
        }
    }

    private static long transaction(Statement statement) throws SQLException {
        try (var row = statement.executeQuery("SELECT pg_current_xact_id()::text")) {
            row.next();
            return row.getLong(1);
        }
    }

    private static Map<String, String> body(MissingValues values, long transaction, int id) throws Exception {
        return body(values, "thing", transaction, id);
    }

    private static Map<String, String> body(MissingValues values, String table, long transaction, int id) throws Exception {
        return values.read(TableName.parse(table), transaction, COLUMNS, List.of(new Column("id", "int4", false, 0, 0, false)), List.of(id), List.of("body"));
    }

    @Tag("long")
    @Test
    void aCommitThatIsInTheLogButNotSeenYetIsWaitedForBeforeAValueIsReadBack() throws Exception {
        stack.source("unseen", "CREATE TABLE thing (id int PRIMARY KEY, name text, body text)", "INSERT INTO thing SELECT i, 'a', " + LARGE + " FROM generate_series(1, 3) i");
        stack.publish("unseen", "thing");
        try (var capture = start("unseen", CaptureProcess.root("thing")).awaitStreaming(); var things = records("unseen", "thing")) {
            things.await(capture, seen -> seen.size() == 3);
            stack.awaitStandbys("nobody");
            var hanging = inBackground("unseen", "BEGIN; INSERT INTO thing VALUES (4, 'a', " + LARGE + "); UPDATE thing SET name = 'b' WHERE id = 4; "
                    + "UPDATE thing SET body = body || 'x' WHERE id = 1; UPDATE thing SET name = 'b' WHERE id = 1; UPDATE thing SET id = 5 WHERE id = 2; COMMIT");
            var waits = "and no session sees it while its commit waits";
            things.await(capture, seen -> seen.size() > 4 || capture.ready().contains(waits));
            var said = capture.ready();
            stack.releaseStandbys();
            hanging.get();
            assertTrue(said.contains(waits), said);
            things.await(capture, seen -> seen.stream().anyMatch(r -> r.key().get("id").equals(5)));
            var last = things.toTheEnd().stream().collect(Collectors.toMap(r -> (Integer) r.key().get("id"), r -> r, (a, b) -> newest(List.of(a, b)), TreeMap::new));
            assertEquals(Map.of(1, "b 12801", 2, "gone", 3, "a 12800", 4, "b 12800", 5, "a 12800"),
                    last.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().value() == null ? "gone" : e.getValue().text("name") + " " + e.getValue().text("body").length())));
            capture.awaitStreaming();
        } finally {
            stack.releaseStandbys();
        }
    }

    @Tag("long")
    @Test
    void aValueIsReadBackByNobodyWhereCommitsWaitForCaptureItselfSoItsTableIsParked() throws Exception {
        stack.source("itself", "CREATE TABLE thing (id int PRIMARY KEY, name text, body text)", "CREATE TABLE part (id int PRIMARY KEY)", "INSERT INTO thing VALUES (1, 'a', " + LARGE + ")",
                "INSERT INTO part VALUES (0)");
        stack.publish("itself", "thing");
        stack.publish("itself", "part");
        role("itself");
        var document = CaptureProcess.root("thing") + "  many:\n    parts: {table: public.part, join: {id: id}, fields: [id]}\n";
        try (var capture = CaptureProcess.start(stack, folder, "itself", "itself_role", "right", document).awaitStreaming(); var things = records("itself", "thing"); var parts = records("itself", "part")) {
            // The registry, which has its schemas in the same server, takes none from here on.
            parts.await(capture, seen -> !seen.isEmpty());
            stack.awaitStandbys("*");
            var waiting = inBackground("itself", "BEGIN; UPDATE thing SET name = 'b'; INSERT INTO part VALUES (1); COMMIT");
            parts.await(capture, seen -> seen.size() > 1);
            waiting.get(30, TimeUnit.SECONDS);
            var why = newest(things.toTheEnd()).unwritable();
            assertTrue(why.contains("its commit waits for a synchronous standby that does not answer, or for capture itself"), why);
            capture.awaitStreaming();
        } finally {
            stack.releaseStandbys();
        }
    }

    @Tag("long")
    @Test
    void aTableThatSomebodyHasLockedForLongIsParkedAndTheOthersFlow() throws Exception {
        stack.source("locked", "CREATE TABLE thing (id int PRIMARY KEY, name text, body text)", "CREATE TABLE part (id int PRIMARY KEY)", "INSERT INTO thing SELECT i, 'a', " + LARGE + " FROM generate_series(1, 500) i");
        stack.publish("locked", "thing");
        stack.publish("locked", "part");
        var document = CaptureProcess.root("thing") + "  many:\n    parts: {table: public.part, join: {id: id}, fields: [id]}\n";
        try (var capture = start("locked", document).awaitStreaming(); var things = records("locked", "thing"); var parts = records("locked", "part"); var connection = stack.connect("locked"); var statement = connection.createStatement()) {
            things.await(capture, seen -> seen.size() == 500);
            connection.setAutoCommit(false);
            capture.signal("STOP");
            stack.sql("locked", "UPDATE thing SET name = 'b'", "INSERT INTO part VALUES (1)");
            statement.execute("LOCK TABLE thing IN ACCESS EXCLUSIVE MODE");
            capture.signal("CONT");
            var holder = stack.query("locked", "SELECT 'the server process ' || pid || ' of the role " + stack.servers.postgresUser() + " has it locked' FROM pg_locks WHERE relation = 'thing'::regclass AND mode = 'AccessExclusiveLock'").getFirst();
            capture.awaitReady("\"DOWN\"", "What an update of the table public.thing left as it was ('body') cannot be read back yet: " + holder);
            parts.await(capture, seen -> !seen.isEmpty());
            var why = newest(things.toTheEnd()).unwritable();
            assertTrue(why.contains("the table has been locked for longer than 60 s, and the other tables do not wait for it: " + holder), why);
            capture.awaitStreaming();
            connection.rollback();
            stack.sql("locked", "UPDATE thing SET name = 'c'");
            things.await(capture, seen -> seen.stream().filter(r -> r.value() != null && r.text("name").equals("c") && r.text("body").length() == 12_800).count() == 500);
        }
    }

    @Tag("long")
    @Test
    void aStandbyThatDoesNotAnswerHoldsUpNoChangeAndWhereItIsCaptureItselfTheCommitsEnd() throws Exception {
        stack.source("standby", "CREATE TABLE thing (id int PRIMARY KEY, name text)", "INSERT INTO thing VALUES (1, 'a')");
        stack.publish("standby", "thing");
        try (var capture = start("standby", CaptureProcess.root("thing")).awaitStreaming(); var things = records("standby", "thing")) {
            things.await(capture, seen -> seen.size() == 1);
            stack.awaitStandbys("nobody");
            long since = System.nanoTime();
            for (int i = 2; i <= 4; i++) {
                int rows = i;
                stack.sql("standby", "SET synchronous_commit = local", "INSERT INTO thing VALUES (" + rows + ", 'local')");
                things.await(capture, seen -> seen.size() == rows);
                // More than one heartbeat, of which each was a commit.
                Thread.sleep(2_500);
            }
            assertTrue(System.nanoTime() - since < TimeUnit.SECONDS.toNanos(30), capture.ready());
            assertTrue(capture.ready().contains("\"UP\""), capture.ready());
            assertEquals(List.of(), stack.query("postgres", "SELECT query FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'millrace capture'"), "what capture commits waits for nobody");
            stack.awaitStandbys("*");
            inBackground("standby", "INSERT INTO thing VALUES (5, 'waits for capture')").get(30, TimeUnit.SECONDS);
            things.await(capture, seen -> seen.size() == 5);
            capture.awaitStreaming();
        } finally {
            stack.releaseStandbys();
        }
    }

    private static CaptureProcess start(String source, String document) throws Exception {
        return CaptureProcess.start(stack, folder, source, stack.servers.postgresUser(), stack.servers.postgresPassword(), document);
    }

    private static CompletableFuture<Void> inBackground(String source, String sql) {
        return CompletableFuture.runAsync(() -> {
            try {
                stack.sql(source, sql);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    /** By position: records of different keys stand in different partitions, whose order among each other is chance. */
    private static Records.Row newest(List<Records.Row> rows) {
        return rows.stream().max(Comparator.comparing(Records.Row::position)).orElseThrow();
    }

    private static void inOneTransaction(String table, String migration) throws Exception {
        stack.sql("back", "BEGIN; UPDATE " + table + " SET name = 'b'; " + migration + "; COMMIT");
    }

    @Test
    void aRowThatIsTooLargeParksItsTableAndTheOthersFlow() throws Exception {
        // What Kafka's topic refuses, what the producer refuses, and what the two would only refuse with what they add.
        tooLarge("large", Map.of(1, 9 << 20, 2, 1 << 22, 3, (8 << 20) - 60));
    }

    @Test
    @Tag("long")
    void aRowOfFiftyMegabytesParksItsTableAndTheOthersFlow() throws Exception {
        long peak = tooLarge("huge", Map.of(1, 50_000_000, 2, 1 << 22, 3, 50_000_000));
        System.out.println("Rows of 50 MB with a heap of 256 MB: peak RSS " + peak + " MiB");
        assertTrue(peak < 700, "peak RSS in MiB: " + peak);
    }

    /**
     * @param sizes by key; the first is in the snapshot, the second does not compress
     * @return the most memory that capture had, in MiB
     */
    private static long tooLarge(String source, Map<Integer, Integer> sizes) throws Exception {
        stack.source(source, "CREATE TABLE thing (id int PRIMARY KEY, body text, members jsonb)", "CREATE TABLE part (id int PRIMARY KEY, note text)",
                "INSERT INTO thing VALUES (1, repeat('x', " + sizes.get(1) + "), null)");
        stack.publish(source, "thing");
        stack.publish(source, "part");
        var document = CaptureProcess.root("thing") + "  many:\n    parts:\n      table: public.part\n      join: {id: id}\n      fields: [note]\n";
        try (var capture = CaptureProcess.start(stack, folder, source, stack.servers.postgresUser(), stack.servers.postgresPassword(), document).awaitStreaming();
                var things = records(source, "thing"); var parts = records(source, "part")) {
            stack.sql(source, "BEGIN; INSERT INTO part SELECT i, 'n' FROM generate_series(1, 50) i; INSERT INTO thing SELECT 2, string_agg(md5(random()::text), ''), null FROM generate_series(1, "
                    + sizes.get(2) / 32 + "); INSERT INTO thing VALUES (3, repeat('x', " + sizes.get(3) + "), null); "
                    + "INSERT INTO thing SELECT 4, 'y', jsonb_object_agg('m' || i, i) FROM generate_series(1, 40000) i; INSERT INTO part VALUES (51, 'n'); COMMIT");
            parts.await(capture, seen -> seen.stream().anyMatch(r -> r.key().get("id").equals(51)));
            var rows = things.await(capture, seen -> seen.stream().map(r -> r.key().get("id")).collect(Collectors.toSet()).containsAll(Set.of(1, 2, 3, 4))).stream()
                    .collect(Collectors.toMap(r -> (Integer) r.key().get("id"), r -> r, (_, later) -> later, TreeMap::new));
            sizes.forEach((id, size) -> {
                var why = String.valueOf(rows.get(id).unwritable());
                var said = Pattern.compile(" has (\\d+) bytes, and a record may have " + (8 << 20)).matcher(why);
                assertTrue(said.find() && Math.abs(Integer.parseInt(said.group(1)) - size) < 100, id + ": " + why);
            });
            assertEquals("y", rows.get(4).text("body"));
            assertTrue(parts.toTheEnd().size() <= 2 * 51, "a batch is sent again once, where only Kafka knew what its topic takes");
            capture.awaitReady("\"UP\"", "streaming");
            return capture.peakMegabytes();
        }
    }

    private static List<String> expected(int id) throws Exception {
        var columns = IntStream.range(0, OddValues.ALL.size()).mapToObj(i -> OddValues.ALL.get(i).expected("c" + i)).collect(Collectors.joining(", "));
        try (var connection = stack.connect("odd"); var statement = connection.createStatement()) {
            for (var setting : PLAIN) {
                statement.execute(setting);
            }
            try (var row = statement.executeQuery("SELECT " + columns + " FROM thing WHERE id = " + id)) {
                row.next();
                var values = new ArrayList<String>();
                for (int i = 1; i <= OddValues.ALL.size(); i++) {
                    values.add(String.valueOf(row.getString(i)));
                }
                return values;
            }
        }
    }

    /** Numbers by their value: Java prints 1.0E300 where Postgres prints 1e+300. */
    private static boolean same(String expected, String got) {
        return numbers(expected).equals(numbers(got));
    }

    private static List<Double> numbers(String text) {
        return Stream.of(text.replaceAll("[\\[\\]]", "").split(", ")).map(t -> t.equals("null") ? null : Double.valueOf(t)).collect(Collectors.toCollection(ArrayList::new));
    }
}
