package io.millrace.console.live;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import io.millrace.local.Debugger;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The packaged console, before a service that begins an answer and never ends it. */
@Timeout(180)
class LookIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String FILE = """
            millrace: 1
            name: items
            source: {name: demo, url: {env: U}, user: {env: V}, password: {env: W}}
            document: {root: public.item, fields: [id]}
            """;

    @TempDir
    static Path folder;
    private static HttpServer endless;
    private static ManagedProcess console;
    private static URI address;
    private static int debugged;

    @BeforeAll
    static void start() throws Exception {
        endless = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        endless.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write('{');
            exchange.getResponseBody().flush();
        });
        endless.start();
        var ports = Ports.free(3);
        debugged = ports.get(0);
        address = URI.create("http://localhost:" + ports.get(1));
        var nobody = "http://localhost:" + ports.get(2);
        var pipeline = Files.writeString(folder.resolve("items.yaml"), FILE);
        console = new ManagedProcess(ProcessSpec.quarkus("console", folder, "128m", Path.of("target", "quarkus-app", "quarkus-run.jar"),
                Map.of("quarkus.http.host", "localhost", "quarkus.http.port", ports.get(1).toString(), "millrace.console.pipelines", pipeline.toString(), "millrace.console.stuck-after", "3s",
                        "millrace.console.capture-urls", "http://localhost:" + endless.getAddress().getPort(), "millrace.console.gate-urls", nobody, "millrace.console.denormalizer-urls", nobody,
                        "millrace.console.indexer-urls", nobody, "millrace.console.purge-urls", nobody, "millrace.console.search-url", nobody),
                Map.of("JAVA_TOOL_OPTIONS", Debugger.option(debugged)), Map.of("http", ports.get(1)), Readiness.http(address.resolve("/q/health/live"))));
        console.start();
    }

    @AfterAll
    static void stop() {
        console.stop();
        endless.stop(0);
    }

    @Test
    void anAnswerThatDoesNotEndIsNoneAndALookThatHangsFailsLiveness() throws Exception {
        try (var http = HttpClient.newHttpClient(); var debugger = Debugger.attach(debugged)) {
            var live = HttpRequest.newBuilder(address.resolve("/api/live")).timeout(SOON).build();
            var first = http.send(live, BodyHandlers.ofString()).body();
            assertTrue(first.contains("\"reason\":\"http://localhost:" + endless.getAddress().getPort() + " does not answer\""), first);
            isAlive(http, "\"status\": \"UP\"");
            var look = debugger.block(null, "io.millrace.pipeline.metrics.Samples", "parse");
            var waits = http.sendAsync(live, BodyHandlers.ofString());
            isAlive(http, "\"status\": \"DOWN\"", "\"look at the services\": \"it has given no sign of life for longer than 3 s; it stands at io.millrace.pipeline.metrics.Samples.parse");
            look.interrupt();
            isAlive(http, "\"status\": \"UP\"");
            waits.join();
        }
    }

    private static void isAlive(HttpClient http, String... parts) {
        await().atMost(SOON).pollInterval(Duration.ofMillis(100)).untilAsserted(() -> {
            var said = http.send(HttpRequest.newBuilder(address.resolve("/q/health/live")).build(), BodyHandlers.ofString()).body();
            assertTrue(List.of(parts).stream().allMatch(said::contains), said);
        });
    }
}
