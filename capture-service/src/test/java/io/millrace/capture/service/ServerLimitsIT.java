package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.millrace.local.Ports;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGProperty;

/** What a server must have to be captured: where it lacks something, that is said with what mends it, and capture begins when it is mended. */
@Tag("long")
class ServerLimitsIT {

    private static final String SOURCE = "limited";

    @TempDir
    Path folder;
    private Stack stack;

    private void source(Map<String, String> postgres) throws Exception {
        stack = new Stack(folder.resolve("stack"), Ports.free(), postgres, Map.of());
        stack.source(SOURCE, "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL)");
        stack.publish(SOURCE, "thing");
    }

    private CaptureProcess capture() throws Exception {
        return CaptureProcess.start(stack, folder, SOURCE, stack.servers.postgresUser(), stack.servers.postgresPassword(), CaptureProcess.root("thing"));
    }

    @AfterEach
    void stopServers() {
        stack.close();
    }

    /** Takes a connection for replication, and does nothing with it. */
    private Connection replicating() throws SQLException {
        var properties = new Properties();
        PGProperty.USER.set(properties, stack.servers.postgresUser());
        PGProperty.PASSWORD.set(properties, stack.servers.postgresPassword());
        PGProperty.REPLICATION.set(properties, "database");
        PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
        PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "15");
        return DriverManager.getConnection(stack.servers.jdbcUrl(SOURCE), properties);
    }

    @Test
    void slotsAndConnectionsForReplicationThatOthersHaveTakenAreSaid() throws Exception {
        source(Map.of("max_replication_slots", "1", "max_wal_senders", "1"));
        stack.sql(SOURCE, "SELECT pg_create_logical_replication_slot('another', 'pgoutput')");
        try (var capture = capture()) {
            capture.awaitReady("\"DOWN\"", "Postgres has no free replication slot, all 1 are taken; drop one that nobody needs (SELECT * FROM pg_replication_slots), or raise max_replication_slots");
            try (var _ = replicating()) {
                stack.sql(SOURCE, "SELECT pg_drop_replication_slot('another')");
                capture.awaitReady("\"DOWN\"", "Postgres has no free connection for replication, all 1 are taken; end one that nobody needs (SELECT * FROM pg_stat_replication), or raise max_wal_senders");
            }
            capture.awaitStreaming();
            try (var waiting = capture()) {
                waiting.awaitReady("\"UP\"", "standing by", "is in use by the server process");
                assertFalse(waiting.ready().contains("no free connection for replication"), "the one that it waits for will be free then: " + waiting.ready());
            }
        }
    }

    @Test
    void aLogWithoutRowChangesAndAStandbyAreSaid() throws Exception {
        source(Map.of("wal_level", "replica"));
        try (var capture = capture()) {
            capture.awaitReady("\"DOWN\"", "Postgres runs with wal_level = replica, which carries no row changes; run ALTER SYSTEM SET wal_level = logical and restart it");
            stack.servers.postgres().stop();
            Files.createFile(folder.resolve("stack").resolve("postgres").resolve("standby.signal"));
            stack.servers.postgres().start();
            capture.awaitReady("\"DOWN\"", "Postgres is a standby or still recovering, where capture can write no heartbeat; give the primary's address in the pipeline file");
        }
    }

    @Test
    void aTransactionInTwoPhasesComesWholeWhenItIsCommittedAlsoBehindARestart() throws Exception {
        source(Map.of("max_prepared_transactions", "5"));
        try (var things = new Records(stack, "captured." + SOURCE + ".public.thing")) {
            try (var capture = capture().awaitStreaming()) {
                stack.sql(SOURCE, "BEGIN; INSERT INTO thing VALUES (1, 'prepared'), (2, 'prepared'); PREPARE TRANSACTION 'one'", "BEGIN; INSERT INTO thing VALUES (3, 'rolled back'); PREPARE TRANSACTION 'two'",
                        "INSERT INTO thing VALUES (4, 'meanwhile')");
                things.await(capture, seen -> Rows.of(seen).equals(List.of("4 meanwhile")));
                capture.stop();
            }
            try (var capture = capture().awaitStreaming()) {
                stack.sql(SOURCE, "COMMIT PREPARED 'one'", "ROLLBACK PREPARED 'two'", "UPDATE thing SET name = 'later' WHERE id = 2");
                things.await(capture, seen -> Rows.of(seen).equals(List.of("1 prepared", "2 later", "4 meanwhile")));
                assertEquals(Rows.expected(stack, SOURCE, "thing"), Rows.of(things.toTheEnd()));
            }
        }
    }
}
