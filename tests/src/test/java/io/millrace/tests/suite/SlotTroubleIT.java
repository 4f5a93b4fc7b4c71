package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.local.LocalServers;
import io.millrace.tests.stack.Launcher;
import io.restassured.RestAssured;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a person reads while the slot is in trouble: in capture's health, in {@code ./millrace status}, and in the console. */
@Tag("long")
class SlotTroubleIT {

    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final String FILL = "SELECT count(pg_logical_emit_message(false, 'test', repeat(md5(i::text), 30000))) FROM generate_series(1, 60) i";
    /** Of 50 MiB and more. */
    private static final Pattern KEPT = Pattern.compile("millrace_demo keeps ([5-9]\\d|[1-9]\\d\\d+) MiB of WAL in the source");

    @TempDir
    Path data;
    private Launcher launcher;
    private JsonNode status;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        launcher = new Launcher(data, Map.of());
        var up = launcher.up("--scale", "100");
        assertEquals(0, up.code(), up.output());
        status = JSON.readTree(launcher.run("status", "--json").output());
    }

    @AfterEach
    void stop() throws IOException, InterruptedException {
        signal("CONT");
        launcher.run("down");
    }

    private JsonNode process(String name) {
        return StreamSupport.stream(status.path("processes").spliterator(), false).filter(p -> p.path("name").asText().equals(name)).findFirst().orElseThrow();
    }

    private void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, process("capture").path("pid").asText()).inheritIO().start().waitFor();
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection(status.path("source").asText(), LocalServers.POSTGRES_USER, LocalServers.POSTGRES_PASSWORD);
    }

    private String get(String process, String path) {
        return RestAssured.given().baseUri(process(process).path("address").asText()).get(path).asString();
    }

    private void awaitStatus(int code, Pattern part) {
        Awaitility.await().atMost(SOON).untilAsserted(() -> {
            var ran = launcher.run("status");
            assertTrue(ran.code() == code && part.matcher(ran.output()).find(), () -> "status ends with " + code + " and says " + part + ", not with " + ran.code() + ": " + ran.output());
        });
    }

    @Test
    void aSlotThatGrowsWhileCaptureIsAwayAndOneThatIsDroppedAreToldEverywhereAndMended() throws Exception {
        signal("STOP");
        try (var connection = connect(); var statement = connection.createStatement()) {
            statement.execute(FILL);
        }
        awaitStatus(3, Pattern.compile("capture is down: does not answer"));
        awaitStatus(3, KEPT);
        signal("CONT");
        awaitStatus(0, Pattern.compile("Nothing needs a person"));

        try (var connection = connect(); var statement = connection.createStatement()) {
            Awaitility.await().atMost(SOON).ignoreExceptions().until(() -> {
                statement.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 'millrace_demo' AND active");
                return statement.execute("SELECT pg_drop_replication_slot('millrace_demo')");
            });
            statement.execute("UPDATE monitor SET name = 'while there was no slot' WHERE id = (SELECT min(id) FROM monitor)");
        }
        var said = Pattern.compile("The replication slot millrace_demo is gone, though it was read until|it stands in a replication slot that was made anew or moved by somebody else");
        Awaitility.await().atMost(SOON).untilAsserted(() -> assertTrue(said.matcher(get("capture", "/q/health/ready")).find(), () -> get("capture", "/q/health/ready")));
        awaitStatus(3, said);
        awaitStatus(3, Pattern.compile("\\./millrace recover demo"));
        var live = JSON.readTree(get("console", "/api/live")).path("stages").path(0);
        assertEquals("capture waiting", live.path("name").asText() + " " + live.path("state").asText());
        assertTrue(said.matcher(live.path("reason").asText()).find(), live.toString());

        var recovered = launcher.run("recover", "demo");
        assertEquals(0, recovered.code(), recovered.output());
        awaitStatus(0, Pattern.compile("Nothing needs a person"));
        var verified = launcher.run("verify", "monitors");
        assertTrue(verified.code() == 0 && verified.output().contains("agrees"), verified.output());
    }
}
