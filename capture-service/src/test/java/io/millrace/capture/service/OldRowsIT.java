package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Migrations that change rows without a change in the log: they are said, and what they changed is read again. */
class OldRowsIT extends OnStack {

    /**
     * A table with {@code id}, {@code name} and {@code note}, of three rows.
     *
     * @param type of the note
     * @param migration of the table, whose name stands for {@code T}
     * @param says what health says of its rows; null where the migration harms none
     */
    private record Case(String table, String type, String migration, String says) {

        Case(String table, String migration, String says) {
            this(table, "text", migration, says);
        }
    }

    private static final List<Case> CASES = List.of(
            new Case("defaulted", "ALTER TABLE T ADD COLUMN gift boolean DEFAULT false NULL; ALTER TABLE T ALTER COLUMN gift DROP DEFAULT", "its column gift was added with a value for them"),
            new Case("computed", "ALTER TABLE T ADD COLUMN lot text DEFAULT gen_random_uuid()::text", "its column lot was added with a value for them"),
            new Case("expression", "ALTER TABLE T ADD COLUMN low text GENERATED ALWAYS AS (lower(name)) STORED; ALTER TABLE T ALTER COLUMN low DROP EXPRESSION", "its column low was added with a value for them"),
            new Case("generated", "text GENERATED ALWAYS AS (upper(name)) STORED", "ALTER TABLE T ALTER COLUMN note DROP EXPRESSION", "its column note was computed by Postgres before, and not replicated"),
            new Case("converted", "ALTER TABLE T ALTER COLUMN note TYPE text USING lower(note)", "the values of its column note were converted"),
            new Case("retyped", "int", "ALTER TABLE T ALTER COLUMN note TYPE bigint", "its column note was given another type"),
            new Case("zoned", "timestamp", "SET TIME ZONE 'UTC'; ALTER TABLE T ALTER COLUMN note TYPE timestamptz; RESET TIME ZONE", "its column note was given another type"),
            new Case("renamed", "ALTER TABLE T RENAME COLUMN note TO remark", "its column note was renamed to remark"),
            new Case("labelled", "mood", "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "the label sad of an enum was renamed to blue"),
            new Case("keyed", "ALTER TABLE T DROP CONSTRAINT T_pkey, ADD PRIMARY KEY (name)", "its primary key was changed"),
            new Case("again", "ALTER TABLE T DROP COLUMN note; ALTER TABLE T ADD COLUMN note text", "its column note is another one than the dropped one of that name"),
            new Case("composed", "pair", "ALTER TYPE pair ADD ATTRIBUTE c int", "the type pair was given other attributes"),
            new Case("deep", "felt", "ALTER TYPE shade RENAME VALUE 'red' TO 'rosy'", "the label red of an enum was renamed to rosy"),
            new Case("nested", "nest", "ALTER TYPE egg ADD ATTRIBUTE c text", "the type egg was given other attributes"),
            new Case("nullable", "ALTER TABLE T ADD COLUMN gift boolean; ALTER TABLE T ALTER COLUMN gift SET DEFAULT true", null),
            new Case("widened", "varchar(20)", "ALTER TABLE T ALTER COLUMN note TYPE varchar(40); ALTER TABLE T ALTER COLUMN note TYPE text", null),
            new Case("packed", "ALTER TABLE T ALTER COLUMN note SET STATISTICS 10", null),
            new Case("dropped", "ALTER TABLE T DROP COLUMN note", null),
            new Case("longer", "temper", "ALTER TYPE temper ADD VALUE 'glad' BEFORE 'sad'", null),
            new Case("truncated", "ALTER TABLE T ALTER COLUMN note TYPE text USING lower(note); TRUNCATE T", null));

    private static void source(String source) throws Exception {
        stack.source(source, "CREATE TYPE pair AS (a int, b text)", "CREATE TYPE mood AS ENUM ('sad', 'ok')", "CREATE TYPE temper AS ENUM ('sad', 'ok')",
                "CREATE TYPE shade AS ENUM ('red')", "CREATE TYPE felt AS (hues shade[], b text)", "CREATE TYPE egg AS (a text)", "CREATE TYPE nest AS (e egg)");
        for (var one : CASES) {
            boolean isGenerated = one.type.contains("GENERATED");
            var note = one.type.contains("int") ? "i" : one.type.equals("timestamp") ? "timestamp '2026-01-01' + i * interval '1 hour'"
                    : one.type.equals("pair") ? "(i, 'b')::pair" : one.type.equals("mood") || one.type.equals("temper") ? "'sad'::" + one.type
                    : one.type.equals("felt") ? "(ARRAY['red'::shade], 'b')::felt" : one.type.equals("nest") ? "ROW(ROW('e' || i))::nest" : "'N' || i";
            stack.sql(source, "CREATE TABLE " + one.table + " (id int PRIMARY KEY, name text NOT NULL, note " + one.type + ")",
                    "INSERT INTO " + one.table + " SELECT i, 'n' || i" + (isGenerated ? "" : ", " + note) + " FROM generate_series(1, 3) i");
            stack.publish(source, one.table);
        }
        parted(source);
    }

    private static void parted(String source) throws Exception {
        stack.sql(source, "CREATE TABLE parted (id int PRIMARY KEY, name text NOT NULL, note text) PARTITION BY RANGE (id)", "CREATE TABLE parted_a PARTITION OF parted FOR VALUES FROM (0) TO (10)",
                "CREATE TABLE parted_b PARTITION OF parted FOR VALUES FROM (10) TO (20)", "INSERT INTO parted SELECT i, 'n' || i, 'N' FROM generate_series(1, 15) i",
                "ALTER PUBLICATION millrace_" + source + " SET (publish_via_partition_root = true)");
        stack.publish(source, "parted");
    }

    private static List<String> tables() {
        return Stream.concat(CASES.stream().map(Case::table), Stream.of("parted")).toList();
    }

    private static String documents() {
        return CaptureProcess.root("parted") + "  many:\n" + CASES.stream().map(one -> "    " + one.table + ":\n      table: public." + one.table + "\n      join: {id: id}\n      fields: [id]\n").collect(Collectors.joining());
    }

    private static CaptureProcess capture(String source, String reread, String documents, String... options) throws Exception {
        var all = new ArrayList<>(List.of("-Dmillrace.capture.watch=500ms", "-Dmillrace.capture.token.file=" + token));
        all.addAll(List.of(options));
        return CaptureProcess.recovering(stack, folder, "ask\n  reread: " + reread, source, stack.servers.postgresUser(), stack.servers.postgresPassword(), documents, all.toArray(String[]::new));
    }

    /** Who reads the slot. */
    private static List<String> reader(String source) throws Exception {
        return stack.query(source, "SELECT active_pid::text FROM pg_replication_slots WHERE slot_name = 'millrace_" + source + "' AND active");
    }

    private static String migration(Case one) {
        return one.migration.replaceAll("\\bT(?=\\b|_)", one.table);
    }

    /** The rows of a table as text, those columns only that a reader of the newest schema has. */
    private static List<String> expected(String source, String table) throws Exception {
        var columns = columns(source, table);
        return stack.query(source, "SELECT concat_ws(' ', " + columns.stream().map(c -> "coalesce(" + column(source, table, c) + ", 'null')").collect(Collectors.joining(", ")) + ") FROM " + table + " ORDER BY 1");
    }

    private static String column(String source, String table, String column) {
        try {
            return stack.query(source, "SELECT data_type FROM information_schema.columns WHERE table_name = '" + table + "' AND column_name = '" + column + "'").getFirst().startsWith("timestamp")
                    ? "(extract(epoch FROM " + column + ") * 1000000)::bigint::text" : column + "::text";
        } catch (java.sql.SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> columns(String source, String table) throws Exception {
        return stack.query(source, "SELECT column_name FROM information_schema.columns WHERE table_name = '" + table + "' AND is_generated = 'NEVER' ORDER BY ordinal_position");
    }

    /** What a reader makes of the records by their positions alone. */
    private static List<String> rows(List<Records.Row> records, List<String> columns) {
        var newest = new HashMap<String, Position>();
        var rows = new TreeMap<String, String>();
        for (var record : records) {
            if (record.op() == Op.TRUNCATE) {
                newest.replaceAll((key, at) -> {
                    if (!record.position().isBefore(at)) {
                        rows.remove(key);
                        return record.position();
                    }
                    return at;
                });
                continue;
            }
            var key = record.key().toString();
            if (!record.position().isBefore(newest.getOrDefault(key, Position.NONE))) {
                newest.put(key, record.position());
                rows.remove(key);
                if (record.value() != null) {
                    rows.put(key, columns.stream().map(c -> record.value().hasField(c) ? record.text(c) : "null").collect(Collectors.joining(" ")));
                }
            }
        }
        return rows.values().stream().sorted().toList();
    }

    private static void assertSame(String source, CaptureProcess capture, List<String> tables) throws Exception {
        for (var table : tables) {
            var columns = columns(source, table);
            var expected = expected(source, table).stream().sorted().toList();
            try (var records = records(source, table)) {
                records.await(capture, seen -> rows(seen, columns).equals(expected));
                assertEquals(expected, rows(records.toTheEnd(), columns), table);
            }
        }
    }

    /** The sentence that health has of a table's old rows, empty where there is none. */
    private static String said(String ready, String table) {
        return Stream.of(ready.split("\\\\n|\\n")).filter(line -> line.contains("hold old values") && line.matches(".*\\btables? [^:]*\\b" + table + "\\b[^:]* hold old values.*")).findFirst().orElse("");
    }

    @Test
    void whatAMigrationChangesWithoutAChangeIsSaidForItsTableOnlyAndReadAgainWhenAsked() throws Exception {
        source("asked");
        try (var capture = capture("asked", "ask", documents()).awaitStreaming()) {
            assertSame("asked", capture, tables());
            for (var one : CASES) {
                stack.sql("asked", migration(one).split("; "));
            }
            var harmed = CASES.stream().filter(one -> one.says != null).toList();
            for (var one : harmed) {
                capture.awaitReady(answer -> said(answer, "public." + one.table).contains(one.says), "\"DOWN\"", "streaming");
            }
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> reader("asked").size() == 1);
            var reader = reader("asked");
            stack.sql("asked", "VACUUM FULL packed", "CLUSTER packed USING packed_pkey", "VACUUM FULL parted_b", "TRUNCATE parted_a");
            capture.awaitReady(answer -> said(answer, "public.parted").contains("a partition of it was truncated"), "\"DOWN\"", "./millrace resnapshot asked public.parted");
            var ready = capture.ready();
            CASES.stream().filter(one -> one.says == null).forEach(one -> assertEquals("", said(ready, "public." + one.table), "nothing happened to its rows"));
            stack.sql("asked", "UPDATE packed SET name = 'flows' WHERE id = 1");
            assertSame("asked", capture, List.of("packed", "nullable", "widened", "longer", "truncated"));
            assertTrue(capture.post("/resnapshots?table=public.renamed&where=id%3D1", TOKEN).contains("leave the condition out"));
            for (var table : tables()) {
                if (!said(ready, "public." + table).isEmpty()) {
                    var answer = capture.post("/resnapshots?table=public." + table, TOKEN);
                    assertTrue(answer.contains("\"state\":\"") || answer.contains("being read already") || answer.contains("not streaming yet"), answer);
                    capture.awaitReady(now -> said(now, "public." + table).isEmpty(), "streaming");
                }
            }
            capture.awaitStreaming();
            assertSame("asked", capture, tables());
            stack.sql("asked", "TRUNCATE parted", "INSERT INTO parted VALUES (3, 'new', 'N')", "VACUUM FULL nullable");
            assertSame("asked", capture, tables());
            // A truncate of the whole table is in the log.
            capture.awaitReady("\"UP\"");
            capture.post("/resnapshots?table=public.renamed", TOKEN);
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> capture.log().split("Read 3 rows of the table public.renamed", -1).length == 3);
            assertEquals(reader, reader("asked"), "all of this leaves the stream alone");
        }
        stack.sql("asked", "ALTER TABLE packed ADD COLUMN gift int DEFAULT 7", "ALTER TABLE dropped ADD COLUMN note text");
        try (var capture = capture("asked", "ask", documents())) {
            capture.awaitReady(answer -> said(answer, "public.packed").contains("its column gift was added with a value for them"), "\"DOWN\"");
            capture.awaitReady(answer -> said(answer, "public.dropped").contains("is another one than the dropped one of that name"), "\"DOWN\"");
            // A machine with much to do has Vert.x tell of its own threads by an exception.
            assertFalse(capture.log().replace("VertxException: Thread blocked", "").contains("Exception"), capture.log());
        }
    }

    @Tag("long")
    @Test
    void whereTheFileSaysAutomaticTheyAreReadAgainUnderTrafficAndOverACrash() throws Exception {
        stack.source("automatic", "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL, note int)", "INSERT INTO thing SELECT i, 'n' || i, i FROM generate_series(1, 6000) i");
        stack.publish("automatic", "thing");
        var options = new String[] {"-Dmillrace.capture.resnapshot-chunk-rows=200", "-Dmillrace.capture.resnapshot-rows-per-second=1000"};
        var stop = new AtomicBoolean();
        try (var capture = capture("automatic", "automatic", CaptureProcess.root("thing"), options).awaitStreaming()) {
            assertSame("automatic", capture, List.of("thing"));
            var traffic = CompletableFuture.runAsync(() -> traffic(stop));
            try {
                stack.sql("automatic", "ALTER TABLE thing ALTER COLUMN note TYPE bigint USING note * 10, ADD COLUMN gift text DEFAULT 'g'");
                capture.awaitReady(answer -> said(answer, "public.thing").contains("the stream goes on"), "\"DOWN\"");
                Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> capture.ask("GET", "/resnapshots", TOKEN).matches("(?s).*\"rows\":[1-9]\\d{2,}.*"));
                capture.kill();
                try (var again = capture("automatic", "automatic", CaptureProcess.root("thing"), options)) {
                    again.awaitStreaming();
                    assertTrue(again.log().contains("rows that were read before"), "it went on where it was: " + again.log());
                    stop.set(true);
                    traffic.join();
                    assertSame("automatic", again, List.of("thing"));
                }
            } finally {
                stop.set(true);
            }
        }
    }

    private static CaptureProcess partitioned(String source, String... options) throws Exception {
        return capture(source, "automatic", CaptureProcess.root("parted"), options);
    }

    /** How often it was said that a partition has a new file that nothing explains. */
    private static int said(CaptureProcess capture) {
        return capture.log().split("a partition of it was truncated, or written while it was unlogged", -1).length - 1;
    }

    /** For longer than a new file may wait to be explained, nothing is said of the table. */
    private static void staysWhole(CaptureProcess capture, Duration time) {
        int said = said(capture);
        Awaitility.await().during(time).atMost(time.plusSeconds(30)).until(() -> capture.ready().contains("\"UP\""));
        assertEquals(said, said(capture), capture.log());
    }

    private static void readAgain(String source, CaptureProcess capture, int said) throws Exception {
        Awaitility.await().atMost(Duration.ofSeconds(90)).until(() -> said(capture) > said);
        capture.awaitStreaming();
        assertSame(source, capture, List.of("parted"));
    }

    @Tag("long")
    @Test
    void aPartitionWhoseNewFileNothingExplainsIsReadAgain() throws Exception {
        stack.source("refiled");
        parted("refiled");
        try (var capture = partitioned("refiled").awaitStreaming()) {
            assertSame("refiled", capture, List.of("parted"));
            int said = said(capture);
            stack.sql("refiled", "TRUNCATE parted_a", "INSERT INTO parted VALUES (3, 'loaded', 'N')", "VACUUM ANALYZE parted_a");
            readAgain("refiled", capture, said);
            said = said(capture);
            stack.sql("refiled", "BEGIN; ALTER TABLE parted_b SET UNLOGGED; DELETE FROM parted WHERE id = 12; UPDATE parted SET name = 'in no log' WHERE id = 13; ALTER TABLE parted_b SET LOGGED; COMMIT");
            readAgain("refiled", capture, said);
            said = said(capture);
            stack.sql("refiled", "BEGIN; TRUNCATE parted_a, parted_b; INSERT INTO parted VALUES (2, 'left', 'N'); COMMIT");
            readAgain("refiled", capture, said);
            capture.stop();
        }
        // What was loaded is older than the last entry of the partition in the catalog, and than what the slot keeps.
        stack.sql("refiled", "INSERT INTO parted SELECT i, 'n' || i, 'N' FROM generate_series(10, 15) i");
        try (var capture = partitioned("refiled", "-Dmillrace.capture.watch=20s").awaitStreaming()) {
            assertSame("refiled", capture, List.of("parted"));
            stack.sql("refiled", "TRUNCATE parted_b", "INSERT INTO parted VALUES (14, 'loaded', 'N')", "CHECKPOINT", "VACUUM FULL parted_b", "GRANT SELECT ON parted_b TO public");
            readAgain("refiled", capture, 0);
            capture.stop();
        }
        stack.sql("refiled", "TRUNCATE parted_b", "INSERT INTO parted VALUES (15, 'loaded', 'N')", "VACUUM FULL parted_b");
        try (var capture = partitioned("refiled")) {
            readAgain("refiled", capture, 0);
        }
    }

    @Tag("long")
    @Test
    void aNewFileThatTookNoRowAwayIsNoReasonToReadATableAgain() throws Exception {
        stack.source("kept");
        parted("kept");
        stack.sql("kept", "CREATE TABLE parted_c PARTITION OF parted FOR VALUES FROM (20) TO (30)");
        try (var capture = partitioned("kept").awaitStreaming()) {
            assertSame("kept", capture, List.of("parted"));
            try (var connection = stack.connect("kept"); var statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                statement.execute("LOCK TABLE parted_c");
                staysWhole(capture, Duration.ofSeconds(3));
                connection.rollback();
            }
            stack.sql("kept", "VACUUM FULL parted_b", "CLUSTER parted_a USING parted_a_pkey", "VACUUM FULL parted_c");
            staysWhole(capture, Duration.ofSeconds(25));
            stack.sql("kept", "ALTER TABLE parted ADD low text GENERATED ALWAYS AS (lower(name)) STORED");
            staysWhole(capture, Duration.ofSeconds(25));
            stack.sql("kept", "INSERT INTO parted VALUES (3, 'goes', 'N') ON CONFLICT (id) DO NOTHING", "TRUNCATE parted", "INSERT INTO parted VALUES (4, 'stays', 'N')");
            assertSame("kept", capture, List.of("parted"));
            staysWhole(capture, Duration.ofSeconds(5));
            stack.sql("kept", "TRUNCATE parted");
            staysWhole(capture, Duration.ofSeconds(5));
            stack.sql("kept", "ALTER TABLE parted ALTER COLUMN note TYPE text USING lower(note)");
            staysWhole(capture, Duration.ofSeconds(25));
            assertSame("kept", capture, List.of("parted"));
            // A partition that was vacant, and was filled and emptied since, is none of these.
            int said = said(capture);
            stack.sql("kept", "INSERT INTO parted VALUES (21, 'logged', 'N')", "TRUNCATE parted_c", "VACUUM FULL parted_c");
            readAgain("kept", capture, said);
        }
    }

    private static void traffic(AtomicBoolean stop) {
        try (var connection = stack.connect("automatic"); var statement = connection.createStatement()) {
            for (int i = 0; !stop.get(); i++) {
                int id = 1 + i * 31 % 6000;
                statement.execute(i % 3 == 0 ? "DELETE FROM thing WHERE id = " + id : i % 3 == 1 ? "UPDATE thing SET name = 'u" + i + "' WHERE id = " + id
                        : "INSERT INTO thing VALUES (" + (6001 + i) + ", 'i" + i + "', " + i + ")");
                Thread.sleep(5);
            }
        } catch (java.sql.SQLException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
