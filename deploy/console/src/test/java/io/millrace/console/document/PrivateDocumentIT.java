package io.millrace.console.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.local.LocalServers;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the packaged console tells of private columns, of real documents and rows: one that everybody may read, and one that asks for a token. */
@Timeout(300)
class PrivateDocumentIT {

    /** In the row. */
    private static final String MARKER = "quixotry@example.org";
    /** In the index, which differs. */
    private static final String OTHER = "zugzwang@example.org";
    private static final String TOKEN = "the console's token";
    private static final String FILE = """
            millrace: 1
            name: people
            source: {name: demo, url: {env: U}, user: {env: V}, password: {env: W}}
            tables:
              public.person: {private: [email]}
              public.note: {private: [body]}
            document:
              root: public.person
              fields: [id, name, email]
              many:
                notes: {table: public.note, join: {id: person_id}, fields: [title, body]}
                sizes: {table: public.note, join: {id: person_id}, flatten: {cast: body, to: integer}, where: {title: number}}
            """;
    private static final String ROWS = """
            CREATE TABLE person (id bigint PRIMARY KEY, name text, email text);
            CREATE TABLE note (id bigint PRIMARY KEY, person_id bigint, title text, body text);
            INSERT INTO person VALUES (1, 'Ada', '%1$s'), (2, 'Bob', 'bob');
            INSERT INTO note VALUES (1, 1, 'first', 'of %1$s'), (2, 2, 'number', '%1$s');
            """;

    @TempDir
    static Path data;
    private static LocalServers servers;
    private static ManagedProcess open;
    private static ManagedProcess guarded;
    private static URI openAddress;
    private static URI guardedAddress;

    @BeforeAll
    static void start() throws Exception {
        servers = LocalServers.in(data, Ports.free());
        servers.postgres().start();
        servers.search().start();
        try (var connection = DriverManager.getConnection(servers.jdbcUrl("postgres"), servers.postgresUser(), servers.postgresPassword()); var statement = connection.createStatement()) {
            statement.execute(ROWS.formatted(MARKER));
        }
        var document = "{\"id\": 1, \"name\": \"Ada\", \"email\": \"" + OTHER + "\", \"notes\": [{\"title\": \"first\", \"body\": \"of " + OTHER + "\"}], \"sizes\": []}";
        assertEquals(201, ask("PUT", URI.create(servers.searchUrl() + "/people/_doc/1?refresh=true"), document, null).status());
        var ports = Ports.free(2);
        openAddress = URI.create("http://localhost:" + ports.get(0));
        guardedAddress = URI.create("http://localhost:" + ports.get(1));
        open = console("console", ports.get(0), Map.of());
        guarded = console("guarded", ports.get(1), Map.of("millrace.console.token-file", Files.writeString(data.resolve("token"), TOKEN).toString()));
        open.start();
        guarded.start();
    }

    private static ManagedProcess console(String name, int port, Map<String, String> more) throws Exception {
        var properties = new HashMap<>(Map.of("quarkus.http.host", "localhost", "quarkus.http.port", Integer.toString(port), "millrace.console.pipelines", Files.writeString(data.resolve("people.yaml"), FILE).toString(),
                "millrace.console.search-url", servers.searchUrl()));
        properties.putAll(more);
        return new ManagedProcess(ProcessSpec.quarkus(name, data, "128m", Path.of("target", "quarkus-app", "quarkus-run.jar"), properties,
                Map.of("U", servers.jdbcUrl("postgres"), "V", servers.postgresUser(), "W", servers.postgresPassword()), Map.of(name, port), Readiness.http(URI.create("http://localhost:" + port + "/q/health/live"))));
    }

    @AfterAll
    static void stop() {
        for (var process : new ManagedProcess[] {open, guarded}) {
            if (process != null) {
                process.stop();
            }
        }
        servers.close();
    }

    @Test
    void whereEverybodyReadsPrivateValuesAreHiddenAndTheComparisonIsOfTheRealOnes() throws Exception {
        var document = ask("GET", openAddress.resolve("/api/pipelines/people/documents/1"), null, null);
        assertHidden(document);
        var view = new JsonMapper().readTree(document.body());
        assertEquals("differs", view.path("comparison").asText());
        assertEquals("[{\"path\":\"$.email\",\"index\":\"\\\"(private)\\\"\",\"postgres\":\"\\\"(private)\\\"\"},{\"path\":\"$.notes[0].body\",\"index\":\"\\\"(private)\\\"\",\"postgres\":\"\\\"(private)\\\"\"}]", view.path("differences").toString());
        var shown = new JsonMapper().readTree(view.path("document").asText());
        assertEquals(new JsonMapper().readTree("{\"id\":1,\"name\":\"Ada\",\"email\":\"(private)\",\"notes\":[{\"title\":\"first\",\"body\":\"(private)\"}],\"sizes\":\"(private)\"}"), shown);
        assertEquals(shown, new JsonMapper().readTree(view.path("twin").asText()));

        var found = ask("GET", openAddress.resolve("/api/pipelines/people/search?q=Ada"), null, null);
        assertHidden(found);
        assertTrue(found.body().contains("Ada") && found.body().contains("(private)"), found::body);
        var unmakeable = ask("GET", openAddress.resolve("/api/pipelines/people/documents/2"), null, null);
        assertHidden(unmakeable);
        assertTrue(unmakeable.body().contains("SQL state 22P02"), unmakeable::body);
        for (var path : new String[] {"/q/metrics", "/q/health", "/api/live"}) {
            assertHidden(ask("GET", openAddress.resolve(path), null, null));
        }
        assertHidden(new Answer(200, Files.readString(data.resolve("logs").resolve("console.log"))));
    }

    @Test
    void whoeverHasTheTokenSeesThem() throws Exception {
        assertEquals(401, ask("GET", guardedAddress.resolve("/api/pipelines/people/documents/1"), null, null).status());
        var document = ask("GET", guardedAddress.resolve("/api/pipelines/people/documents/1"), null, TOKEN);
        assertEquals(200, document.status());
        assertTrue(document.body().contains(MARKER) && document.body().contains(OTHER), document::body);
        assertTrue(ask("GET", guardedAddress.resolve("/api/pipelines/people/search?q=Ada"), null, TOKEN).body().contains(OTHER));
        assertTrue(ask("GET", guardedAddress.resolve("/api/pipelines/people/documents/2"), null, TOKEN).body().contains(MARKER));
        assertHidden(new Answer(200, Files.readString(data.resolve("logs").resolve("guarded.log"))));
    }

    private static void assertHidden(Answer answer) {
        assertFalse(answer.body().contains("quixotry") || answer.body().contains("zugzwang"), answer::body);
    }

    private record Answer(int status, String body) {}

    /** @param body null for none @param token null for none */
    private static Answer ask(String method, URI address, String body, String token) throws Exception {
        var request = HttpRequest.newBuilder(address).method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body)).header("Content-Type", "application/json");
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        try (var client = HttpClient.newHttpClient()) {
            var answer = client.send(request.build(), BodyHandlers.ofString());
            return new Answer(answer.statusCode(), answer.body());
        }
    }
}
