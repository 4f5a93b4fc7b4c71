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

/** Product-like traffic at a fixed rate: how long after its commit a change is in the index, by three ways of measuring. */
public final class Steady {

    private static final long SEED = 77;

    /**
     * @param changesPerSecond that were really made
     * @param times by what they are of
     * @param reported what the stages' own metrics say at the end, in milliseconds
     * @param lostProbes that did not arrive within a minute
     * @param cpuShare of one core, by process
     * @param peak the largest memory that was seen
     */
    public record Result(double changesPerSecond, long transactions, Map<String, Long> deeds, Map<String, Percentiles> times, Map<String, Double> reported, int lostProbes,
            Map<String, Double> cpuShare, Footprint peak) {}

    private final DemoStack stack;

    public Steady(DemoStack stack) {
        this.stack = stack;
    }

    public Result run(int rate, Duration time) throws SQLException, InterruptedException {
        var headers = DocumentTimes.readAlong(stack, List.of(Topics.documents("monitors"), Topics.documents("dashboards")));
        try (var prober = Prober.in(stack, time)) {
            var before = Footprint.of(stack.stack().processes());
            long begin = System.nanoTime();
            var traffic = new CompletableFuture<Traffic.Done>();
            Thread.ofPlatform().name("traffic").start(() -> traffic(traffic, rate, begin + time.toNanos()));
            var times = new LinkedHashMap<String, Percentiles>();
            var probed = prober.run(time);
            var done = get(traffic);
            double seconds = (System.nanoTime() - begin) / 1e9;
            var after = Footprint.of(stack.stack().processes());
            times.putAll(headers.stop());
            times.putAll(new TreeMap<>(probed));
            var shares = new LinkedHashMap<String, Double>();
            after.processes().keySet().forEach(name -> shares.put(name, after.cpuSince(before, name) / seconds));
            var deeds = new LinkedHashMap<String, Long>();
            done.deeds().forEach((deed, count) -> deeds.put(deed.name(), count));
            return new Result(done.changes() * 1e3 / time.toMillis(), done.transactions(), deeds, times, reported(), prober.lost(), shares, after);
        }
    }

    private void traffic(CompletableFuture<Traffic.Done> result, int rate, long end) {
        try (var connection = stack.connect()) {
            result.complete(new Traffic(connection, SEED, Traffic.Mix.STEADY).run(rate, () -> System.nanoTime() < end));
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

    static void print(Result result) {
        System.out.printf("%nSteady: %.0f changes/s in %,d transactions%n", result.changesPerSecond(), result.transactions());
        System.out.println(Percentiles.head());
        result.times().forEach((name, times) -> System.out.println(times.row(name)));
        result.reported().forEach((name, ms) -> System.out.printf("  %-44s %9s %9.1f%n", "own metric, slowest table or pipeline: " + name, "", ms));
        if (result.lostProbes() > 0) {
            System.out.printf("  %d probes did not arrive within a minute%n", result.lostProbes());
        }
        System.out.printf("%n  %-14s %12s %12s %12s%n", "process", "CPU cores", "RSS MiB", "PSS MiB");
        result.peak().processes().forEach((name, use) -> System.out.printf("  %-14s %12.2f %,12d %,12d%n", name, result.cpuShare().get(name), use.rssBytes() >> 20, use.pssBytes() >> 20));
        System.out.printf("  %-14s %12.2f %,12d %,12d%n", "all", result.cpuShare().values().stream().mapToDouble(d -> d).sum(), result.peak().rssBytes() >> 20, result.peak().pssBytes() >> 20);
    }
}
