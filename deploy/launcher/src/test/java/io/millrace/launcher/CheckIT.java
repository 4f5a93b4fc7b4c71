package io.millrace.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.check.scratch.ScratchServer;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckIT {

    @TempDir
    static Path data;
    private static LocalServers servers;

    @TempDir
    private Path folder;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeAll
    static void startPostgres() {
        servers = LocalServers.in(data, Ports.free(), Map.of("fsync", "off"));
        servers.postgres().start();
    }

    @AfterAll
    static void stopPostgres() {
        servers.postgres().stop();
    }

    @BeforeEach
    void writeProject() throws IOException {
        write("baseline/001.sql", "CREATE TABLE monitor (id bigint PRIMARY KEY, name text, note text);");
        write("monitors.yaml", """
                millrace: 1
                name: monitors
                source: {name: demo, url: {env: NOT_SET}, user: {env: NOT_SET}, password: {env: NOT_SET}}
                document:
                  root: public.monitor
                  fields: [id, name]
                """);
        write("drop.sql", "SET lock_timeout = '1s';\n-- it is not needed\nALTER TABLE monitor\n  DROP COLUMN name;\n");
        write("index.sql", "CREATE INDEX CONCURRENTLY ON monitor (name);\n");
    }

    private void write(String name, String text) throws IOException {
        var file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private static String scratch(String database) {
        return "postgresql://%s:%s@localhost:%d/%s".formatted(servers.postgresUser(), servers.postgresPassword(), servers.ports().postgres(), database);
    }

    private int check(String baseline, String... more) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        var arguments = new ArrayList<>(List.of("check", "--baseline", baseline, "--pipeline", path("monitors.yaml")));
        arguments.addAll(List.of(more));
        return Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(arguments.toArray(String[]::new));
    }

    private int checkThere(String... more) {
        var arguments = new ArrayList<>(List.of("--scratch", scratch("postgres")));
        arguments.addAll(List.of(more));
        return check(path("baseline"), arguments.toArray(String[]::new));
    }

    private static List<String> query(String sql) throws SQLException {
        try (var connection = DriverManager.getConnection(servers.jdbcUrl("postgres"), servers.postgresUser(), servers.postgresPassword());
                var statement = connection.createStatement(); var rows = statement.executeQuery(sql)) {
            var values = new ArrayList<String>();
            while (rows.next()) {
                values.add(rows.getString(1));
            }
            return values;
        }
    }

    private static void sql(String... statements) throws SQLException {
        try (var connection = DriverManager.getConnection(servers.jdbcUrl("postgres"), servers.postgresUser(), servers.postgresPassword()); var statement = connection.createStatement()) {
            for (var sql : statements) {
                statement.execute(sql);
            }
        }
    }

    private static void assertSwept() throws SQLException {
        assertEquals(List.of(), query("SELECT datname FROM pg_database WHERE datname LIKE 'millrace_check%'"));
        assertEquals(List.of(), query("SELECT slot_name FROM pg_replication_slots"));
        assertEquals(List.of(), query("SELECT rolname FROM pg_roles WHERE rolname IN ('millrace', 'left_behind')"));
    }

    @Test
    void withAPostgresOfItsOwnAHarmlessMigrationExitsWithZeroAndABreakingOneWithOne() {
        assertEquals(0, check(path("baseline"), path("index.sql")), () -> out + "\n" + err);
        assertTrue(out.toString().contains("nothing at or above"), out.toString());
        assertEquals(1, check(path("baseline"), path("drop.sql")), () -> out + "\n" + err);
        assertTrue(out.toString().contains("BREAKS  column-dropped  " + path("drop.sql") + ":3"), out.toString());
        assertTrue(out.toString().contains("monitors, name becomes null"), out.toString());
    }

    @Test
    void everyFormatNamesRuleFileAndLineAndNothingIsLeftOnTheServer() throws Exception {
        for (var format : List.of("json", "sarif", "junit", "github")) {
            assertEquals(1, checkThere(path("drop.sql"), "--format", format), () -> out + "\n" + err);
            assertTrue(out.toString().contains("column-dropped") && out.toString().contains("drop.sql") && out.toString().contains("3"), out.toString());
        }
        checkThere(path("drop.sql"), "--format", "json");
        var finding = new ObjectMapper().readTree(out.toString()).get("findings").get(0);
        assertEquals("breaks public.monitor name 3 monitors", finding.get("level").asText() + " " + finding.get("table").asText() + " " + finding.get("column").asText() + " " + finding.get("line").asInt()
                + " " + finding.get("impacts").get(0).get("pipeline").asText());
        assertSwept();
    }

    @Test
    void aWaiverAllowsAFindingAndAnExpiredOneDoesNot() throws Exception {
        write("waived.sql", "-- millrace:allow column-dropped until=2999-01-01 reason=nobody shows it\nALTER TABLE monitor DROP COLUMN name;\n");
        assertEquals(0, checkThere(path("waived.sql")), () -> out + "\n" + err);
        assertTrue(out.toString().contains("column-dropped, allowed until 2999-01-01. Reason: nobody shows it"), out.toString());
        write("expired.sql", "-- millrace:allow column-dropped until=2020-01-01 reason=nobody shows it\nALTER TABLE monitor DROP COLUMN name;\n");
        assertEquals(1, checkThere(path("expired.sql")), () -> out + "\n" + err);
        assertTrue(out.toString().contains("expired on 2020-01-01"), out.toString());
    }

    @Test
    void whatCannotBeCheckedExitsWithTwoAndSaysWhy() throws Exception {
        write("typo.sql", "SELECT 1;\n\nALTER TABEL monitor ADD x int;\n");
        assertEquals(2, checkThere(path("typo.sql")));
        assertTrue(err.toString().contains("typo.sql:3: this is no SQL that Postgres understands: syntax error at or near \"TABEL\""), err.toString());
        write("extension.sql", "CREATE EXTENSION no_such_extension;\n");
        assertEquals(2, checkThere(path("extension.sql")));
        assertTrue(err.toString().contains("extension.sql:1: the migration needs an extension that the scratch server does not have"), err.toString());
        Files.createDirectories(folder.resolve("empty"));
        assertEquals(2, checkThere(path("empty")));
        assertTrue(err.toString().contains("holds no migration"), err.toString());
        write("monitors.yaml", Files.readString(folder.resolve("monitors.yaml")).replace("[id, name]", "[id, nme]"));
        assertEquals(2, checkThere(path("index.sql")));
        assertTrue(err.toString().contains("document.fields[1]: the table public.monitor has no column 'nme'"), err.toString());
        assertSwept();
    }

    @Test
    void aRegistryThatIsAwayIsSaidAndTheRulesAreEvaluatedLocally() {
        assertEquals(1, checkThere(path("drop.sql"), "--registry", "http://localhost:1/apis/registry/v3"), () -> out + "\n" + err);
        assertTrue(out.toString().contains("cannot be reached") && out.toString().contains("evaluated"), out.toString());
    }

    @Test
    void aScratchDatabaseWithTablesAndAServerThatIsReplicatedFromAreRefused() throws Exception {
        sql("CREATE TABLE precious (id int)");
        assertEquals(2, checkThere(path("index.sql")));
        assertTrue(err.toString().contains("holds tables (public.precious)"), err.toString());
        sql("DROP TABLE precious");
        query("SELECT pg_create_logical_replication_slot('real', 'pgoutput')");
        assertEquals(2, checkThere(path("index.sql")));
        assertTrue(err.toString().contains("is replicated from (slot real)"), err.toString());
        query("SELECT pg_drop_replication_slot('real')");
    }

    @Test
    void whatAKilledCheckHasLeftIsSweptByTheNext() throws Exception {
        var oid = query("SELECT oid FROM pg_database WHERE datname = 'postgres'").getFirst();
        sql("CREATE DATABASE millrace_check_" + oid + "_7", "CREATE ROLE left_behind", "COMMENT ON ROLE left_behind IS 'made by a millrace check'");
        query("SELECT pg_create_physical_replication_slot('millrace_demo')");
        ScratchServer.open(scratch("postgres"), null, null, _ -> { }).close();
        assertSwept();
    }

    @Test
    void aLiveDatabaseIsTheBaselineWithItsRowCountsAndIsOnlyRead() throws Exception {
        sql("CREATE DATABASE live", "CREATE ROLE onlooker LOGIN PASSWORD 'onlooker'", "ALTER ROLE onlooker SET default_transaction_read_only = on");
        try {
            try (var live = DriverManager.getConnection(servers.jdbcUrl("live"), servers.postgresUser(), servers.postgresPassword()); var statement = live.createStatement()) {
                statement.execute("CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TABLE monitor (id bigint PRIMARY KEY, name text, note mood); CREATE INDEX ON monitor (name);"
                        + " CREATE TABLE other (id int PRIMARY KEY REFERENCES monitor); CREATE PUBLICATION millrace_demo FOR TABLE monitor, other; INSERT INTO monitor SELECT i, 'n' FROM generate_series(1, 20000) i; ANALYZE");
                var before = fingerprint(statement);
                write("mass.sql", "UPDATE monitor SET name = upper(name);\n");
                var url = "postgresql://onlooker:onlooker@localhost:%d/live".formatted(servers.ports().postgres());
                assertEquals(1, check(url, "--scratch", scratch("postgres"), path("drop.sql")), () -> out + "\n" + err);
                assertTrue(out.toString().contains("column-dropped") && out.toString().contains(":3"), out.toString());
                assertEquals(1, check(url, "--scratch", scratch("postgres"), path("mass.sql"), "--fail-on", "wal"), () -> out + "\n" + err);
                assertTrue(out.toString().contains("mass-write") && out.toString().contains("20,000 rows"), out.toString());
                assertEquals(before, fingerprint(statement), "the live database was written to");
            }
            assertSwept();
        } finally {
            sql("DROP DATABASE live WITH (FORCE)", "DROP ROLE onlooker");
        }
    }

    /** Every object of the database with the transaction that wrote it, and what the rows are. */
    private static String fingerprint(Statement statement) throws SQLException {
        try (var row = statement.executeQuery("SELECT (SELECT string_agg(c.oid || ':' || c.xmin || ':' || c.relname, ',' ORDER BY c.oid) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace)"
                + " || (SELECT string_agg(xmin::text, ',' ORDER BY oid) FROM pg_publication) || (SELECT sum(hashtext(m::text)) FROM monitor m)")) {
            row.next();
            return row.getString(1);
        }
    }

    @Test
    void aMigrationThatDoesNotEndIsEndedAndItsServerIsAsBefore() throws Exception {
        write("sleep.sql", "SELECT pg_sleep(100000);\n");
        assertEquals(2, checkThere(path("sleep.sql"), "--time-limit", "PT5S"));
        assertTrue(err.toString().contains("was ended after 5 s (--time-limit)"), err.toString());
        assertEquals(0, checkThere(path("index.sql")), () -> out + "\n" + err);
        assertSwept();
    }

    @Test
    void whatAMigrationSetsForTheServerAndTheDatabaseIsFoundAndPutBack() throws Exception {
        write("level.sql", "ALTER SYSTEM SET wal_level = 'replica';\n");
        assertEquals(1, checkThere(path("level.sql")), () -> out + "\n" + err);
        assertTrue(out.toString().contains("server-setting"), out.toString());
        write("door.sql", "REVOKE CONNECT ON DATABASE shop FROM PUBLIC;\n");
        assertEquals(1, checkThere(path("door.sql")), () -> out + "\n" + err);
        assertTrue(out.toString().contains("role-changed") && out.toString().contains("name the database shop"), out.toString());
        assertEquals(List.of(), query("SELECT name FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf'"));
        assertEquals(List.of(), query("SELECT datname FROM pg_database WHERE datname = 'shop'"));
        assertSwept();
    }

    @Test
    void rowsThatAreConvertedWithoutAnEventAreFound() throws Exception {
        write("lower.sql", "ALTER TABLE monitor ALTER COLUMN name TYPE text USING lower(name);\n");
        assertEquals(1, checkThere(path("lower.sql")), () -> out + "\n" + err);
        assertTrue(out.toString().contains("BREAKS  rows-without-event  " + path("lower.sql") + ":1"), out.toString());
    }

    @Test
    void aColumnOfAnotherAvroTypeIsRefusedByTheRuleAndBreaksWhereItIsUsed() throws Exception {
        write("retyped.sql", "ALTER TABLE monitor ALTER COLUMN name TYPE integer USING length(name);\n");
        assertEquals(1, checkThere(path("retyped.sql")), () -> out + "\n" + err);
        assertTrue(out.toString().contains("BREAKS  column-retyped  " + path("retyped.sql") + ":1") && out.toString().contains("schema-incompatible"), out.toString());
    }

    @Test
    void aFolderInTwoOrdersIsRefused() throws Exception {
        write("mixed/V1__a.sql", "SELECT 1;");
        write("mixed/2_b.sql", "SELECT 1;");
        assertEquals(2, checkThere(path("mixed")));
        assertTrue(err.toString().contains("in two orders"), err.toString());
        assertFalse(out.toString().contains("migrations"), out.toString());
    }
}
