package io.millrace.purge;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.local.ManagedProcess;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
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
    private static final Set<String> ROLES = Set.of("millrace-operator", "millrace-eraser", "millrace-approver", "millrace-reader", "another");
    private static final Set<String> ERASE = Set.of("millrace-operator", "millrace-eraser");
    private static final Set<String> LOOK = Set.of("millrace-operator", "millrace-reader");
    private static final Set<String> LOOK_AT_RETENTION = Set.of("millrace-operator", "millrace-reader", "millrace-approver");
    private static final Set<String> CONFIRM = Set.of("millrace-operator", "millrace-approver");
    private static final Set<String> OPERATE = Set.of("millrace-operator");
    private static final String NONE = UUID.randomUUID().toString();

    /** @param roles each of which is enough */
    private record Row(String method, String path, Set<String> roles) {}

    private static final List<Row> TABLE = List.of(
            new Row("POST", "/pipelines/monitors/documents/1/erasure", ERASE),
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

    private static RequestSpecification by(String token) {
        return given().baseUri("http://localhost:" + stack.freePort()).contentType(ContentType.JSON).header("Authorization", "Bearer " + token).header("Idempotency-Key", UUID.randomUUID());
    }
}
