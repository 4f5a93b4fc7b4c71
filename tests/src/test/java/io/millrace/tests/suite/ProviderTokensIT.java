package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.launcher.stack.Stage;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.Endpoints;
import io.millrace.tests.stack.Endpoints.Endpoint;
import io.millrace.tests.stack.SharedStack;
import io.millrace.tests.stack.TokenIssuer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Every endpoint of the services that take a provider's tokens, asked with tokens that are none, no more, not yet, another service's, and of a role that may not. */
@Tag("long")
@ExtendWith(SharedStack.class)
class ProviderTokensIT {

    private static final String OPERATOR = "millrace-operator";
    private static final String READER = "millrace-reader";
    /** Tells every user of the provider whether a change has arrived; nothing of what is in it. */
    private static final Endpoint FRESHNESS = new Endpoint(Stage.PURGE, "GET", "/pipelines/{pipeline}/freshness");

    private static final Map<Stage, ManagedProcess> PROCESSES = new EnumMap<>(Stage.class);
    private static final Map<Stage, URI> ADDRESSES = new EnumMap<>(Stage.class);
    private static TokenIssuer provider;

    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @BeforeAll
    static void start(DemoStack stack) throws Exception {
        provider = new TokenIssuer();
        start(stack, Stage.GATE, Map.of("millrace.gate.sources", "nobody", "millrace.gate.group", "provider", "millrace.gate.registry-url", stack.stack().servers().registryUrl()));
        start(stack, Stage.PURGE, Map.of("millrace.purge.group", "provider", "millrace.purge.freshness.search-url", stack.stack().servers().searchUrl()));
    }

    private static void start(DemoStack stack, Stage stage, Map<String, String> own) {
        int port = Ports.free(1).getFirst();
        var address = URI.create("http://localhost:" + port);
        var settings = new HashMap<>(provider.settings());
        settings.putAll(own);
        settings.putAll(Map.of("quarkus.http.host", "localhost", "quarkus.http.port", Integer.toString(port), "kafka.bootstrap.servers", stack.stack().servers().kafkaBootstrap(),
                "millrace." + stage.stageName() + ".pipelines", String.join(",", stack.stack().options().pipelines().stream().map(f -> f.toAbsolutePath().toString()).toList()),
                "millrace.http.changes-per-second", "0"));
        var jar = DemoStack.home().resolve(stage.module()).resolve("target").resolve("quarkus-app").resolve("quarkus-run.jar");
        var process = new ManagedProcess(ProcessSpec.quarkus("provider-" + stage.stageName(), stack.stack().options().data(), "192m", jar, settings, stack.stack().sourceEnvironment(stage), Map.of("http", port),
                Readiness.http(address.resolve("/q/health/live"))).withFirstCompilerOnly());
        PROCESSES.put(stage, process);
        ADDRESSES.put(stage, address);
        process.start();
    }

    @AfterAll
    static void stop() {
        PROCESSES.values().forEach(ManagedProcess::stop);
    }

    @Test
    void whatIsNoTokenOfThisServiceNowOpensNothing() throws Exception {
        var bad = new LinkedHashMap<String, String>();
        bad.put("expired", provider.expired(OPERATOR));
        bad.put("not yet good", provider.notYet(OPERATOR));
        bad.put("of another service", provider.forAnother(OPERATOR));
        bad.put("of another provider", new TokenIssuer().token(OPERATOR));
        bad.put("unsigned", provider.unsigned(OPERATOR));
        bad.put("signed by the public key", provider.signedByThePublicKey(OPERATOR));
        bad.put("forged", provider.forged(OPERATOR));
        var let = new TreeMap<String, Integer>();
        for (var stage : PROCESSES.keySet()) {
            for (var endpoint : Endpoints.of(stage)) {
                for (var token : bad.entrySet()) {
                    int status = ask(endpoint, token.getValue());
                    if (status != 401) {
                        let.put(endpoint + " with a token that is " + token.getKey(), status);
                    }
                }
            }
        }
        assertEquals(Map.of(), let);
    }

    @Test
    void whoeverMayLookMayChangeNothing() throws Exception {
        var let = new TreeMap<String, Integer>();
        for (var stage : PROCESSES.keySet()) {
            for (var endpoint : Endpoints.of(stage)) {
                if (!endpoint.method().equals("GET")) {
                    note(let, endpoint, READER, 403);
                }
            }
        }
        assertEquals(Map.of(), let);
    }

    @Test
    void whoeverHasNoRoleSeesNothing() throws Exception {
        var let = new TreeMap<String, Integer>();
        for (var stage : PROCESSES.keySet()) {
            for (var endpoint : Endpoints.of(stage)) {
                if (!endpoint.equals(FRESHNESS)) {
                    note(let, endpoint, "another", 403);
                }
            }
        }
        assertEquals(Map.of(), let);
    }

    @Test
    void anOperatorSeesEverything() throws Exception {
        var kept = new TreeMap<String, Integer>();
        for (var stage : PROCESSES.keySet()) {
            for (var endpoint : Endpoints.of(stage)) {
                if (endpoint.method().equals("GET")) {
                    int status = ask(endpoint, provider.token(OPERATOR));
                    if (status == 401 || status == 403) {
                        kept.put(endpoint.toString(), status);
                    }
                }
            }
        }
        assertEquals(Map.of(), kept);
    }

    private void note(Map<String, Integer> let, Endpoint endpoint, String role, int expected) throws Exception {
        int status = ask(endpoint, provider.token(role));
        if (status != expected) {
            let.put(endpoint + " as " + role, status);
        }
    }

    private int ask(Endpoint endpoint, String token) throws IOException, InterruptedException {
        var body = endpoint.method().matches("GET|DELETE") ? BodyPublishers.noBody() : BodyPublishers.ofString(EndpointsIT.BODY);
        var request = HttpRequest.newBuilder(URI.create(ADDRESSES.get(endpoint.service()) + EndpointsIT.filled(endpoint.path()))).method(endpoint.method(), body)
                .header("Content-Type", "application/json").header("Idempotency-Key", "1").header("Authorization", "Bearer " + token);
        return client.send(request.build(), BodyHandlers.discarding()).statusCode();
    }
}
