package io.millrace.tests.bench.capture;

import io.millrace.local.LocalException;
import io.millrace.local.LocalServers;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.millrace.pipeline.topic.Topics;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/** PostgreSQL, Kafka, the registry and one capture at a time, each source in a database of its own with one table. */
final class CaptureStack implements AutoCloseable {

    static final String TABLE = "public.item";
    private static final Duration LONGEST_SETTLING = Duration.ofMinutes(10);

    private static final String PIPELINE = """
            millrace: 1
            name: %1$s
            source:
              name: %1$s
              url: {env: SOURCE_URL}
              user: {env: SOURCE_USER}
              password: {env: SOURCE_PASSWORD}
            document:
              root: public.item
              fields: [id, note]
            """;

    private final Path home;
    private final Path data;
    private final int port;
    private final int partitions;
    private final String heap;
    private final Map<String, String> settings;
    private final List<String> options;
    private final LocalServers servers;
    private final List<ManagedProcess> captures = new ArrayList<>();

    /**
     * @param settings system properties of capture
     * @param options of its Java
     */
    CaptureStack(Path home, Path data, int portBase, int partitions, String heap, Map<String, String> settings, List<String> options) {
        this.home = home;
        this.data = data;
        this.port = portBase + Ports.COUNT;
        this.partitions = partitions;
        this.heap = heap;
        this.settings = settings;
        this.options = options;
        this.servers = LocalServers.in(data, Ports.from(portBase));
    }

    void startServers() {
        servers.claim();
        servers.postgres().start();
        servers.kafka().start();
        servers.registry().start();
    }

    LocalServers servers() {
        return servers;
    }

    String topic(String source) {
        return "captured." + source + "." + TABLE;
    }

    int partitions() {
        return partitions;
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

    long number(String database, String sql) throws SQLException {
        return Long.parseLong(text(database, sql));
    }

    String text(String database, String sql) throws SQLException {
        try (var connection = connect(database); var statement = connection.createStatement(); var row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    /** Makes a source's database and topics; its table has rows. */
    void source(String source, long rows) throws SQLException, ExecutionException, InterruptedException {
        sql("postgres", "CREATE DATABASE " + source);
        sql(source, "CREATE SCHEMA millrace", "CREATE TABLE millrace.heartbeat (id int PRIMARY KEY, beat timestamptz)",
                """
                CREATE TABLE millrace.outboxevent (id uuid PRIMARY KEY, aggregatetype varchar(255) NOT NULL, aggregateid varchar(512) NOT NULL,
                  type varchar(255) NOT NULL, "timestamp" timestamptz NOT NULL, payload varchar(8000), tracingspancontext varchar(256))""",
                "CREATE TABLE item (id bigint PRIMARY KEY, order_id bigint NOT NULL, name text NOT NULL, price numeric(12, 2), created timestamptz NOT NULL, note text)",
                insert(1, rows), "VACUUM ANALYZE item", "CREATE PUBLICATION " + Topics.publication(source) + " FOR TABLE item, millrace.heartbeat, millrace.outboxevent");
        try (var admin = Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()))) {
            var kept = Map.of("cleanup.policy", "delete", "message.timestamp.type", "LogAppendTime");
            admin.createTopics(List.of(new NewTopic(topic(source), partitions, (short) 1).configs(kept), new NewTopic("captured." + source + ".millrace.outboxevent", partitions, (short) 1).configs(kept))).all().get();
        }
    }

    /** Waits until the slot has all that was committed, and stops the capture. One that is stopped before sends its last records again when it starts, and a count of records would take those for new ones. */
    void settleAndStop(String source, ManagedProcess capture) throws SQLException, InterruptedException {
        long until = System.nanoTime() + LONGEST_SETTLING.toNanos();
        var confirmed = "SELECT count(*) FROM pg_replication_slots WHERE slot_name = '" + Topics.slot(source) + "' AND confirmed_flush_lsn >= '" + text(source, "SELECT pg_current_wal_insert_lsn()") + "'";
        while (number(source, confirmed) == 0) {
            if (System.nanoTime() > until) {
                throw new LocalException("Waited " + LONGEST_SETTLING.toMinutes() + " minutes for capture to confirm what was committed; see " + capture.spec().log());
            }
            Thread.sleep(200);
        }
        capture.stop();
    }

    static String insert(long from, long to) {
        return "INSERT INTO item SELECT i, i / 3, 'item ' || i, (i % 10000) / 100.0, now(), md5(i::text) FROM generate_series(" + from + ", " + to + ") i";
    }

    /** A capture of the source, which the caller starts and stops. */
    ManagedProcess capture(String source) throws IOException {
        var pipeline = Files.writeString(Files.createDirectories(data.resolve("pipelines")).resolve(source + ".yaml"), PIPELINE.formatted(source));
        var jar = home.resolve("capture-service").resolve("target").resolve("quarkus-app").resolve("quarkus-run.jar");
        var properties = new HashMap<>(Map.of("quarkus.http.host", "localhost", "quarkus.http.port", Integer.toString(port), "kafka.bootstrap.servers", servers.kafkaBootstrap(),
                "millrace.capture.pipelines", pipeline.toString(), "millrace.capture.registry-url", servers.registryUrl()));
        properties.putAll(settings);
        var arguments = new ArrayList<>(options);
        arguments.addAll(ProcessSpec.serviceOptions(jar));
        properties.forEach((key, value) -> arguments.add("-D" + key + "=" + value));
        arguments.addAll(List.of("-jar", jar.toString()));
        var environment = Map.of("SOURCE_URL", servers.jdbcUrl(source), "SOURCE_USER", servers.postgresUser(), "SOURCE_PASSWORD", servers.postgresPassword());
        var process = new ManagedProcess(ProcessSpec.jvm("capture-" + source, data, heap, arguments, jar.getParent(), environment, Map.of("http", port), Readiness.http(URI.create("http://localhost:" + port + "/q/health/ready"))));
        captures.add(process);
        return process;
    }

    @Override
    public void close() {
        captures.forEach(ManagedProcess::stop);
        servers.stop();
    }
}
