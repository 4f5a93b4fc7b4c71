package io.millrace.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import io.millrace.pipeline.file.PipelineFiles;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoIT {

    @TempDir
    static Path data;
    private static LocalServers servers;

    @BeforeAll
    static void startPostgres() {
        servers = LocalServers.in(data, Ports.free());
        servers.postgres().start();
    }

    @AfterAll
    static void stopPostgres() {
        servers.postgres().stop();
    }

    @Test
    void theSameSeedGivesTheSameRowsAndTheSameTraffic() throws SQLException {
        assertEquals(afterTraffic("first", 7), afterTraffic("second", 7));
        assertNotEquals(afterTraffic("third", 8), afterTraffic("fourth", 7));
    }

    private static List<String> afterTraffic(String database, long seed) throws SQLException {
        try (var connection = database(database)) {
            DemoData.load(connection, seed, 300);
            var done = new Traffic(connection, seed, Traffic.Mix.BROAD).transactions(600);
            assertEquals(0, done.refused(), () -> "A single writer loses no race: " + done);
            return digests(connection);
        }
    }

    @Test
    void broadTrafficDoesEverything() throws SQLException {
        try (var connection = database("everything")) {
            DemoData.load(connection, 1, 300);
            var done = new Traffic(connection, 1, Traffic.Mix.BROAD).transactions(1_500);
            assertEquals(EnumSet.allOf(Traffic.Deed.class), EnumSet.copyOf(done.deeds().keySet()));
            assertTrue(done.changes() > 1_500, done::toString);
        }
    }

    @Test
    void someMessagesAreStoredOutOfLine() throws SQLException {
        try (var connection = database("toast")) {
            DemoData.load(connection, 1, 1_000);
            assertTrue(number(connection, "SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid = 'public.monitor'::regclass") > 0);
        }
    }

    @Test
    void severalWritersAtOnceOnlyLoseRaces() throws Exception {
        try (var loader = database("writers"); var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            DemoData.load(loader, 1, 200);
            var writers = new ArrayList<Callable<Traffic.Done>>();
            for (int seed = 1; seed <= 3; seed++) {
                long own = seed;
                writers.add(() -> {
                    try (var connection = connect("writers")) {
                        return new Traffic(connection, own, Traffic.Mix.BROAD).transactions(300);
                    }
                });
            }
            for (var writer : threads.invokeAll(writers)) {
                var done = writer.get();
                assertEquals(300, done.transactions() + done.refused());
                assertTrue(done.transactions() > 200, done::toString);
            }
        }
    }

    @Test
    void aRateIsNotExceeded() throws SQLException {
        try (var connection = database("rate")) {
            DemoData.load(connection, 1, 500);
            long begin = System.nanoTime();
            var done = new Traffic(connection, 1, Traffic.Mix.STEADY).run(200, () -> System.nanoTime() < begin + 3_000_000_000L);
            double seconds = (System.nanoTime() - begin) / 1e9;
            assertTrue(done.changes() > 0 && done.changes() < 100 + 200 * seconds, () -> done + " in " + seconds + " s");
        }
    }

    @Test
    void loadingIntoTablesThatHoldRowsIsRefused() throws SQLException {
        try (var connection = database("twice")) {
            DemoData.load(connection, 1, 10);
            var refusal = assertThrows(IllegalStateException.class, () -> DemoData.load(connection, 1, 10));
            assertTrue(refusal.getMessage().contains("has rows"), refusal::getMessage);
        }
    }

    @Test
    void theBigTeamOwnsATenthOfTheMonitors() throws SQLException {
        try (var connection = database("team")) {
            var loaded = DemoData.load(connection, 1, 20_000);
            long own = number(connection, "SELECT count(*) FROM public.monitor WHERE team_id = " + Generator.BIG_TEAM);
            assertTrue(own > 1_700 && own < 2_300, () -> own + " of " + loaded);
        }
    }

    @Test
    void thePipelineFilesAreValid() {
        assertEquals(2, PipelineFiles.load(List.of(Path.of("pipelines"))).size());
    }

    private static List<String> digests(Connection connection) throws SQLException {
        var digests = new ArrayList<String>();
        try (var tables = connection.createStatement();
                var names = tables.executeQuery("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname")) {
            while (names.next()) {
                var name = names.getString(1);
                try (var statement = connection.createStatement();
                        var digest = statement.executeQuery("SELECT count(*) || ' ' || md5(string_agg(t::text, ',' ORDER BY t::text COLLATE \"C\")) FROM public." + name + " t")) {
                    digest.next();
                    digests.add(name + " " + digest.getString(1));
                }
            }
        }
        return digests;
    }

    private static long number(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement(); var result = statement.executeQuery(sql)) {
            result.next();
            return result.getLong(1);
        }
    }

    private static Connection database(String name) throws SQLException {
        try (var connection = connect("postgres"); var statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE " + name);
        }
        return connect(name);
    }

    private static Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(servers.jdbcUrl(database), servers.postgresUser(), servers.postgresPassword());
    }
}
