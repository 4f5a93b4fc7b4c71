package io.millrace.tests.bench.cost;

import io.millrace.launcher.Output;
import io.millrace.launcher.Within;
import io.millrace.tests.bench.BenchLine;
import io.millrace.tests.bench.Figures;
import io.millrace.tests.bench.Footprint;
import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.bench.Steady;
import io.millrace.tests.oracle.Comparison;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What TLS and logins cost: two plain stacks and a secured one side by side, the same changes to each in turn. What the plain ones differ by is what chance makes. */
@Command(name = "bench secured", mixinStandardHelpOptions = true,
        description = "Starts two plain stacks and a secured one, makes the same changes to each in turn, the others at rest meanwhile, and tells what each process takes of the processors for a thousand changes and how long after its commit a change was found. The second plain stack shows what chance makes. Ends with the oracle.")
public final class SecuredBench implements Callable<Integer> {

    /** From the ports of one stack to those of the next. */
    private static final int APART = 50;

    @Within(of = "monitors", from = 1)
    @Option(names = "--monitors", defaultValue = "5000", description = "Monitors of each demo, everything else in proportion. Default: ${DEFAULT-VALUE}.")
    private int monitors;
    @Within(of = "changes a second", from = 1)
    @Option(names = "--rate", defaultValue = "100", description = "Changes a second. Default: ${DEFAULT-VALUE}.")
    private int rate;
    @Within(of = "seconds", from = 1)
    @Option(names = "--seconds", defaultValue = "60", description = "How long each stack is measured in a round. Default: ${DEFAULT-VALUE}.")
    private int seconds;
    @Within(of = "rounds", from = 1)
    @Option(names = "--rounds", defaultValue = "6", description = "How often each stack is measured; the one that begins is another one each time. Default: ${DEFAULT-VALUE}.")
    private int rounds;
    @Within(of = "seconds", from = 0)
    @Option(names = "--rest", defaultValue = "60", description = "Seconds of rest after the first loads, and a tenth of it before each measurement. Default: ${DEFAULT-VALUE}.")
    private int rest;
    @Within(of = "a port", from = 1, to = 65_000)
    @Option(names = "--port-base", defaultValue = "27000", description = "The first of some fifteen ports, of as many 50 after it, and 100 after it. Default: ${DEFAULT-VALUE}.")
    private int portBase;
    @Option(names = "--out", description = "The JSON file; the report in Markdown stands beside it. Default: tests/target/bench/secured.json.")
    private Path out;

    /** The stacks, in the order of their ports. */
    enum Kind {
        PLAIN, PLAIN_AGAIN, SECURED;

        /** As a person calls it, and as its folder is called. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    /**
     * One stack in one round.
     *
     * @param changes that were made
     * @param cpuSeconds by process
     * @param times by what they are of
     * @param lostProbes changes that were not found within a minute
     */
    record Window(int round, Kind kind, long changes, Map<String, Double> cpuSeconds, Map<String, Percentiles> times, int lostProbes) {}

    record Report(Instant at, int processors, int monitors, int rate, int seconds, List<Window> windows, int differences) {}

    public static void main(String[] args) {
        // Kafka's clients print their whole configuration.
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(BenchLine.of(new SecuredBench()).execute(args));
    }

    /** Exits with 0 when all indexes agree with their databases at the end. */
    @Override
    public Integer call() throws SQLException, IOException, InterruptedException {
        var folder = DemoStack.home().resolve("tests").resolve("target").resolve("bench");
        var stacks = new EnumMap<Kind, DemoStack>(Kind.class);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stacks.values().forEach(DemoStack::close), "stop"));
        for (var kind : Kind.values()) {
            var stack = afresh(() -> stack(kind, folder));
            stacks.put(kind, stack);
            stack.start();
            stack.settled().await();
        }
        Thread.sleep(Duration.ofSeconds(rest));
        var windows = windows(stacks);
        var verdict = new ArrayList<Comparison>();
        for (var stack : stacks.values()) {
            verdict.addAll(stack.settled().await());
        }
        int differences = verdict.stream().map(Comparison::differences).mapToInt(List::size).sum();
        var report = new Report(Instant.now(), Runtime.getRuntime().availableProcessors(), monitors, rate, seconds, windows, differences);
        Figures.tell(out == null ? folder.resolve("secured.json") : out, report, SecuredReport.of(report), verdict);
        return differences == 0 ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }

    private DemoStack stack(Kind kind, Path folder) {
        var output = new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
        var data = folder.resolve(kind.toString().replace(' ', '-'));
        var pipelines = List.of(DemoStack.home().resolve("deploy").resolve("demo").resolve("pipelines"));
        int ports = portBase + kind.ordinal() * APART;
        return kind == Kind.SECURED ? DemoStack.secured(data, ports, monitors, pipelines, output) : new DemoStack(data, ports, monitors, null, pipelines, output);
    }

    /** Ends and deletes what an earlier run has left; certificates and passwords are made with the stack, so that is then made again. */
    private static DemoStack afresh(Supplier<DemoStack> maker) throws IOException {
        Path data;
        try (var former = maker.get()) {
            data = former.stack().options().data();
        }
        DemoStack.delete(data);
        return maker.get();
    }

    /** Each kind is first, second and last as often as the others, where the rounds are a multiple of three. */
    private List<Window> windows(Map<Kind, DemoStack> stacks) throws SQLException, InterruptedException {
        var windows = new ArrayList<Window>();
        for (int round = 1; round <= rounds; round++) {
            var order = new ArrayList<>(stacks.keySet());
            Collections.rotate(order, round - 1);
            for (var kind : order) {
                Thread.sleep(Duration.ofMillis(rest * 100L));
                windows.add(window(round, kind, stacks.get(kind)));
            }
        }
        return windows;
    }

    private Window window(int round, Kind kind, DemoStack stack) throws SQLException, InterruptedException {
        var before = Footprint.of(stack.stack().processes());
        var steady = new Steady(stack, round).run(rate, Duration.ofSeconds(seconds));
        var after = Footprint.of(stack.stack().processes());
        var cpu = new LinkedHashMap<String, Double>();
        after.processes().keySet().forEach(name -> cpu.put(name, after.cpuSince(before, name)));
        return new Window(round, kind, steady.changes(), cpu, steady.times(), steady.lostProbes());
    }
}
