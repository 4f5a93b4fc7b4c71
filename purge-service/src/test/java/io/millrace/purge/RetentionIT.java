package io.millrace.purge;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.retention.RetentionOrder;
import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.awaitility.core.ConditionFactory;
import org.hamcrest.Matcher;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** What is decided about retention, by a clock of the test's own: the role finds it before Postgres's. That documents leave is shown where the join is. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RetentionIT {

    private static final String RETENTION = "/pipelines/visits/retention";
    private static final String PROBLEM = "application/problem+json";
    private static final String TABLES = """
            CREATE TABLE public.team (id int PRIMARY KEY, name text, keep_days int);
            CREATE TABLE public.visit (id bigint PRIMARY KEY, team_id int, status text, modified timestamptz);
            GRANT SELECT ON public.team, public.visit TO reader;
            CREATE SCHEMA clock;
            CREATE TABLE clock.now (at timestamptz);
            INSERT INTO clock.now VALUES ('2025-12-13 00:00+00');
            CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT at FROM clock.now';
            GRANT USAGE ON SCHEMA clock TO reader;
            GRANT SELECT ON clock.now TO reader;
            ALTER ROLE reader SET search_path = clock, pg_catalog, public;
            INSERT INTO public.team VALUES (1, 'keeps a week', 7), (2, 'says nothing', NULL);
            INSERT INTO public.visit SELECT n, 1 + n % 3, CASE n % 4 WHEN 0 THEN 'closed' WHEN 1 THEN 'hidden' ELSE 'open' END, timestamptz '2026-01-01 00:00+00' - n * interval '7 hours' FROM generate_series(1, 100) n""";
    /** The same as the file, in words of the test's own. */
    private static final String PAST = """
            SELECT count(*) FROM public.visit v LEFT JOIN public.team t ON t.id = v.team_id, (SELECT timestamptz '%s' AS at)
            WHERE v.status <> 'hidden' AND (v.modified + coalesce(t.keep_days * interval '1 day', interval '13 months') <= at OR v.status = 'closed' AND v.modified + interval '30 days' <= at)""";
    private static final int ALL = 75;

    private static Stack stack;
    private static Callers callers;
    private static ManagedProcess keeper;

    @BeforeAll
    static void start() throws Exception {
        stack = Stack.start();
        sql(TABLES);
        callers = new Callers();
        var settings = new HashMap<>(callers.settings());
        settings.putAll(Map.of("millrace.purge.pipelines", Stack.file("visits.yaml").toString(), "millrace.purge.group", "keeper", "millrace.purge.retention.every", "20d", "millrace.purge.retention.second-person", "true"));
        keeper = stack.process("keeper", stack.freePort(), settings);
    }

    @AfterAll
    static void stop() {
        keeper.stop();
        stack.close();
    }

    @Test
    @Order(1)
    void aDryRunCountsAndNamesWhatWouldLeaveAndDoesNothing() throws Exception {
        keeper.start();
        patience().until(() -> orders().equals("1,1"));
        int before = past("2025-12-13");
        sql("UPDATE clock.now SET at = '2026-01-01 00:00:01+00'");
        int leaving = past("2026-01-01 00:00:01+00") - before;
        assertTrue(leaving > 5 && leaving < (ALL - before) / 2, "the rows are not worth looking at: " + leaving);
        operator().get(RETENTION).then().statusCode(200).body("impact.leaving", equalTo(leaving)).body("impact.shown", equalTo(ALL - before)).body("leaving.size()", equalTo(10)).body("held", equalTo(false))
                .body("waiting", nullValue()).body("holding", equalTo(List.of("13 months after modified, or as many days as team.keep_days says", "30 days after modified when status in closed")));
        assertEquals("1,1", orders(), "the first order says which rules hold; a dry run says nothing");
        anybody().get(RETENTION).then().statusCode(401);
        anybody().post(RETENTION).then().statusCode(401);
        refused(operator().get("/pipelines/unheard/retention").then(), 404, "known are visits");
        refused(operator().post("/pipelines/unheard/retention").then(), 404, "known are visits");
    }

    @Test
    @Order(2)
    void aRunIsOrderedOnceAndTheAuditHasWhoAndHowMany() throws Exception {
        pass("1 second");
        int past = past("2026-01-01 00:00:02+00");
        var id = operator().post(RETENTION).then().statusCode(202).body("state", equalTo("ordered")).body("impact.leaving", equalTo(past - past("2025-12-13"))).body("requestedBy", equalTo("token")).extract().<String>path("id");
        operator().get("/retention-runs/" + id).then().statusCode(200).body("asOf", equalTo("2026-01-01T00:00:02Z"));
        var order = RetentionOrder.parse(stack.row("SELECT payload FROM millrace.outboxevent WHERE type = 'retain' AND aggregatetype = 'visits' ORDER BY \"timestamp\" DESC LIMIT 1"));
        assertEquals(Instant.parse("2026-01-01T00:00:02Z"), order.asOf());
        assertEquals(2, order.rules().size());
        pass("1 second");
        operator().post(RETENTION).then().statusCode(204);
        operator().get(RETENTION).then().body("impact.leaving", equalTo(0)).body("impact.shown", equalTo(ALL - past)).body("heldAsOf", equalTo("2026-01-01T00:00:02Z"));
        sql("UPDATE public.team SET keep_days = 3000 WHERE id = 1");
        operator().get(RETENTION).then().body("impact.leaving", equalTo(0)).body("impact.returning", equalTo(0));
        sql("UPDATE public.team SET keep_days = 7 WHERE id = 1");
        assertEquals("2,2", orders());
    }

    @Test
    @Order(3)
    void whatIsDueWithTimeIsOrderedThoughNoRowChanges() throws Exception {
        pass("21 days");
        int past = past("2026-01-22 00:00:03+00");
        patience().untilAsserted(() -> operator().get("/retention-runs?pipeline=visits").then().statusCode(200).body("[0].requestedBy", equalTo("retention")).body("[0].state", equalTo("ordered")).body("[0].asOf", equalTo("2026-01-22T00:00:03Z")));
        pass("1 second");
        operator().get(RETENTION).then().body("impact.shown", equalTo(ALL - past));
        assertEquals("3,3", orders());
        patience().untilAsserted(() -> metrics().body(sample("millrace_retention_as_of_timestamp_seconds", "1.769040003E9")));
    }

    @Test
    @Order(4)
    void whatWouldEmptyTheIndexWaitsForAPersonAlsoAfterAKill() throws Exception {
        pass("2 years");
        patience().untilAsserted(() -> operator().get("/retention-runs?state=held").then().statusCode(200).body("size()", equalTo(1)));
        var id = operator().get(RETENTION).then().body("held", equalTo(true)).extract().<String>path("waiting.id");
        assertEquals("3,3", orders(), "nothing is ordered that is held");
        keeper.kill();
        keeper.start();
        operator().post(RETENTION).then().statusCode(204);
        patience().untilAsserted(() -> metrics().body(sample("millrace_retention_held", stack.row("SELECT leaving FROM millrace.retention_run WHERE state = 'held'") + ".0")));
        var path = "/retention-runs/" + id + "/confirmation";
        anybody().body("{\"reason\":\"x\"}").post(path).then().statusCode(401);
        refused(operator().body("{}").post(path).then(), 400, "why they may leave");
        refused(operator().post(path).then(), 400, "must be");
        refused(operator().body("{\"reason\":\"a\\u0000b\"}").post(path).then(), 400, "U+0000");
        refused(operator().body("{\"reason\":\"x\"}").post("/retention-runs/" + UUID.randomUUID() + "/confirmation").then(), 404, "none with this id");
        refused(operator().get("/retention-runs/nonsense").then(), 404, "none with this id");
        refused(operator().get("/retention-runs?state=nonsense").then(), 400, "'nonsense' is none of held");
        refused(operator().get("/retention-runs?limit=0").then(), 400, "limit");
        sql("INSERT INTO public.visit SELECT 1000 + n, 2, 'open', '2026-01-20' FROM generate_series(1, 20) n");
        refused(operator().body("{\"reason\":\"closing down\"}").post(path).then(), 409, "documents would leave by now");
        operator().body("{\"reason\":\"closing down\"}").post(path).then().statusCode(202).body("state", equalTo("ordered")).body("decidedBy", equalTo("token")).body("reason", equalTo("closing down"));
        refused(operator().body("{\"reason\":\"closing down\"}").post(path).then(), 409, "its state is ordered");
        assertEquals("4,4", orders());
        pass("1 second");
        operator().get(RETENTION).then().body("impact.shown", equalTo(0)).body("waiting", nullValue());
        operator().get("/retention-runs").then().body("id", hasItem(id));
    }

    @Tag("long")
    @Test
    @Order(5)
    void killedInTheMiddleOfADecisionItWasNotMadeAndTheNextMakesItOnce() throws Exception {
        sql("INSERT INTO public.visit SELECT 2000 + n, 2, 'open', at FROM clock.now, generate_series(1, 40) n");
        sql("INSERT INTO public.visit SELECT 2100 + n, 2, 'closed', at - interval '30 days' + interval '1 second' FROM clock.now, generate_series(1, 10) n");
        pass("2 seconds");
        killed("SELECT pg_advisory_xact_lock(hashtextextended('millrace.retention visits', 0))", () -> operator().post(RETENTION));
        assertEquals("4,4", orders(), "killed while it waited for another's decision");
        killed("LOCK TABLE millrace.outboxevent IN EXCLUSIVE MODE", () -> operator().post(RETENTION));
        assertEquals("4,4", orders(), "killed with the run in the audit and its order not in the log");
        operator().post(RETENTION).then().statusCode(202).body("state", equalTo("ordered")).body("impact.leaving", equalTo(10));
        assertEquals("5,5", orders());
        keeper.kill();
        keeper.start();
        pass("1 second");
        operator().post(RETENTION).then().statusCode(204);
        assertEquals("5,5", orders(), "killed with the order in the log");

        pass("2 years");
        patience().untilAsserted(() -> operator().get(RETENTION).then().body("waiting.state", equalTo("held")));
        var id = operator().get(RETENTION).then().extract().<String>path("waiting.id");
        var path = "/retention-runs/" + id + "/confirmation";
        killed("LOCK TABLE millrace.outboxevent IN EXCLUSIVE MODE", () -> operator().body("{\"reason\":\"closing down\"}").post(path));
        operator().get("/retention-runs/" + id).then().body("state", equalTo("held")).body("decidedBy", nullValue());
        assertEquals("5,5", orders(), "killed while it confirmed");
        operator().body("{\"reason\":\"closing down\"}").post(path).then().statusCode(202).body("state", equalTo("ordered"));
        assertEquals("6,6", orders());
    }

    @Test
    @Order(6)
    void whoAskedForWhatIsHeldDoesNotConfirmIt() throws Exception {
        sql("INSERT INTO public.visit SELECT 3000 + n, 1, 'open', at - interval '7 days' + interval '1 second' FROM clock.now, generate_series(1, 10) n");
        pass("2 seconds");
        var before = orders();
        var id = operator().post(RETENTION).then().statusCode(202).body("state", equalTo("held")).body("requestedBy", equalTo("token")).extract().<String>path("id");
        var path = "/retention-runs/" + id + "/confirmation";
        refused(operator().body("{\"reason\":\"mine\"}").post(path).then(), 409, "another person must confirm it");
        assertEquals(before, orders(), "nothing is ordered that is held");
        var another = anybody().header("Authorization", "Bearer " + callers.token("bob", "millrace-approver"));
        another.body("{\"reason\":\"looked at\"}").post(path).then().statusCode(202).body("state", equalTo("ordered")).body("requestedBy", equalTo("token")).body("decidedBy", equalTo("bob"));
    }

    /** Kills the service where a lock of the test's keeps it from going on, and starts it again. */
    private static void killed(String lock, Runnable request) throws SQLException {
        try (var connection = stack.connect("demo"); var statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(lock);
            // Nobody will answer it.
            Thread.ofVirtual().uncaughtExceptionHandler((thread, lost) -> { }).start(request);
            patience().until(() -> stack.row("SELECT count(*) > 0 FROM pg_stat_activity WHERE usename = 'reader' AND wait_event_type = 'Lock'").equals("t"));
            keeper.kill();
            connection.rollback();
        }
        patience().until(() -> stack.row("SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND xact_start IS NOT NULL").equals("0"));
        keeper.start();
    }

    @Test
    @Order(7)
    void aClockThatGoesBackChangesNothing() throws Exception {
        var before = orders();
        sql("UPDATE clock.now SET at = '2026-01-01'");
        refused(operator().get(RETENTION).then(), 409, "is not before");
        operator().post(RETENTION).then().statusCode(204);
        assertEquals(before, orders());
    }

    /** How many of the rows that count are past their time. */
    private static int past(String at) throws SQLException {
        return Integer.parseInt(stack.row(PAST.formatted(at)));
    }

    /** Orders in the log, and those that the audit has. */
    private static String orders() throws SQLException {
        return stack.row("SELECT (SELECT count(*) FROM millrace.outboxevent WHERE type = 'retain'), (SELECT count(*) FROM millrace.retention_run WHERE state = 'ordered')");
    }

    private static void pass(String time) throws SQLException {
        sql("UPDATE clock.now SET at = at + interval '" + time + "'");
    }

    private static void refused(ValidatableResponse answer, int status, String why) {
        answer.statusCode(status).contentType(PROBLEM).body("why", containsString(why)).body("detail", not(containsString("null"))).body("next", not(nullValue()));
    }

    private static void sql(String statement) throws SQLException {
        try (var connection = stack.connect("demo"); var run = connection.createStatement()) {
            run.execute(statement);
        }
    }

    private static ConditionFactory patience() {
        return await().atMost(Duration.ofSeconds(90)).pollInterval(Duration.ofMillis(250));
    }

    private static ValidatableResponse metrics() {
        return anybody().accept(ContentType.TEXT).get("/q/metrics").then().statusCode(200);
    }

    private static Matcher<String> sample(String metric, String value) {
        return matchesPattern("(?s).*" + metric + "\\{pipeline=\"visits\",stage=\"purge\",?} " + value.replace(".", "\\.") + "\\n.*");
    }

    private static RequestSpecification anybody() {
        return given().baseUri("http://localhost:" + stack.freePort()).contentType(ContentType.JSON);
    }

    private static RequestSpecification operator() {
        return anybody().header("Authorization", "Bearer " + Stack.TOKEN);
    }
}
