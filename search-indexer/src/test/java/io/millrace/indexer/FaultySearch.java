package io.millrace.indexer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;

/** Stands between the indexer and the real search engine, and spoils bulk requests as it is told. Everything else passes as it is. */
final class FaultySearch implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    /** Bytes of a bulk request. */
    static final int MUCH = 400_000;
    private static final int BUSY_STATUS = 429;
    private static final int FAILED_STATUS = 500;
    private static final Duration SLOW = Duration.ofSeconds(2);
    private static final Choice EACH_THIRD = (number, action) -> number % 3 == 0;
    /** Of the requests, each such one. */
    private static final int REQUEST = 2;

    /** Whether a document of a bulk request is refused. */
    private interface Choice {

        /** @param number of the document within the request, from 0 */
        boolean refuses(int number, JsonNode action) throws IOException, InterruptedException;
    }

    /** Which requests a kind of managed cluster leaves out, and how it says so. */
    record Offer(Pattern leftOut, int status, String answer) {}

    /**
     * Amazon OpenSearch Serverless, by the API that the OpenSearch project describes for it (opensearch-api-specification, overlays/aoss). It answers 404 without a body (opensearch-py, issue 646).
     */
    static final Offer SERVERLESS = new Offer(Pattern.compile("[A-Z]+ (/|/_cluster/.*|/_stats.*|/_nodes.*|/_tasks.*|/_search/scroll.*|(/[^/]+)?/_(refresh|flush|forcemerge|close|open|stats|segments|recovery|search_shards|delete_by_query))"), 404, "");

    /**
     * Amazon OpenSearch Service, in the same place (overlays/aos). It answers 401 and asks for no login (OpenSearch-Dashboards, issue 5707).
     */
    static final Offer MANAGED = new Offer(Pattern.compile("[A-Z]+ (/_settings(/.*)?|/_cluster/(reroute|voting_config_exclusions|decommission.*|routing.*)|/_segments|/_cache/clear|/_forcemerge|/_dangling.*|/_cat/nodeattrs|/_upgrade)"), 401,
            "{\"Message\":\"Your request: '' is not allowed.\"}");

    /** What happens to a bulk request. */
    enum Fault {
        NONE,
        /** All of it is refused, for there is too much to do. */
        BUSY,
        /** Single documents of it are. */
        BUSY_FOR_SOME,
        /** It is refused where it has more than {@link #MUCH} bytes, as the engine does that counts the bytes of all that it has in work. */
        TOO_MUCH,
        /** The engine fails over single documents of it. */
        FAILED_FOR_SOME,
        /** Its answer comes late. */
        SLOW,
        /** It is applied, and the connection closed in the place of an answer. */
        UNANSWERED,
        /** The connection is closed, and it is applied all the same, after what was sent meanwhile. So it goes with each second one, and the others pass. */
        LATE
    }

    private final HttpServer server;
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI search;
    private final AtomicInteger spoilt = new AtomicInteger();
    private final AtomicInteger seen = new AtomicInteger();
    /** Requests that are to be applied later. */
    private final AtomicInteger late = new AtomicInteger();
    private volatile Fault fault = Fault.NONE;
    /** What a request contains that is held; null for none. */
    private volatile String held;
    /** Null for none. */
    private volatile String disguise;
    /** Null for one that serves all. */
    private volatile Offer offer;
    /** A shard of the index of that name that fails over every document; null for none. */
    private volatile String failing;
    private volatile int failingShard;
    /** Where the real engine has a document of that index, by the index's name and what it is routed by. */
    private final Map<String, Integer> shards = new ConcurrentHashMap<>();
    /** The last bulk request to an index, by its path. */
    private final Map<String, String> last = new ConcurrentHashMap<>();
    private volatile CountDownLatch released = new CountDownLatch(1);

    FaultySearch(String search) throws IOException {
        this.search = URI.create(search);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::handle);
        server.start();
    }

    String url() {
        return "http://localhost:" + server.getAddress().getPort();
    }

    /** It serves only what such a cluster does; null for all. */
    void offer(Offer kind) {
        offer = kind;
    }

    /** From now on a shard fails over every document; null for none. */
    void failShard(String index, int shard) {
        failingShard = shard;
        failing = index;
    }

    /** The last bulk request to an index; empty where there was none. */
    String last(String index) {
        return last.getOrDefault("/" + index + "-Writer/_bulk", "");
    }

    /** The shard in which the real engine has a document. */
    int shard(String index, String routing) throws IOException, InterruptedException {
        var known = shards.get(index + "/" + routing);
        if (known == null) {
            var uri = search.resolve("/" + index + "/_search_shards?routing=" + URLEncoder.encode(routing, StandardCharsets.UTF_8));
            known = JSON.readTree(client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofByteArray()).body()).path("shards").path(0).path(0).path("shard").asInt(-1);
            shards.put(index + "/" + routing, known);
        }
        return known;
    }

    /** What it says of itself in the place of what the real one says; null for that. */
    void disguise(String told) {
        disguise = told;
    }

    /** From now on. */
    void set(Fault now) {
        fault = now;
        spoilt.set(0);
    }

    /** Requests that contain this are kept back until {@link #release()}. */
    void hold(String part) {
        released = new CountDownLatch(1);
        held = part;
        spoilt.set(0);
    }

    /** What was kept back goes on its way. */
    void release() {
        held = null;
        released.countDown();
    }

    /** How many requests were spoilt since that was told last. */
    int spoilt() {
        return spoilt.get();
    }

    /** How many requests whose connection was closed are still to be applied. */
    int late() {
        return late.get();
    }

    private void handle(HttpExchange exchange) throws IOException {
        var body = exchange.getRequestBody().readAllBytes();
        boolean bulk = exchange.getRequestURI().getPath().endsWith("-Writer/_bulk");
        if (bulk) {
            last.put(exchange.getRequestURI().getPath(), new String(body, StandardCharsets.UTF_8));
        }
        var left = offer;
        if (left != null && left.leftOut().matcher(exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath()).matches()) {
            try (exchange) {
                answer(exchange, left.status(), left.answer().getBytes(StandardCharsets.UTF_8));
            }
            return;
        }
        var now = bulk ? fault : Fault.NONE;
        if (now == Fault.TOO_MUCH && body.length <= MUCH) {
            now = Fault.NONE;
        }
        if (now == Fault.LATE && seen.getAndIncrement() % REQUEST == 0) {
            now = Fault.NONE;
        }
        spoilt.addAndGet(now == Fault.NONE ? 0 : 1);
        var kept = held;
        var until = released;
        var told = exchange.getRequestURI().getPath().equals("/") ? disguise : null;
        try (exchange) {
            if (told != null) {
                answer(exchange, 200, told.getBytes(StandardCharsets.UTF_8));
                return;
            }
            if (kept != null && new String(body, StandardCharsets.UTF_8).contains(kept)) {
                spoilt.incrementAndGet();
                until.await();
            }
            switch (now) {
                case BUSY, TOO_MUCH -> answer(exchange, BUSY_STATUS, "{\"error\":{\"type\":\"rejected_execution_exception\",\"reason\":\"by the test\"},\"status\":429}".getBytes(StandardCharsets.UTF_8));
                case BUSY_FOR_SOME -> some(exchange, body, BUSY_STATUS, "rejected_execution_exception", EACH_THIRD);
                case FAILED_FOR_SOME -> some(exchange, body, FAILED_STATUS, "illegal_state_exception", EACH_THIRD);
                case SLOW -> {
                    Thread.sleep(SLOW);
                    pass(exchange, body);
                }
                // Nothing is sent, so the caller sees its connection closed.
                case UNANSWERED -> forward(exchange, body);
                case LATE -> later(exchange, body);
                case NONE -> {
                    var shard = failing;
                    if (bulk && shard != null && exchange.getRequestURI().getPath().equals("/" + shard + "-Writer/_bulk")) {
                        some(exchange, body, FAILED_STATUS, "i_o_exception", (number, action) -> shard(shard, action.path("routing").asText(action.path("_id").asText())) == failingShard);
                    } else {
                        pass(exchange, body);
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void pass(HttpExchange exchange, byte[] body) throws IOException, InterruptedException {
        var answer = forward(exchange, body);
        answer(exchange, answer.statusCode(), answer.body());
    }

    private HttpResponse<byte[]> forward(HttpExchange exchange, byte[] body) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(search.resolve(exchange.getRequestURI().toString())).method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(body));
        var type = exchange.getRequestHeaders().getFirst("Content-Type");
        return client.send(type == null ? request.build() : request.header("Content-Type", type).build(), BodyHandlers.ofByteArray());
    }

    private void later(HttpExchange exchange, byte[] body) {
        late.incrementAndGet();
        Thread.ofVirtual().start(() -> {
            try {
                Thread.sleep(SLOW);
                forward(exchange, body);
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException("A request could not be applied late", e);
            } finally {
                late.decrementAndGet();
            }
        });
    }

    private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        boolean empty = body.length == 0 || exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, empty ? -1 : body.length);
        if (!empty) {
            exchange.getResponseBody().write(body);
        }
    }

    /** Keeps some documents from the engine, and answers for them. */
    private void some(HttpExchange exchange, byte[] body, int status, String error, Choice choice) throws IOException, InterruptedException {
        var lines = new String(body, StandardCharsets.UTF_8).split("\n");
        var kept = new ByteArrayOutputStream();
        var refused = new ArrayList<Boolean>();
        for (int line = 0; line < lines.length; line++) {
            boolean delete = lines[line].startsWith("{\"delete\"");
            boolean refuse = choice.refuses(refused.size(), JSON.readTree(lines[line]).iterator().next());
            refused.add(refuse);
            var action = delete ? lines[line] + "\n" : lines[line] + "\n" + lines[++line] + "\n";
            if (!refuse) {
                kept.writeBytes(action.getBytes(StandardCharsets.UTF_8));
            }
        }
        JsonNode items = JSON.createArrayNode();
        if (kept.size() > 0) {
            items = JSON.readTree(forward(exchange, kept.toByteArray()).body()).path("items");
        }
        ObjectNode whole = JSON.createObjectNode().put("errors", true);
        var merged = whole.putArray("items");
        int next = 0;
        for (boolean refuse : refused) {
            if (refuse) {
                merged.addObject().putObject("index").put("status", status).putObject("error").put("type", error).put("reason", "by the test");
            } else {
                merged.add(items.path(next++));
            }
        }
        answer(exchange, 200, JSON.writeValueAsBytes(whole));
    }

    @Override
    public void close() {
        server.stop(0);
        client.close();
    }
}
