package io.millrace.tests.bench.cost;

import io.millrace.launcher.Output;
import io.millrace.tests.bench.Failures;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What TLS and logins cost: a plain and a secured stack side by side, the same changes to one and then to the other. */
@Command(name = "bench secured", mixinStandardHelpOptions = true,
        description = "Starts a plain and a secured stack, makes the same changes to each in turn, the other one at rest meanwhile, and tells what each process takes of the processors for a thousand changes and how long after its commit a change was found. Ends with the oracle.")
public final class SecuredBench implements Callable<Integer> {

    /** From the ports of one stack to those of the other. */
    private static final int APART = 50;

    @Option(names = "--monitors", defaultValue = "5000", description = "Monitors of each demo, everything else in proportion. Default: ${DEFAULT-VALUE}.")
    private int monitors;
    @Option(names = "--rate", defaultValue = "100", description = "Changes a second. Default: ${DEFAULT-VALUE}.")
    private int rate;
    @Option(names = "--seconds", defaultValue = "60", description = "How long each stack is measured in a round. Default: ${DEFAULT-VALUE}.")
    private int seconds;
    @Option(names = "--rounds", defaultValue = "5", description = "How often; the stack that begins is another one each time. Default: ${DEFAULT-VALUE}.")
    private int rounds;
    @Option(names = "--rest", defaultValue = "60", description = "Seconds of rest after the first loads, and a tenth of it before each measurement. Default: ${DEFAULT-VALUE}.")
    private int rest;
    @Option(names = "--port-base", defaultValue = "27000", description = "The first of some fifteen ports, and of as many 50 after it. Default: ${DEFAULT-VALUE}.")
    private int portBase;
    @Option(names = "--out", description = "The JSON file; the report in Markdown stands beside it. Default: tests/target/bench/secured.json.")
    private Path out;

    /**
     * One stack in one round.
     *
     * @param changes that were made
     * @param cpuSeconds by process
     * @param times by what they are of
     */
    record Window(int round, boolean secured, double changes, Map<String, Double> cpuSeconds, Map<String, Percentiles> times) {}

    record Report(Instant at, int processors, int monitors, int rate, int seconds, List<Window> windows, int differences) {}

    public static void main(String[] args) {
        // Kafka's clients print their whole configuration.
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(new CommandLine(new SecuredBench()).setExecutionExceptionHandler(Failures::explain).execute(args));
    }

    /** Exits with 0 when both indexes agree with their databases at the end. */
    @Override
    public Integer call() throws SQLException, IOException, InterruptedException {
        var folder = DemoStack.home().resolve("tests").resolve("target").resolve("bench");
        var output = new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
        var pipelines = List.of(DemoStack.home().resolve("deploy").resolve("demo").resolve("pipelines"));
        try (var plain = afresh(() -> new DemoStack(folder.resolve("plain"), portBase, monitors, null, pipelines, output));
                var secured = afresh(() -> DemoStack.secured(folder.resolve("secured"), portBase + APART, monitors, pipelines, output))) {
            for (var stack : List.of(plain, secured)) {
                Runtime.getRuntime().addShutdownHook(new Thread(stack::close, "stop"));
                stack.start();
                stack.settled().await();
            }
            Thread.sleep(Duration.ofSeconds(rest));
            var windows = windows(plain, secured);
            var verdict = Stream.concat(plain.settled().await().stream(), secured.settled().await().stream()).toList();
            int differences = verdict.stream().map(Comparison::differences).mapToInt(List::size).sum();
            var report = new Report(Instant.now(), Runtime.getRuntime().availableProcessors(), monitors, rate, seconds, windows, differences);
            Figures.tell(out == null ? folder.resolve("secured.json") : out, report, SecuredReport.of(report), verdict);
            return differences == 0 ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
        }
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

    private List<Window> windows(DemoStack plain, DemoStack secured) throws SQLException, InterruptedException {
        var windows = new ArrayList<Window>();
        for (int round = 1; round <= rounds; round++) {
            for (var stack : round % 2 == 1 ? List.of(plain, secured) : List.of(secured, plain)) {
                Thread.sleep(Duration.ofMillis(rest * 100L));
                windows.add(window(round, stack));
            }
        }
        return windows;
    }

    private Window window(int round, DemoStack stack) throws SQLException, InterruptedException {
        var time = Duration.ofSeconds(seconds);
        var before = Footprint.of(stack.stack().processes());
        var steady = new Steady(stack, round).run(rate, time);
        var after = Footprint.of(stack.stack().processes());
        var cpu = new LinkedHashMap<String, Double>();
        after.processes().keySet().forEach(name -> cpu.put(name, after.cpuSince(before, name)));
        return new Window(round, stack.stack().options().secured(), steady.changesPerSecond() * seconds, cpu, steady.times());
    }
}
