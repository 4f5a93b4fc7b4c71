package io.millrace.console.live;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.console.Http;
import io.millrace.pipeline.file.Pipeline;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * What was measured before the console was started, from Prometheus where one is configured. The same is asked once in half a minute at most, however many look, also where there was no answer. Thread-safe.
 */
@Singleton
class Prometheus {

    /** For all answers of one look together, with the login and the wait for others who ask; Prometheus is told to give up sooner. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration GIVES_UP = Duration.ofSeconds(8);
    private static final long FRESH_NANOS = Duration.ofSeconds(30).toNanos();
    /** Until then no step may have ended, and the same would be asked. */
    private static final long SAME_NANOS = Duration.ofMinutes(5).toNanos();
    private static final long FORGOTTEN_NANOS = Duration.ofMinutes(10).toNanos();
    /** Looks at once, of some questions each: Prometheus has others to answer, and this process is small. */
    private static final int MOST_AT_ONCE = 2;

    private final Http http;
    private final ObjectMapper json;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Semaphore looks = new Semaphore(MOST_AT_ONCE, true);
    private final Map<Key, Slot> slots = new ConcurrentHashMap<>();

    private record Key(String pipeline, Range range) {}

    /** What one pipeline and range was answered last; whoever asks meanwhile waits for the same answer. */
    private static final class Slot {
        private Curves answer;
        private volatile long at = System.nanoTime();

        boolean isGood(Grid grid) {
            if (answer == null) {
                return false;
            }
            long age = System.nanoTime() - at;
            return age < FRESH_NANOS || age < SAME_NANOS && answer.trouble() == null && answer.grid().equals(grid);
        }
    }

    Prometheus(Http http, ObjectMapper json) {
        this.http = http;
        this.json = json;
    }

    @PreDestroy
    void end() {
        threads.shutdownNow();
    }

    boolean isConfigured() {
        return http.prometheus() != null;
    }

    /** Those up to the last step that has ended; comes after some seconds at most. @param pipeline null for all together */
    Curves curves(Pipeline pipeline, Range range) throws InterruptedException {
        slots.values().removeIf(slot -> System.nanoTime() - slot.at > FORGOTTEN_NANOS);
        var grid = Grid.of(range, System.currentTimeMillis() / 1_000);
        var slot = slots.computeIfAbsent(new Key(pipeline == null ? "" : pipeline.name(), range), key -> new Slot());
        synchronized (slot) {
            if (!slot.isGood(grid)) {
                slot.answer = inTime(pipeline, range, grid);
                slot.at = System.nanoTime();
            }
            return slot.answer;
        }
    }

    private Curves inTime(Pipeline pipeline, Range range, Grid grid) throws InterruptedException {
        var look = threads.submit(() -> look(pipeline, range, grid));
        try {
            return look.get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException _) {
            return Curves.none(grid, "Prometheus gives no curves: no whole answer within " + PATIENCE.toSeconds() + " s, with the wait for what others ask");
        } catch (ExecutionException e) {
            return Curves.none(grid, "Prometheus gives no curves: " + e.getCause().getMessage());
        } finally {
            look.cancel(true);
        }
    }

    /** What is answered is taken, and what is not is named. */
    private Curves look(Pipeline pipeline, Range range, Grid grid) throws InterruptedException {
        looks.acquire();
        try (var asking = Executors.newVirtualThreadPerTaskExecutor()) {
            var asked = new LinkedHashMap<Question, Future<Map<String, float[]>>>();
            Question.all(pipeline, range.step(), http.prometheus().labels()).forEach(question -> asked.put(question, asking.submit(() -> ask(question, grid))));
            var values = new LinkedHashMap<String, float[]>();
            var missing = new LinkedHashMap<String, String>();
            for (var answer : asked.entrySet()) {
                try {
                    values.putAll(answer.getValue().get());
                } catch (ExecutionException e) {
                    missing.put(String.join(", ", answer.getKey().figures().values()), e.getCause().getMessage());
                }
            }
            return new Curves(grid, values, missing.isEmpty() ? null : "Prometheus gives no curves" + (missing.size() == asked.size() ? "" : " of " + String.join(", ", missing.keySet())) + ": " + missing.firstEntry().getValue());
        } finally {
            looks.release();
        }
    }

    private Map<String, float[]> ask(Question question, Grid grid) throws IOException, InterruptedException {
        var form = Map.of("query", question.expression(), "start", Long.toString(grid.first()), "end", Long.toString(grid.last()), "step", Long.toString(grid.step()), "timeout", GIVES_UP.toSeconds() + "s");
        var answer = http.prometheus(form.entrySet().stream().map(e -> e.getKey() + "=" + URLEncoder.encode(e.getValue(), StandardCharsets.UTF_8)).collect(Collectors.joining("&")), PATIENCE);
        return Matrix.read(json, answer.statusCode(), answer.body(), question, grid);
    }
}
