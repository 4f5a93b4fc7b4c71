package io.millrace.capture.resnapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.capture.source.SourceConnection;
import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.file.Reference;
import io.millrace.pipeline.file.TableName;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How Postgres finds the rows behind a key. */
@Tag("long")
class TableShapeIT {

    @TempDir
    private static Path folder;
    private static LocalServers servers;
    private static SourceConnection source;

    @BeforeAll
    static void startPostgres() throws Exception {
        servers = LocalServers.in(folder, Ports.free(), Map.of(), Map.of());
        servers.postgres().launch();
        servers.postgres().awaitReady();
        source = new SourceConnection(servers.jdbcUrl("postgres"), servers.postgresUser(), new Reference.Literal(servers.postgresPassword()));
        sql("CREATE EXTENSION citext", "CREATE PUBLICATION millrace_shapes");
    }

    @AfterAll
    static void stopPostgres() {
        servers.postgres().kill();
    }

    private static void sql(String... statements) throws SQLException {
        try (var connection = source.open(); var statement = connection.createStatement()) {
            for (var one : statements) {
                statement.execute(one);
            }
        }
    }

    private static TableShape shape(String table) throws SQLException {
        try (var connection = source.open()) {
            return TableShape.of(connection, "shapes", TableName.parse(table));
        }
    }

    private static List<String> query(String sql) throws SQLException {
        try (var connection = source.open(); var statement = connection.createStatement(); var rows = statement.executeQuery(sql)) {
            var lines = new java.util.ArrayList<String>();
            while (rows.next()) {
                lines.add(rows.getString(1));
            }
            return lines;
        }
    }

    @Test
    void aKeyWithAnExtensionsTypeInPublicIsAnsweredFromTheIndexAlone() throws Exception {
        sql("CREATE TABLE account (country int, email citext, name varchar, PRIMARY KEY (country, email, name))", "ALTER PUBLICATION millrace_shapes ADD TABLE account",
                "INSERT INTO account SELECT i % 5, 'User' || lpad(i::text, 6, '0'), 'n' FROM generate_series(1, 20000) i", "ANALYZE account");
        var shape = shape("public.account");
        for (var condition : List.of(shape.behind(List.of("2", "user019000", "n")), shape.until(List.of("2", "user000500", "n")) + " AND " + shape.behind(List.of("2", "user000100", "n")))) {
            var plan = String.join("\n", query("EXPLAIN (COSTS off) SELECT country FROM " + shape.from() + " WHERE " + condition + " ORDER BY " + shape.order() + " LIMIT 10"));
            assertTrue(plan.contains("Index Cond: (ROW(") || plan.contains("Index Cond: ((ROW("), plan);
            assertFalse(plan.contains("Filter") || plan.contains("Sort"), plan);
        }
        assertEquals(199, query("SELECT email FROM account WHERE " + shape.behind(List.of("2", "USER019004", "n")) + " AND country = 2 ORDER BY " + shape.order()).size());
    }

    @Test
    void anOperatorOfPublicThatAPlainNameWouldMeanIsNotTaken() throws Exception {
        sql("CREATE FUNCTION backwards(varchar, varchar) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1::text < $2::text'",
                "CREATE OPERATOR > (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = backwards)", "CREATE DOMAIN label AS varchar");
        try {
            for (var type : List.of("varchar", "label")) {
                sql("DROP TABLE IF EXISTS named", "CREATE TABLE named (name " + type + " PRIMARY KEY)", "INSERT INTO named VALUES ('a'), ('b'), ('c')", "ALTER PUBLICATION millrace_shapes ADD TABLE named");
                var shape = shape("public.named");
                assertEquals(List.of("b", "c"), query("SELECT name FROM named WHERE " + shape.behind(List.of("a")) + " ORDER BY " + shape.order()), type);
            }
        } finally {
            sql("DROP TABLE named", "DROP OPERATOR > (varchar, varchar)");
        }
    }

    @Test
    void aKeyOfPeriodsIsReadInTheOrderOfItsValues() throws Exception {
        sql("CREATE EXTENSION btree_gist", "CREATE TABLE booked (room int, during int4range, PRIMARY KEY (room, during WITHOUT OVERLAPS))", "INSERT INTO booked VALUES (1, '[1,3)'), (1, '[5,9)'), (2, '[1,9)')",
                "ALTER PUBLICATION millrace_shapes ADD TABLE booked");
        var shape = shape("public.booked");
        assertEquals(List.of("[5,9)", "[1,9)"), query("SELECT during FROM booked WHERE " + shape.behind(List.of("1", "[1,3)")) + " ORDER BY " + shape.order()));
        assertEquals(List.of("[1,3)", "[5,9)"), query("SELECT during FROM booked WHERE " + shape.until(List.of("1", "[5,9)")) + " ORDER BY " + shape.order()));
    }
}
