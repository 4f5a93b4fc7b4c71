package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.stack.Stage;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.Endpoints;
import io.millrace.tests.stack.Endpoints.Endpoint;
import io.millrace.tests.stack.SharedStack;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Every endpoint of every service, asked by somebody who may not, in every spelling of its path and by every method. */
@ExtendWith(SharedStack.class)
class EndpointsIT {

    private enum Door {
        /** Answers everybody. */
        OPEN,
        /** Answers 401 to whoever has not the token. */
        CLOSED,
        /** Is for a console with a provider, which this stack's has not: 404. */
        ABSENT
    }

    private static final Map<Endpoint, Door> TABLE = Map.ofEntries(
            closed(Stage.GATE, "GET", "/quarantine"),
            closed(Stage.GATE, "GET", "/quarantine/{table}"),
            closed(Stage.GATE, "POST", "/quarantine/{table}/accept"),
            closed(Stage.GATE, "POST", "/quarantine/{table}/replay"),
            closed(Stage.GATE, "POST", "/quarantine/{table}/hold"),
            closed(Stage.GATE, "POST", "/quarantine/{table}/discard"),
            closed(Stage.GATE, "GET", "/breaker"),
            closed(Stage.GATE, "POST", "/breaker/reset"),
            closed(Stage.GATE, "GET", "/schemas"),
            closed(Stage.GATE, "GET", "/schemas/{table}"),
            closed(Stage.GATE, "GET", "/check"),
            closed(Stage.GATE, "POST", "/check"),
            closed(Stage.CAPTURE, "POST", "/recovery"),
            closed(Stage.CAPTURE, "GET", "/resnapshots"),
            closed(Stage.CAPTURE, "GET", "/resnapshots/estimate"),
            closed(Stage.CAPTURE, "POST", "/resnapshots"),
            closed(Stage.CAPTURE, "DELETE", "/resnapshots"),
            closed(Stage.PURGE, "POST", "/pipelines/{pipeline}/documents/{id: .*}/erasure"),
            closed(Stage.PURGE, "POST", "/pipelines/{pipeline}/documents/erasure"),
            closed(Stage.PURGE, "PATCH", "/pipelines/{pipeline}/documents/{id: .*}/enrichment"),
            closed(Stage.PURGE, "GET", "/pipelines/{pipeline}/documents/{id: .*}/enrichment"),
            closed(Stage.PURGE, "POST", "/erasures"),
            closed(Stage.PURGE, "GET", "/erasures"),
            closed(Stage.PURGE, "GET", "/erasures/{id}"),
            closed(Stage.PURGE, "POST", "/erasures/{id}/withdrawal"),
            closed(Stage.PURGE, "GET", "/pipelines/{pipeline}/freshness"),
            closed(Stage.PURGE, "GET", "/pipelines/{pipeline}/retention"),
            closed(Stage.PURGE, "POST", "/pipelines/{pipeline}/retention"),
            closed(Stage.PURGE, "GET", "/retention-runs"),
            closed(Stage.PURGE, "GET", "/retention-runs/{id}"),
            closed(Stage.PURGE, "POST", "/retention-runs/{id}/confirmation"),
            closed(Stage.PURGE, "POST", "/pipelines/{pipeline}/verifications"),
            closed(Stage.PURGE, "GET", "/verifications"),
            closed(Stage.PURGE, "GET", "/verifications/{id}"),
            closed(Stage.PURGE, "GET", "/verifications/{id}/differences"),
            closed(Stage.PURGE, "POST", "/verifications/{id}/stop"),
            // Times and positions of one document's last change, nothing of what is in it.
            open(Stage.INDEXER, "/pipelines/{pipeline}/documents/{id}/trace"),
            closed(Stage.INDEXER, "GET", "/pipelines/{pipeline}/generations"),
            closed(Stage.INDEXER, "POST", "/pipelines/{pipeline}/generations"),
            closed(Stage.INDEXER, "POST", "/pipelines/{pipeline}/generations/{index}/service"),
            closed(Stage.INDEXER, "GET", "/pipelines/{pipeline}/generations/{index}/comparison"),
            closed(Stage.INDEXER, "DELETE", "/pipelines/{pipeline}/generations/{index}"),
            closed(Stage.INDEXER, "GET", "/pipelines/{pipeline}/quarantine"),
            closed(Stage.INDEXER, "GET", "/pipelines/{pipeline}/quarantine/documents/{id}"),
            closed(Stage.INDEXER, "POST", "/pipelines/{pipeline}/quarantine/replay"),
            closed(Stage.INDEXER, "POST", "/pipelines/{pipeline}/quarantine/discard"),
            // The console has a door of its own, millrace.console.token-file, which this stack leaves open; what gate, capture and purge are asked for has theirs.
            // Whoever is not logged in yet is told how to (ConsoleLoginIT).
            open(Stage.CONSOLE, "/api/login"),
            Map.entry(new Endpoint(Stage.CONSOLE, "POST", "/api/login"), Door.ABSENT),
            Map.entry(new Endpoint(Stage.CONSOLE, "POST", "/api/login/renewal"), Door.ABSENT),
            open(Stage.CONSOLE, "/api/pipelines"),
            open(Stage.CONSOLE, "/api/live"),
            open(Stage.CONSOLE, "/api/figures"),
            open(Stage.CONSOLE, "/api/history"),
            open(Stage.CONSOLE, "/api/manage"),
            open(Stage.CONSOLE, "/api/pipelines/{pipeline}/search"),
            open(Stage.CONSOLE, "/api/pipelines/{pipeline}/documents/{id: .+}"),
            closed(Stage.CONSOLE, "GET", "/api/pipelines/{pipeline}/generations"),
            closed(Stage.CONSOLE, "POST", "/api/pipelines/{pipeline}/generations"),
            closed(Stage.CONSOLE, "POST", "/api/pipelines/{pipeline}/generations/{index}/service"),
            closed(Stage.CONSOLE, "GET", "/api/pipelines/{pipeline}/generations/{index}/comparison"),
            closed(Stage.CONSOLE, "DELETE", "/api/pipelines/{pipeline}/generations/{index}"),
            closed(Stage.CONSOLE, "GET", "/api/pipelines/{pipeline}/quarantine"),
            closed(Stage.CONSOLE, "GET", "/api/pipelines/{pipeline}/quarantine/documents/{id: .+}"),
            closed(Stage.CONSOLE, "POST", "/api/pipelines/{pipeline}/quarantine/replay"),
            closed(Stage.CONSOLE, "POST", "/api/pipelines/{pipeline}/quarantine/discard"),
            closed(Stage.CONSOLE, "GET", "/api/quarantine"),
            closed(Stage.CONSOLE, "POST", "/api/quarantine/{table}/{decision}"),
            closed(Stage.CONSOLE, "GET", "/api/resnapshots/{source}/{table}"),
            closed(Stage.CONSOLE, "POST", "/api/resnapshots/{source}/{table}"),
            closed(Stage.CONSOLE, "GET", "/api/schemas"),
            closed(Stage.CONSOLE, "GET", "/api/schemas/{table}"),
            closed(Stage.CONSOLE, "GET", "/api/check"),
            closed(Stage.CONSOLE, "POST", "/api/check"),
            closed(Stage.CONSOLE, "GET", "/api/erasures"),
            closed(Stage.CONSOLE, "POST", "/api/erasures"),
            closed(Stage.CONSOLE, "POST", "/api/erasures/documents/{pipeline}/{id: .+}"),
            closed(Stage.CONSOLE, "POST", "/api/erasures/{id}/withdrawal"),
            closed(Stage.CONSOLE, "GET", "/api/verifications"),
            closed(Stage.CONSOLE, "POST", "/api/verifications/{pipeline}"),
            closed(Stage.CONSOLE, "GET", "/api/verifications/{id}/differences"),
            closed(Stage.CONSOLE, "POST", "/api/verifications/{id}/stop"),
            closed(Stage.CONSOLE, "GET", "/api/retention-runs"),
            closed(Stage.CONSOLE, "POST", "/api/retention-runs/{id}/confirmation"));
    private static final int PATIENCE_MILLIS = 20_000;
    private static final List<String> METHODS = List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");
    private static final Map<String, String> PARAMETERS = Map.of("source", "demo", "pipeline", "monitors", "table", "demo.public.team", "id", "1", "decision", "hold", "index", "monitors-000009");
    /** Whatever an endpoint takes, this is enough for it to be carried out. */
    static final String BODY = "{\"reason\": \"because\", \"count\": 0, \"migrations\": [{\"name\": \"a.sql\", \"text\": \"SELECT 1;\"}]}";
    /** There is no such thing here, or it is not done this way; 401 beside them. */
    private static final Set<Integer> NOTHING = Set.of(404, 405, 415);

    private final DemoStack stack;
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    EndpointsIT(DemoStack stack) {
        this.stack = stack;
    }

    private static Map.Entry<Endpoint, Door> closed(Stage service, String method, String path) {
        return Map.entry(new Endpoint(service, method, path), Door.CLOSED);
    }

    private static Map.Entry<Endpoint, Door> open(Stage service, String path) {
        return Map.entry(new Endpoint(service, "GET", path), Door.OPEN);
    }

    @Test
    void everyEndpointThatIsThereIsInTheTable() throws IOException {
        var there = new TreeSet<Endpoint>();
        for (var service : Stage.values()) {
            there.addAll(Endpoints.of(service));
        }
        assertEquals(there, new TreeSet<>(TABLE.keySet()));
    }

    @Test
    void theDocumentOfOpenApiNamesEveryEndpointAndIsOpen() throws Exception {
        var described = new TreeSet<String>();
        for (var service : Stage.values()) {
            if (TABLE.keySet().stream().anyMatch(e -> e.service() == service)) {
                var paths = new JsonMapper().readTree(described(stack.address(service))).path("paths");
                paths.properties().forEach(path -> path.getValue().fieldNames().forEachRemaining(method -> described.add(service + " " + method.toUpperCase(Locale.ROOT) + " " + path.getKey())));
            }
        }
        assertEquals(TABLE.keySet().stream().map(e -> e.toString().replaceAll("\\{(\\w+)[^}]*}", "{$1}")).collect(Collectors.toCollection(TreeSet::new)), described);
    }

    @Test
    void aClosedDoorIsClosedHoweverOneKnocks() throws Exception {
        var let = new TreeMap<String, Integer>();
        for (var row : TABLE.entrySet()) {
            if (row.getValue() == Door.CLOSED) {
                knock(row.getKey(), stack.address(row.getKey().service()), let);
            }
        }
        assertEquals(Map.of(), let);
    }

    @Test
    void whoeverIsLetInToChangeSomethingLeavesALine() throws Exception {
        var token = Files.readString(stack.stack().token()).strip();
        var silent = new TreeSet<String>();
        for (var endpoint : TABLE.keySet()) {
            if ((endpoint.service() == Stage.CAPTURE || endpoint.service() == Stage.INDEXER) && !endpoint.method().equals("GET")) {
                // There are no such pipeline and source, so nothing is changed.
                var path = filled(endpoint.path().replace("{pipeline}", "nobodys"));
                ask(endpoint.method(), stack.address(endpoint.service()), path + "?source=nobodys", "Bearer " + token);
                if (!logged(endpoint.method() + " " + path + " source=nobodys by token from ")) {
                    silent.add(endpoint.toString());
                }
            }
        }
        assertEquals(Set.of(), silent);
    }

    private boolean logged(String words) throws IOException {
        try (var files = Files.walk(stack.stack().options().data().resolve("logs"))) {
            for (var file : files.filter(Files::isRegularFile).toList()) {
                if (new String(Files.readAllBytes(file), StandardCharsets.UTF_8).contains(words)) {
                    return true;
                }
            }
        }
        return false;
    }

    @Test
    void anOpenDoorIsOpen() throws Exception {
        for (var row : TABLE.entrySet()) {
            var endpoint = row.getKey();
            if (row.getValue() == Door.OPEN) {
                int status = ask("GET", stack.address(endpoint.service()), filled(endpoint.path()), null);
                assertTrue(status == 200 || status == 404, endpoint + " answers " + status);
            } else if (row.getValue() == Door.ABSENT) {
                assertEquals(404, ask(endpoint.method(), stack.address(endpoint.service()), filled(endpoint.path()), "Bearer any"), endpoint::toString);
            }
        }
        for (var service : Stage.values()) {
            assertAll(List.of("/q/health/live", "/q/metrics").stream().map(path -> () -> assertEquals(200, ask("GET", stack.address(service), path, null), service + path)));
            assertAll(List.of("/q/dev-ui", "/q/openapi", "/q/swagger-ui", "/q/arc", "/q/info").stream().map(path -> () -> assertEquals(404, ask("GET", stack.address(service), path, null), service + path)));
        }
    }

    @Test
    void noServiceAnswersAWebPageByItsOwnNameNorByARebornOne() throws Exception {
        var token = Files.readString(stack.stack().token()).strip();
        var let = new TreeMap<String, Integer>();
        for (var service : Stage.values()) {
            var paths = new TreeSet<>(Set.of("/q/health/live", "/q/metrics", "/"));
            TABLE.keySet().stream().filter(e -> e.service() == service).map(e -> filled(e.path())).forEach(paths::add);
            int port = stack.address(service).getPort();
            for (var path : paths) {
                for (var headers : List.of("Host: evil.example:" + port, "Host: localhost:" + port + "\r\nOrigin: https://evil.example", "Host: localhost:" + port + "\r\nOrigin: null")) {
                    for (var method : METHODS) {
                        int status = raw(port, method + " " + path + " HTTP/1.1\r\n" + headers + "\r\nAuthorization: Bearer " + token + "\r\nContent-Length: 0");
                        if (status != 403) {
                            let.put(method + " " + service + path + " with " + headers, status);
                        }
                    }
                }
            }
            assertEquals(200, raw(port, "GET /q/health/live HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nOrigin: http://127.0.0.1:" + port), service + " answers its own page");
        }
        assertEquals(Map.of(), let);
    }

    @Test
    void aFloodOfHeadersAndAGiantBodyAreRefusedBeforeTheyAreTakenIn() throws Exception {
        var token = Files.readString(stack.stack().token()).strip();
        var taken = new TreeMap<String, Integer>();
        for (var service : Stage.values()) {
            int port = stack.address(service).getPort();
            for (var flood : List.of("X-Long: " + "a".repeat(100_000), "X-Many: a\r\n".repeat(20_000) + "X-Last: a")) {
                int status = raw(port, "GET /q/health/live HTTP/1.1\r\nHost: localhost\r\n" + flood);
                if (status != 431 && status != 400) {
                    taken.put(service + " with headers of " + flood.length() + " bytes", status);
                }
            }
            for (var endpoint : TABLE.keySet()) {
                if (endpoint.service() == service && endpoint.method().equals("POST")) {
                    int status = raw(port, "POST " + filled(endpoint.path()) + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token
                            + "\r\nContent-Type: application/json\r\nIdempotency-Key: giant\r\nContent-Length: 1073741824");
                    if (status != 413) {
                        taken.put(endpoint + " with a giant body", status);
                    }
                }
            }
            assertEquals(200, ask("GET", stack.address(service), "/q/health/live", null), service + " goes on");
        }
        assertEquals(Map.of(), taken);
    }

    @Test
    void callersThatNeverEndTheirRequestKeepNobodyElseWaiting() throws Exception {
        for (var service : Stage.values()) {
            int port = stack.address(service).getPort();
            var path = TABLE.keySet().stream().filter(e -> e.service() == service && e.method().equals("POST")).map(e -> filled(e.path())).findFirst().orElse("/q/metrics");
            var slow = new ArrayList<Socket>();
            try {
                for (int i = 0; i < 200; i++) {
                    var socket = new Socket(InetAddress.getLoopbackAddress(), port);
                    slow.add(socket);
                    socket.getOutputStream().write(("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{").getBytes(StandardCharsets.US_ASCII));
                }
                assertEquals(200, raw(port, "GET /q/health/live HTTP/1.1\r\nHost: localhost"), service + " answers beside them");
            } finally {
                for (var socket : slow) {
                    socket.close();
                }
            }
        }
    }

    @Test
    void noPathLeadsOutOfWhatIsServed() throws Exception {
        var let = new TreeMap<String, Integer>();
        for (var service : Stage.values()) {
            for (var path : List.of("/../../../../etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd", "/..%5c..%5cetc%5cpasswd", "//etc/passwd", "/q/../../etc/passwd", "/./application.properties",
                    "/application.properties", "/META-INF/MANIFEST.MF", "/META-INF/resources/index.html", "/%00", "/index.html%00.properties", "/.%2e/application.properties")) {
                int status = raw(stack.address(service).getPort(), "GET " + path + " HTTP/1.1\r\nHost: localhost");
                if (status < 400 || status >= 500) {
                    let.put(service + path, status);
                }
            }
        }
        assertEquals(Map.of(), let);
    }

    /** The status of an answer; a client of Java's library would not let Host and Origin be set. */
    private static int raw(int port, String request) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(PATIENCE_MILLIS);
            try {
                socket.getOutputStream().write((request + "\r\nConnection: close\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            } catch (SocketException _) {
                // It answered and hung up before it had heard all; its answer is there to be read.
            }
            var status = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8)).readLine();
            return Integer.parseInt(status.split(" ", 3)[1]);
        }
    }

    @Test
    void aConsoleThatIsGivenATokenAnswersNobodyElse() throws Exception {
        int port = Ports.free(1).getFirst();
        var data = stack.stack().options().data();
        var jar = DemoStack.home().resolve(Stage.CONSOLE.module()).resolve("target").resolve("quarkus-app").resolve("quarkus-run.jar");
        var token = Files.writeString(data.resolve("console-token"), "only-for-tests");
        var address = URI.create("http://localhost:" + port);
        var console = new ManagedProcess(ProcessSpec.quarkus("closed-console", data, "112m", jar, settings(port, token), stack.stack().sourceEnvironment(Stage.CONSOLE), Map.of("http", port),
                Readiness.http(address.resolve("/q/health/live"))).withFirstCompilerOnly());
        console.start();
        try {
            assertEquals(200, ask("GET", address, "/api/pipelines", "Bearer only-for-tests"));
            var let = new TreeMap<String, Integer>();
            for (var endpoint : TABLE.keySet()) {
                if (endpoint.service() == Stage.CONSOLE) {
                    knock(endpoint, address, let);
                }
            }
            assertEquals(Map.of(), let);
        } finally {
            console.stop();
        }
    }

    private Map<String, String> settings(int port, Path token) {
        var pipelines = String.join(",", stack.stack().options().pipelines().stream().map(f -> f.toAbsolutePath().toString()).toList());
        return Map.of("quarkus.http.host", "localhost", "quarkus.http.port", Integer.toString(port), "millrace.console.pipelines", pipelines,
                "millrace.console.token-file", token.toString(), "millrace.console.gate-urls", stack.address(Stage.GATE).toString());
    }

    /** Notes every answer that is neither "who are you" nor "no such thing". */
    private void knock(Endpoint endpoint, URI address, Map<String, Integer> let) throws IOException, InterruptedException {
        var path = filled(endpoint.path());
        var token = Files.readString(stack.stack().token()).strip();
        for (var authorization : new String[] {null, "Bearer wrong", "Bearer " + token.substring(1), "Basic " + token}) {
            note(let, endpoint.method(), address, path, authorization, ask(endpoint.method(), address, path, authorization), Set.of());
        }
        for (var spelling : spellings(path)) {
            note(let, endpoint.method(), address, spelling, null, ask(endpoint.method(), address, spelling, null), NOTHING);
        }
        for (var method : METHODS) {
            for (var spelling : List.of(path, path + ";x")) {
                int status = ask(method, address, spelling, "Bearer wrong");
                // OPTIONS says which methods there are, and calls none of them.
                note(let, method, address, spelling, "Bearer wrong", status, method.equals("OPTIONS") ? Set.of(200, 204, 404, 405) : NOTHING);
            }
        }
    }

    private static void note(Map<String, Integer> let, String method, URI address, String path, String authorization, int status, Set<Integer> allowed) {
        if (status != 401 && !allowed.contains(status)) {
            let.put(method + " " + address + path + " with " + (authorization == null ? "no token" : authorization.replaceAll(" .*", " …")), status);
        }
    }

    /** A path with something in place of each parameter. */
    static String filled(String path) {
        var filled = path.replaceAll(": ?\\.[*+]}", "}");
        for (var parameter : PARAMETERS.entrySet()) {
            filled = filled.replace("{" + parameter.getKey() + "}", parameter.getValue());
        }
        return filled;
    }

    private static Set<String> spellings(String path) {
        var spellings = new LinkedHashSet<String>();
        var steps = List.of(path.substring(1).split("/"));
        for (int i = 0; i < steps.size(); i++) {
            for (var other : List.of(steps.get(i) + ";x", "/" + steps.get(i), "%2e/" + steps.get(i), "x/%2e%2e/" + steps.get(i), "%%%02x%s".formatted((int) steps.get(i).charAt(0), steps.get(i).substring(1)))) {
                var all = new ArrayList<>(steps);
                all.set(i, other);
                spellings.add("/" + String.join("/", all));
            }
        }
        for (var end : List.of(";", ";x=/", "/", "/;x", ".json", "?x", "/%2e", "%2f", "%00")) {
            spellings.add(path + end);
        }
        return spellings;
    }

    private String described(URI address) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(address.resolve("/openapi?format=json")).build(), BodyHandlers.ofString()).body();
    }

    private int ask(String method, URI address, String path, String authorization) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(address + path)).method(method, method.matches("GET|HEAD|DELETE|OPTIONS") ? BodyPublishers.noBody() : BodyPublishers.ofString(BODY))
                .header("Content-Type", "application/json").header("Idempotency-Key", "1");
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        if (!path.endsWith("/live")) {
            return client.send(request.build(), BodyHandlers.discarding()).statusCode();
        }
        // The live figures never end.
        var answer = client.send(request.build(), BodyHandlers.ofInputStream());
        answer.body().close();
        return answer.statusCode();
    }
}
