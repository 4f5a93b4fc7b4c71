package io.millrace.purge;

import io.millrace.local.LocalServers;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Real PostgreSQL and Kafka, and the purge service as a process of its own. */
final class Stack implements AutoCloseable {

    static final String TOKEN = "the-token-of-the-test";
    static final String PASSWORD = "pa$$w0rd\\${x}";

    private static final int PORT_BASE = 25_000;
    private static final Path FOLDER = Path.of("target", "it").toAbsolutePath();

    final LocalServers servers;
    final ManagedProcess purge;
    private final int port = PORT_BASE + Ports.COUNT;
    private final KafkaProducer<String, byte[]> producer;

    private Stack() throws IOException {
        var data = Files.createTempDirectory(Files.createDirectories(FOLDER), "stack-");
        servers = LocalServers.in(data, Ports.from(PORT_BASE));
        producer = new KafkaProducer<>(Map.of("bootstrap.servers", servers.kafkaBootstrap()), new StringSerializer(), new ByteArraySerializer());
        Files.writeString(data.resolve("token"), TOKEN + "\n");
        purge = process("purge", port, Map.of());
    }

    static Stack start() throws Exception {
        var stack = new Stack();
        try {
            stack.servers.postgres().start();
            stack.servers.kafka().start();
            stack.prepare();
            stack.purge.start();
            return stack;
        } catch (Exception e) {
            stack.close();
            throw e;
        }
    }

    private void prepare() throws Exception {
        try (var connection = connect("postgres"); var statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE demo");
        }
        try (var connection = connect("demo"); var statement = connection.createStatement()) {
            statement.execute(resource("tables.sql"));
        }
        try (var admin = Admin.create(Map.of("bootstrap.servers", servers.kafkaBootstrap()))) {
            admin.createTopics(List.of("monitors", "dashboards").stream().map(p -> new NewTopic(Topics.documents(p), 2, (short) 1)).toList()).all().get();
            admin.createTopics(List.of(new NewTopic(Topics.captureState("demo"), 1, (short) 1))).all().get();
        }
    }

    /** A purge service with some settings changed, not started. */
    ManagedProcess process(String name, int port, Map<String, String> changed) {
        return process(name, port, changed, Map.of());
    }

    /** @param added to the environment */
    ManagedProcess process(String name, int port, Map<String, String> changed, Map<String, String> added) {
        var properties = new LinkedHashMap<String, String>();
        properties.put("quarkus.http.host", "localhost");
        properties.put("quarkus.http.port", Integer.toString(port));
        properties.put("kafka.bootstrap.servers", servers.kafkaBootstrap());
        properties.put("millrace.purge.pipelines", file("monitors.yaml") + "," + file("dashboards.yaml"));
        // Nothing answers there: this stack has no search engine.
        properties.put("millrace.purge.freshness.search-url", "http://localhost:1");
        properties.put("millrace.purge.token.file", servers.data().resolve("token").toString());
        properties.putAll(changed);
        var environment = new LinkedHashMap<>(added);
        environment.putAll(Map.of("PURGE_IT_URL", servers.jdbcUrl("demo"), "PURGE_IT_USER", "reader", "PURGE_IT_PASSWORD", PASSWORD));
        return new ManagedProcess(ProcessSpec.quarkus(name, servers.data(), "128m", Path.of("target", "quarkus-app", "quarkus-run.jar"), properties, environment,
                Map.of(name, port), Readiness.http(address(port).resolve("/q/health/live"))));
    }

    URI address() {
        return address(port);
    }

    private static URI address(int port) {
        return URI.create("http://localhost:" + port);
    }

    int freePort() {
        return port + 1;
    }

    static Path file(String name) {
        return Path.of("src", "test", "resources", name).toAbsolutePath();
    }

    private static String resource(String name) throws IOException {
        return Files.readString(file(name));
    }

    Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(servers.jdbcUrl(database), LocalServers.POSTGRES_USER, LocalServers.POSTGRES_PASSWORD);
    }

    void sql(String... statements) throws SQLException {
        try (var connection = connect("demo"); var statement = connection.createStatement()) {
            for (var sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** The first row as text, its columns joined by a comma; null where there is none. */
    String row(String query, String... parameters) throws SQLException {
        try (var connection = connect("demo"); var statement = connection.prepareStatement(query)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setString(i + 1, parameters[i]);
            }
            try (var rows = statement.executeQuery()) {
                if (!rows.next()) {
                    return null;
                }
                var columns = new java.util.StringJoiner(",");
                for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                    columns.add(rows.getString(i));
                }
                return columns.toString();
            }
        }
    }

    /** As the denormalizer writes a delete. */
    void delete(String pipeline, String document, long version, long committedMicros) throws Exception {
        write(pipeline, document, null, version, committedMicros);
    }

    /** As the denormalizer writes the delete of a document of which no row has ever come. */
    void deleteAbsent(String pipeline, String document, long version, long committedMicros) throws Exception {
        producer.send(new ProducerRecord<>(Topics.documents(pipeline), null, document, null, headers(version, committedMicros).add(Headers.ABSENT, new byte[0]))).get();
    }

    private static org.apache.kafka.common.header.Headers headers(long version, long committedMicros) {
        return new RecordHeaders().add(Headers.VERSION, Headers.bytes(version)).add(Headers.COMMITTED, Headers.bytes(committedMicros));
    }

    /** As capture remembers which database it reads. */
    void captured(String system, String database) throws Exception {
        producer.send(new ProducerRecord<>(Topics.captureState("demo"), 0, "mark", ("{\"origin\":{\"system\":" + Long.parseUnsignedLong(system) + ",\"database\":" + database + ",\"timeline\":1,\"base\":0}}").getBytes())).get();
    }

    void write(String pipeline, String document, byte[] json, long version, long committedMicros) throws Exception {
        producer.send(new ProducerRecord<>(Topics.documents(pipeline), null, document, json, headers(version, committedMicros))).get();
    }

    @Override
    public void close() {
        producer.close();
        purge.stop();
        servers.stop();
    }
}
