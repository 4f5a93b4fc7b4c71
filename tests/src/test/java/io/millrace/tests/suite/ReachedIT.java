package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.path.json.JsonPath;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** GET /pipelines/{p}/freshness says yes only when a search finds the change, and then soon. */
@ExtendWith(SharedStack.class)
class ReachedIT {

    private static final int CHANGES = 12;
    /** Below all that traffic picks from. */
    private static final long ID = -1;

    private final DemoStack stack;

    ReachedIT(DemoStack stack) {
        this.stack = stack;
    }

    @BeforeEach
    void aMonitor() throws SQLException {
        change("INSERT INTO public.monitor (id, organisation_id, name, query, status, type, created, modified) VALUES (" + ID + ", 1, 'reached', 'reached', 'ok', 'metric', now(), now())");
        stack.settled().await();
    }

    @AfterEach
    void noMonitor() throws SQLException {
        change("DELETE FROM public.monitor WHERE id = " + ID);
    }

    private void change(String sql) throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.executeUpdate(sql);
        }
    }

    @Test
    @Tag("long")
    void whenItSaysYesASearchFindsTheChangeAlsoUnderLoad() throws Exception {
        var waited = new ArrayList<Long>();
        try (var connection = stack.connect(); var traffic = BackgroundTraffic.start(stack, 401, 100)) {
            for (int i = 0; i < CHANGES; i++) {
                var needle = "reached" + System.nanoTime();
                var position = renamed(connection, needle);
                var answer = yes(position);
                assertEquals(List.of(Long.toString(ID)), found(needle), "found at once");
                waited.add(answer.getLong("waitedMillis"));
            }
            traffic.stop();
        }
        waited.sort(null);
        System.out.printf("freshness under load: yes after median %d ms, slowest %d ms of %d%n", waited.get(CHANGES / 2), waited.getLast(), CHANGES);
    }

    @Test
    void itIsNotSaidBeforeAChangeIsSpreadToEveryDocumentThatShowsIt() throws Exception {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            for (int i = 0; i < 4; i++) {
                var needle = "spread" + System.nanoTime();
                statement.executeUpdate("UPDATE public.organisation SET name = '" + needle + "' WHERE id = (SELECT organisation_id FROM public.monitor GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)");
                yes(position(connection));
                long expected;
                try (var row = statement.executeQuery("SELECT count(*) FROM public.monitor m JOIN public.organisation o ON o.id = m.organisation_id WHERE o.name = '" + needle + "'")) {
                    row.next();
                    expected = row.getLong(1);
                }
                assertTrue(expected > 32, () -> "enough documents to be spread as a job of its own");
                var hits = stack.index().ask("POST", "/monitors/_count", "{\"query\":{\"match\":{\"organisation.name\":\"" + needle + "\"}}}");
                assertEquals(Long.toString(expected), hits.get("count").asText());
            }
        }
    }

    @ParameterizedTest
    @Tag("long")
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = {"PURGE", "CONSOLE"})
    void whileAStageIsPausedItSaysNoAndWhichOneAndYesSoonAfter(Stage stage) throws Exception {
        try (var connection = stack.connect()) {
            stack.signal(stage, "STOP");
            String needle = "paused" + System.nanoTime();
            var position = renamed(connection, needle);
            try {
                var name = Map.of(Stage.CAPTURE, "capture", Stage.GATE, "gate", Stage.DENORMALIZER, "join", Stage.INDEXER, "index").get(stage);
                var no = Awaitility.await("the change has come to the stage that is paused").atMost(Duration.ofSeconds(10)).until(() -> ask(position, "1s"), a -> a.getBoolean("fresh") || a.getString("stage").equals(name));
                assertFalse(no.getBoolean("fresh"), no::prettify);
                assertFalse(no.getString("reason").isEmpty());
                assertEquals(List.of(), found(needle));
            } finally {
                stack.signal(stage, "CONT");
            }
            yes(position);
            assertEquals(List.of(Long.toString(ID)), found(needle));
        }
    }

    @Test
    void aParkedTableIsTheReasonUntilItIsReplayed() throws Exception {
        try (var connection = stack.connect()) {
            decide("hold");
            var needle = "parked" + System.nanoTime();
            var position = renamed(connection, needle);
            var no = Awaitility.await("the gate has parked the change").atMost(Duration.ofSeconds(60)).until(() -> ask(position, "500ms"), a -> a.getString("reason") == null || a.getString("reason").contains("quarantine"));
            assertFalse(no.getBoolean("fresh"), no::prettify);
            assertEquals("gate", no.getString("stage"));
            assertTrue(no.getString("reason").contains("demo.public.monitor"), no::prettify);
            decide("replay");
            yes(position);
            assertEquals(List.of(Long.toString(ID)), found(needle));
        }
    }

    @Test
    void whatCannotBeAnsweredIsRefusedWithTheReason() throws Exception {
        assertTrue(ask("FFFF/0", "0s").getString("reason").contains("log ends at"));
        api(Stage.PURGE).get("/pipelines/nobody/freshness?position=0/1").then().statusCode(404);
        api(Stage.PURGE).get("/pipelines/monitors/freshness?position=here").then().statusCode(400);
        api(Stage.PURGE).get("/pipelines/monitors/freshness?position=0/1&wait=1h").then().statusCode(400);
        RestAssured.given().baseUri(stack.address(Stage.PURGE).toString()).get("/pipelines/monitors/freshness?position=0/1").then().statusCode(401);
    }

    private String renamed(Connection connection, String needle) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE public.monitor SET name = '" + needle + "' WHERE id = " + ID);
        }
        return position(connection);
    }

    private static String position(Connection connection) throws SQLException {
        try (var statement = connection.createStatement(); var row = statement.executeQuery("SELECT pg_current_wal_insert_lsn()::text")) {
            row.next();
            return row.getString(1);
        }
    }

    private List<String> found(String needle) {
        return stack.index().search("monitors", "{\"match\":{\"name\":\"" + needle + "\"}}");
    }

    private JsonPath ask(String position, String wait) throws IOException {
        return api(Stage.PURGE).queryParam("position", position).queryParam("wait", wait).get("/pipelines/monitors/freshness").then().statusCode(200).extract().jsonPath();
    }

    /** The answer that says yes, however long a busy machine takes. */
    private JsonPath yes(String position) {
        var last = new AtomicReference<JsonPath>();
        Awaitility.await("the index reaches " + position).atMost(Duration.ofMinutes(3)).untilAsserted(() -> {
            last.set(ask(position, "20s"));
            assertTrue(last.get().getBoolean("fresh"), last.get()::prettify);
        });
        return last.get();
    }

    private void decide(String what) throws IOException {
        api(Stage.GATE).body("{\"reason\":\"to see freshness say no\"}").post("/quarantine/demo.public.monitor/" + what).then().statusCode(200);
    }

    private RequestSpecification api(Stage stage) throws IOException {
        return RestAssured.given().baseUri(stack.address(stage).toString()).contentType(ContentType.JSON)
                .header("Authorization", "Bearer " + Files.readString(stack.stack().token()).strip());
    }
}
