package io.millrace.purge;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** What verifications refuse, and how they are told of; that they find and repair is shown where all services run. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class VerificationIT {

    private static final String VERIFICATIONS = "/pipelines/monitors/verifications";
    private static final String PROBLEM = "application/problem+json";
    private static final String SYSTEM = "SELECT system_identifier FROM pg_control_system()";
    private static final String DATABASE = "SELECT oid FROM pg_database WHERE datname = current_database()";

    private static Stack stack;

    @BeforeAll
    static void start() throws Exception {
        stack = Stack.start();
    }

    @AfterAll
    static void stop() throws Exception {
        stack.close();
    }

    @Test
    @Order(1)
    void whatCannotBeVerifiedIsRefusedAndNothingIsDone() throws Exception {
        anybody().body("{}").post(VERIFICATIONS).then().statusCode(401);
        refused(operator().body("{}").post("/pipelines/unheard/verifications").then(), 404, "known are dashboards, monitors");
        refused(operator().post(VERIFICATIONS).then(), 400, "must be JSON");
        refused(operator().body("{\"sample\": 0}").post(VERIFICATIONS).then(), 400, "at least 0.01");
        refused(operator().body("{\"sample\": 101}").post(VERIFICATIONS).then(), 400, "at most 100");
        refused(operator().body("{\"rate\": 0}").post(VERIFICATIONS).then(), 400, "at least 1 (documents a second)");
        refused(operator().body("{\"sample\": \"many\"}").post(VERIFICATIONS).then(), 400, "");
        refused(operator().body("{\"repair\":").post(VERIFICATIONS).then(), 400, "");
        refused(operator().body("{}").post("/pipelines/dashboards/verifications").then(), 409, "no table public.dashboard");
        refused(operator().body("{}").post(VERIFICATIONS).then(), 409, "may not read id of public.monitor");
        sql("GRANT SELECT ON public.monitor TO reader");
        refused(operator().body("{}").post(VERIFICATIONS).then(), 409, "capture has not said yet which database it reads");
        stack.captured("18446744073709551615", "5");
        var system = stack.row(SYSTEM);
        await().atMost(Duration.ofSeconds(90)).untilAsserted(() -> refused(operator().body("{}").post(VERIFICATIONS).then(), 409, "is not the source: its system identifier is " + system));
        stack.captured(stack.row(SYSTEM), stack.row(DATABASE));
        await().atMost(Duration.ofSeconds(90)).untilAsserted(() -> operator().body("{}").post(VERIFICATIONS).then().statusCode(503).contentType(PROBLEM).body("next", containsString("search engine")));
        assertEquals("0", stack.row("SELECT count(*) FROM millrace.verification"));
    }

    @Test
    @Order(2)
    void aReplicaOfAnotherDatabaseAndTransformedRowsAreRefused() throws Exception {
        var transformed = Files.writeString(stack.servers.data().resolve("transformed.yaml"), Files.readString(Stack.file("dashboards.yaml")).replace("name: dashboards", "name: transformed")
                + "tables:\n  public.dashboard:\n    transforms:\n      - type: org.apache.kafka.connect.transforms.MaskField$Value\n        options: {fields: id}\n");
        stack.captured(stack.row(SYSTEM), stack.row(DATABASE));
        var other = stack.process("other", stack.freePort(), Map.of("millrace.purge.pipelines", Stack.file("monitors.yaml") + "," + transformed, "millrace.purge.group", "other",
                "millrace.purge.verification.replica-url", stack.servers.jdbcUrl("postgres"), "millrace.purge.changes-per-minute", "2"));
        other.start();
        try {
            var there = "http://localhost:" + stack.freePort();
            refused(operator().baseUri(there).body("{}").post(VERIFICATIONS).then(), 409, "the replica is not the source");
            refused(operator().baseUri(there).body("{}").post("/pipelines/transformed/verifications").then(), 409, "go through transforms");
            refused(operator().baseUri(there).body("{}").post(VERIFICATIONS).then(), 429, "has asked for 2 changes within a minute");
        } finally {
            other.stop();
        }
    }

    @Test
    @Order(3)
    void verificationsAreListedAndStoppedAndOneThatNobodyRunsIsToldAsInterrupted() throws Exception {
        var running = entered("running", "clock_timestamp()");
        var gone = entered("running", "clock_timestamp() - interval '3 minutes'");
        for (var path : List.of("/verifications", "/verifications/" + running, "/verifications/" + running + "/differences")) {
            anybody().get(path).then().statusCode(401);
        }
        anybody().post("/verifications/" + running + "/stop").then().statusCode(401);
        operator().get("/verifications?pipeline=monitors").then().statusCode(200).body("id", hasItem(running)).body("id", hasItem(gone)).body("found", hasItem(nullValue()));
        operator().get("/verifications?pipeline=dashboards").then().statusCode(200).body("size()", equalTo(0));
        refused(operator().get("/verifications?limit=0").then(), 400, "limit");
        operator().get("/verifications/" + gone).then().statusCode(200).body("state", equalTo("interrupted")).body("differences", equalTo(2)).body("missing", equalTo(1));
        operator().get("/verifications/" + gone + "/differences?kind=different").then().statusCode(200).header("Cache-Control", "no-store")
                .body("id", equalTo(List.of("7"))).body("[0].first[0].path", equalTo("$.name"));
        refused(operator().get("/verifications/" + UUID.randomUUID()).then(), 404, "none with this id");
        refused(operator().get("/verifications/7/differences").then(), 404, "none with this id");
        refused(operator().post("/verifications/7/stop").then(), 404, "none with this id");
        operator().post("/verifications/" + running + "/stop").then().statusCode(200).body("state", equalTo("stopped"));
        refused(operator().post("/verifications/" + running + "/stop").then(), 409, "its state is stopped");
    }

    @Test
    @Order(4)
    void whatIsPrivateInADocumentThatDiffersIsToldToOperatorsAlone() throws Exception {
        var hiding = Files.writeString(stack.servers.data().resolve("hiding.yaml"), Files.readString(Stack.file("monitors.yaml")).replace("fields: [id]", "fields: [id, name]") + "tables: {public.monitor: {private: [name]}}\n");
        var callers = new Callers();
        var settings = new HashMap<>(callers.settings());
        settings.putAll(Map.of("millrace.purge.pipelines", hiding.toString(), "millrace.purge.group", "hiding"));
        var id = stack.row("INSERT INTO millrace.verification VALUES (gen_random_uuid(), 'monitors', 'me', clock_timestamp(), false, 100, 'running', '" + """
                {"phase":"ended","documents":9,"indexed":9,"candidates":1,"missing":0,"orphaned":0,"different":1,"repaired":0,"unrepaired":0,"erased":0,"undecided":0,"notes":[],
                 "found":[{"id":"7","kind":"different","fields":2,"first":[{"path":"$.name","index":"\\"quixotry\\"","postgres":"\\"zugzwang\\""},{"path":"$.id","index":"7","postgres":"8"}]}]}""" + "', clock_timestamp()) RETURNING id");
        var process = stack.process("hiding", stack.freePort(), settings);
        process.start();
        try {
            var path = "http://localhost:" + stack.freePort() + "/verifications/" + id + "/differences";
            var shown = given().header("Authorization", "Bearer " + callers.token("ann", "millrace-operator")).get(path).then().statusCode(200).extract().asString();
            assertTrue(shown.contains("quixotry") && shown.contains("zugzwang"), shown);
            given().header("Authorization", "Bearer " + callers.token("ann", "millrace-reader")).get(path).then().statusCode(200).body("[0].id", equalTo("7"))
                    .body("[0].first[0]", equalTo(Map.of("path", "$.name", "index", "\"(private)\"", "postgres", "\"(private)\""))).body("[0].first[1]", equalTo(Map.of("path", "$.id", "index", "7", "postgres", "8")));
            var log = Files.readString(stack.servers.data().resolve("logs").resolve("hiding.log"));
            assertFalse(log.contains("quixotry") || log.contains("zugzwang"), log);
        } finally {
            process.stop();
        }
    }

    @Test
    @Order(5)
    void aSourceThatIsNotProvisionedForItSaysSo() throws Exception {
        sql("DROP TABLE millrace.verification");
        refused(operator().get("/verifications").then(), 409, "no table millrace.verification");
        refused(operator().get("/verifications/" + UUID.randomUUID()).then(), 409, "no table millrace.verification");
    }

    private static String entered(String state, String seen) throws SQLException {
        return stack.row("INSERT INTO millrace.verification VALUES (gen_random_uuid(), 'monitors', 'me', " + seen + ", false, 100, '" + state + "', '" + """
                {"phase":"p","documents":9,"indexed":9,"candidates":2,"missing":1,"orphaned":0,"different":1,"repaired":0,"unrepaired":0,"erased":0,"undecided":0,"notes":[],
                 "found":[{"id":"3","kind":"missing","fields":0},{"id":"7","kind":"different","fields":1,"first":[{"path":"$.name","index":"1","postgres":"2"}]}]}""" + "', " + seen + ") RETURNING id");
    }

    private static void refused(ValidatableResponse answer, int status, String why) {
        answer.statusCode(status).contentType(PROBLEM).body("why", containsString(why)).body("detail", not(containsString("null"))).body("next", not(nullValue()));
    }

    private static void sql(String statement) throws SQLException {
        try (var connection = stack.connect("demo"); var run = connection.createStatement()) {
            run.execute(statement);
        }
    }

    private static RequestSpecification anybody() {
        return given().baseUri(stack.address().toString()).contentType(ContentType.JSON);
    }

    private static RequestSpecification operator() {
        return anybody().header("Authorization", "Bearer " + Stack.TOKEN);
    }
}
