package io.millrace.capture.service;

import io.millrace.local.LocalServers;
import io.millrace.local.Ports;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.awaitility.Awaitility;

/** PostgreSQL, Kafka and the registry for a test class. */
final class Stack implements AutoCloseable {

    static final int PARTITIONS = 3;

    final LocalServers servers;

    Stack(Path folder) {
        this(folder, Ports.free(), Map.of(), Map.of());
    }

    /**
     * @param postgres further settings of the database server
     * @param kafka further settings of the broker
     */
    Stack(Path folder, Ports ports, Map<String, String> postgres, Map<String, String> kafka) {
        servers = LocalServers.in(folder, ports, postgres, kafka);
        servers.postgres().launch();
        servers.kafka().launch();
        servers.postgres().awaitReady();
        servers.registry().launch();
        servers.kafka().awaitReady();
        servers.registry().awaitReady();
    }

    /** A database of its own with Millrace's tables, and the captured topics of a table {@code public.thing} and the outbox. */
    void source(String name, String... statements) throws Exception {
        sql("postgres", "CREATE DATABASE " + name);
        sql(name, "CREATE SCHEMA millrace",
                "CREATE TABLE millrace.heartbeat (id int PRIMARY KEY, beat timestamptz)",
                """
                CREATE TABLE millrace.outboxevent (id uuid PRIMARY KEY, aggregatetype varchar(255) NOT NULL, aggregateid varchar(512) NOT NULL,
                  type varchar(255) NOT NULL, "timestamp" timestamptz NOT NULL, payload varchar(8000), tracingspancontext varchar(256))""");
        sql(name, statements);
        sql(name, "CREATE PUBLICATION millrace_" + name + " FOR TABLE millrace.heartbeat, millrace.outboxevent");
        topics("captured." + name + ".millrace.outboxevent");
    }

    void publish(String name, String table) throws Exception {
        sql(name, "ALTER PUBLICATION millrace_" + name + " ADD TABLE public." + table);
        topics("captured." + name + ".public." + table);
    }

    void topics(String... names) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()))) {
            for (var name : names) {
                admin.createTopics(List.of(new NewTopic(name, PARTITIONS, (short) 1))).all().get();
            }
        }
    }

    void deleteTopic(String name) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()))) {
            admin.deleteTopics(List.of(name)).all().get();
        }
    }

    /** Has commits wait for these standbys in sessions that ask for it. Returns once one does: each process of the server hears of it in its own time. No slot can be made from then on, since that one stays open. */
    void awaitStandbys(String names) throws SQLException {
        sql("postgres", "ALTER SYSTEM SET synchronous_commit = local", "ALTER SYSTEM SET synchronous_standby_names = '" + names + "'", "SELECT pg_reload_conf()");
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
            // A thread of its own: one that hangs must not take a place in a pool.
            var probe = Thread.ofVirtual().start(() -> {
                try {
                    sql("postgres", "SET synchronous_commit = on", "SELECT pg_logical_emit_message(true, 'probe', '')");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            boolean waits = false;
            while (!waits && probe.isAlive()) {
                waits = !query("postgres", "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'").isEmpty();
            }
            return waits;
        });
    }

    /** Commits wait for nobody any more. */
    void releaseStandbys() throws SQLException {
        sql("postgres", "ALTER SYSTEM RESET synchronous_standby_names", "ALTER SYSTEM RESET synchronous_commit", "SELECT pg_reload_conf()");
    }

    Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(servers.jdbcUrl(database), servers.postgresUser(), servers.postgresPassword());
    }

    void sql(String database, String... statements) throws SQLException {
        try (var connection = connect(database); var statement = connection.createStatement()) {
            for (var sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** The first column of every row. */
    List<String> query(String database, String sql) throws SQLException {
        try (var connection = connect(database); var statement = connection.createStatement(); var rows = statement.executeQuery(sql)) {
            var values = new ArrayList<String>();
            while (rows.next()) {
                values.add(rows.getString(1));
            }
            return values;
        }
    }

    /** Nothing of it is kept. */
    @Override
    public void close() {
        servers.registry().kill();
        servers.kafka().kill();
        servers.postgres().stop();
    }
}
