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
import java.util.function.Predicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
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

    /** What a topic with one partition holds. */
    List<String> texts(String topic) {
        try (var consumer = new KafkaConsumer<>(Map.<String, Object>of("bootstrap.servers", servers.kafkaBootstrap(), "default.api.timeout.ms", 5_000), new StringDeserializer(), new StringDeserializer())) {
            var partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            var texts = new ArrayList<String>();
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> texts.add(record.value()));
            }
            return texts;
        }
    }

    /** Waits until the last text of a topic with one partition is such a one. */
    void awaitLast(String topic, Predicate<String> enough) {
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> enough.test(texts(topic).getLast()));
    }

    /** Has commits wait for these standbys, as they do by default. Returns once one does: each process of the server hears of it in its own time. No slot can be made from then on, since that one stays open. */
    void awaitStandbys(String names) throws SQLException {
        sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '" + names + "'", "SELECT pg_reload_conf()");
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
            // A thread of its own: one that hangs must not take a place in a pool.
            var probe = Thread.ofVirtual().start(() -> {
                try {
                    sql("postgres", "SELECT pg_logical_emit_message(true, 'probe', '')");
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
        sql("postgres", "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()");
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
