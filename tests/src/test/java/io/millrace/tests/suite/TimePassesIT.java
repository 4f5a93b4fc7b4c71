package io.millrace.tests.suite;

import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.comparison.Json;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Documents leave because time passes, a verification knows why, and neither a change of an old row nor a generation built anew brings them back. */
@Tag("long")
@ExtendWith(SharedStack.class)
class TimePassesIT {

    private static final List<Stage> READERS = List.of(Stage.DENORMALIZER, Stage.INDEXER, Stage.PURGE);
    private static final String FILE = """
            millrace: 1
            name: kept
            source: {name: demo, url: {env: MILLRACE_SOURCE_URL}, user: {env: MILLRACE_SOURCE_USER}, password: {env: MILLRACE_SOURCE_PASSWORD}}
            document:
              root: public.monitor
              where: {id: {below: -2000000}}
              fields: [id, name]
            index: {name: kept}
            retention: {column: modified, keep: 1 hour, hold: 60 %}
            """;
    /** Below all that traffic and other suites pick from. */
    private static final String ROWS = """
            INSERT INTO public.monitor (id, organisation_id, name, query, status, type, created, modified)
            SELECT -2000000 - n, 1, 'kept ' || n, 'q', 'ok', 'metric', now(), CASE WHEN n > 10 THEN now() ELSE now() - interval '1 hour' + interval '15 seconds' END FROM generate_series(1, 20) n""";

    private final DemoStack stack;

    TimePassesIT(DemoStack stack) {
        this.stack = stack;
    }

    @Test
    void whatIsOldLeavesByTimeAloneAndComesBackOnlyWithAChangeInsideOfTheRetention() throws Exception {
        stack.settled().await();
        var file = Files.writeString(stack.pipelines().resolve("kept.yaml"), FILE);
        var later = stack.pipelines().resolve("kept-2.yaml");
        try {
            stack.provision();
            stack.restart(READERS);
            change(ROWS);
            patience("all are there").until(() -> stack.index().count("kept") == 20);
            leavesWithTime();
            comesBack();
            aLaterGenerationDoesNotShowIt(later);
        } finally {
            change("DELETE FROM public.monitor WHERE id < -2000000");
            remove(file);
            remove(later);
            stack.restart(READERS);
        }
        stack.settled().await();
    }

    private void leavesWithTime() throws Exception {
        var run = Awaitility.await("ten are an hour old").pollInterval(Duration.ofSeconds(1)).atMost(Duration.ofMinutes(1))
                .until(() -> purge().post("/pipelines/kept/retention").then().extract(), answer -> answer.statusCode() == 202).<String>path("id");
        killedBeforeItsEndIsNoted(run);
        patience("they have left").until(() -> stack.index().count("kept") == 10);
        patience("the run says so").untilAsserted(() -> purge().get("/retention-runs/" + run).then().statusCode(200).body("state", equalTo("carried-out")).body("impact.leaving", equalTo(10)));
        assertEquals(1, orders(), "and it was ordered once");
        agrees("kept", 10);
    }

    /** The service that is to note that a run is carried out waits for a lock of the test's there. */
    private void killedBeforeItsEndIsNoted(String run) throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("SELECT FROM millrace.retention_run WHERE id = '" + run + "' FOR UPDATE");
            patience("its end is about to be noted").until(() -> count("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE millrace.retention_run%'") > 0);
            stack.process(Stage.PURGE).kill();
            // Postgres would still carry out what a process that is gone has told it, once the lock is free.
            statement.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE millrace.retention_run%'");
            connection.rollback();
        }
        stack.process(Stage.PURGE).start();
    }

    /** Those as of which something left; the first of a pipeline says which rules hold. */
    private int orders() throws SQLException {
        return count("SELECT count(*) FROM millrace.retention_run WHERE pipeline = 'kept' AND state = 'carried-out' AND leaving > 0");
    }

    private int count(String query) throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement(); var row = statement.executeQuery(query)) {
            row.next();
            return row.getInt(1);
        }
    }

    private void comesBack() throws Exception {
        change("UPDATE public.monitor SET name = 'old still' WHERE id = -2000001");
        change("UPDATE public.monitor SET modified = now() WHERE id = -2000002");
        patience("one comes back").until(() -> stack.index().count("kept") == 11);
        assertTrue(stack.index().get("kept", "-2000001") == null && stack.index().get("kept", "-2000002") != null, "which one");
        agrees("kept", 11);
    }

    private void aLaterGenerationDoesNotShowIt(Path later) throws Exception {
        var before = behindAlias();
        Files.writeString(later, FILE.replace("name: kept\nsource", "name: kept-2\nreplaces: [kept]\nsource").replace("[id, name]", "[id, {title: name}]"));
        stack.provision();
        stack.restart(READERS);
        var seen = new TreeSet<Long>();
        Awaitility.await("the alias moves").pollInterval(Duration.ofMillis(50)).atMost(Duration.ofMinutes(2)).until(() -> {
            seen.add(old("kept-*"));
            return !behindAlias().equals(before);
        });
        seen.add(old("kept-*"));
        assertEquals(List.of(0L), List.copyOf(seen), "what has left is in no index, not for a moment");
        agrees("kept-2", 11);
    }

    /** How many of the nine that are to stay away are there. */
    private long old(String indexes) {
        var found = stack.index().ask("POST", "/" + indexes + "/_count", "{\"query\":{\"terms\":{\"id\":[-2000001,-2000003,-2000004,-2000005,-2000006,-2000007,-2000008,-2000009,-2000010]}}}");
        return Long.parseLong(found.get("count").asText());
    }

    private void agrees(String pipeline, int documents) throws IOException {
        var id = purge().body("{}").post("/pipelines/" + pipeline + "/verifications").then().statusCode(202).extract().<String>path("id");
        patience("the verification ends").untilAsserted(() -> purge().get("/verifications/" + id).then().statusCode(200).body("state", equalTo("agrees")).body("documents", equalTo(documents)));
    }

    private static void remove(Path file) throws IOException {
        Files.deleteIfExists(file);
    }

    private String behindAlias() {
        return stack.index().ask("GET", "/_alias/kept", null) instanceof Json.Members(var members) ? String.join(",", members.keySet()) : "";
    }

    private void change(String sql) throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.executeUpdate(sql);
        }
    }

    private RequestSpecification purge() throws IOException {
        return RestAssured.given().baseUri(stack.address(Stage.PURGE).toString()).contentType(ContentType.JSON).header("Authorization", "Bearer " + Files.readString(stack.stack().token()).strip());
    }

    private static ConditionFactory patience(String what) {
        return Awaitility.await(what).pollInterval(Duration.ofMillis(200)).atMost(Duration.ofMinutes(3));
    }
}
