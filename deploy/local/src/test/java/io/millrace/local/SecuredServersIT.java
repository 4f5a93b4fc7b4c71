package io.millrace.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Servers that speak TLS alone and know who comes. */
class SecuredServersIT {

    private static final String SCHEMA = """
            {"artifactId": "a-value", "artifactType": "AVRO", "firstVersion": {"content": {"contentType": "application/json",
             "content": "{\\"type\\":\\"record\\",\\"name\\":\\"a\\",\\"fields\\":[]}"}}}""";
    private static final String READER = "reader-books";
    private static final String WRITER = "writer";

    @TempDir
    static Path folder;
    private static LocalServers servers;
    private static Keyring keyring;

    @BeforeAll
    static void startAll() {
        servers = LocalServers.secured(folder.resolve("stack"), Ports.free(), List.of(new LocalUser(WRITER, true, true), new LocalUser(READER, false, true)));
        keyring = servers.keyring().orElseThrow();
        servers.start(System.out::println);
    }

    @AfterAll
    static void stopAll() {
        servers.stop();
        assertTrue(servers.servers().stream().map(ManagedProcess::running).noneMatch(Optional::isPresent), "nothing runs any more");
    }

    @Test
    void whoSpeaksPlainIsAnsweredAtNoPort() throws Exception {
        assertEquals(7, servers.ports().byKey().size());
        for (var port : servers.ports().byKey().entrySet()) {
            for (var hello : List.of("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII), new byte[] {0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, -1, -1})) {
                var said = plain(port.getValue(), hello);
                assertFalse(said.contains("HTTP/1.1 200") || said.contains("cluster_name") || said.contains("\0\0\0\1\0\0"), () -> port.getKey() + " answers plain: " + said);
            }
        }
        var refused = assertThrows(SQLException.class, () -> postgres("jdbc:postgresql://localhost:" + servers.ports().postgres() + "/postgres?sslmode=disable", servers.postgresPassword()));
        assertTrue(refused.getMessage().contains("no encryption"), refused::getMessage);
    }

    @Test
    void whoIsUnknownIsLetInNowhere() throws Exception {
        assertTrue(assertThrows(SQLException.class, () -> postgres(servers.jdbcUrl("postgres"), LocalServers.POSTGRES_PASSWORD)).getMessage().contains("password authentication failed"));
        postgres(servers.jdbcUrl("postgres"), servers.postgresPassword());
        assertInstanceOf(SaslAuthenticationException.class, topic(WRITER, "wrong", "a"));
        for (var url : List.of(servers.registryUrl() + "/groups/default/artifacts", servers.searchUrl() + "/", servers.searchUrl() + "/_cat/indices")) {
            assertEquals(401, ask("GET", url, null, null).statusCode(), url);
            assertEquals(401, ask("GET", url, null, "Basic " + Base64.getEncoder().encodeToString("admin:admin".getBytes(StandardCharsets.UTF_8))).statusCode(), url);
            assertEquals(200, ask("GET", url, null, keyring.authorization(Keyring.ADMIN)).statusCode(), url);
        }
        assertThrows(IOException.class, () -> HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(servers.searchUrl())).build(), BodyHandlers.ofString()), "a client that does not know the authority");
    }

    @Test
    void kafkaLetsNobodyDoWhatWasNotAllowed() throws Exception {
        assertInstanceOf(TopicAuthorizationException.class, topic(WRITER, keyring.password(WRITER), "forbidden"));
        assertEquals(null, topic(Keyring.ADMIN, keyring.password(Keyring.ADMIN), "allowed"));
    }

    @Test
    void theRegistryKeepsReadersAndWriters() throws Exception {
        var artifacts = servers.registryUrl() + "/groups/default/artifacts";
        var roles = servers.registryUrl() + "/admin/roleMappings";
        for (var nobody : List.of(READER, WRITER)) {
            assertEquals(403, ask("GET", artifacts, null, keyring.authorization(nobody)).statusCode(), nobody);
            assertEquals(403, ask("POST", roles, role(nobody, "ADMIN"), keyring.authorization(nobody)).statusCode(), "nobody gives roles to himself");
        }
        assertEquals(204, ask("POST", roles, role(READER, "READ_ONLY"), keyring.authorization(Keyring.ADMIN)).statusCode());
        assertEquals(204, ask("POST", roles, role(WRITER, "DEVELOPER"), keyring.authorization(Keyring.ADMIN)).statusCode());
        assertEquals(403, ask("POST", artifacts, SCHEMA, keyring.authorization(READER)).statusCode());
        assertEquals(200, ask("POST", artifacts, SCHEMA, keyring.authorization(WRITER)).statusCode());
        assertEquals(200, ask("GET", artifacts, null, keyring.authorization(READER)).statusCode());
        assertEquals(403, ask("GET", servers.registryUrl() + "/admin/config/properties", null, keyring.authorization(WRITER)).statusCode());
    }

    @Test
    void theSearchEngineLetsARoleDoWhatStandsInItUntilItIsTakenAway() throws Exception {
        var admin = keyring.authorization(Keyring.ADMIN);
        var reader = keyring.authorization(READER);
        var search = servers.searchUrl();
        var role = search + "/_plugins/_security/api/roles/millrace-" + READER;
        for (var index : List.of("books-000001", "books-lent-000001")) {
            assertEquals(200, ask("PUT", search + "/" + index, "{\"aliases\":{\"" + index.substring(0, index.length() - 7) + "\":{}}}", admin).statusCode());
        }
        assertEquals(201, ask("PUT", search + "/books-000001/_doc/1?refresh=true", "{\"title\":\"x\"}", admin).statusCode());
        assertEquals(403, ask("GET", search + "/books/_search", null, reader).statusCode());
        assertEquals(403, ask("PUT", role, "{}", reader).statusCode(), "nobody gives roles to himself");
        assertEquals(404, ask("GET", role, null, admin).statusCode());
        assertEquals(201, ask("PUT", role, """
                {"cluster_permissions": ["indices:data/read/mget"],
                 "index_permissions": [{"index_patterns": ["books", "books-??????"], "allowed_actions": ["indices:data/read/search*", "indices:data/read/mget*"]}]}""", admin).statusCode());
        var found = ask("GET", search + "/books/_search", null, reader);
        assertTrue(found.body().contains("\"title\":\"x\""), found::body);
        assertEquals(200, ask("POST", search + "/books/_mget", "{\"ids\":[\"1\"]}", reader).statusCode());
        for (var other : List.of("GET /books-lent/_search", "GET /_search", "GET /*/_search", "GET /books*/_search", "GET /books,books-lent/_search", "GET /books-******/_search", "GET /_cat/indices", "DELETE /books-000001", "PUT /books-000001/_doc/2",
                "POST /books/_close", "GET /_cluster/settings", "POST /books-000001/_update/1")) {
            var words = other.split(" ");
            assertEquals(403, ask(words[0], search + words[1], words[0].equals("GET") ? null : "{\"doc\":{}}", reader).statusCode(), other);
        }
        var many = ask("POST", search + "/_mget", "{\"docs\":[{\"_index\":\"books-lent\",\"_id\":\"1\"}]}", reader);
        assertTrue(many.body().contains("no permissions for [indices:data/read/mget[shard]]"), many::body);
        assertEquals(200, ask("DELETE", role, null, admin).statusCode());
        assertEquals(403, ask("GET", search + "/books/_search", null, reader).statusCode());
    }

    @Test
    void whoMayMoveAnAliasMovesNoOther() throws Exception {
        var admin = keyring.authorization(Keyring.ADMIN);
        var search = servers.searchUrl();
        for (var index : List.of("songs-000001", "songs-000002", "films-000001")) {
            assertEquals(200, ask("PUT", search + "/" + index, "{}", admin).statusCode());
        }
        assertEquals(201, ask("PUT", search + "/_plugins/_security/api/roles/millrace-" + WRITER, """
                {"index_permissions": [{"index_patterns": ["songs", "songs-*"], "allowed_actions": ["indices:admin/aliases"]}]}""", admin).statusCode());
        var writer = keyring.authorization(WRITER);
        assertEquals(200, ask("POST", search + "/_aliases", actions(change("add", "songs-000001", "songs")), writer).statusCode());
        assertEquals(200, ask("POST", search + "/_aliases", actions(change("remove", "songs-000001", "songs"), change("add", "songs-000002", "songs")), writer).statusCode());
        assertEquals(403, ask("POST", search + "/_aliases", actions(change("add", "films-000001", "songs")), writer).statusCode());
        assertEquals(403, ask("POST", search + "/_aliases", actions(change("add", "songs-000001", "films")), writer).statusCode());
    }

    private static String role(String principal, String role) {
        return "{\"principalId\":\"" + principal + "\",\"role\":\"" + role + "\"}";
    }

    private static String actions(String... changes) {
        return "{\"actions\":[" + String.join(",", changes) + "]}";
    }

    private static String change(String action, String index, String alias) {
        return "{\"%s\":{\"index\":\"%s\",\"alias\":\"%s\"}}".formatted(action, index, alias);
    }

    @Test
    void aWebPageIsRefusedWhateverItSends() throws Exception {
        var request = HttpRequest.newBuilder(URI.create(servers.searchUrl() + "/_cat/indices")).header("Origin", "https://elsewhere.example").header("Authorization", keyring.authorization(Keyring.ADMIN)).build();
        try (var http = client()) {
            assertEquals(403, http.send(request, BodyHandlers.ofString()).statusCode());
        }
    }

    @Test
    void secretsAreTheirOwnersAloneAndOnNoCommandLine() throws Exception {
        var secrets = Stream.of("postgres", "registry", "broker", Keyring.ADMIN, WRITER, READER).map(keyring::password).toList();
        try (var files = Files.walk(keyring.folder())) {
            for (var file : files.filter(Files::isRegularFile).toList()) {
                assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)), file::toString);
            }
        }
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(servers.data().resolve("run").resolve("kafka.properties"))));
        for (var server : servers.servers()) {
            var line = server.running().orElseThrow().info().commandLine().orElseThrow();
            assertTrue(secrets.stream().noneMatch(line::contains), line);
        }
        try (var logs = Files.walk(servers.data().resolve("logs"))) {
            for (var log : logs.filter(Files::isRegularFile).toList()) {
                var text = Files.readString(log, StandardCharsets.ISO_8859_1);
                assertTrue(secrets.stream().noneMatch(text::contains), log::toString);
            }
        }
    }

    @Test
    void anOpenStackAndASecuredOneDoNotShareAFolder() throws Exception {
        var open = LocalServers.in(servers.data(), servers.ports());
        assertThrows(LocalException.class, open::claim);
        Files.createDirectories(folder.resolve("open").resolve("postgres"));
        var said = assertThrows(LocalException.class, () -> LocalServers.secured(folder.resolve("open"), Ports.defaults(), List.of())).getMessage();
        assertTrue(said.contains("cannot be secured afterwards"), said);
    }

    private static void postgres(String url, String password) throws SQLException {
        try (var connection = DriverManager.getConnection(url, LocalServers.POSTGRES_USER, password); var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")) {
            rows.next();
            assertTrue(rows.getBoolean(1));
        }
    }

    /** What making a topic failed of; null where it did not. */
    private static Throwable topic(String user, String password, String name) throws InterruptedException {
        var settings = new HashMap<String, Object>(keyring.kafka());
        settings.putAll(Map.of("bootstrap.servers", servers.kafkaBootstrap(), "sasl.jaas.config",
                "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"" + user + "\" password=\"" + password + "\";"));
        try (var admin = Admin.create(settings)) {
            admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all().get();
            return null;
        } catch (ExecutionException e) {
            return e.getCause();
        }
    }

    private static HttpClient client() {
        return HttpClient.newBuilder().sslContext(keyring.clients()).version(HttpClient.Version.HTTP_1_1).build();
    }

    private static HttpResponse<String> ask(String method, String url, String body, String authorization) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(url)).header("Content-Type", "application/json").timeout(Duration.ofSeconds(60)).method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        try (var http = client()) {
            return http.send(request.build(), BodyHandlers.ofString());
        }
    }

    /** What comes back for these bytes within a second. */
    private static String plain(int port, byte[] hello) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(1000);
            socket.getOutputStream().write(hello);
            var said = new byte[4096];
            try {
                int read = socket.getInputStream().read(said);
                return new String(said, 0, Math.max(0, read), StandardCharsets.ISO_8859_1);
            } catch (IOException e) {
                return "";
            }
        }
    }
}
