package io.millrace.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalServersIT {

    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final String SCHEMA = """
            {"artifactId": "a-value", "artifactType": "AVRO", "firstVersion": {"content": {"contentType": "application/json",
             "content": "{\\"type\\":\\"record\\",\\"name\\":\\"a\\",\\"fields\\":[]}"}}}""";

    @TempDir
    static Path folder;
    private static LocalServers servers;

    @BeforeAll
    static void startAll() {
        servers = LocalServers.in(folder.resolve("stack"), Ports.free());
        servers.start(System.out::println);
    }

    @AfterAll
    static void stopAll() {
        servers.stop();
        assertTrue(servers.servers().stream().map(ManagedProcess::running).noneMatch(Optional::isPresent), "nothing runs any more");
    }

    @Test
    void postgresKeepsItsRowsThroughKillAndIsReadyForLogicalReplication() throws SQLException {
        sql("CREATE TABLE kept (id int)");
        sql("INSERT INTO kept VALUES (7)");
        servers.postgres().kill();
        servers.postgres().start();
        assertEquals("7", sql("SELECT id FROM kept"));
        assertEquals("logical", sql("SHOW wal_level"));
    }

    @Test
    void kafkaKeepsItsRecordsThroughKill() throws Exception {
        var bootstrap = Map.<String, Object>of("bootstrap.servers", servers.kafkaBootstrap());
        try (var admin = Admin.create(bootstrap)) {
            admin.createTopics(List.of(new NewTopic("kept", 1, (short) 1))).all().get();
        }
        try (var producer = new KafkaProducer<>(bootstrap, new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>("kept", "k", "v")).get();
        }
        servers.kafka().kill();
        servers.kafka().start();
        try (var consumer = new KafkaConsumer<>(bootstrap, new StringDeserializer(), new StringDeserializer())) {
            var partition = new TopicPartition("kept", 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            var values = new ArrayList<String>();
            for (int i = 0; i < 60 && values.isEmpty(); i++) {
                consumer.poll(Duration.ofSeconds(1)).forEach(r -> values.add(r.value()));
            }
            assertEquals(List.of("v"), values);
        }
    }

    @Test
    void theRegistryKeepsItsSchemaIdsThroughKill() throws Exception {
        var answer = call("POST", servers.registryUrl() + "/groups/default/artifacts", SCHEMA);
        assertTrue(answer.contains("\"contentId\":"), answer);
        var id = answer.replaceAll("(?s).*\"contentId\":(\\d+).*", "$1");
        servers.registry().kill();
        servers.registry().start();
        assertTrue(call("GET", servers.registryUrl() + "/ids/contentIds/" + id, null).contains("\"record\""));
    }

    @Test
    void aWebPageReachesNoIndexByItsOwnNameNorByARebornOne() throws Exception {
        call("PUT", servers.searchUrl() + "/guarded/_doc/1?refresh=true", "{}");
        assertEquals(403, raw("POST /guarded/_close HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nContent-Length: 0"), "a page's request");
        assertEquals(403, raw("POST /guarded/_close HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\nContent-Length: 0"), "a page without an origin");
        assertEquals(403, raw("GET /guarded/_doc/1 HTTP/1.1\r\nHost: evil.example:" + servers.ports().search()), "a name that was made to lead here");
        for (var host : List.of("localhost:" + servers.ports().search(), "127.0.0.1", "[::1]:1")) {
            assertEquals(200, raw("GET /guarded/_doc/1 HTTP/1.1\r\nHost: " + host), host);
        }
        assertEquals(200, raw("GET /guarded/_doc/1 HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:3000"), "a page of this machine");
    }

    @Test
    void aWebPageAddsNoSchema() throws Exception {
        for (var origin : List.of("https://evil.example", "null", "http://localhost:3000")) {
            assertEquals(403, raw(servers.ports().registry(), "POST /apis/registry/v3/groups HTTP/1.1\r\nHost: localhost\r\nOrigin: " + origin + "\r\nContent-Length: 0"), origin);
        }
    }

    private static int raw(String request) throws IOException {
        return raw(servers.ports().search(), request);
    }

    /** The status of an answer; a client of Java's library would not let Host and Origin be set. */
    private static int raw(int port, String request) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write((request + "\r\nConnection: close\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            var answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return Integer.parseInt(answer.split(" ", 3)[1]);
        }
    }

    @Test
    void nobodyElseOnThisMachineReadsTheData() throws IOException {
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(servers.data())));
    }

    @Test
    void searchKeepsItsDocumentsThroughKill() throws Exception {
        call("PUT", servers.searchUrl() + "/kept/_doc/1?refresh=true", "{\"name\": \"kept\"}");
        servers.search().kill();
        servers.search().start();
        assertTrue(call("GET", servers.searchUrl() + "/kept/_doc/1", null).contains("\"found\":true"));
    }

    @Test
    void aSecondOwnerOfTheFolderIsRefusedAndToldWhoRunsIt() {
        var failure = assertThrows(LocalException.class, () -> LocalServers.in(servers.data(), Ports.free()).start());
        assertTrue(failure.getMessage().contains(", process " + ProcessHandle.current().pid()), failure.getMessage());
    }

    @Test
    void aTakenPortStopsTheStartAndLeavesNothingRunning() throws IOException {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                var other = LocalServers.in(folder.resolve("taken"), Ports.free().with("postgres", taken.getLocalPort()))) {
            var failure = assertThrows(LocalException.class, other::start);
            assertTrue(failure.getMessage().contains("Port " + taken.getLocalPort() + " for postgres"), failure.getMessage());
            assertTrue(other.servers().stream().map(ManagedProcess::running).noneMatch(Optional::isPresent));
        }
    }

    @Test
    void aDataFolderOfAnotherVersionIsRefusedAndKept() throws IOException {
        var data = Files.createDirectories(folder.resolve("old"));
        Files.writeString(Files.createDirectories(data.resolve("postgres")).resolve("PG_VERSION"), "17\n");
        try (var old = LocalServers.in(data, Ports.free())) {
            var failure = assertThrows(LocalException.class, () -> old.postgres().start());
            assertTrue(failure.getMessage().contains("made by PostgreSQL 17"), failure.getMessage());
        }
        assertTrue(Files.exists(data.resolve("postgres").resolve("PG_VERSION")));

        Files.writeString(data.resolve("layout"), "999\n");
        try (var old = LocalServers.in(data, Ports.free())) {
            assertTrue(assertThrows(LocalException.class, old::start).getMessage().contains("layout 999"));
        }
    }

    @Test
    void aHalfMadeDataFolderOfACrashedFirstStartIsMadeAgain() throws IOException {
        var data = folder.resolve("half");
        Files.writeString(Files.createDirectories(data.resolve("postgres.new")).resolve("PG_VERSION"), "18\n");
        try (var half = LocalServers.in(data, Ports.free())) {
            half.postgres().start();
            assertTrue(half.postgres().isReady());
        }
    }

    private static String sql(String statement) throws SQLException {
        try (var connection = DriverManager.getConnection(servers.jdbcUrl("postgres"), servers.postgresUser(), servers.postgresPassword());
                var s = connection.createStatement()) {
            if (!s.execute(statement)) {
                return null;
            }
            var rows = s.getResultSet();
            assertTrue(rows.next(), "a row for: " + statement);
            return rows.getString(1);
        }
    }

    private static String call(String method, String uri, String body) throws IOException, InterruptedException {
        var publisher = body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        return HTTP.send(HttpRequest.newBuilder(URI.create(uri)).header("Content-Type", "application/json").method(method, publisher).build(), BodyHandlers.ofString()).body();
    }
}
