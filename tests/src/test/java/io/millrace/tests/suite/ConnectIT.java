package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.Output;
import io.millrace.launcher.stack.ReplicaDatabase;
import io.millrace.launcher.stack.Stage;
import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import io.millrace.tests.stack.TableCopy;
import io.restassured.RestAssured;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** A second database that a Kafka Connect worker with Debezium's JDBC sink writes from {@code rows.*} equals the source, table by table. */
@Tag("long")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ConnectIT {

    private static final int MONITORS = 500;
    private static final int RATE = 150;
    private static final int CHANGES_OF_A_ROW = 3000;
    private static final Duration LONGEST = Duration.ofMinutes(4);
    @TempDir
    static Path folder;
    private static DemoStack stack;
    private static List<PipelineFile> files;

    @BeforeAll
    static void startAll() throws Exception {
        Files.writeString(folder.resolve("kinds.yaml"), """
                millrace: 1
                name: kinds
                source:
                  name: demo
                  url: {env: MILLRACE_SOURCE_URL}
                  user: {env: MILLRACE_SOURCE_USER}
                  password: {env: MILLRACE_SOURCE_PASSWORD}
                document:
                  root: public.kinds
                  fields: [id]
                """);
        var data = DemoStack.home().resolve("tests").resolve("target").resolve("connect-stack");
        DemoStack.delete(data);
        stack = DemoStack.withConnect(data, SharedStack.PORT_BASE + 1000, MONITORS, List.of(DemoStack.home().resolve("deploy/demo/pipelines"), folder), new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8)));
        files = PipelineFiles.load(stack.stack().options().pipelines());
        stack.startServers();
        stack.load();
        try (var source = stack.connect(); var statement = source.createStatement()) {
            statement.execute("""
                    CREATE TYPE mood AS ENUM ('glad', 'sad');
                    CREATE TABLE kinds (id uuid, at timestamptz, small smallint, whole integer, large bigint, single real, double double precision, yes boolean, words text, handle varchar(40), digits numeric,
                        cents numeric(12, 2), day date, moment timestamp, clock time, zoned timestamptz, raw bytea, doc json, docb jsonb, feeling mood, net inet, block cidr, mac macaddr, numbers int4range,
                        times tstzrange, lasting interval, bits bit(3), names text[], counts integer[], days date[], moments timestamp[], clocks time[], "Odd name" text, PRIMARY KEY (id, at))""");
        }
        stack.provision();
        // Nothing else is between a table and its topic of rows.
        stack.process(Stage.CAPTURE).start();
        stack.process(Stage.GATE).start();
        ReplicaDatabase.prepare(stack.stack(), files);
        stack.stack().connect().start();
    }

    @AfterAll
    static void stopAll() {
        if (stack != null) {
            stack.close();
        }
    }

    @Order(1)
    @Test
    void valuesOfEveryKindArriveInColumnsThatTheSinkMakes() throws Exception {
        try (var source = stack.connect(); var statement = source.createStatement()) {
            statement.execute("""
                    INSERT INTO kinds VALUES
                    ('6f1c0a52-5ab1-4a5e-9b36-0c1f5d6a7b80', '2026-01-31 12:00:00.123456+00', -7, 7, 9007199254740993, 1.5, 0.1, true, 'a ''word'' Ω', 'some', 12345678901234567890.123456789, 1.50, '2026-01-31',
                        '2026-01-31 23:59:59.999999', '23:59:59.999999', '1969-12-31 23:59:59.999999+00', '\\x00ff', '{"b":1, "a": 2}', '{"b": 1, "a": [2]}', 'sad', '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03', '[1,5)',
                        '["2026-01-01 00:00:00+00","2026-02-01 00:00:00+00")', '1 mon 2 days 03:00:00', '101', '{a,"b c",NULL}', '{1,NULL,3}', '{2026-01-31,infinity,"0044-03-15 BC"}',
                        '{"2026-01-31 12:00:00.5",-infinity}', '{24:00:00,00:00:00}', 'odd'),
                    ('6f1c0a52-5ab1-4a5e-9b36-0c1f5d6a7b81', '2026-01-31 12:00:00+00', NULL, NULL, NULL, 'NaN', 'Infinity', NULL, NULL, NULL, 'NaN', NULL, 'infinity', NULL, NULL, 'infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                        'empty', NULL, NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL),
                    ('6f1c0a52-5ab1-4a5e-9b36-0c1f5d6a7b82', '2026-01-31 12:00:00+00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '-infinity', '-infinity', NULL, '-infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""");
            // In the key too, since a delete finds its row by it.
            statement.execute("""
                    INSERT INTO kinds (id, at, day, moment, clock, zoned) VALUES
                    ('6f1c0a52-5ab1-4a5e-9b36-0c1f5d6a7b83', 'infinity', 'infinity', 'infinity', '24:00:00', 'infinity'),
                    ('6f1c0a52-5ab1-4a5e-9b36-0c1f5d6a7b83', '-infinity', '-infinity', '-infinity', '00:00:00', '-infinity'),
                    ('6f1c0a52-5ab1-4a5e-9b36-0c1f5d6a7b83', '0044-03-15 12:00:00+00 BC', '0044-03-15 BC', '0001-12-31 23:59:59.999999 BC', NULL, '0044-03-15 12:00:00.000001+00 BC'),
                    ('6f1c0a52-5ab1-4a5e-9b36-0c1f5d6a7b83', '4713-01-01 00:00:00+00 BC', '4713-01-01 BC', '4713-01-01 00:00:00 BC', NULL, '4713-01-01 00:00:00+00 BC'),
                    ('6f1c0a52-5ab1-4a5e-9b36-0c1f5d6a7b83', '10000-01-01 00:00:00+00', '10000-01-01', '10000-01-01 00:00:00', NULL, '10000-01-01 00:00:00.000001+00'),
                    ('6f1c0a52-5ab1-4a5e-9b36-0c1f5d6a7b83', '294246-12-31 23:59:59.999999+00', '5874897-12-31', '294246-12-31 23:59:59.999999', NULL, '294246-12-31 23:59:59.999999+00')""");
        }
        awaitEqual(List.of("kinds"));
        change("DELETE FROM kinds WHERE at IN ('infinity', '0044-03-15 12:00:00+00 BC', '294246-12-31 23:59:59.999999+00')");
        awaitEqual(List.of("kinds"));
        try (var copy = copy(); var statement = copy.createStatement(); var rows = statement.executeQuery("""
                SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'public.kinds'::regclass AND attnum > 0""")) {
            var types = new TreeMap<String, String>();
            while (rows.next()) {
                types.put(rows.getString(1), rows.getString(2));
            }
            types.remove("millrace_position");
            assertEquals(new TreeMap<>(Map.ofEntries(Map.entry("id", "uuid"), Map.entry("at", "timestamp with time zone"), Map.entry("small", "smallint"), Map.entry("whole", "integer"), Map.entry("large", "bigint"),
                    Map.entry("single", "real"), Map.entry("double", "double precision"), Map.entry("yes", "boolean"), Map.entry("words", "text"), Map.entry("handle", "text"), Map.entry("digits", "text"), Map.entry("cents", "text"),
                    Map.entry("day", "date"), Map.entry("moment", "timestamp without time zone"), Map.entry("clock", "time without time zone"), Map.entry("zoned", "timestamp with time zone"), Map.entry("raw", "bytea"),
                    Map.entry("doc", "json"), Map.entry("docb", "jsonb"), Map.entry("feeling", "text"), Map.entry("net", "inet"), Map.entry("block", "cidr"), Map.entry("mac", "macaddr"), Map.entry("numbers", "int4range"),
                    Map.entry("times", "tstzrange"), Map.entry("lasting", "text"), Map.entry("bits", "text"), Map.entry("names", "text[]"), Map.entry("counts", "integer[]"), Map.entry("days", "text[]"), Map.entry("moments", "text[]"), Map.entry("clocks", "text[]"), Map.entry("Odd name", "text"))), types);
        }
    }

    /** The sink takes text into a column of any type, which reads it. */
    @Order(2)
    @Test
    void aColumnOfTheCopyMayGetTheTypeThatTheSourceHas() throws Exception {
        try (var copy = copy(); var statement = copy.createStatement()) {
            statement.execute("ALTER TABLE public.kinds ALTER digits TYPE numeric USING digits::numeric, ALTER lasting TYPE interval USING lasting::interval");
        }
        try (var source = stack.connect(); var statement = source.createStatement()) {
            statement.execute("UPDATE kinds SET digits = 0.10, lasting = '90 minutes', words = 'changed' WHERE small = -7");
        }
        awaitEqual(List.of("kinds"));
    }

    /** Inserts, updates, deletes and changed keys on all tables, a table that is emptied and one that grows, while the worker, and each process that rows come by, is killed and started. */
    @Order(3)
    @Test
    void allTablesAreEqualThoughWhoBringsTheRowsIsKilledWhileRowsAndTablesChange() throws Exception {
        try (var traffic = BackgroundTraffic.start(stack, 23, RATE)) {
            awaitMore(traffic, 100);
            change("UPDATE monitor_recipient SET id = id + 10000000 WHERE id % 7 = 0");
            kill(stack.stack().connect());
            awaitMore(traffic, 100);
            change("TRUNCATE monitor_recipient");
            awaitMore(traffic, 50);
            change("ALTER TABLE tag ADD COLUMN note text");
            change("UPDATE tag SET note = 'noted ' || id WHERE id % 3 = 0");
            stack.stack().connect().restart();
            awaitMore(traffic, 100);
            for (var killed : List.of(stack.stack().connect(), stack.process(Stage.CAPTURE), stack.process(Stage.GATE), stack.stack().servers().registry(), stack.stack().servers().kafka())) {
                kill(killed);
                awaitMore(traffic, 50);
            }
            traffic.stop();
        }
        awaitEqual(tables());
    }

    /** What is older than the TRUNCATE does not come back, in whatever order a sink writes. */
    @Order(4)
    @Test
    void aRowThatATruncateTookIsNotWritten() throws Exception {
        try (var copy = copy(); var statement = copy.createStatement()) {
            assertEquals(0, statement.executeUpdate("INSERT INTO public.monitor_recipient (id, address, millrace_position) VALUES (-1, 'old', '')"));
            assertEquals(1, statement.executeUpdate("INSERT INTO public.dashboard_list (id, name, millrace_position) VALUES (-1, 'of a table that was not emptied', '')"));
            statement.executeUpdate("DELETE FROM public.dashboard_list WHERE id = -1");
        }
    }

    /** As after a kill, when it reads from the last offsets that it had committed: here from the first record. */
    @Order(5)
    @Test
    void aWorkerThatWritesAgainShowsNoRowAsItWasBefore() throws Exception {
        change("INSERT INTO dashboard_list (id, name, created) VALUES (-7, '0', now())");
        change("DO $$ BEGIN FOR n IN 1..%d LOOP UPDATE dashboard_list SET name = n::text WHERE id = -7; END LOOP; END $$".formatted(CHANGES_OF_A_ROW));
        awaitEqual(List.of("dashboard_list"));
        var worker = stack.stack().connect();
        worker.stop();
        var bound = Instant.now().plus(LONGEST);
        try (var kafka = Admin.create(Map.copyOf(stack.stack().servers().kafkaAdmin()))) {
            var group = "connect-replica-public";
            var committed = offsets(kafka, group);
            var first = new HashMap<TopicPartition, OffsetAndMetadata>();
            committed.keySet().forEach(partition -> first.put(partition, new OffsetAndMetadata(0)));
            kafka.alterConsumerGroupOffsets(group, first).all().get();
            worker.start();
            var seen = new TreeSet<String>();
            try (var copy = copy(); var read = copy.prepareStatement("SELECT name FROM public.dashboard_list WHERE id = -7")) {
                do {
                    try (var row = read.executeQuery()) {
                        seen.add(row.next() ? row.getString(1) : "no row");
                    }
                    assertTrue(Instant.now().isBefore(bound), "the worker writes all again within " + LONGEST);
                } while (!offsets(kafka, group).equals(committed));
            }
            assertEquals(Set.of(Integer.toString(CHANGES_OF_A_ROW)), seen);
        }
        change("DELETE FROM dashboard_list WHERE id = -7");
        awaitEqual(tables());
    }

    @Order(6)
    @Test
    void noWebPageIsAnswered() {
        var address = "http://localhost:" + stack.stack().options().connectPort();
        assertEquals(200, RestAssured.get(address + "/connectors").statusCode());
        assertEquals(403, RestAssured.given().header("Origin", "https://evil.example").get(address + "/connectors").statusCode());
        assertEquals(403, RestAssured.given().header("Host", "evil.example").get(address + "/connectors").statusCode());
    }

    /** Connections that the sink has are dead then, and it is not told before it writes. */
    @Order(7)
    @Test
    void whatIsWrittenAfterSessionsWereEndedAndTheDatabaseKilledArrives() throws Exception {
        try (var copy = copy(); var statement = copy.createStatement()) {
            statement.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'replica' AND pid <> pg_backend_pid()");
        }
        change("UPDATE monitor SET muted = NOT muted");
        awaitEqual(List.of("monitor"));
        kill(stack.stack().servers().postgres());
        change("UPDATE monitor SET muted = NOT muted");
        awaitEqual(List.of("monitor"));
    }

    private static Map<TopicPartition, Long> offsets(Admin kafka, String group) throws Exception {
        var offsets = new HashMap<TopicPartition, Long>();
        kafka.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().forEach((partition, offset) -> offsets.put(partition, offset.offset()));
        return offsets;
    }

    private static void kill(ManagedProcess process) {
        process.kill();
        process.start();
    }

    private static void change(String sql) throws SQLException {
        try (var source = stack.connect(); var statement = source.createStatement()) {
            statement.execute(sql);
        }
    }

    private static List<String> tables() {
        var names = new TreeSet<TableName>();
        files.forEach(file -> names.addAll(file.pipeline().tableNames()));
        return names.stream().map(TableName::table).toList();
    }

    private static Connection copy() throws SQLException {
        var servers = stack.stack().servers();
        return DriverManager.getConnection(servers.jdbcUrl(ReplicaDatabase.NAME), servers.postgresUser(), servers.postgresPassword());
    }

    private static void awaitMore(BackgroundTraffic traffic, int transactions) {
        long until = traffic.transactions() + transactions;
        Awaitility.await("the traffic goes on").atMost(LONGEST).until(() -> traffic.transactions() >= until);
    }

    private static void awaitEqual(List<String> tables) {
        var last = new ArrayList<String>();
        try {
            Awaitility.await("the copy equals the source").pollInterval(Duration.ofSeconds(2)).atMost(LONGEST).until(() -> {
                last.clear();
                try (var source = stack.connect(); var copy = copy()) {
                    for (var table : tables) {
                        last.addAll(new TableCopy(source, copy).differences(table));
                    }
                }
                return last.isEmpty();
            });
        } finally {
            last.forEach(System.out::println);
        }
    }
}
