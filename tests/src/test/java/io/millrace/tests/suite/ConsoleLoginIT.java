package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.stack.Stage;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.millrace.tests.stack.Browser;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.Keycloak;
import io.millrace.tests.stack.LoneConsole;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** People log in at the console's page, in a real Chromium, by a real Keycloak; a gate takes the same tokens. */
@Tag("long")
@ExtendWith(SharedStack.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ConsoleLoginIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String LOGGED_IN = "document.documentElement.dataset.token === 'given' && document.getElementById('token-state').textContent === 'taken'";
    private static final String LOGGED_OUT = "!document.getElementById('log-in').hidden && document.getElementById('log-out').hidden";

    @TempDir
    static Path folder;
    private static Keycloak provider;
    private static ManagedProcess gate;
    private static LoneConsole console;
    private Browser page;

    @BeforeAll
    static void start(DemoStack stack) throws Exception {
        int port = Ports.free(1).getFirst();
        provider = new Keycloak(URI.create("http://localhost:" + port));
        var oidc = Map.of("quarkus.oidc.tenant-enabled", "true", "quarkus.oidc.auth-server-url", provider.realm());
        var address = startGate(stack, oidc);
        console = LoneConsole.over(stack, port, folder.resolve("console"), Map.of("monitors.yaml", Files.readString(DemoStack.home().resolve("deploy/demo/pipelines/monitors.yaml"))),
                Map.of("quarkus.oidc.tenant-enabled", "true", "quarkus.oidc.auth-server-url", provider.realm(), "quarkus.oidc.client-id", Keycloak.CLIENT, "millrace.console.gate-urls", address.toString()));
    }

    private static URI startGate(DemoStack stack, Map<String, String> oidc) {
        int port = Ports.free(1).getFirst();
        var address = URI.create("http://localhost:" + port);
        var settings = new HashMap<>(oidc);
        settings.putAll(Map.of("quarkus.http.host", "localhost", "quarkus.http.port", Integer.toString(port), "kafka.bootstrap.servers", stack.stack().servers().kafkaBootstrap(),
                "millrace.gate.pipelines", String.join(",", stack.stack().options().pipelines().stream().map(file -> file.toAbsolutePath().toString()).toList()),
                "millrace.gate.sources", "nobody", "millrace.gate.group", "login", "millrace.gate.registry-url", stack.stack().servers().registryUrl()));
        gate = new ManagedProcess(ProcessSpec.quarkus("login-gate", folder, "192m", Stage.GATE.jar(DemoStack.home()), settings, stack.stack().sourceEnvironment(Stage.GATE), Map.of("http", port),
                Readiness.http(address.resolve("/q/health/live"))).withFirstCompilerOnly());
        gate.start();
        return address;
    }

    @AfterAll
    static void stop() {
        if (console != null) {
            console.close();
        }
        if (gate != null) {
            gate.stop();
        }
        if (provider != null) {
            provider.close();
        }
    }

    @BeforeEach
    void open() throws IOException {
        page = Browser.open(Files.createTempDirectory(folder, "profile"));
    }

    @AfterEach
    void close() {
        page.close();
    }

    /** Also while the browser is between two pages. */
    private void await(String what, String expression) {
        Awaitility.await(what).atMost(SOON).pollInterval(Duration.ofMillis(200)).ignoreExceptionsInstanceOf(IllegalStateException.class).until(() -> page.eval(expression).equals("true"));
    }

    private void logIn(String user) throws IOException {
        page.go(console.address() + "/#pipelines");
        await("nobody is logged in", LOGGED_OUT);
        assertEquals("true", page.eval("document.getElementById('token').hidden"), "no token is asked for");
        page.click("#log-in");
        await("the provider asks who it is", "document.getElementById('username') !== null && location.origin !== '" + console.address() + "'");
        page.type("username", user);
        page.type("password", Keycloak.PASSWORD);
        page.click("#kc-login");
        await("the browser is back with a token", "location.origin === '" + console.address() + "' && document.documentElement.dataset.token === 'given'");
    }

    private String status(String method, String path) {
        return page.eval("fetch('" + path + "', { method: '" + method + "', headers: { Authorization: 'Bearer ' + document.getElementById('token').value, 'Content-Type': 'application/json' }"
                + (method.equals("GET") ? "" : ", body: JSON.stringify({ reason: 'x' })") + " }).then(a => a.status)");
    }

    @Test
    @Order(1)
    void whoMayChangeLogsInStaysSoAndLogsOut() throws Exception {
        assertEquals(401, RestAssured.get(console.address() + "/api/pipelines").statusCode());
        logIn(Keycloak.OPERATOR);
        await("the gate takes the token", LOGGED_IN);
        assertEquals("#pipelines", page.eval("location.hash + location.search"), "the address is what it was, without the code");
        assertEquals("", page.eval("document.cookie"));
        assertEquals("200", status("GET", "/api/pipelines"));
        assertEquals("409", status("POST", "/api/quarantine/demo.public.none/replay"), "it may be decided of a table that is parked");

        var first = page.eval("document.getElementById('token').value");
        var tab = page.another(console.address() + "/");
        tab.await("another tab is handed the login", LOGGED_IN);
        Awaitility.await("the login is renewed").atMost(SOON).until(() -> !page.eval("document.getElementById('token').value").equals(first));
        tab.await("the other tab has the next token", "document.getElementById('token').value !== '" + first + "'");
        Awaitility.await("the first token has ended").atMost(SOON).until(() -> RestAssured.given().header("Authorization", "Bearer " + first).get(console.address() + "/api/pipelines").statusCode() == 401);
        assertEquals("200", status("GET", "/api/pipelines"));

        var renewal = new JsonMapper().readTree(page.eval("sessionStorage.getItem('millrace.tokens')")).path("renewal").asText();
        page.click("#log-out");
        await("the browser is back, and nobody is logged in", "location.origin === '" + console.address() + "' && " + LOGGED_OUT);
        tab.await("nor in the other tab", LOGGED_OUT);
        assertEquals("401", status("GET", "/api/pipelines"));
        var refused = RestAssured.given().contentType("application/json").body(Map.of("token", renewal)).post(console.address() + "/api/login/renewal");
        assertEquals(403, refused.statusCode(), "the provider has ended the login too: " + refused.asString());
        page.click("#log-in");
        await("the provider asks again", "document.getElementById('username') !== null");
    }

    @Test
    @Order(2)
    void whoMayLookChangesNothingAndWhoMayNothingSeesNothing() throws Exception {
        logIn(Keycloak.READER);
        assertEquals("200", status("GET", "/api/pipelines"));
        assertEquals("403", status("POST", "/api/quarantine/demo.public.none/replay"));
        page.close();
        open();
        logIn(Keycloak.NOBODY);
        assertEquals("403", status("GET", "/api/pipelines"));
    }

    @Test
    @Order(3)
    void aCodeThatThisTabHasNotAskedForIsNotTaken() throws Exception {
        page.go(console.address() + "/?state=theirs&code=theirs#flow");
        await("it is said", "document.getElementById('token-state').textContent.includes('had not left from here')");
        assertEquals("false", page.eval("document.documentElement.dataset.token === 'given'"));
        assertEquals("#flow", page.eval("location.hash + location.search"));
        var wrong = RestAssured.given().contentType("application/json").body(Map.of("code", "theirs", "verifier", "v".repeat(43), "redirect", console.address() + "/")).post(console.address() + "/api/login");
        assertEquals(403, wrong.statusCode());
        assertTrue(wrong.asString().contains("invalid_grant"), wrong::asString);
        assertEquals(403, RestAssured.given().contentType("application/json").header("Origin", "https://elsewhere.example").body("{}").post(console.address() + "/api/login").statusCode());
        for (var body : new String[] {"{}", "", "[]", "{\"code\":\"\",\"verifier\":\"v\",\"redirect\":\"r\"}"}) {
            assertEquals(400, RestAssured.given().contentType("application/json").body(body).post(console.address() + "/api/login").statusCode(), body);
        }
    }

    @Test
    @Order(4)
    void whileTheProviderIsAwayThatIsSaid() throws Exception {
        logIn(Keycloak.OPERATOR);
        var token = page.eval("document.getElementById('token').value");
        assertNotEquals("", token);
        provider.kill();
        assertEquals("200", status("GET", "/api/pipelines"), "a token that is good is judged by the keys that are known");
        await("the login is over", "document.getElementById('token-state').classList.contains('error')");
        var said = page.eval("document.getElementById('token-state').textContent");
        assertTrue(said.contains("failed: ") && said.contains("/token"), said);
        assertFalse(said.contains(token), "no token is told");
    }
}
