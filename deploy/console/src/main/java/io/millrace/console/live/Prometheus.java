package io.millrace.console.live;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.console.ConsoleConfig;
import io.millrace.console.Http;
import io.millrace.pipeline.file.Pipeline;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What was measured before the console was started, from Prometheus where one is configured. The same is asked once in half a minute, however many look, also where there was no answer. Thread-safe.
 */
@Singleton
class Prometheus {

    /** For all answers of one look together; Prometheus is told to give up sooner than the console does. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration GIVES_UP = Duration.ofSeconds(8);
    private static final long FRESH_NANOS = Duration.ofSeconds(30).toNanos();
    /** So that questions of the same moment are the same. */
    private static final long ROUND_SECONDS = 10;
    private static final Pattern LABEL = Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=(.+)", Pattern.DOTALL);

    private final Http http;
    private final ObjectMapper json;
    /** Null where none is configured. */
    private final URI address;
    private final Map<String, String> labels;
    private final Map<Key, Slot> slots = new ConcurrentHashMap<>();

    private record Key(String pipeline, Range range) {}

    /** What one pipeline and range was answered last; whoever asks meanwhile waits for the same answer. */
    private static final class Slot {
        private Answer answer;
        private long at;
    }

    /** @param trouble why there are no curves; null where there are */
    record Answer(Grid grid, Map<String, float[]> curves, String trouble) {}

    Prometheus(ConsoleConfig config, Http http, ObjectMapper json) {
        this.http = http;
        this.json = json;
        this.address = config.prometheusUrl().map(Prometheus::query).orElse(null);
        this.labels = labels(config.prometheusLabels().orElse(List.of()));
    }

    private static URI query(URI url) {
        if (!Stream.of("http", "https").toList().contains(url.getScheme()) || url.getHost() == null || url.getUserInfo() != null || url.getQuery() != null) {
            throw new IllegalStateException("millrace.console.prometheus-url is no http or https address of a server alone; a login is set under millrace.prometheus., as user and password-file, or token-file");
        }
        return URI.create(url.toString().replaceAll("/+$", "") + "/api/v1/query_range");
    }

    private static Map<String, String> labels(List<String> given) {
        var labels = new LinkedHashMap<String, String>();
        for (var label : given) {
            var parts = LABEL.matcher(label.strip());
            if (!parts.matches()) {
                throw new IllegalStateException("millrace.console.prometheus-labels has '" + label + "', which is not NAME=VALUE");
            }
            labels.put(parts.group(1), parts.group(2));
        }
        return labels;
    }

    boolean isConfigured() {
        return address != null;
    }

    /** Not older than half a minute; comes after some seconds at most. @param pipeline null for all together */
    Answer curves(Pipeline pipeline, Range range) throws InterruptedException {
        var slot = slots.computeIfAbsent(new Key(pipeline == null ? "" : pipeline.name(), range), key -> new Slot());
        synchronized (slot) {
            if (slot.answer == null || System.nanoTime() - slot.at > FRESH_NANOS) {
                slot.answer = ask(pipeline, range);
                slot.at = System.nanoTime();
            }
            return slot.answer;
        }
    }

    private Answer ask(Pipeline pipeline, Range range) throws InterruptedException {
        var grid = Grid.of(range, System.currentTimeMillis() / 1_000 / ROUND_SECONDS * ROUND_SECONDS);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var asked = new ArrayList<Future<Map<String, float[]>>>();
            Question.all(pipeline, range.step(), labels).forEach(question -> asked.add(threads.submit(() -> ask(question, grid))));
            var curves = new LinkedHashMap<String, float[]>();
            for (var answer : asked) {
                curves.putAll(answer.get());
            }
            return new Answer(grid, curves, hasSome(curves) ? null : "Prometheus has no figures of these services over this time: it has to scrape their /q/metrics" + (labels.isEmpty() ? "" : ", and what it keeps has to bear " + labels));
        } catch (ExecutionException e) {
            return new Answer(grid, Map.of(), "Prometheus gives no curves: " + e.getCause().getMessage());
        }
    }

    private Map<String, float[]> ask(Question question, Grid grid) throws IOException, InterruptedException {
        var form = Map.of("query", question.expression(), "start", Long.toString(grid.first()), "end", Long.toString(grid.last()), "step", Long.toString(grid.step()), "timeout", GIVES_UP.toSeconds() + "s");
        var answer = http.prometheus(address, form.entrySet().stream().map(e -> e.getKey() + "=" + URLEncoder.encode(e.getValue(), StandardCharsets.UTF_8)).collect(Collectors.joining("&")), PATIENCE);
        return Matrix.read(json, answer.statusCode(), answer.body(), question, grid);
    }

    private static boolean hasSome(Map<String, float[]> curves) {
        for (var values : curves.values()) {
            for (float value : values) {
                if (!Float.isNaN(value)) {
                    return true;
                }
            }
        }
        return false;
    }
}
