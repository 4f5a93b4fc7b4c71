package io.millrace.gate;

import static io.millrace.gate.Captured.nullable;
import static io.millrace.gate.Captured.required;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every address of the gate, asked by somebody without a token, with a wrong one, and with the right one. */
@ExtendWith(SharedGate.Extension.class)
class EndpointIT {

    private static final List<String> READS = List.of("/quarantine", "/quarantine/it.public.endpoints", "/breaker", "/schemas", "/schemas/it.public.endpoints");
    private static final List<String> CHANGES = List.of("/quarantine/it.public.endpoints/accept", "/quarantine/it.public.endpoints/replay", "/quarantine/it.public.endpoints/hold",
            "/quarantine/it.public.endpoints/discard", "/breaker/reset", "/check");

    private final SharedGate gate;

    EndpointIT(SharedGate gate) {
        this.gate = gate;
    }

    private static RequestSpecification json(String url, String token) {
        var request = given().baseUri(url).contentType("application/json");
        return token == null ? request : request.header("Authorization", "Bearer " + token);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "wrong", "only-for-test", "only-for-tests-not"})
    void withoutTheTokenNothingIsReadOrChanged(String token) {
        for (var path : READS) {
            json(gate.url(), token.isEmpty() ? null : token).get(path).then().statusCode(401);
        }
        for (var path : CHANGES) {
            json(gate.url(), token.isEmpty() ? null : token).body("{\"reason\": \"x\", \"count\": 0}").post(path).then().statusCode(401);
        }
    }

    @Test
    void healthAndMetricsAreForEverybody() {
        for (var path : List.of("/q/health/live", "/q/health/ready", "/q/metrics")) {
            given().baseUri(gate.url()).get(path).then().statusCode(200);
        }
    }

    @Test
    void readsCanBeOpenedByConfigurationAndChangesStayClosed() throws Exception {
        var open = gate.stack().gate(7, Map.of("millrace.gate.sources", "open", "millrace.gate.group", "open", "millrace.gate.reads", "permit"));
        open.process().start();
        try {
            json(open.url(), null).get("/quarantine").then().statusCode(200);
            json(open.url(), null).get("/breaker").then().statusCode(200).body("open", is(false));
            for (var path : CHANGES) {
                for (var spelling : List.of(path, path + ";x", "/" + path)) {
                    json(open.url(), null).urlEncodingEnabled(false).body("{\"reason\": \"x\", \"count\": 0, \"migrations\": [{\"name\": \"a.sql\", \"text\": \"SELECT 1;\"}]}").post(spelling).then().statusCode(401);
                }
            }
            refused(json(open.url(), Stack.TOKEN).body("{\"migrations\": [{\"name\": \"a.sql\", \"text\": \"SELECT 1;\"}]}").post("/check"), 501, "This gate has no scratch database");
        } finally {
            open.process().stop();
        }
    }

    /** The control topic has no record on its way then, for which the gate would wait a second. */
    @Test
    void whoAsksWhatHoldsIsAnsweredThoughNothingChanges() {
        var took = new ArrayList<Duration>();
        for (int i = 0; i < 20; i++) {
            long begun = System.nanoTime();
            refused(gate.caller().get("/quarantine/it.public.never"), 404, "it.public.never was never parked");
            took.add(Duration.ofNanos(System.nanoTime() - begun));
        }
        Collections.sort(took);
        assertTrue(took.get(10).compareTo(Duration.ofMillis(900)) < 0, () -> "20 answers took " + took);
    }

    @Test
    void whatIsDecidedIsReadBackWhileManyAskAllTheTime() throws Exception {
        var done = new AtomicBoolean();
        try (var askers = Executors.newVirtualThreadPerTaskExecutor()) {
            var asked = IntStream.range(0, 4).mapToObj(_ -> askers.submit(() -> {
                while (!done.get()) {
                    assertTrue(Set.of(200, 404).contains(gate.caller().get("/quarantine/it.public.asked").statusCode()));
                }
                return null;
            })).toList();
            try {
                var table = gate.stack().captured("asked");
                table.row(1, table.schema(nullable("name", "string")), Map.of("name", "a")).get();
                gate.awaitCount("rows", "asked", 1);
                gate.post("asked", "hold", "{\"reason\": \"look first\"}");
                gate.caller().get("/quarantine/it.public.asked").then().statusCode(200).body("state", equalTo("parked"));
                gate.post("asked", "replay", "{\"reason\": \"seen\"}");
                gate.awaitState("asked", "flowing");
            } finally {
                done.set(true);
            }
            for (var one : asked) {
                one.get();
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefusedWithTheReason() {
        refused(gate.caller().get("/quarantine/it.public.never"), 404, "it.public.never was never parked");
        for (var action : List.of("accept", "replay")) {
            refused(gate.caller().body("{\"reason\": \"x\"}").post("/quarantine/it.public.never/" + action), 409, "it.public.never is not parked");
        }
        refused(gate.caller().body("{\"reason\": \"x\", \"count\": 3}").post("/quarantine/it.public.never/discard"), 409, "it.public.never is not parked");
        refused(gate.caller().body("{\"reason\": \"x\"}").post("/breaker/reset"), 409, "The breaker is not open");
        for (var body : List.of("{}", "{\"reason\": \"\"}", "{\"reason\": \" \"}")) {
            gate.caller().body(body).post("/quarantine/it.public.never/replay").then().statusCode(400);
        }
        gate.caller().body("{\"reason\": \"x\"}").post("/quarantine/it.public.never/discard").then().statusCode(400);
        gate.caller().body("{\"reason\": \"x\", \"count\": -1}").post("/quarantine/it.public.never/discard").then().statusCode(400);
        gate.caller().body("{\"reason\":").post("/quarantine/it.public.never/replay").then().statusCode(400);
    }

    @Test
    void theVersionsOfATableAreListedWithWhatChanged() throws Exception {
        refused(gate.caller().get("/schemas/it.public.never"), 404, "The registry has no schema of the rows of it.public.never");
        var table = gate.stack().captured("evolving");
        table.row(1, table.schema(nullable("name", "string")), Map.of("name", "a")).get();
        gate.awaitCount("rows", "evolving", 1);
        table.row(2, table.schema(nullable("name", "string"), nullable("size", "long")), Map.of("name", "b", "size", 2L)).get();
        gate.awaitCount("rows", "evolving", 2);
        gate.caller().get("/schemas/it.public.evolving").then().statusCode(200).body("table", equalTo("it.public.evolving")).body("versions.size()", is(2))
                .body("versions[0].since", notNullValue()).body("versions[0].changes[0].field", equalTo("size")).body("versions[0].changes[0].is", startsWith("null or long"))
                .body("versions[1].changes.size()", is(0)).body("columns.name", hasItems("name", "size"));
    }

    private static ValidatableResponse refused(io.restassured.response.Response answer, int status, String message) {
        return answer.then().statusCode(status).body("message", startsWith(message));
    }

    @Test
    void withTheTokenATableIsSeenHeldAcceptedReplayedAndDiscarded() throws Exception {
        var table = gate.stack().captured("endpoints");
        var was = table.schema(nullable("name", "string"));
        var is = table.schema(required("name", "long"));
        table.row(1, was, Map.of("name", "a")).get();
        gate.awaitCount("rows", "endpoints", 1);
        gate.post("endpoints", "hold", "{\"reason\": \"look first\", \"by\": \"on call\"}");
        gate.caller().get("/quarantine/it.public.endpoints").then().statusCode(200).body("state", equalTo("parked")).body("cause.reason", equalTo("held"));
        refused(gate.caller().body("{\"reason\": \"x\"}").post("/quarantine/it.public.endpoints/accept"), 409, "it.public.endpoints is parked for 'held'");
        table.row(2, is, Map.of("name", 2L)).get();
        gate.awaitCount("quarantine", "endpoints", 1);
        gate.post("endpoints", "replay", "{\"reason\": \"seen\"}");
        SharedGate.soon().untilAsserted(() -> gate.caller().get("/quarantine/it.public.endpoints").then().statusCode(200).body("state", equalTo("parked"))
                .body("cause.reason", equalTo("schema-refused")).body("cause.rule", equalTo("FULL_TRANSITIVE")).body("cause.subject", equalTo("rows.it.public.endpoints-value"))
                .body("cause.schemaId", notNullValue()).body("cause.position", notNullValue()).body("cause.difference[0].field", equalTo("name"))
                .body("cause.difference[0].was", equalTo("null or string default null")).body("cause.difference[0].is", equalTo("long")));
        refused(gate.caller().body("{\"reason\": \"x\", \"count\": 9}").post("/quarantine/it.public.endpoints/discard"), 409, "it.public.endpoints has 1 record ");
        gate.post("endpoints", "accept", "{\"reason\": \"planned\"}");
        gate.post("endpoints", "replay", "{\"reason\": \"planned\"}");
        gate.awaitCount("rows", "endpoints", 2);
        gate.awaitState("endpoints", "flowing");
        SharedGate.soon().untilAsserted(() -> gate.caller().get("/quarantine").then().statusCode(200).body("findAll { it.table == 'it.public.endpoints' }.size()", equalTo(0)));
        table.write(table.key(3), "junk".getBytes(), io.millrace.pipeline.record.Op.UPDATE).get();
        gate.awaitState("endpoints", "parked");
        SharedGate.soon().untilAsserted(() -> gate.caller().get("/quarantine/it.public.endpoints").then().body("records", equalTo(1)));
        gate.post("endpoints", "discard", "{\"count\": 1, \"which\": \"ALL\", \"reason\": \"made by a test\"}");
        gate.awaitState("endpoints", "flowing");
        gate.awaitCount("rows", "endpoints", 2);
    }
}
