package io.millrace.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.net.httpserver.HttpServer;
import io.millrace.local.Keyring;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The packaged console before callers that take their time, as each service has the same door; and before a gate that works for long. */
@Timeout(180)
class SlowCallersIT {

    private static final Duration LIMIT = Duration.ofSeconds(2);
    /** Longer than any caller is waited for. */
    private static final Duration WORK = LIMIT.multipliedBy(3);
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int BYTE_EACH_MILLIS = 50;
    private static final String FILE = """
            millrace: 1
            name: items
            source: {name: demo, url: {env: U}, user: {env: V}, password: {env: W}}
            document: {root: public.item, fields: [id]}
            """;
    private static final String POST = "POST /api/check HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer any\r\nContent-Type: application/json\r\n";

    @TempDir
    static Path folder;
    private static HttpServer gate;
    private static ManagedProcess console;
    private static Keyring keyring;
    private static URI address;
    private static URI secured;

    @BeforeAll
    static void start() throws Exception {
        gate = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        gate.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        gate.start();
        var ports = Ports.free(3);
        address = URI.create("http://localhost:" + ports.get(0));
        secured = URI.create("https://localhost:" + ports.get(1));
        keyring = Keyring.in(folder);
        var shown = keyring.certificate("console");
        var properties = new HashMap<>(Map.of("quarkus.http.host", "localhost", "quarkus.http.port", ports.get(0).toString(), "quarkus.http.ssl-port", ports.get(1).toString(),
                "quarkus.http.ssl.certificate.files", shown.certificate().toString(), "quarkus.http.ssl.certificate.key-files", shown.key().toString(),
                "millrace.console.pipelines", Files.writeString(folder.resolve("items.yaml"), FILE).toString(), "millrace.http.request-timeout", LIMIT.toString()));
        List.of("capture-urls", "denormalizer-urls", "indexer-urls", "purge-urls", "search-url").forEach(asked -> properties.put("millrace.console." + asked, "http://localhost:" + ports.get(2)));
        properties.put("millrace.console.gate-urls", "http://localhost:" + gate.getAddress().getPort());
        console = new ManagedProcess(ProcessSpec.quarkus("console", folder, "128m", Path.of("target", "quarkus-app", "quarkus-run.jar"), properties, Map.of(), Map.of("http", ports.get(0)),
                Readiness.http(address.resolve("/q/health/live"))));
        console.start();
        warm();
        gate.createContext("/check", exchange -> {
            exchange.getRequestBody().readAllBytes();
            try {
                Thread.sleep(WORK);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            exchange.sendResponseHeaders(200, 2);
            exchange.getResponseBody().write("{}".getBytes(StandardCharsets.US_ASCII));
            exchange.close();
        });
    }

    /** What the console does for the first time it does slowly, and that is no slowness of a caller. The gate still refuses at once. */
    private static void warm() throws InterruptedException {
        for (var door : List.of(address, secured)) {
            try {
                check(door, 1_000_000, true);
            } catch (IOException _) {
                // It may have been given up for that slowness.
            }
        }
    }

    @AfterAll
    static void stop() {
        console.stop();
        gate.stop(0);
    }

    @Test
    void aWholeRequestIsAnsweredHoweverLongThatTakes() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var answers = new ArrayList<Future<Integer>>();
            for (int bytes : new int[] {2, 20_000, 1_000_000}) {
                for (var door : List.of(address, secured)) {
                    answers.add(threads.submit(() -> check(door, bytes, false)));
                    answers.add(threads.submit(() -> check(door, bytes, true)));
                }
            }
            for (var answer : answers) {
                assertEquals(200, answer.get());
            }
        }
    }

    /** @param used whether the connection was asked for something before */
    private static int check(URI door, int bytes, boolean used) throws IOException, InterruptedException {
        try (var http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).sslContext(keyring.clients()).build()) {
            if (used) {
                http.send(HttpRequest.newBuilder(door.resolve("/q/health/live")).timeout(SOON).build(), BodyHandlers.discarding());
            }
            return http.send(HttpRequest.newBuilder(door.resolve("/api/check")).timeout(SOON).headers("Content-Type", "application/json", "Authorization", "Bearer any")
                    .POST(BodyPublishers.ofString("{" + " ".repeat(bytes - 2) + "}")).build(), BodyHandlers.discarding()).statusCode();
        }
    }

    @Test
    void whoeverSpeaksHttp2IsAnsweredByHttp1() throws Exception {
        try (var http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).sslContext(keyring.clients()).build()) {
            for (var door : List.of(address, secured)) {
                assertEquals(HttpClient.Version.HTTP_1_1, http.send(HttpRequest.newBuilder(door.resolve("/q/health/live")).timeout(SOON).build(), BodyHandlers.discarding()).version(), door.toString());
            }
        }
    }

    @Test
    void aBodyThatComesByteByByteIsGivenUpBesideOthersThatAreServed() throws Exception {
        isGivenUpTogether(POST + "Content-Length: 100\r\n\r\n{", POST + "Content-Length: 20000\r\n\r\n{" + " ".repeat(15_000), POST + "Transfer-Encoding: chunked\r\n\r\nffff\r\n", POST + "Expect: 100-continue\r\nContent-Length: 20000\r\n\r\n",
                POST.replace("Host: localhost", "Host: evil.example") + "Content-Length: 20000\r\n\r\n{");
    }

    @Test
    void headersThatComeByteByByteAreGivenUpToo() throws Exception {
        var slow = "GET /q/health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
        isGivenUpTogether("G", slow, "GET /q/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n" + slow);
    }

    private static void isGivenUpTogether(String... begun) throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor(); var http = HttpClient.newHttpClient()) {
            var held = new ArrayList<Future<Duration>>();
            for (var request : begun) {
                for (int i = 0; i < 50; i++) {
                    held.add(threads.submit(() -> held(request)));
                }
            }
            var live = HttpRequest.newBuilder(address.resolve("/q/health/live")).timeout(SOON).build();
            assertEquals(200, http.send(live, BodyHandlers.discarding()).statusCode());
            for (var time : held) {
                assertTrue(time.get().compareTo(LIMIT.multipliedBy(9).dividedBy(10)) >= 0, () -> "given up after " + time.resultNow());
            }
        }
    }

    /** For how long the console keeps a connection over which a byte comes now and then, behind what the request begins with. */
    private static Duration held(String begun) throws IOException {
        long start = System.nanoTime();
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), address.getPort())) {
            socket.setSoTimeout(BYTE_EACH_MILLIS);
            socket.getOutputStream().write(begun.getBytes(StandardCharsets.US_ASCII));
            var answer = new byte[1_000];
            while (since(start).compareTo(SOON) < 0) {
                try {
                    if (socket.getInputStream().read(answer) < 0) {
                        return since(start);
                    }
                } catch (SocketTimeoutException e) {
                    socket.getOutputStream().write('a');
                }
            }
        } catch (SocketException e) {
            return since(start);
        }
        return fail("still open after " + SOON + ": " + begun);
    }

    private static Duration since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos);
    }
}
