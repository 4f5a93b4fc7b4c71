package io.millrace.gate;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.Ports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The gate as in production, with tokens from a real OpenID Connect server: Keycloak as its own distribution has it. */
@Tag("long")
@ExtendWith(SharedGate.Extension.class)
class OidcIT {

    private static final String REALM = """
            {"realm": "millrace", "enabled": true,
             "roles": {"realm": [{"name": "millrace-operator"}, {"name": "millrace-reader"}]},
             "clients": [{"clientId": "millrace-gate", "enabled": true, "secret": "only-for-tests", "directAccessGrantsEnabled": true, "publicClient": false}],
             "users": [
               {"username": "operator", "enabled": true, "email": "o@example.org", "emailVerified": true, "firstName": "O", "lastName": "P",
                "credentials": [{"type": "password", "value": "only-for-tests"}], "realmRoles": ["millrace-operator"]},
               {"username": "reader", "enabled": true, "email": "r@example.org", "emailVerified": true, "firstName": "R", "lastName": "D",
                "credentials": [{"type": "password", "value": "only-for-tests"}], "realmRoles": ["millrace-reader"]},
               {"username": "colleague", "enabled": true, "email": "c@example.org", "emailVerified": true, "firstName": "C", "lastName": "L",
                "credentials": [{"type": "password", "value": "only-for-tests"}]}]}
            """;
    private static final int PORT = Ports.free(1).getFirst();
    private static final String SERVER = "http://localhost:" + PORT + "/realms/millrace";

    private static Process keycloak;

    private final SharedGate gate;

    OidcIT(SharedGate gate) {
        this.gate = gate;
    }

    @BeforeAll
    static void startKeycloak() throws IOException {
        Path home;
        try (var folders = Files.list(Path.of("target", "keycloak"))) {
            home = folders.filter(Files::isDirectory).findFirst().orElseThrow();
        }
        Files.writeString(Files.createDirectories(home.resolve("data").resolve("import")).resolve("millrace.json"), REALM);
        var builder = new ProcessBuilder("sh", home.resolve("bin").resolve("kc.sh").toString(), "start-dev", "--import-realm", "--http-port=" + PORT, "--http-host=localhost")
                .redirectErrorStream(true).redirectOutput(Path.of("target", "keycloak.log").toFile());
        builder.environment().putAll(Map.of("JAVA_HOME", System.getProperty("java.home"), "JAVA_OPTS_APPEND", "-Xmx384m"));
        keycloak = builder.start();
        Awaitility.await("Keycloak answers, see target/keycloak.log").atMost(Duration.ofMinutes(3)).ignoreExceptions()
                .until(() -> given().get(SERVER + "/.well-known/openid-configuration").statusCode() == 200);
    }

    @AfterAll
    static void stopKeycloak() throws InterruptedException {
        keycloak.descendants().forEach(ProcessHandle::destroy);
        keycloak.destroy();
        assertTrue(keycloak.waitFor(30, TimeUnit.SECONDS));
    }

    private static String token(String user) {
        return given().auth().preemptive().basic("millrace-gate", "only-for-tests").formParam("grant_type", "password").formParam("username", user).formParam("password", "only-for-tests")
                .post(SERVER + "/protocol/openid-connect/token").then().statusCode(200).extract().path("access_token");
    }

    @Test
    void anOperatorOfTheServerMayChangeAReaderMayReadAndWhoeverElseMayNothing() throws Exception {
        var production = gate.stack().gate(8, Map.of("millrace.gate.sources", "oidc", "millrace.gate.group", "oidc",
                "quarkus.oidc.tenant-enabled", "true", "quarkus.oidc.auth-server-url", SERVER, "quarkus.oidc.client-id", "millrace-gate", "quarkus.oidc.application-type", "service"));
        production.process().start();
        try {
            var operator = token("operator");
            var reader = token("reader");
            var forged = operator.substring(0, operator.lastIndexOf('.') + 1) + reader.substring(reader.lastIndexOf('.') + 1);
            var body = "{\"reason\": \"x\"}";
            for (var path : List.of("/quarantine/oidc.public.any/replay", "/quarantine/oidc.public.any/accept")) {
                given().baseUri(production.url()).contentType("application/json").body(body).auth().oauth2(operator).post(path).then().statusCode(409).body("message", startsWith("oidc.public.any is not parked"));
                given().baseUri(production.url()).contentType("application/json").body(body).auth().oauth2(reader).post(path).then().statusCode(403);
                given().baseUri(production.url()).contentType("application/json").body(body).auth().oauth2(forged).post(path).then().statusCode(401);
                given().baseUri(production.url()).contentType("application/json").body(body).post(path).then().statusCode(401);
            }
            var migration = "{\"migrations\": [{\"name\": \"a.sql\", \"text\": \"SELECT 1;\"}]}";
            given().baseUri(production.url()).contentType("application/json").body(migration).auth().oauth2(reader).post("/check").then().statusCode(403);
            given().baseUri(production.url()).contentType("application/json").body(migration).auth().oauth2(operator).post("/check").then().statusCode(501);
            given().baseUri(production.url()).auth().oauth2(reader).get("/quarantine").then().statusCode(200);
            given().baseUri(production.url()).auth().oauth2(reader).get("/schemas").then().statusCode(200);
            given().baseUri(production.url()).auth().oauth2(operator).get("/quarantine").then().statusCode(200);
            for (var path : List.of("/quarantine", "/schemas", "/breaker")) {
                given().baseUri(production.url()).auth().oauth2(token("colleague")).get(path).then().statusCode(403);
            }
            given().baseUri(production.url()).auth().oauth2(forged).get("/quarantine").then().statusCode(401);
            // The local token goes on beside it.
            given().baseUri(production.url()).header("Authorization", "Bearer " + Stack.TOKEN).get("/quarantine").then().statusCode(200);
        } finally {
            production.process().stop();
        }
    }
}
