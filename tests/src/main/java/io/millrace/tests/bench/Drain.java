package io.millrace.tests.bench;

import io.millrace.launcher.stack.Stack;
import io.millrace.launcher.stack.Stage;
import io.millrace.local.LocalException;
import io.millrace.local.ManagedProcess;
import io.millrace.local.ProcessSpec;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.tests.stack.DemoStack;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A backlog that one stage drains right after its start, alone beside the servers: what it gets through and the most memory that it
 * takes meanwhile. A JVM compiles on the way; that is part of it.
 */
final class Drain {

    private static final Map<Stage, StageCounts.Point> OUTPUT = Map.of(Stage.CAPTURE, StageCounts.Point.CAPTURED, Stage.GATE, StageCounts.Point.GATED,
            Stage.DENORMALIZER, StageCounts.Point.JOINED, Stage.INDEXER, StageCounts.Point.INDEXED);
    private static final long BEAT_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final double QUIET_SECONDS = 3;
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final DemoStack demo;
    private final int changes;

    /** @param changes rows of the backlog */
    Drain(DemoStack demo, int changes) {
        this.demo = demo;
        this.changes = changes;
    }

    /** @param peakBytes the most that was resident */
    record Result(double recordsPerSecond, long peakBytes) {}

    /** Empty where the stage drains nothing, as purge. */
    Optional<Result> of(Stage stage, ProcessSpec form) throws SQLException {
        if (!OUTPUT.containsKey(stage)) {
            return Optional.empty();
        }
        fill(stage);
        var process = new ManagedProcess(form);
        try (var counts = counts()) {
            counts.look();
            process.launch();
            long before = counts.map(StageCounts.Progress::count).get(OUTPUT.get(stage));
            var drained = await(counts, OUTPUT.get(stage), before, process);
            long peak = Footprint.peakRssBytes(process.running().orElseThrow(() -> new LocalException(process.name() + " has ended: " + process.tail())).pid());
            return Optional.of(new Result((drained.count() - before) * 1e9 / Math.max(1, drained.last() - drained.first()), peak));
        } finally {
            process.stop();
        }
    }

    /** Lets the stages before it bring the changes as far as its input. */
    private void fill(Stage stage) throws SQLException {
        var before = Arrays.stream(Stage.values()).filter(s -> s.ordinal() < stage.ordinal()).toList();
        before.forEach(s -> demo.process(s).start());
        try (var connection = demo.connect(); var statement = connection.createStatement(); var counts = counts()) {
            counts.look();
            var input = before.isEmpty() ? null : OUTPUT.get(before.getLast());
            long sum = input == null ? 0 : counts.map(StageCounts.Progress::count).get(input);
            for (long rows = 0; rows < changes; ) {
                rows += statement.executeUpdate("UPDATE public.monitor SET noise = random(), modified = clock_timestamp()");
            }
            if (input != null) {
                await(counts, input, sum, demo.process(before.getLast()));
            }
        } finally {
            Stack.stopOrder().forEach(s -> demo.process(s).stop());
        }
    }

    private StageCounts counts() {
        return new StageCounts(demo, PipelineFiles.load(demo.stack().options().pipelines()));
    }

    /** Until there was more than before and then nothing for a while. */
    private static StageCounts.Progress await(StageCounts counts, StageCounts.Point point, long before, ManagedProcess process) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        long first = 0;
        while (true) {
            var now = counts.look().get(point);
            if (now.count() > before) {
                first = first == 0 ? System.nanoTime() : first;
                if (System.nanoTime() - now.last() > QUIET_SECONDS * TimeUnit.SECONDS.toNanos(1)) {
                    return new StageCounts.Progress(now.count(), first, now.last());
                }
            }
            if (System.nanoTime() > end || process.running().isEmpty()) {
                throw new LocalException(process.name() + " did not drain its backlog: " + process.tail());
            }
            LockSupport.parkNanos(BEAT_NANOS);
        }
    }
}
