package io.millrace.purge;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.ManagedProcess;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Who may do what, by tokens that a provider has signed. */
class RightsIT {

    private static final String PROBLEM = "application/problem+json";
    private static final Set<String> ROLES = Set.of("millrace-operator", "millrace-eraser", "millrace-enricher", "millrace-approver", "millrace-reader", "another");
    private static final Set<String> ERASE = Set.of("millrace-operator", "millrace-eraser");
    private static final Set<String> ENRICH = Set.of("millrace-operator", "millrace-enricher");
    private static final Set<String> LOOK_AT_ENRICHMENT = Set.of("millrace-operator", "millrace-enricher", "millrace-reader");
    private static final Set<String> LOOK = Set.of("millrace-operator", "millrace-reader");
    private static final Set<String> LOOK_AT_RETENTION = Set.of("millrace-operator", "millrace-reader", "millrace-approver");
    private static final Set<String> CONFIRM = Set.of("millrace-operator", "millrace-approver");
    private static final Set<String> OPERATE = Set.of("millrace-operator");
    private static final String NONE = UUID.randomUUID().toString();

    /** @param roles each of which is enough */
    private record Row(String method, String path, Set<String> roles) {}

    private static final List<Row> TABLE = List.of(
            new Row("POST", "/pipelines/monitors/documents/1/erasure", ERASE),
            new Row("PATCH", "/pipelines/monitors/documents/1/enrichment", ENRICH),
            new Row("GET", "/pipelines/monitors/documents/1/enrichment", LOOK_AT_ENRICHMENT),
            new Row("POST", "/erasures", ERASE),
            new Row("GET", "/erasures", ERASE),
            new Row("GET", "/erasures/" + NONE, ERASE),
            new Row("POST", "/erasures/" + NONE + "/withdrawal", ERASE),
            new Row("POST", "/pipelines/monitors/verifications", OPERATE),
            new Row("GET", "/verifications", LOOK),
            new Row("GET", "/verifications/" + NONE, LOOK),
            new Row("GET", "/verifications/" + NONE + "/differences", LOOK),
            new Row("POST", "/verifications/" + NONE + "/stop", OPERATE),
            new Row("GET", "/pipelines/monitors/retention", LOOK_AT_RETENTION),
            new Row("POST", "/pipelines/monitors/retention", OPERATE),
            new Row("GET", "/retention-runs", LOOK_AT_RETENTION),
            new Row("GET", "/retention-runs/" + NONE, LOOK_AT_RETENTION),
            new Row("POST", "/retention-runs/" + NONE + "/confirmation", CONFIRM));

    private static Stack stack;
    private static Callers callers;
    private static ManagedProcess guarded;

    @BeforeAll
    static void start() throws Exception {
        stack = Stack.start();
        callers = new Callers();
        var settings = new HashMap<>(callers.settings());
        settings.put("millrace.purge.group", "guarded");
        settings.put("millrace.http.changes-per-second", "30");
        guarded = stack.process("guarded", stack.freePort(), settings);
        guarded.start();
    }

    @AfterAll
    static void stop() {
        if (guarded != null) {
            guarded.stop();
        }
        stack.close();
    }

    @Test
    void eachRoleMayDoWhatIsItsAndNothingElse() throws Exception {
        var wrong = new TreeMap<String, Integer>();
        for (var row : TABLE) {
            for (var role : ROLES) {
                int status = by(callers.token("ann", role)).body("{\"reason\": \"x\"}").request(row.method, row.path).statusCode();
                if (status == 401 || status >= 500 && status != 503 || (status == 403) == row.roles.contains(role)) {
                    wrong.put(row.method + " " + row.path + " as " + role, status);
                }
            }
        }
        assertEquals(Map.of(), wrong);
    }

    @Test
    void whoLacksTheRoleIsToldWhichItIsAndNothingIsDone() throws Exception {
        by(callers.token("ann", "millrace-reader")).body("{\"reason\": \"x\"}").post("/pipelines/monitors/documents/lacking/erasure").then().statusCode(403).contentType(PROBLEM).body("why", containsString("millrace-eraser"));
        assertEquals("0", stack.row("SELECT count(*) FROM millrace.purge_audit WHERE document_id = 'lacking'"));
    }

    @Test
    void theAuditNamesWhoeverTheProviderNames() throws Exception {
        by(callers.token("ann", "millrace-eraser")).body("{\"reason\": \"x\"}").post("/pipelines/monitors/documents/named/erasure").then().statusCode(202).body("requestedBy", equalTo("ann"));
        assertEquals("ann", stack.row("SELECT requested_by FROM millrace.purge_audit WHERE document_id = 'named'"));
    }

    @Test
    void tokensThatAreForgedOrOverOrUnsignedAreNone() throws Exception {
        var good = callers.token("ann", "millrace-operator");
        var unsigned = good.substring(0, good.lastIndexOf('.') + 1);
        for (var bad : List.of(new Callers().token("ann", "millrace-operator"), callers.token("ann", Duration.ofMinutes(-5), "millrace-operator"), unsigned, "eyJhbGciOiJub25lIn0" + unsigned.substring(unsigned.indexOf('.')))) {
            by(bad).body("{\"reason\": \"x\"}").post("/pipelines/monitors/documents/forged/erasure").then().statusCode(401).contentType(PROBLEM);
        }
        by(Stack.TOKEN).get("/erasures").then().statusCode(200);
        assertEquals("0", stack.row("SELECT count(*) FROM millrace.purge_audit WHERE document_id = 'forged'"));
    }

    @Test
    void whoAsksForChangesTooFastIsToldSoAndOthersAreNot() throws Exception {
        var uri = URI.create("http://localhost:" + stack.freePort() + "/erasures");
        try (var http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).localAddress(InetAddress.getByName("127.0.0.2")).build()) {
            var post = HttpRequest.newBuilder(uri).POST(BodyPublishers.ofString("{}")).build();
            var statuses = new TreeMap<Integer, Integer>();
            HttpResponse<String> refused = null;
            for (int i = 0; i < 1_000; i++) {
                var answer = http.send(post, BodyHandlers.ofString());
                statuses.merge(answer.statusCode(), 1, Integer::sum);
                refused = answer.statusCode() == 429 ? answer : refused;
            }
            assertEquals(Set.of(401, 429), statuses.keySet(), statuses::toString);
            assertTrue(statuses.get(401) >= 300, statuses::toString);
            assertEquals("1", refused.headers().firstValue("Retry-After").orElse(null), refused::body);
            assertTrue(refused.body().contains("millrace.http.changes-per-second"), refused::body);
            assertEquals(401, http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()).statusCode(), "whoever reads is not counted");
        }
        by(callers.token("ann", "millrace-eraser")).body("{\"reason\": \"x\"}").post("/pipelines/monitors/documents/unhurried/erasure").then().statusCode(202);
    }

    private static RequestSpecification by(String token) {
        return given().baseUri("http://localhost:" + stack.freePort()).contentType(ContentType.JSON).header("Authorization", "Bearer " + token).header("Idempotency-Key", UUID.randomUUID());
    }
}
