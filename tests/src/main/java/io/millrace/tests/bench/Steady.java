package io.millrace.tests.bench;

import io.millrace.demo.Traffic;
import io.millrace.launcher.stack.Stage;
import io.millrace.launcher.status.Probe;
import io.millrace.pipeline.metrics.Samples;
import io.millrace.pipeline.topic.Topics;
import io.millrace.tests.stack.DemoStack;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;

/** Product-like traffic at a fixed rate: how long after its commit a change is in the index, by three ways of measuring. */
public final class Steady {

    /**
     * @param changes of rows that were committed, cascades and probes not counted
     * @param changesPerSecond the same
     * @param times by what they are of
     * @param reported what the stages' own metrics say at the end of the time from a commit to their own output, in milliseconds
     * @param lostProbes that did not arrive within a minute
     */
    public record Result(long changes, double changesPerSecond, Map<String, Percentiles> times, Map<String, Double> reported, int lostProbes) {}

    private final DemoStack stack;
    private final long seed;

    /** @param seed what is done; the same once more on one stack meets what it has made before, and much of it is refused */
    public Steady(DemoStack stack, long seed) {
        this.stack = stack;
        this.seed = seed;
    }

    public Result run(int rate, Duration time) throws SQLException, InterruptedException {
        return run(rate, time, probe -> {});
    }

    /** @param each is told of each probe as soon as a search has found it, by a thread of that probe's */
    public Result run(int rate, Duration time, Consumer<Prober.Probe> each) throws SQLException, InterruptedException {
        var headers = DocumentTimes.readAlong(stack, List.of(Topics.documents("monitors"), Topics.documents("dashboards")));
        try (var prober = Prober.in(stack, time)) {
            long begin = System.nanoTime();
            var traffic = new CompletableFuture<Traffic.Done>();
            Thread.ofPlatform().name("traffic").start(() -> traffic(traffic, rate, begin + time.toNanos()));
            var times = new LinkedHashMap<String, Percentiles>();
            var probed = prober.run(time, each);
            var done = get(traffic);
            times.putAll(headers.stop());
            times.putAll(new TreeMap<>(probed));
            return new Result(done.changes(), done.changes() * 1e3 / time.toMillis(), times, reported(), prober.lost());
        }
    }

    private void traffic(CompletableFuture<Traffic.Done> result, int rate, long end) {
        try (var connection = stack.connect()) {
            result.complete(new Traffic(connection, seed, Traffic.Mix.STEADY).run(rate, () -> System.nanoTime() < end));
        } catch (SQLException | RuntimeException e) {
            result.completeExceptionally(e);
        }
    }

    private static Traffic.Done get(CompletableFuture<Traffic.Done> traffic) throws InterruptedException {
        try {
            return traffic.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("The traffic failed", e.getCause());
        }
    }

    /** What each stage says of the time from the commit to its own end, the slowest of its tables or pipelines. */
    private Map<String, Double> reported() {
        var reported = new LinkedHashMap<String, Double>();
        for (var stage : List.of(Stage.CAPTURE, Stage.GATE, Stage.DENORMALIZER, Stage.INDEXER)) {
            var metrics = new Probe(stack.stack().access()).metrics(stack.address(stage).toString());
            milliseconds(metrics, Map.of("quantile", "0.5")).ifPresent(ms -> reported.put(stage.stageName() + " p50", ms));
            milliseconds(metrics, Map.of("quantile", "0.99")).ifPresent(ms -> reported.put(stage.stageName() + " p99", ms));
        }
        return reported;
    }

    private static Optional<Double> milliseconds(Samples metrics, Map<String, String> labels) {
        return Optional.ofNullable(metrics.max("millrace_commit_to_stage_seconds", labels)).map(seconds -> seconds * 1e3);
    }
}
