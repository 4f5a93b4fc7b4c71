package io.millrace.gate;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.local.ManagedProcess;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import org.awaitility.core.ConditionFactory;
import org.hamcrest.Matcher;
import org.hamcrest.Matchers;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** The servers and one gate, started for the first test class that asks for them and stopped after the last. */
final class SharedGate implements AutoCloseable {

    private final Path folder;
    private final Stack stack;
    private final Stack.Gate gate;

    /** Hands it to constructors. */
    static final class Extension implements ParameterResolver {

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == SharedGate.class;
        }

        @Override
        public SharedGate resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return context.getRoot().getStore(ExtensionContext.Namespace.create(SharedGate.class)).computeIfAbsent(SharedGate.class, key -> start(), SharedGate.class);
        }
    }

    private SharedGate(Path folder, Stack stack, Stack.Gate gate) {
        this.folder = folder;
        this.stack = stack;
        this.gate = gate;
    }

    private static SharedGate start() {
        try {
            var folder = Files.createTempDirectory("gate-it");
            var stack = new Stack(folder);
            var gate = stack.gate(1, Map.of("millrace.gate.breaker.tables", "1000", "millrace.gate.check.scratch.env", "GATE_SCRATCH"));
            gate.process().start();
            return new SharedGate(folder, stack, gate);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    Stack stack() {
        return stack;
    }

    ManagedProcess process() {
        return gate.process();
    }

    String url() {
        return gate.url();
    }

    void restart() {
        process().kill();
        process().start();
    }

    static ConditionFactory soon() {
        return await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(100)).ignoreExceptions();
    }

    RequestSpecification caller() {
        return given().baseUri(url()).header("Authorization", "Bearer " + Stack.TOKEN).contentType("application/json");
    }

    void post(String table, String action, String body) {
        caller().body(body).post("/quarantine/it.public." + table + "/" + action).then().statusCode(200);
    }

    void awaitState(String table, String state) {
        soon().untilAsserted(() -> caller().get("/quarantine/it.public." + table).then().statusCode(200).body("state", Matchers.is(state)));
    }

    void awaitCount(String stage, String table, long count) {
        soon().untilAsserted(() -> assertEquals(count, stack.read(stage + ".it.public." + table).size()));
    }

    /** What is lost is said within half a minute, and as soon what is mended. */
    void awaitHealth(int status, Matcher<String> says) {
        soon().atMost(Duration.ofSeconds(30)).untilAsserted(() -> given().baseUri(url()).get("/q/health/ready").then().statusCode(status).body(says));
    }

    @Override
    public void close() throws IOException {
        stack.close();
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
