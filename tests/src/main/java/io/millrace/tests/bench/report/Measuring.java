package io.millrace.tests.bench.report;

import io.millrace.launcher.Output;
import io.millrace.local.LocalException;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.tests.bench.StageCounts;
import io.millrace.tests.bench.cost.CostWatch;
import io.millrace.tests.bench.cost.Step;
import io.millrace.tests.bench.load.FirstLoad;
import io.millrace.tests.bench.load.Hops;
import io.millrace.tests.bench.load.Limits;
import io.millrace.tests.oracle.Comparison;
import io.millrace.tests.oracle.Settled;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/** One stack of one size, and the parts that are measured on it one after the other; each is written as soon as it is through. */
final class Measuring {

    /** More documents than these are compared by digest. */
    private static final int HELD = 50_000;
    private static final Duration STALL = Duration.ofMinutes(2);
    private static final Duration LONGEST = Duration.ofHours(1);
    /** So long nothing moves anywhere before what comes next is measured. */
    private static final double QUIET_SECONDS = 3;
    private static final Duration DRAINED = Duration.ofMinutes(30);
    private static final Duration LEAST_FAN_OUT = Duration.ofSeconds(12);
    private static final Duration LONGEST_FAN_OUT = Duration.ofMinutes(15);

    /**
     * @param upFirst seconds from the start of the first server until a search found a document; as {@code ./millrace up}, with the demo being made
     * @param upAll until all were found
     */
    record Load(double upFirst, double upAll, FirstLoad.Result load, Map<String, Hops.Hop> hops) {

        /** Documents a second, from the start of the services. */
        double rate() {
            return load.documents() / load.all();
        }
    }

    /** @param asking requests to Kafka a second, by process and API */
    record Idle(Step step, Map<String, Double> asking) {}

    /** @param steps in the order in which they were measured; the last one is the first once more */
    record Steps(long seconds, List<Step> steps) {}

    private record Done<T>(T figures, long committed) {}

    private interface Work<T> {
        Done<T> measure() throws Exception;
    }

    private final Plan plan;
    private final Store store;
    private final Machine machine;
    private final boolean quick;
    private final int monitors;
    private final DemoStack stack;
    private final List<PipelineFile> files;
    private final Output output;

    private Measuring(Plan plan, Store store, Machine machine, boolean quick, int monitors, DemoStack stack, Output output) {
        this.plan = plan;
        this.store = store;
        this.machine = machine;
        this.quick = quick;
        this.monitors = monitors;
        this.stack = stack;
        this.files = PipelineFiles.load(stack.stack().options().pipelines());
        this.output = output;
    }

    /** @param data folder of the stack, deleted before and after */
    static void run(Plan plan, Store store, Machine machine, boolean quick, int monitors, Set<Part> parts, Path data, int portBase, Output output) throws Exception {
        try (var stack = new DemoStack(data, portBase, monitors, null, List.of(DemoStack.home().resolve("deploy/demo/pipelines")), output)) {
            // What a killed run has left must not write into what this run begins.
            stack.close();
            DemoStack.delete(data);
            new Measuring(plan, store, machine, quick, monitors, stack, output).run(parts);
        }
        DemoStack.delete(data);
    }

    private void run(Set<Part> parts) throws Exception {
        double average = Machine.loadAverage();
        try (var load = new FirstLoad(stack, files, output)) {
            Runtime.getRuntime().addShutdownHook(new Thread(load::close, "stop"));
            long begin = System.nanoTime();
            load.startServers();
            stack.load();
            stack.provision();
            double before = (System.nanoTime() - begin) / 1e9;
            var result = load.run();
            load.awaitServices();
            var figures = new Load(before + result.first(), before + result.all(), result, Hops.of(stack.stack().servers().kafkaBootstrap(), files));
            try (var counts = new StageCounts(stack, files); var watch = new CostWatch(stack)) {
                long rows = rows();
                double startAverage = Machine.loadAverage();
                var start = parts.contains(Part.START) ? ColdCurve.measure(watch.steady(), Plan.RATE, plan.start()) : null;
                var verdict = settled(counts);
                if (parts.contains(Part.LOAD)) {
                    write(Part.LOAD, average, result.all(), figures, Ends.of(rows, Map.of(), result.put(), verdict));
                }
                if (start != null) {
                    write(Part.START, startAverage, plan.start().toSeconds(), start, Ends.of(start.changes(), result.put(), Ends.count(counts), verdict));
                }
                further(parts, figures, counts, watch);
            }
            if (parts.contains(Part.LIMITS)) {
                limits();
            }
        }
    }

    private void further(Set<Part> parts, Load load, StageCounts counts, CostWatch watch) throws Exception {
        if (parts.contains(Part.IDLE)) {
            Thread.sleep(plan.rest());
            part(Part.IDLE, counts, () -> new Done<>(new Idle(watch.step(0, plan.seconds()), watch.asking(plan.seconds())), 0));
        }
        if (parts.contains(Part.STEADY)) {
            part(Part.STEADY, counts, () -> steady(counts, watch));
        }
        if (parts.contains(Part.RATE)) {
            part(Part.RATE, counts, () -> rate(counts, watch));
        }
        if (parts.contains(Part.CHANGES)) {
            part(Part.CHANGES, counts, () -> changes(watch));
        }
        if (parts.contains(Part.FANOUT)) {
            part(Part.FANOUT, counts, () -> fanOut(load, counts, watch));
        }
    }

    private <T> void part(Part part, StageCounts counts, Work<T> work) throws Exception {
        output.line("Measuring " + part.file(monitors));
        double average = Machine.loadAverage();
        var before = Ends.count(counts);
        long begin = System.nanoTime();
        var done = work.measure();
        double seconds = (System.nanoTime() - begin) / 1e9;
        var verdict = settled(counts);
        write(part, average, seconds, done.figures, Ends.of(done.committed, before, Ends.count(counts), verdict));
    }

    private void write(Part part, double average, double seconds, Object figures, Ends ends) throws IOException {
        store.write(part.file(monitors), new Measured<>(machine, quick, Instant.now(), average, monitors, plan.asked(part), seconds, figures, ends));
        output.line("Measured " + part.file(monitors) + ": " + String.join("; ", ends.verdict()));
    }

    private Done<Steps> steady(StageCounts counts, CostWatch watch) throws SQLException, InterruptedException {
        var rates = new ArrayList<>(plan.rates());
        rates.add(rates.getFirst());
        var steps = new ArrayList<Step>();
        for (int rate : rates) {
            output.line("%d changes/s for %d s".formatted(rate, plan.seconds().toSeconds()));
            steps.add(watch.step(rate, plan.seconds()));
            drained(counts);
            Thread.sleep(plan.rest().dividedBy(2));
        }
        return new Done<>(new Steps(plan.seconds().toSeconds(), steps), steps.stream().mapToLong(Step::changes).sum());
    }

    private Done<Step> changes(CostWatch watch) throws SQLException, InterruptedException {
        var step = watch.step(Plan.RATE, plan.seconds());
        return new Done<>(step, step.changes());
    }

    private Done<Sustained.Result> rate(StageCounts counts, CostWatch watch) throws Exception {
        var sustained = new Sustained(stack);
        var search = new RateSearch(Plan.FIRST_TRIAL, Plan.LAST_TRIAL, plan.precision(), plan.trials());
        RateSearch.Trial<Sustained.Trial, Exception> trying = rate -> {
            var trial = sustained.at(watch.steady(), rate, plan.trial());
            output.line("%d changes/s: %s".formatted(rate, trial.held() ? "nothing queues up" : trial.refusal()));
            drained(counts);
            return trial;
        };
        var found = search.run(trying, Sustained.Trial::held);
        return new Done<>(new Sustained.Result((int) plan.trial().toSeconds(), found.highest(), found.trials()), found.trials().stream().mapToLong(Sustained.Trial::changes).sum());
    }

    private Done<FanOut.Result> fanOut(Load load, StageCounts counts, CostWatch watch) throws SQLException, InterruptedException {
        var fanOut = new FanOut(stack);
        long prepared = fanOut.prepare();
        drained(counts);
        var quiet = plan.trial().dividedBy(2);
        // Four times what the first load took from its first document to its last, since single rows change beside it, for which it rests.
        double needed = 4 * (load.load().all() - load.load().first());
        var time = quiet.plusSeconds((long) Math.clamp(needed, LEAST_FAN_OUT.toSeconds(), LONGEST_FAN_OUT.toSeconds()));
        output.line("A row that all monitors show is renamed, beside %d changes/s for %d s".formatted(Plan.RATE, time.toSeconds()));
        var result = fanOut.measure(watch.steady(), Plan.RATE, quiet, time);
        return new Done<>(result, prepared + result.changes());
    }

    /** With the services halted; what they have done was counted and compared before. */
    private void limits() throws Exception {
        output.line("Measuring " + Part.LIMITS.file(monitors) + ": COPY, the SQL join and bare bulk, the services halted");
        double average = Machine.loadAverage();
        long begin = System.nanoTime();
        try (var counts = new StageCounts(stack, files)) {
            var before = Ends.count(counts);
            var verdict = settled(counts);
            var result = stack.halted(() -> Limits.of(stack, files));
            write(Part.LIMITS, average, (System.nanoTime() - begin) / 1e9, result, Ends.of(0, before, Ends.count(counts), verdict));
        }
    }

    /** Rows that the demo began with. */
    private long rows() throws SQLException {
        var tables = new LinkedHashSet<String>();
        files.forEach(file -> file.pipeline().tableNames().forEach(table -> tables.add(table.toString())));
        long rows = 0;
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            for (var table : tables) {
                try (var count = statement.executeQuery("SELECT count(*) FROM " + table)) {
                    count.next();
                    rows += count.getLong(1);
                }
            }
        }
        return rows;
    }

    private List<Comparison> settled(StageCounts counts) {
        drained(counts);
        try {
            return new Settled(monitors > HELD ? stack.oracles().byDigest() : stack.oracles(), STALL, LONGEST).await();
        } catch (AssertionError e) {
            throw new LocalException("Index and database do not agree, so what was just measured is not kept. " + e.getMessage() + "\nThe logs are in " + stack.stack().options().data().resolve("logs"), e);
        }
    }

    /** What was written just now has not moved anything yet, so it is looked at for as long in any case. */
    private void drained(StageCounts counts) {
        long begin = System.nanoTime();
        do {
            LockSupport.parkNanos(Duration.ofMillis(250).toNanos());
            counts.look();
            if (System.nanoTime() - begin > DRAINED.toNanos()) {
                throw new LocalException("Half an hour after the last change documents still moved; the logs are in " + stack.stack().options().data().resolve("logs"));
            }
        } while (counts.quietSeconds() < QUIET_SECONDS || System.nanoTime() - begin < QUIET_SECONDS * 1e9);
    }
}
