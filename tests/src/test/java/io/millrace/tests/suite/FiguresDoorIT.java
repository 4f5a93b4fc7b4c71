package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.local.LocalException;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.millrace.local.ServiceTraining;
import io.millrace.tests.stack.DemoStack;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Services whose metrics and reasons of health are for who brings a token: each of them, without a server in reach, which is reason enough. */
@Tag("long")
class FiguresDoorIT {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String KEY = "millrace.http.figures-token-file";
    private static final String TOKEN = "0123456789abcdef0123456789abcdef";

    @TempDir
    static Path folder;
    private static Path file;
    private static final Map<Stage, ManagedProcess> SERVICES = new EnumMap<>(Stage.class);
    private static final Map<Stage, URI> ADDRESSES = new EnumMap<>(Stage.class);

    @BeforeAll
    static void start() throws IOException {
        file = Files.writeString(folder.resolve("token"), TOKEN + "\n");
        var ports = Ports.free(Stage.values().length);
        for (var stage : Stage.values()) {
            ADDRESSES.put(stage, URI.create("http://localhost:" + ports.get(stage.ordinal())));
        }
        for (var stage : Stage.values()) {
            var properties = new HashMap<>(Map.of(KEY, file.toString()));
            if (stage == Stage.CONSOLE) {
                properties.putAll(asked());
                properties.put("millrace.services.token-file", file.toString());
            }
            SERVICES.put(stage, service(stage.stageName(), stage, ADDRESSES.get(stage), properties));
        }
        SERVICES.values().forEach(ManagedProcess::launch);
        SERVICES.values().forEach(ManagedProcess::awaitReady);
    }

    private static Map<String, String> asked() {
        var asked = new HashMap<String, String>();
        Stream.of(Stage.values()).filter(stage -> stage != Stage.CONSOLE).forEach(stage -> asked.put("millrace.console." + stage.stageName() + "-urls", ADDRESSES.get(stage).toString()));
        return asked;
    }

    private static ManagedProcess service(String name, Stage stage, URI address, Map<String, String> properties) {
        var environment = ServiceTraining.environment(Path.of(stage.module()).getFileName().toString(), DemoStack.home().resolve("deploy/demo/pipelines"), address.getPort());
        return new ManagedProcess(ProcessSpec.quarkus(name, folder.resolve("services"), "192m", stage.jar(DemoStack.home()), properties, environment, Map.of(name, address.getPort()),
                Readiness.http(address.resolve("/q/health/live"))).withFirstCompilerOnly());
    }

    @AfterAll
    static void stop() {
        SERVICES.values().forEach(ManagedProcess::stop);
    }

    @ParameterizedTest
    @EnumSource(Stage.class)
    void whoBringsNoTokenLearnsWhetherAServiceIsReadyAndNothingElse(Stage stage) throws Exception {
        assertEquals(200, ask(stage, "/q/health/live", null).statusCode());
        for (var authorization : new String[] {null, "Bearer another", "Basic " + TOKEN}) {
            for (var path : List.of("/q/metrics", "/q/metrics/", "/q/health", "/q/health/well", "/q/health/group", "/q/anything")) {
                var refused = ask(stage, path, authorization);
                assertEquals(401, refused.statusCode(), path);
                assertEquals("Bearer", refused.headers().firstValue("WWW-Authenticate").orElse(""), path);
            }
            var told = ask(stage, "/q/health/ready", authorization);
            assertEquals(told.statusCode() == 200 ? "{\"status\":\"UP\"}" : "{\"status\":\"DOWN\"}", told.body());
        }
        assertEquals(ask(stage, "/q/health/ready", "Bearer " + TOKEN).statusCode(), ask(stage, "/q/health/ready", null).statusCode());
    }

    @ParameterizedTest
    @EnumSource(Stage.class)
    void noSpellingOfThePathShowsThem(Stage stage) throws Exception {
        for (var path : List.of("//q/metrics", "/q//metrics", "/./q/metrics", "/x/../q/metrics", "/%71/metrics", "/q/%6detrics", "/q/metrics;a=b", "/q;a/metrics", "/q%2Fmetrics", "/Q/metrics", "/q/health/live/../../metrics", "/q/health/live/..%2f..%2fmetrics", "/q/metrics?x=/q/health/live")) {
            var answer = raw(stage, "GET " + path + " HTTP/1.1\r\nHost: localhost");
            assertTrue(!answer.contains("jvm_") && !answer.contains("millrace_records"), path + " is answered " + answer);
        }
    }

    @ParameterizedTest
    @EnumSource(Stage.class)
    void whoBringsTheTokenSeesAllOfIt(Stage stage) throws Exception {
        var metrics = ask(stage, "/q/metrics", "Bearer " + TOKEN);
        assertEquals(200, metrics.statusCode());
        assertTrue(metrics.body().contains("jvm_"), metrics::body);
        assertTrue(ask(stage, "/q/health/ready", "bearer " + TOKEN).body().contains("\"checks\""));
        assertEquals(ask(stage, "/q/health/ready", "Bearer " + TOKEN).statusCode(), ask(stage, "/q/health", "Bearer " + TOKEN).statusCode());
    }

    @Test
    void theConsoleBringsItAndSaysWhatIsMissingWhereItDoesNot() throws Exception {
        Awaitility.await("the console sees the stages").atMost(PATIENCE).pollInterval(Duration.ofSeconds(1)).untilAsserted(() -> {
            var live = ask(Stage.CONSOLE, "/api/live", null).body();
            assertTrue(live.contains("\"waiting\"") && !live.contains("gives no figures"), live);
        });
        int port = Ports.free(1).getFirst();
        var address = URI.create("http://localhost:" + port);
        var console = service("console-without", Stage.CONSOLE, address, asked());
        console.start();
        try {
            Awaitility.await("a console without the token says so").atMost(PATIENCE).pollInterval(Duration.ofSeconds(1)).untilAsserted(() -> {
                var live = get(address.resolve("/api/live"), null).body();
                assertTrue(live.contains("/q/metrics answers HTTP 401: the console's millrace.services.token-file does not hold the token of its millrace.http.figures-token-file"), live);
            });
        } finally {
            console.stop();
        }
    }

    @Test
    void aTokenThatIsExchangedOpensNothingAnyMore() throws Exception {
        var next = Files.writeString(folder.resolve("next"), "fedcba9876543210fedcba9876543210");
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        try {
            for (var stage : Stage.values()) {
                assertEquals(401, ask(stage, "/q/metrics", "Bearer " + TOKEN).statusCode());
                assertEquals(200, ask(stage, "/q/metrics", "Bearer fedcba9876543210fedcba9876543210").statusCode());
            }
        } finally {
            Files.writeString(file, TOKEN);
        }
        assertNotEquals(200, ask(Stage.GATE, "/q/metrics", "Bearer fedcba9876543210fedcba9876543210").statusCode());
    }

    @Test
    void aFileThatIsNotThereStopsTheStartAndIsNamed() {
        var address = URI.create("http://localhost:" + Ports.free(1).getFirst());
        var service = service("without", Stage.DENORMALIZER, address, Map.of(KEY, folder.resolve("none").toString()));
        try {
            var ended = assertThrows(LocalException.class, service::start).getMessage();
            assertTrue(ended.contains("The file " + folder.resolve("none") + ", to which " + KEY + " refers, cannot be read"), ended);
        } finally {
            service.stop();
        }
    }

    private static HttpResponse<String> ask(Stage stage, String path, String authorization) throws IOException, InterruptedException {
        return get(ADDRESSES.get(stage).resolve(path), authorization);
    }

    private static HttpResponse<String> get(URI address, String authorization) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(address).timeout(SOON);
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        try (var http = HttpClient.newHttpClient()) {
            return http.send(request.build(), BodyHandlers.ofString());
        }
    }

    private static String raw(Stage stage, String request) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), ADDRESSES.get(stage).getPort())) {
            socket.setSoTimeout(Math.toIntExact(SOON.toMillis()));
            socket.getOutputStream().write((request + "\r\nConnection: close\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            return String.join("\n", new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8)).lines().toList());
        }
    }
}
