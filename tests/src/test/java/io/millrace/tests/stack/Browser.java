package io.millrace.tests.stack;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** A page in a real Chromium without a screen, driven by its DevTools protocol. For one thread. */
public final class Browser implements AutoCloseable {

    private static final int PHONE = 600;
    private static final int HIGHEST = 4_000;
    /** A machine without a mouse has pages take it for a phone; here only a narrow window is one. */
    private static final String MOUSE = "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4";
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final JsonMapper JSON = new JsonMapper();

    /** Null where another one's is used. */
    private final Process process;
    private final URI targets;
    private final WebSocket socket;
    private final AtomicInteger ids = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
    private final Queue<String> complaints = new ConcurrentLinkedQueue<>();
    private boolean phone;

    private Browser(Process process, URI targets, String page) {
        this.process = process;
        this.targets = targets;
        this.socket = HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(URI.create(page), new Listener()).join();
        send("Page.enable", Map.of());
        send("Runtime.enable", Map.of());
        send("Log.enable", Map.of());
    }

    /** @throws IllegalStateException when this machine has none of the names */
    static Path program(String install, String... names) {
        return Stream.of(names).flatMap(name -> Stream.of(System.getenv("PATH").split(":")).map(folder -> Path.of(folder, name))).filter(Files::isExecutable).findFirst()
                .orElseThrow(() -> new IllegalStateException("None of " + List.of(names) + " is in the PATH, and this test needs it: " + install));
    }

    /** @param profile folder that it fills */
    public static Browser open(Path profile) throws IOException {
        var program = program("apt-get install chromium", "chromium", "chromium-browser", "google-chrome");
        var process = new ProcessBuilder(program.toString(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", MOUSE, "--disable-extensions", "--disable-background-networking",
                "--hide-scrollbars", "--window-size=1280,900", "--remote-debugging-port=0", "--user-data-dir=" + profile, "about:blank").redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        var port = profile.resolve("DevToolsActivePort");
        Awaitility.await("the browser opens its port").atMost(PATIENCE).until(() -> Files.exists(port) && Files.readAllLines(port).size() == 2);
        var address = URI.create("http://localhost:" + Files.readAllLines(port).getFirst() + "/json");
        var targets = JSON.readTree(address.toURL());
        for (var target : targets) {
            if (target.path("type").asText().equals("page")) {
                return new Browser(process, address, target.path("webSocketDebuggerUrl").asText());
            }
        }
        throw new IOException("The browser has no page: " + targets);
    }

    /** A further tab of the same browser, which counts as one that somebody sees; it ends with this one at the latest. */
    public Browser another(String address) throws IOException {
        try (var http = HttpClient.newHttpClient()) {
            var made = http.send(HttpRequest.newBuilder(URI.create(targets + "/new?about:blank")).PUT(BodyPublishers.noBody()).build(), BodyHandlers.ofString()).body();
            var tab = new Browser(null, targets, JSON.readTree(made).path("webSocketDebuggerUrl").asText());
            tab.send("Emulation.setFocusEmulationEnabled", Map.of("enabled", true));
            tab.go(address);
            return tab;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("Interrupted while a tab was opened", e);
        }
    }

    private final class Listener implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket webSocket, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                take(text.toString());
                text.setLength(0);
            }
            webSocket.request(1);
            return null;
        }
    }

    private void take(String message) {
        try {
            var told = JSON.readTree(message);
            var answer = answers.remove(told.path("id").asInt(-1));
            if (answer != null) {
                answer.complete(told);
            } else if (told.path("method").asText().equals("Runtime.exceptionThrown")) {
                complaints.add(told.at("/params/exceptionDetails/exception/description").asText(told.toString()));
            } else if (told.path("method").asText().equals("Log.entryAdded") && told.at("/params/entry/level").asText().equals("error")) {
                complaints.add(told.at("/params/entry/text").asText() + " " + told.at("/params/entry/url").asText());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private JsonNode send(String method, Map<String, Object> parameters) {
        int id = ids.incrementAndGet();
        var answer = new CompletableFuture<JsonNode>();
        answers.put(id, answer);
        try {
            socket.sendText(JSON.writeValueAsString(Map.of("id", id, "method", method, "params", parameters)), true).get();
            var told = answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            if (told.has("error")) {
                throw new IllegalStateException(method + ": " + told.path("error"));
            }
            return told.path("result");
        } catch (IOException | ExecutionException | TimeoutException e) {
            throw new IllegalStateException(method + " " + parameters + " failed: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Errors of the page's script and what its security policy refused, since it was opened. */
    public List<String> complaints() {
        return List.copyOf(complaints);
    }

    public void go(String address) {
        send("Page.navigate", Map.of("url", address));
        await("the page is there", "document.readyState === 'complete'");
    }

    /** The value of a script's expression, as text; a promise is waited for. */
    public String eval(String expression) {
        var result = send("Runtime.evaluate", Map.of("expression", "Promise.resolve(" + expression + ").then(String)", "awaitPromise", true, "returnByValue", true));
        if (result.has("exceptionDetails")) {
            throw new IllegalStateException(expression + ": " + result.path("exceptionDetails"));
        }
        return result.at("/result/value").asText();
    }

    /** Runs a whole script, as the page's policy would not let it in by itself. */
    void run(String script) {
        send("Runtime.evaluate", Map.of("expression", script, "returnByValue", false));
    }

    /** Returns when an expression is true. */
    public void await(String what, String expression) {
        Awaitility.await(what).atMost(PATIENCE).pollInterval(Duration.ofMillis(100)).until(() -> eval(expression).equals("true"));
    }

    /** The window's size from now on, in pixels; a narrow one is a phone's, which has no mouse. */
    public void size(int width, int height) {
        send("Emulation.setDeviceMetricsOverride", Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < PHONE));
        // To be told that there are no fingers, a browser forgets that there is a mouse.
        if (width < PHONE || phone) {
            phone = width < PHONE;
            send("Emulation.setTouchEmulationEnabled", Map.of("enabled", phone));
        }
    }

    /** Somebody looks at this tab, and at no other one of its window. */
    public void bringToFront() {
        send("Page.bringToFront", Map.of());
    }

    /** A finger that moves over the middle of an element's height, and leaves. @param from and to, 0 at its left, 1 at its right */
    public void slide(String selector, double from, double to) throws IOException {
        eval("(document.querySelector(\"" + selector + "\").scrollIntoView({ block: 'center' }), 1)");
        var box = JSON.readTree(eval("JSON.stringify(document.querySelector(\"" + selector + "\").getBoundingClientRect())"));
        finger("touchStart", List.of(point(box, from)));
        finger("touchMove", List.of(point(box, to)));
        finger("touchEnd", List.of());
    }

    private static Map<String, Double> point(JsonNode box, double across) {
        return Map.of("x", box.path("x").asDouble() + box.path("width").asDouble() * across, "y", box.path("y").asDouble() + box.path("height").asDouble() / 2);
    }

    private void finger(String does, List<Map<String, Double>> points) {
        send("Input.dispatchTouchEvent", Map.of("type", does, "touchPoints", points));
    }

    /**
     * What the page holds behind a collection of garbage.
     *
     * @param heapBytes of its scripts
     * @param nodes of the document and those that scripts still hold
     */
    public record Held(long heapBytes, long nodes, long listeners) {}

    public Held held() {
        send("HeapProfiler.collectGarbage", Map.of());
        var counted = send("Memory.getDOMCounters", Map.of());
        return new Held(send("Runtime.getHeapUsage", Map.of()).path("usedSize").asLong(), counted.path("nodes").asLong(), counted.path("jsEventListeners").asLong());
    }

    /** Puts a text into a field as somebody who types would. */
    public void type(String id, String text) throws IOException {
        var value = JSON.writeValueAsString(text);
        eval("(() => { const f = document.getElementById('" + id + "'); f.focus(); f.value = " + value + "; f.dispatchEvent(new Event('input', {bubbles: true})); f.dispatchEvent(new Event('change', {bubbles: true})); return 1; })()");
    }

    /** Clicks the first element of a selector. */
    public void click(String selector) {
        eval("(document.querySelector(\"" + selector + "\").click(), 1)");
    }

    /** A key that the focused element gets. */
    public void press(String key) {
        send("Input.dispatchKeyEvent", Map.of("type", "keyDown", "key", key, "code", key));
        send("Input.dispatchKeyEvent", Map.of("type", "keyUp", "key", key, "code", key));
    }

    public void screenshot(Path file) throws IOException {
        write(file, Map.of("format", "png"));
    }

    /** The page from its top to its end, whatever the height of the window. */
    public void wholePage(Path file) throws IOException {
        var content = send("Page.getLayoutMetrics", Map.of()).path("cssContentSize");
        var clip = Map.of("x", 0, "y", 0, "width", content.path("width").asInt(), "height", Math.min(content.path("height").asInt(), HIGHEST), "scale", 1);
        write(file, Map.of("format", "png", "captureBeyondViewport", true, "clip", clip));
    }

    private void write(Path file, Map<String, Object> how) throws IOException {
        Files.createDirectories(file.getParent());
        Files.write(file, Base64.getDecoder().decode(send("Page.captureScreenshot", how).path("data").asText()));
    }

    @Override
    public void close() {
        socket.abort();
        if (process == null) {
            return;
        }
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
