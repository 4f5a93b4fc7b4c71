package io.millrace.tests.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** Looks every five seconds at what KEDA, the autoscaler and the workloads say of each scaled stage. */
final class ReplicaWatch implements AutoCloseable {

    static final List<String> SCALED = List.of("schema-registry-gate", "denormalizer-service", "search-indexer", "purge-service");
    private static final Duration BEAT = Duration.ofSeconds(5);

    /**
     * @param second since the watch began
     * @param active whether KEDA's ScaledObject sees lag
     * @param metric the largest of the autoscaler's: lag for each replica; 0 where the stage rests
     */
    record Look(double second, String stage, boolean active, long metric, int wished, int ready) {

        String csv() {
            return "%.1f,%s,%s,%d,%d,%d".formatted(second, stage, active, metric, wished, ready);
        }
    }

    private final Cluster cluster;
    private final long began = System.nanoTime();
    private final List<Look> looks = new ArrayList<>();
    private final AtomicBoolean goOn = new AtomicBoolean(true);
    private final Thread thread;

    ReplicaWatch(Cluster cluster) {
        this.cluster = cluster;
        this.thread = Thread.ofVirtual().name("replicas").start(this::watch);
    }

    private void watch() {
        while (goOn.get()) {
            try {
                look();
                Thread.sleep(BEAT);
            } catch (InterruptedException e) {
                return;
            } catch (AssertionError | IllegalStateException e) {
                // One answer that does not come is a row that is missing, and the next look says more.
                System.out.println("No look at the replicas: " + e.getMessage());
            }
        }
    }

    private void look() {
        var items = cluster.json("get", "deployment,statefulset,scaledobject,hpa", "-n", TestedOverlay.NAMESPACE).path("items");
        double second = (System.nanoTime() - began) / 1e9;
        for (var stage : SCALED) {
            var workload = find(items, stage.equals("denormalizer-service") ? "StatefulSet" : "Deployment", stage);
            var active = StreamSupport.stream(find(items, "ScaledObject", stage).at("/status/conditions").spliterator(), false)
                    .anyMatch(c -> c.path("type").asText().equals("Active") && c.path("status").asText().equals("True"));
            var metrics = find(items, "HorizontalPodAutoscaler", "keda-hpa-" + stage).at("/status/currentMetrics");
            long metric = StreamSupport.stream(metrics.spliterator(), false).mapToLong(m -> quantity(m.at("/external/current/averageValue").asText("0"))).max().orElse(0);
            synchronized (looks) {
                looks.add(new Look(second, stage, active, metric, workload.at("/spec/replicas").asInt(), workload.at("/status/readyReplicas").asInt()));
            }
        }
    }

    /** A quantity of the API, as whole numbers: {@code 12}, {@code 12500m}, {@code 3k}. */
    private static long quantity(String text) {
        var number = text.replaceAll("[^0-9].*$", "");
        if (number.isEmpty()) {
            return 0;
        }
        return text.endsWith("m") ? Math.ceilDiv(Long.parseLong(number), 1_000) : text.endsWith("k") ? Long.parseLong(number) * 1_000 : Long.parseLong(number);
    }

    private static JsonNode find(JsonNode items, String kind, String name) {
        return StreamSupport.stream(items.spliterator(), false).filter(o -> o.path("kind").asText().equals(kind) && o.at("/metadata/name").asText().equals(name)).findFirst()
                .orElseThrow(() -> new IllegalStateException("There is no " + kind + "/" + name));
    }

    List<Look> of(String stage) {
        synchronized (looks) {
            return looks.stream().filter(look -> look.stage().equals(stage)).toList();
        }
    }

    /** How many pods were ready at once at most. */
    int mostReady(String stage) {
        return of(stage).stream().mapToInt(Look::ready).max().orElse(0);
    }

    /** All rows as CSV. */
    void writeTo(Path file) {
        List<Look> all;
        synchronized (looks) {
            all = List.copyOf(looks);
        }
        try {
            Files.writeString(file, all.stream().map(Look::csv).collect(Collectors.joining("\n", "second,stage,active,lag for each replica,wished,ready\n", "\n")));
        } catch (IOException e) {
            throw new UncheckedIOException("Writing " + file + " failed", e);
        }
    }

    /** A stage's rows in which anything changed, as a table. */
    String table(String stage) {
        var rows = new StringBuilder("| second | active | lag for each replica | wished | ready |\n|---|---|---|---|---|\n");
        Look last = null;
        for (var look : of(stage)) {
            if (last == null || look.wished() != last.wished() || look.ready() != last.ready() || look.active() != last.active()) {
                rows.append("| %.0f | %s | %,d | %d | %d |%n".formatted(look.second(), look.active() ? "yes" : "no", look.metric(), look.wished(), look.ready()));
            }
            last = look;
        }
        return rows.toString();
    }

    @Override
    public void close() {
        goOn.set(false);
        thread.interrupt();
    }
}
