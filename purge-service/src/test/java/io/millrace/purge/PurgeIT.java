package io.millrace.purge;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.Debugger;
import io.millrace.local.LocalException;
import io.millrace.local.Ports;
import io.millrace.pipeline.record.Headers;
import io.restassured.http.ContentType;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import java.nio.file.Files;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The service as it is started in production, on a real database and broker. */
class PurgeIT {

    private static final String BODY = "{\"reason\":\"asked for\"}";
    private static final String ERASURE = "/pipelines/{pipeline}/documents/{id}/erasure";
    private static final String PROBLEM = "application/problem+json";

    private static Stack stack;

    @BeforeAll
    static void start() throws Exception {
        stack = Stack.start();
    }

    @AfterAll
    static void stop() {
        stack.close();
    }

    @Test
    void anErasureIsAnsweredWithItsAddressAndWrittenWithWhoAndWhy() throws Exception {
        var answer = caller().body(BODY).post(ERASURE, "monitors", "42").then().statusCode(202)
                .body("state", equalTo("requested")).body("document", equalTo("42")).body("pipeline", equalTo("monitors")).body("version", nullValue());
        var id = id(answer);
        assertEquals("monitors,42,token,asked for,f", stack.row("SELECT pipeline, document_id, requested_by, reason, idempotency_key IS NULL FROM millrace.purge_audit WHERE id::text = ?", id));
        assertEquals("monitors,42,erase,t,{\"erasure\":\"" + id + "\"},null", stack.row("""
                SELECT aggregatetype, aggregateid, type, "timestamp" = (SELECT requested_at FROM millrace.purge_audit WHERE id::text = ?), payload, tracingspancontext
                FROM millrace.outboxevent WHERE payload LIKE '%' || ? || '%'""", id, id));
        caller().get("/erasures/" + id).then().statusCode(200).body("id", equalTo(id)).body("reason", equalTo("asked for")).body("requestedBy", equalTo("token"));
    }

    @Test
    void auditAndEventAreWrittenTogetherOrNotAtAll() throws Exception {
        caller().body(BODY).post(ERASURE, "monitors", "refused").then().statusCode(503).contentType(PROBLEM).body("why", containsString("refused by the test"));
        assertEquals("0,0", stack.row("""
                SELECT (SELECT count(*) FROM millrace.purge_audit WHERE document_id = 'refused'), (SELECT count(*) FROM millrace.outboxevent WHERE aggregateid = 'refused')"""));
    }

    @Test
    void anIdempotencyKeyMakesManyRequestsOne() throws Exception {
        var key = UUID.randomUUID().toString();
        var ids = new HashSet<String>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var answer : IntStream.range(0, 12).mapToObj(i -> threads.submit(() -> id(operator().header("Idempotency-Key", key).body(BODY).post(ERASURE, "monitors", "once").then().statusCode(202)))).toList()) {
                ids.add(answer.get());
            }
        }
        assertEquals(1, ids.size());
        assertEquals("1,1", stack.row("""
                SELECT (SELECT count(*) FROM millrace.purge_audit WHERE document_id = 'once'), (SELECT count(*) FROM millrace.outboxevent WHERE aggregateid = 'once')"""));
        operator().header("Idempotency-Key", key).body(BODY).post(ERASURE, "monitors", "another").then().statusCode(409).contentType(PROBLEM).body("why", containsString("already used"));
        operator().header("Idempotency-Key", key).body("{\"reason\":\"another\"}").post(ERASURE, "monitors", "once").then().statusCode(409).contentType(PROBLEM).body("why", containsString("already used"));
    }

    @Test
    void anErasureIsOneRequestAndAnOrderForEachGenerationOfItsIndex() throws Exception {
        var later = generation("monitors-2", "[monitors, monitors-0]");
        var latest = generation("monitors-3", "[monitors-2, monitors]");
        var all = stack.process("generations", stack.freePort(), Map.of("millrace.purge.pipelines", String.join(",", Stack.file("monitors.yaml").toString(), Stack.file("dashboards.yaml").toString(), later, latest), "millrace.purge.group", "generations"));
        all.start();
        try {
            var there = "http://localhost:" + stack.freePort();
            var key = UUID.randomUUID().toString();
            // Monitors-0 is nobody's file any more, and the latest does not replace it.
            var id = operator().baseUri(there).header("Idempotency-Key", key).body(BODY).post(ERASURE, "monitors-3", "of all").then().statusCode(202).body("pipeline", equalTo("monitors-3")).extract().<String>path("id");
            for (var again : List.of("monitors-3", "monitors", "monitors-0")) {
                operator().baseUri(there).header("Idempotency-Key", key).body(BODY).post(ERASURE, again, "of all").then().statusCode(202).body("id", equalTo(id));
            }
            operator().baseUri(there).header("Idempotency-Key", key).body(BODY).post(ERASURE, "dashboards", "of all").then().statusCode(409);
            assertEquals("monitors-3", stack.row("SELECT string_agg(pipeline, ' ') FROM millrace.purge_audit WHERE document_id = 'of all'"));
            assertEquals("monitors monitors-0 monitors-2 monitors-3,{\"erasure\":\"" + id + "\"},1", stack.row("""
                    SELECT string_agg(aggregatetype, ' ' ORDER BY aggregatetype), string_agg(DISTINCT payload, ' '), count(DISTINCT xmin::text) FROM millrace.outboxevent WHERE aggregateid = 'of all' AND type = 'erase'"""));
            operator().baseUri(there).get("/erasures").then().statusCode(200).body("findAll { it.document == 'of all' }.id", equalTo(List.of(id)));
        } finally {
            all.stop();
        }
    }

    /** The file of a later generation of the monitors. */
    private static String generation(String name, String replaced) throws Exception {
        return Files.writeString(stack.servers.data().resolve(name + ".yaml"), Files.readString(Stack.file("monitors.yaml")).replace("name: monitors\n", "name: " + name + "\nreplaces: " + replaced + "\nindex: {name: monitors}\n")).toString();
    }

    @Test
    void withoutAnIdempotencyKeyNothingIsDone() throws Exception {
        operator().body(BODY).post(ERASURE, "monitors", "keyless").then().statusCode(400).contentType(PROBLEM).body("why", containsString("Idempotency-Key is missing"));
        assertEquals("0", stack.row("SELECT count(*) FROM millrace.purge_audit WHERE document_id = 'keyless'"));
    }

    @Test
    void erasuresAreListedTheNewestFirst() throws Exception {
        var first = id(caller().body(BODY).post(ERASURE, "dashboards", "listed first").then().statusCode(202));
        var second = id(caller().body(BODY).post(ERASURE, "dashboards", "listed second").then().statusCode(202));
        stack.delete("dashboards", "listed first", 12, Headers.nowMicros());
        patience().untilAsserted(() -> caller().get("/erasures/" + first).then().body("state", equalTo("carried-out")));
        operator().get("/erasures?pipeline=dashboards&limit=1").then().statusCode(200).body("size()", equalTo(1));
        var all = operator().get("/erasures?pipeline=dashboards").then().statusCode(200).extract().<String>path("id.toString()");
        assertTrue(all.indexOf(second) >= 0 && all.indexOf(second) < all.indexOf(first), all);
        operator().get("/erasures?state=requested").then().statusCode(200).body("document", hasItem("listed second")).body("document", not(hasItem("listed first")));
        operator().get("/erasures?state=carried-out").then().statusCode(200).body("document", hasItem("listed first")).body("document", not(hasItem("listed second")));
        operator().get("/erasures?before=2001-01-01T00:00:00Z").then().statusCode(200).body("size()", equalTo(0));
        anybody().get("/erasures").then().statusCode(401);
        for (var query : Map.of("state=nonsense", "'nonsense' is none of requested, hidden", "before=yesterday", "yesterday", "limit=many", "many", "limit=0", "limit", "limit=1001", "limit").entrySet()) {
            operator().get("/erasures?" + query.getKey()).then().statusCode(400).contentType(PROBLEM).body("why", containsString(query.getValue()));
        }
    }

    @Test
    void ofADocumentThatNeverWasThereIsNothingToErase() throws Exception {
        var id = id(caller().body(BODY).post(ERASURE, "monitors", "never").then().statusCode(202));
        stack.deleteAbsent("monitors", "never", 19, requestedMicros(id));
        patience().untilAsserted(() -> caller().get("/erasures/" + id).then().body("state", equalTo("nothing-to-erase")).body("version", nullValue()).body("seenAt", not(nullValue())));
        operator().get("/erasures?state=nothing-to-erase").then().statusCode(200).body("document", hasItem("never"));
        operator().get("/erasures?state=carried-out").then().statusCode(200).body("document", not(hasItem("never")));
    }

    @Test
    void whatCanBeAskedIsSaidToEverybody() {
        anybody().accept(ContentType.JSON).get("/openapi?format=json").then().statusCode(200).body("info.title", equalTo("Millrace purge service"))
                .body("paths.keySet()", hasItem("/erasures")).body("paths.keySet()", hasItem("/pipelines/{pipeline}/retention")).body("paths.keySet()", hasItem("/verifications/{id}/differences"));
    }

    @Test
    void idsOfEveryShapeArriveAsTheyAre() throws Exception {
        for (var document : new String[] {"a/b", "a|b\\|c", "50%", "ä ö", "x?y#z", "../..", "a+b;c=d"}) {
            caller().body(BODY).post(ERASURE, "dashboards", document).then().statusCode(202).body("document", equalTo(document));
            assertEquals("dashboards", stack.row("SELECT DISTINCT aggregatetype FROM millrace.outboxevent WHERE aggregateid = ?", document), document);
        }
    }

    @Test
    void withoutTheRightTokenNothingIsDone() throws Exception {
        for (var request : new RequestSpecification[] {anybody(), anybody().header("Authorization", "Bearer wrong"), anybody().header("Authorization", "Basic eDp5")}) {
            request.body(BODY).post(ERASURE, "monitors", "unauthorised").then().statusCode(401).contentType(PROBLEM).header("WWW-Authenticate", "Bearer")
                    .body("next", containsString("millrace.purge.token"));
        }
        anybody().get("/erasures/" + UUID.randomUUID()).then().statusCode(401);
        assertNull(stack.row("SELECT 1 FROM millrace.purge_audit WHERE document_id = 'unauthorised'"));
    }

    @Test
    void anUnknownPipelineIsRefusedWithTheKnownOnes() {
        caller().body(BODY).post(ERASURE, "monitor", "1").then().statusCode(404).contentType(PROBLEM)
                .body("known", equalTo(List.of("dashboards", "monitors"))).body("on", containsString("'monitor'")).body("why", containsString("dashboards, monitors"));
    }

    @Test
    void anErasureThatWasNeverRequestedIsNotFound() {
        for (var id : new String[] {UUID.randomUUID().toString(), "nonsense"}) {
            caller().get("/erasures/" + id).then().statusCode(404).contentType(PROBLEM).body("on", containsString(id));
        }
    }

    @Test
    void requestsThatLackSomethingAreToldWhat() {
        assertAll(
                () -> refused("", BODY, "id is empty"),
                () -> refused("x".repeat(513), BODY, "512 bytes"),
                () -> refused("a\0b", BODY, "U+0000"),
                () -> refused("1", "{\"reason\":\"  \"}", "reason must say why"),
                () -> refused("1", "{}", "reason must say why"),
                () -> refused("1", "", "{\"reason\": …}"),
                () -> refused("1", "{\"reason\":\"" + "x".repeat(2_001) + "\"}", "2,000"),
                () -> refused("1", "{\"reason\":\"a\\u0000b\"}", "U+0000"),
                () -> refused("1", "{\"reason\":", ""),
                () -> operator().header("Idempotency-Key", "k".repeat(256)).body(BODY).post(ERASURE, "monitors", "1").then().statusCode(400).body("why", containsString("Idempotency-Key")));
    }

    private static void refused(String document, String body, String why) {
        caller().body(body).post(ERASURE, "monitors", document).then().statusCode(400).contentType(PROBLEM)
                .body("why", containsString(why)).body("detail", not(containsString("null"))).body("next", not(nullValue()));
    }

    @Test
    void anErasureIsCarriedOutByTheFirstDeleteThatIsNotOlder() throws Exception {
        stack.delete("monitors", "gone", 10, Headers.nowMicros());
        var id = id(caller().body(BODY).post(ERASURE, "monitors", "gone").then().statusCode(202));
        var other = id(caller().body(BODY).post(ERASURE, "monitors", "gone too").then().statusCode(202));
        long before = requestedMicros(id) - 1;
        stack.delete("monitors", "gone", 11, before);
        stack.delete("dashboards", "gone", 12, Headers.nowMicros());
        stack.write("monitors", "gone", "{}".getBytes(), 13, Headers.nowMicros());
        // What comes after this delete of its partition's neighbour has been read when this one shows.
        stack.delete("monitors", "gone too", 14, requestedMicros(other));
        patience().untilAsserted(() -> caller().get("/erasures/" + other).then().body("state", equalTo("carried-out")).body("version", equalTo(14)));
        caller().get("/erasures/" + id).then().body("state", equalTo("requested"));

        stack.delete("monitors", "gone", 15, requestedMicros(id));
        patience().untilAsserted(() -> caller().get("/erasures/" + id).then().body("state", equalTo("carried-out")).body("version", equalTo(15)).body("seenAt", not(nullValue())));
        stack.delete("monitors", "gone", 16, Headers.nowMicros());
        var later = id(caller().body(BODY).post(ERASURE, "monitors", "gone").then().statusCode(202));
        stack.delete("monitors", "gone", 17, requestedMicros(later));
        patience().untilAsserted(() -> caller().get("/erasures/" + later).then().body("state", equalTo("carried-out")).body("version", equalTo(17)));
        caller().get("/erasures/" + id).then().body("version", equalTo(15));
    }

    @Test
    void aSampledTraceGoesOnInTheOutboxAndOtherwiseCaptureDecides() throws Exception {
        var trace = "0af7651916cd43dd8448eb211c80319c";
        caller().header("traceparent", "00-" + trace + "-b7ad6b7169203331-01").header("tracestate", "vendor=" + "x".repeat(200)).header("baggage", "a=" + "y".repeat(500))
                .body(BODY).post(ERASURE, "monitors", "traced").then().statusCode(202);
        var context = stack.row("SELECT tracingspancontext FROM millrace.outboxevent WHERE aggregateid = 'traced'");
        assertTrue(context.matches("00-" + trace + "-[0-9a-f]{16}-01"), context);
        caller().header("traceparent", "00-" + trace + "-b7ad6b7169203331-00").body(BODY).post(ERASURE, "monitors", "untraced").then().statusCode(202);
        assertEquals("null", stack.row("SELECT tracingspancontext FROM millrace.outboxevent WHERE aggregateid = 'untraced'"));
    }

    @Test
    void whileTheDatabaseIsAwayRequestsAreTurnedAwayAndNothingIsForgotten() throws Exception {
        var id = id(caller().body(BODY).post(ERASURE, "monitors", "outage").then().statusCode(202));
        long committed = requestedMicros(id);
        stack.servers.postgres().kill();
        try {
            caller().body(BODY).post(ERASURE, "monitors", "1").then().statusCode(503).contentType(PROBLEM).header("Retry-After", "5").body("why", containsString("source database"));
            anybody().get("/q/health/ready").then().statusCode(503).body("checks.find { it.name == 'purge' }.data.source", containsString("does not answer"));
            anybody().get("/q/health/live").then().statusCode(200);
            stack.delete("monitors", "outage", 21, committed);
        } finally {
            stack.servers.postgres().start();
        }
        patience().untilAsserted(() -> anybody().get("/q/health/ready").then().statusCode(200));
        patience().untilAsserted(() -> caller().get("/erasures/" + id).then().statusCode(200).body("state", equalTo("carried-out")).body("version", equalTo(21)));
    }

    @Test
    void aPasswordThatIsExchangedInItsFileIsUsedWithoutARestart() throws Exception {
        var password = Files.writeString(stack.servers.data().resolve("password"), "first\n");
        var file = Files.writeString(stack.servers.data().resolve("exchanged.yaml"), Files.readString(Stack.file("monitors.yaml"))
                .replace("{env: PURGE_IT_USER}", "exchanged").replace("{env: PURGE_IT_PASSWORD}", "{file: " + password + "}"));
        stack.sql("CREATE ROLE exchanged LOGIN PASSWORD 'first' IN ROLE reader");
        var exchanged = stack.process("exchanged", stack.freePort(), Map.of("millrace.purge.pipelines", file.toString(), "millrace.purge.group", "exchanged"));
        exchanged.start();
        try {
            erase(202);
            stack.sql("ALTER ROLE exchanged PASSWORD 'second'", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'exchanged'");
            erase(503);
            Files.writeString(password, "second\n");
            erase(202);
            // A file that is away is waited for like a server, and ends no thread.
            Files.delete(password);
            stack.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'exchanged'");
            erase(503);
            given().baseUri("http://localhost:" + stack.freePort()).get("/q/health/live").then().statusCode(200);
            Files.writeString(password, "second\n");
            erase(202);
        } finally {
            exchanged.stop();
        }
    }

    private static void erase(int status) {
        patience().untilAsserted(() -> caller().baseUri("http://localhost:" + stack.freePort()).body(BODY).post(ERASURE, "monitors", "exchanged").then().statusCode(status));
    }

    @Test
    void aThreadThatHangsOrEndsIsFoundByLiveness() throws Exception {
        int debugged = Ports.free(1).getFirst();
        var watched = stack.process("watched", stack.freePort(), Map.of("millrace.purge.group", "watched", "millrace.purge.stuck-after", "3s"), Map.of("JAVA_TOOL_OPTIONS", Debugger.option(debugged)));
        watched.start();
        try (var debugger = Debugger.attach(debugged)) {
            isAlive(200, "\"UP\"");
            var poll = debugger.block(null, "org.apache.kafka.clients.consumer.KafkaConsumer", "poll");
            isAlive(503, "\"polling of documents\": \"Kafka was not polled for longer than 3 s");
            poll.interrupt();
            isAlive(200, "\"UP\"");
            debugger.fail(null, "io.millrace.purge.outcome.Tombstone", "of", () -> {
                stack.delete("monitors", "poison", 41, 1);
                return null;
            });
            isAlive(503, "\"writing of outcomes\": \"it ended by java.lang.StackOverflowError");
        } finally {
            watched.stop();
        }
    }

    private static void isAlive(int status, String said) {
        patience().untilAsserted(() -> given().baseUri("http://localhost:" + stack.freePort()).get("/q/health/live").then().statusCode(status).body(containsString(said)));
    }

    @Test
    void whileKafkaIsAwayErasuresAreTakenAndLaterSeenCarriedOut() throws Exception {
        stack.servers.kafka().kill();
        String id;
        try {
            patience().untilAsserted(() -> anybody().get("/q/health/ready").then().statusCode(200).body("checks.find { it.name == 'purge' }.data.kafka", containsString("no connection")));
            id = id(caller().body(BODY).post(ERASURE, "monitors", "no broker").then().statusCode(202));
        } finally {
            stack.servers.kafka().start();
        }
        stack.delete("monitors", "no broker", 31, requestedMicros(id));
        patience().untilAsserted(() -> caller().get("/erasures/" + id).then().body("state", equalTo("carried-out")));
        patience().untilAsserted(() -> anybody().get("/q/health/ready").then().statusCode(200).body("checks.find { it.name == 'purge' }.data?.kafka", nullValue()));
    }

    @Test
    void requestsAreCounted() {
        caller().body(BODY).post(ERASURE, "monitors", "counted").then().statusCode(202);
        anybody().accept(ContentType.TEXT).get("/q/metrics").then().statusCode(200)
                .body(allOf(containsString("millrace_records_total{outcome=\"requested\",pipeline=\"monitors\",stage=\"purge\""), containsString("millrace_retries_total{stage=\"purge\"")));
    }

    @Test
    void whatTheSlotKeepsIsToldWithoutACapture() throws Exception {
        stack.row("SELECT pg_create_logical_replication_slot('millrace_demo', 'pgoutput')");
        try {
            stack.row("SELECT pg_logical_emit_message(false, 'test', repeat('x', 3000000))");
            patience().untilAsserted(() -> anybody().accept(ContentType.TEXT).get("/q/metrics").then().statusCode(200)
                    .body(matchesPattern("(?s).*millrace_slot_retained_bytes\\{slot=\"millrace_demo\",stage=\"purge\",?\\} [3-9][0-9]{6}\\.0\n.*"), matchesPattern("(?s).*millrace_slot_wal_status\\{slot=\"millrace_demo\",stage=\"purge\",status=\"reserved\",?\\} 1\\.0\n.*")));
        } finally {
            stack.row("SELECT pg_drop_replication_slot('millrace_demo')");
        }
        patience().untilAsserted(() -> anybody().accept(ContentType.TEXT).get("/q/metrics").then().body(matchesPattern("(?s).*millrace_slot_retained_bytes\\{slot=\"millrace_demo\",stage=\"purge\",?\\} NaN\n.*")));
    }

    @Test
    void aWrongConfigurationStopsTheStartAndSaysWhy() throws Exception {
        var other = Files.writeString(stack.servers.data().resolve("other.yaml"), Files.readString(Stack.file("dashboards.yaml")).replace("name: demo", "name: shop"));
        assertAll(
                () -> stopsStart("unknown", Map.of("millrace.purge.reasons", "x"), "millrace.purge.reasons"),
                () -> stopsStart("sources", Map.of("millrace.purge.pipelines", Stack.file("monitors.yaml") + "," + other), "the sources demo, shop"),
                () -> stopsStart("token", Map.of("millrace.purge.token.file", "/nowhere/token"), "/nowhere/token"));
    }

    private static void stopsStart(String name, Map<String, String> changed, String said) {
        var process = stack.process(name, stack.freePort(), changed);
        try {
            var failure = assertThrows(LocalException.class, process::start);
            assertTrue(failure.getMessage().contains("ended while starting") && failure.getMessage().contains(said), failure.getMessage());
        } finally {
            process.stop();
        }
    }

    private static long requestedMicros(String id) throws Exception {
        return Long.parseLong(stack.row("SELECT (extract(epoch FROM requested_at) * 1000000)::bigint FROM millrace.purge_audit WHERE id::text = ?", id));
    }

    /** The erasure's id, once the answer's address names it. */
    private static String id(ValidatableResponse answer) {
        var extracted = answer.extract();
        var id = extracted.<String>path("id");
        assertTrue(extracted.header("Location").endsWith("/erasures/" + id), extracted.header("Location"));
        return id;
    }

    private static RequestSpecification anybody() {
        return given().baseUri(stack.address().toString()).contentType(ContentType.JSON);
    }

    private static RequestSpecification operator() {
        return anybody().header("Authorization", "Bearer " + Stack.TOKEN);
    }

    /** With a key of its own for each request. */
    private static RequestSpecification caller() {
        return operator().header("Idempotency-Key", UUID.randomUUID());
    }

    private static ConditionFactory patience() {
        return await().pollInterval(Duration.ofMillis(100)).atMost(Duration.ofSeconds(90)).ignoreExceptions();
    }
}
