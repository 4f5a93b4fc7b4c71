package io.millrace.launcher;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.demo.DemoData;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.file.Many;
import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.One;
import io.millrace.pipeline.file.PipelineFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InitIT {

    private static final String SHOP = """
            CREATE SCHEMA "Shop";
            -- By the name of PostGIS's, which is none of Postgres's own.
            CREATE TYPE geometry AS (bytes bytea);
            CREATE TABLE "Shop".country (code char(2) PRIMARY KEY, name text, outline geometry);
            CREATE TABLE "Shop".customer (tenant int, id int, name text NOT NULL, "on" date, password_hash text, country_code char(2) REFERENCES "Shop".country,
                initials text GENERATED ALWAYS AS (left(name, 1)) STORED, words tsvector, photo bytea, referrer_tenant int, referrer_id int, PRIMARY KEY (tenant, id),
                FOREIGN KEY (referrer_tenant, referrer_id) REFERENCES "Shop".customer);
            CREATE TABLE "Shop".customer_profile (tenant int, customer int, biography text, PRIMARY KEY (tenant, customer), FOREIGN KEY (tenant, customer) REFERENCES "Shop".customer);
            CREATE TABLE "Shop"."Order" (id bigint PRIMARY KEY, tenant int, buyer int, recipient int, "Total Amount" numeric, placed timestamptz,
                FOREIGN KEY (tenant, buyer) REFERENCES "Shop".customer, FOREIGN KEY (tenant, recipient) REFERENCES "Shop".customer);
            CREATE TABLE "Shop".line (id int PRIMARY KEY, order_id bigint REFERENCES "Shop"."Order", what text);
            CREATE TABLE "Shop".label (id int PRIMARY KEY, text text);
            CREATE TABLE "Shop".customer_label (tenant int, customer int, label_id int REFERENCES "Shop".label, since date, PRIMARY KEY (tenant, customer, label_id),
                FOREIGN KEY (tenant, customer) REFERENCES "Shop".customer);
            CREATE TABLE "Shop".turn (id int PRIMARY KEY DEFERRABLE);
            CREATE TABLE "Shop".visit (tenant int, customer int, page text, FOREIGN KEY (tenant, customer) REFERENCES "Shop".customer);
            CREATE UNLOGGED TABLE "Shop".basket (id int PRIMARY KEY, tenant int, customer int, FOREIGN KEY (tenant, customer) REFERENCES "Shop".customer);
            CREATE VIEW "Shop".everybody AS SELECT * FROM "Shop".customer;
            INSERT INTO "Shop".country VALUES ('de', 'Germany');
            INSERT INTO "Shop".customer (tenant, id, name, country_code) VALUES (1, 1, 'Ada', 'de');
            INSERT INTO "Shop".customer (tenant, id, name, referrer_tenant, referrer_id) VALUES (1, 2, 'Bob', 1, 1);
            INSERT INTO "Shop"."Order" VALUES (7, 1, 1, 2, 9.50, '2026-01-31 12:00+00');
            INSERT INTO "Shop".label VALUES (3, 'kind');
            INSERT INTO "Shop".customer_label VALUES (1, 1, 3, '2026-01-01');
            """;

    @TempDir
    static Path data;
    private static LocalServers servers;

    @TempDir
    private Path folder;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeAll
    static void startPostgres() throws SQLException {
        servers = LocalServers.in(data, Ports.free(), Map.of("fsync", "off"));
        servers.postgres().start();
        try (var connection = DriverManager.getConnection(url()); var statement = connection.createStatement()) {
            statement.execute(SHOP);
            DemoData.load(connection, 1, 50);
        }
    }

    @AfterAll
    static void stopPostgres() {
        servers.postgres().stop();
    }

    @Test
    void aDraftOfAStrangersTablesFitsTheirCatalogAndItsQueryRuns() throws IOException {
        assertEquals(0, init("--root", "\"Shop\".customer"), err::toString);
        var said = out.toString();
        assertFalse(said.contains("To be put right") || said.contains("No example") || said.contains("AND true"), said);
        assertTrue(said.contains("\"name\" : \"Germany\"") && said.contains("\"text\" : \"kind\"") && said.contains("\"Total Amount\" : 9.50"), said);
        var text = Files.readString(folder.resolve("customer.yaml"));
        var document = PipelineFiles.load(List.of(folder.resolve("customer.yaml"))).getFirst().pipeline().document();
        assertAll(
                () -> assertEquals(List.of("tenant", "id", "name", "on"), document.fields().stream().map(f -> f.name()).toList()),
                () -> assertEquals(List.of("country", "customer", "profile"), names(document, One.class).stream().sorted().toList(), text),
                () -> assertEquals(List.of("Order_by_buyer", "Order_by_recipient", "label"), names(document, Many.class).stream().sorted().toList(), text),
                () -> assertTrue(text.contains("# Left out: password_hash: its name sounds like a secret"), text),
                () -> assertTrue(text.contains("# Left out: initials: Postgres computes it"), text),
                () -> assertTrue(text.contains("# Left out: words: made for Postgres's own search"), text),
                () -> assertTrue(text.contains("# Left out: photo: bytes"), text),
                () -> assertTrue(text.contains("# Left out: outline: shapes are not carried; write {geo:"), text),
                () -> assertTrue(text.contains("# Left out: \"Shop\".visit: it has no primary key"), text),
                () -> assertTrue(text.contains("# Left out: \"Shop\".basket: it is unlogged"), text),
                () -> assertTrue(text.contains("# Not drafted, though rows of it lead here: \"Shop\".line; a list"), text),
                () -> assertTrue(text.contains("through:"), text));
    }

    private static List<String> names(Node node, Class<?> kind) {
        return node.relations().stream().filter(kind::isInstance).map(r -> r.name()).toList();
    }

    @Test
    void aDraftOfTheDemosTablesFindsItsTeamsTagsAndRecipients() throws IOException {
        for (var root : List.of("monitor", "dashboard", "team")) {
            assertEquals(0, init("--root", "public." + root, "--source", "demo"), err::toString);
            assertFalse(out.toString().contains("To be put right") || out.toString().contains("No example"), out.toString());
        }
        var monitors = PipelineFiles.load(List.of(folder.resolve("monitor.yaml"))).getFirst().pipeline().document();
        assertEquals(List.of("author", "organisation", "team"), names(monitors, One.class).stream().sorted().toList());
        assertEquals(List.of("recipient", "tag"), names(monitors, Many.class).stream().sorted().toList());
    }

    @Test
    void anAddressAsPsqlTakesItIsTakenWithItsLoginWhichIsNotShown() throws IOException {
        var address = servers.jdbcUrl("postgres").replace("jdbc:postgresql://", "postgresql://" + servers.postgresUser() + ":" + servers.postgresPassword() + "@");
        assertEquals(0, Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute("init", "--url", address, "--root", "public.team", "--output", folder.resolve("psql.yaml").toString()), err::toString);
        assertTrue(Files.readString(folder.resolve("psql.yaml")).contains("root: public.team"));
        assertTrue(out.toString().contains("export MILLRACE_SOURCE_URL='" + servers.jdbcUrl("postgres") + "' MILLRACE_SOURCE_USER=millrace "), out.toString());
    }

    @Test
    void whatCannotBeDraftedIsRefusedAndNothingIsWritten() throws IOException {
        var asked = Map.of(
                List.of("--root", "public.nobody"), "The database has no table public.nobody",
                List.of("--root", "\"Shop\".everybody"), "a view cannot be the root",
                List.of("--root", "\"Shop\".visit"), "has no primary key",
                List.of("--root", "\"Shop\".turn"), "DEFERRABLE does not count",
                List.of("--root", "\"Shop\".basket"), "SET LOGGED");
        for (var question : asked.entrySet()) {
            err.getBuffer().setLength(0);
            assertEquals(1, init(question.getKey().toArray(String[]::new)));
            assertTrue(err.toString().contains(question.getValue()), err::toString);
        }
        assertEquals(2, init("--root", "a.b.c"));
        assertTrue(err.toString().contains("is not a table name"), err::toString);
        try (var files = Files.list(folder)) {
            assertEquals(0, files.count());
        }
        Files.writeString(folder.resolve("team.yaml"), "precious");
        assertEquals(1, init("--root", "public.team"));
        assertTrue(err.toString().contains("is not replaced"), err::toString);
        assertEquals("precious", Files.readString(folder.resolve("team.yaml")));
    }

    private int init(String... more) {
        out.getBuffer().setLength(0);
        var root = more[1].replaceAll("[^a-z]+", " ").strip();
        var arguments = new java.util.ArrayList<>(List.of("init", "--url", url(), "--output", folder.resolve(root.substring(root.lastIndexOf(' ') + 1) + ".yaml").toString()));
        arguments.addAll(List.of(more));
        return Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(arguments.toArray(String[]::new));
    }

    private static String url() {
        return servers.jdbcUrl("postgres") + "?user=" + servers.postgresUser() + "&password=" + servers.postgresPassword();
    }
}
