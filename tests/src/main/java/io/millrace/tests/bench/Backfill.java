package io.millrace.tests.bench;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.tests.bench.StageCounts.Point;
import io.millrace.tests.stack.DemoStack;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.awaitility.Awaitility;

/** From a full database and empty topics to a full index: how fast each stage is, and which one the others wait for. */
final class Backfill {

    /** No stage is silent for so long while it has work. */
    private static final double QUIET_SECONDS = 10;
    private static final Duration LONGEST = Duration.ofMinutes(30);

    /**
     * @param put what it has put out: records, or documents
     * @param perSecond between its first and its last output
     * @param firstAfter seconds from the start of the services to its first output
     * @param lastAfter to its last output
     * @param behind seconds that it was still busy after the stage before it had finished, for the first since its first output; the largest is the bottleneck
     * @param cpuSeconds of its process
     */
    record StageResult(String stage, long put, double perSecond, double firstAfter, double lastAfter, double behind, double cpuSeconds) {}

    /**
     * @param firstSearchable seconds from the start of the services to the first document that a search finds
     * @param seconds from the start of the services to the last document
     */
    record Result(List<StageResult> stages, String bottleneck, double firstSearchable, double seconds) {}

    private final DemoStack stack;

    Backfill(DemoStack stack) {
        this.stack = stack;
    }

    /** Starts the services and returns when the index is full. */
    Result run() {
        try (var counts = new StageCounts(stack, PipelineFiles.load(stack.stack().options().pipelines()))) {
            long begin = System.nanoTime();
            var searchable = new long[1];
            stack.startServices();
            var before = Footprint.of(stack.stack().processes());
            Awaitility.await("the index is full").pollInSameThread().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(250)).timeout(LONGEST).until(() -> {
                var now = counts.look();
                if (searchable[0] == 0 && stack.index().count("monitors") > 0) {
                    searchable[0] = System.nanoTime();
                }
                return now.get(Point.INDEXED).count() > 0 && searchable[0] != 0 && counts.quietSeconds() > QUIET_SECONDS;
            });
            return result(counts, begin, searchable[0], before, Footprint.of(stack.stack().processes()));
        }
    }

    private static Result result(StageCounts counts, long begin, long searchable, Footprint before, Footprint after) {
        var stages = new ArrayList<StageResult>();
        var progress = counts.map(p -> p);
        // Before the first there is no stage to wait for; the start of its process is not its work.
        long upstreamLast = progress.get(Point.CAPTURED).first();
        for (var point : Point.values()) {
            var p = progress.get(point);
            // At the first look a stage may have put out much already; the rate is over what was seen to come.
            double busy = Math.max(0.25, (p.last() - p.first()) / 1e9);
            var stage = Stage.values()[point.ordinal()];
            stages.add(new StageResult(stage.stageName(), p.count(), p.count() / busy, (p.first() - begin) / 1e9, (p.last() - begin) / 1e9, (p.last() - upstreamLast) / 1e9,
                    after.cpuSince(before, stage.stageName())));
            upstreamLast = p.last();
        }
        var bottleneck = stages.stream().max(Comparator.comparingDouble(StageResult::behind)).orElseThrow().stage();
        return new Result(stages, bottleneck, (searchable - begin) / 1e9, stages.getLast().lastAfter());
    }

    static void print(Result result) {
        System.out.printf("%nBackfill: %.1f s, first document found by a search after %.1f s (both from the start of the services)%n", result.seconds(), result.firstSearchable());
        System.out.printf("  %-14s %12s %12s %10s %10s %10s %10s%n", "stage", "put out", "per second", "first s", "last s", "behind s", "CPU s");
        for (var s : result.stages()) {
            System.out.printf("  %-14s %,12d %,12.0f %10.1f %10.1f %10.1f %10.1f%n", s.stage(), s.put(), s.perSecond(), s.firstAfter(), s.lastAfter(), s.behind(), s.cpuSeconds());
        }
        System.out.printf("  bottleneck: %s (longest at work after the stage before it had finished)%n", result.bottleneck());
    }
}
