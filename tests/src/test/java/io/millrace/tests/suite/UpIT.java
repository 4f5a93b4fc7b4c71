package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.local.LocalServers;
import io.millrace.tests.stack.Launcher;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole command line as a user has it: the built jar, in processes of its own, over the built services. */
class UpIT {

    private static final long MOST_MEMORY = 4L << 30;
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    Path data;
    private Launcher launcher;

    @BeforeEach
    void prepare() {
        launcher = new Launcher(data, Map.of());
    }

    @AfterEach
    void stop() throws IOException, InterruptedException {
        run("down");
    }

    @Test
    void fromUpToDown() throws Exception {
        up();
        var status = status();
        assertEquals("ready", status.path("state").asText());
        assertEquals(10, pids(status).size(), "four servers, five services and the console, each a process: " + status);
        assertTrue(status.path("documents").path("monitors").asLong() > 0, status.toString());
        long memory = StreamSupport.stream(status.path("processes").spliterator(), false).mapToLong(p -> p.path("memoryBytes").asLong()).sum();
        System.out.printf("All processes take %,d MiB of memory%n", memory >> 20);
        assertTrue(memory > 0 && memory < MOST_MEMORY, () -> "all processes together take " + memory + " bytes");
        changeIsFound(status, "zanzibar");
        Awaitility.await("the console has looked twice, and status says what every service takes in").atMost(Duration.ofSeconds(60)).until(() -> StreamSupport.stream(status().path("processes").spliterator(), false)
                .filter(p -> p.path("kind").asText().equals("service")).allMatch(p -> p.path("recordsPerSecond").isNumber()));

        var second = run("up", "--detach");
        assertEquals(1, second.code());
        assertTrue(second.output().contains("already runs on " + data), second.output());
        leavesNothing(status);
    }

    private void leavesNothing(JsonNode status) throws IOException, InterruptedException {
        var down = run("down");
        assertEquals(0, down.code(), down.output());
        Awaitility.await("everything has been stopped: " + down.output()).atMost(Duration.ofSeconds(60)).until(() -> pids(status).stream().noneMatch(pid -> ProcessHandle.of(pid).isPresent()));
    }

    @Tag("long")
    @Test
    void aKilledSupervisorLeavesNothingInTheWayOfTheNext() throws Exception {
        up();
        var status = status();
        LocalServers.owner(data).orElseThrow().destroyForcibly();
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> LocalServers.owner(data).isEmpty());
        var alone = run("status");
        assertEquals(3, alone.code(), alone.output());
        assertTrue(alone.output().contains("Millrace is unsupervised") && alone.output().contains("supervisor is gone") && alone.output().contains("./millrace up --data " + data), alone.output());
        up();
        var again = status();
        var both = new HashSet<>(pids(status));
        both.retainAll(pids(again));
        assertTrue(both.isEmpty(), "nothing of the killed run is left: " + both);
        changeIsFound(again, "zeppelin");
        leavesNothing(again);
    }

    @Tag("long")
    @Test
    void theQuarantineIsSeenAndDecidedFromTheCommandLine() throws Exception {
        up();
        var table = "demo.public.tag";
        assertSays("Nothing is parked.", "quarantine", "list");
        assertSays("The table is parked", "quarantine", "hold", table, "--reason", "a look", "--by", "a test");
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> run("status").output().contains(table + " is parked"));
        var status = run("status", "--json");
        assertEquals(3, status.code(), status.output());
        assertTrue(StreamSupport.stream(JSON.readTree(status.output()).path("needs").spliterator(), false).anyMatch(need -> need.path("command").asText().equals("quarantine show " + table)), status.output());
        assertEquals("parked", JSON.readTree(run("quarantine", "list", "--json").output()).path(0).path("state").asText());
        assertSays(table + " ", "quarantine", "list");
        assertSays("a test): a look", "quarantine", "show", table);
        var refused = run("quarantine", "accept", table, "--reason", "x");
        assertEquals(1, refused.code());
        assertTrue(refused.output().contains("is parked for 'held'"), refused.output());
        var counted = run("quarantine", "discard", table, "--count", "77", "--reason", "x");
        assertTrue(counted.code() == 1 && counted.output().contains("has 0 records in quarantine, not 77"), counted.output());
        assertSays("The queued records are being replayed", "quarantine", "replay", table, "--reason", "seen");
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> run("quarantine", "list").output().contains("Nothing is parked."));
        assertSays("refused", "demo", "traffic", "--rate", "20", "--seconds", "2");
        var full = run("demo", "load");
        assertTrue(full.code() == 1 && full.output().contains("has rows"), full.output());
    }

    @Tag("long")
    @Test
    void aCopyOfTheTablesIsKeptWhereItIsAskedFor() throws Exception {
        var up = launcher.up("--scale", "200", "--with", "connect");
        assertEquals(0, up.code(), up.output());
        assertTrue(up.output().contains("/replica'"), up.output());
        var status = status();
        var worker = StreamSupport.stream(status.path("processes").spliterator(), false).filter(p -> p.path("name").asText().equals("connect")).findFirst().orElseThrow();
        assertEquals("up", worker.path("state").asText(), status.toString());
        changeIsFound(status, "zanzibar");
        var source = status.path("source").asText();
        var copy = source.substring(0, source.lastIndexOf('/')) + "/replica";
        Awaitility.await("the copy has the change").atMost(Duration.ofSeconds(90)).until(() -> named(copy, "zanzibar") == 1);
        assertEquals(11, pids(status).size(), status.toString());

        execute(copy, "ALTER TABLE monitor DROP CONSTRAINT monitor_pkey");
        changeIsFound(status, "zeppelin");
        Awaitility.await("status tells of the failed task").atMost(Duration.ofSeconds(90)).until(() -> {
            var said = run("status");
            return said.code() == 3 && said.output().contains("of replica-public has failed");
        });
        execute(copy, "ALTER TABLE monitor ADD PRIMARY KEY (id)");
        Awaitility.await("the task is started again").atMost(Duration.ofSeconds(90)).until(() -> named(copy, "zeppelin") == 1);
        leavesNothing(status);
    }

    private static void execute(String database, String sql) throws SQLException {
        try (var connection = DriverManager.getConnection(database, LocalServers.POSTGRES_USER, LocalServers.POSTGRES_PASSWORD); var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static long named(String database, String name) throws SQLException {
        try (var connection = DriverManager.getConnection(database, LocalServers.POSTGRES_USER, LocalServers.POSTGRES_PASSWORD); var statement = connection.prepareStatement("SELECT count(*) FROM monitor WHERE name = ?")) {
            statement.setString(1, name);
            try (var row = statement.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    private void assertSays(String words, String... arguments) throws IOException, InterruptedException {
        var ran = run(arguments);
        assertEquals(0, ran.code(), ran.output());
        assertTrue(ran.output().contains(words), ran.output());
    }

    private void up() throws IOException, InterruptedException {
        var up = launcher.up("--scale", "200");
        System.out.println(up.output());
        assertEquals(0, up.code(), up.output());
    }

    private JsonNode status() throws IOException, InterruptedException {
        return JSON.readTree(run("status", "--json").output());
    }

    private static List<Long> pids(JsonNode status) {
        return StreamSupport.stream(status.path("processes").spliterator(), false).map(p -> p.path("pid").asLong()).filter(pid -> pid > 0).distinct().toList();
    }

    private static void changeIsFound(JsonNode status, String name) throws SQLException {
        try (var connection = DriverManager.getConnection(status.path("source").asText(), LocalServers.POSTGRES_USER, LocalServers.POSTGRES_PASSWORD);
                var statement = connection.prepareStatement("UPDATE monitor SET name = ? WHERE id = (SELECT min(id) FROM monitor)")) {
            statement.setString(1, name);
            assertEquals(1, statement.executeUpdate());
        }
        var search = StreamSupport.stream(status.path("processes").spliterator(), false).filter(p -> p.path("name").asText().equals("search")).findFirst().orElseThrow();
        var query = URI.create(search.path("address").asText() + "/monitors/_search?q=name:" + name);
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> hits(query) == 1);
    }

    private static long hits(URI query) throws IOException, InterruptedException {
        try (var client = HttpClient.newHttpClient()) {
            return JSON.readTree(client.send(HttpRequest.newBuilder(query).build(), BodyHandlers.ofString()).body()).path("hits").path("total").path("value").asLong();
        }
    }

    private Launcher.Ran run(String... arguments) throws IOException, InterruptedException {
        return launcher.run(arguments);
    }
}
