package io.millrace.tests.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.Output;
import io.millrace.launcher.Within;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The gate alone between two topics: what a record costs, what it waits, and whether a parked table disturbs the others. */
@Command(name = "bench gate", mixinStandardHelpOptions = true,
        description = "Records a second of one core, added latency at a fixed rate with and without a parked table, and the walk and the counts alone.")
public final class GateBench implements Callable<Integer> {

    /** Tables that always flow. */
    static final List<String> FLOWING = List.of("first", "second", "third");
    /** The table that is parked now and then. */
    static final String PARKED = "parked";

    private static final int WARM_UP_ROUNDS = 3;
    private static final Duration WARM_UP = Duration.ofSeconds(8);

    @Within(of = "records", from = 1)
    @Option(names = "--records", defaultValue = "600000", description = "Records of one backlog. Default: ${DEFAULT-VALUE}.")
    private int records;
    @Within(of = "rounds", from = 0)
    @Option(names = "--rounds", defaultValue = "5", description = "Backlogs that are measured, after three that are not; 0 for none. Default: ${DEFAULT-VALUE}.")
    private int rounds;
    @Within(of = "records a second", from = 1)
    @Option(names = "--rate", defaultValue = "2000", description = "Records a second while latency is measured. Default: ${DEFAULT-VALUE}.")
    private int rate;
    @Within(of = "cycles", from = 0)
    @Option(names = "--cycles", defaultValue = "6", description = "How often the three windows of latency are measured; 0 for not at all. Default: ${DEFAULT-VALUE}.")
    private int cycles;
    @Within(of = "seconds", from = 1)
    @Option(names = "--window", defaultValue = "4", description = "Seconds of one window. Default: ${DEFAULT-VALUE}.")
    private int window;
    @Within(of = "rounds", from = 0)
    @Option(names = "--sampling", defaultValue = "0", description = "How often the cost of tracing 1 %% is measured, and nothing else then: backlogs with no record traced, none again (what chance makes), one in a hundred, one in ten. Default: ${DEFAULT-VALUE}.")
    private int sampling;
    @Option(names = "--profile", paramLabel = "FILE", description = "Let Java Flight Recorder write there what the gate did in the measured backlogs.")
    private Path profile;
    @Within(of = "a port", from = 1, to = 65_000)
    @Option(names = "--port-base", defaultValue = "27000", description = "The first of some fifteen ports. Default: ${DEFAULT-VALUE}.")
    private int portBase;
    @Option(names = "--out", description = "The JSON file. Default: tests/target/bench/gate.json.")
    private Path out;

    record Report(Instant at, int cores, List<WalkerAlone.Result> walk, LedgerAlone.Result ledger, List<GateThroughput.Round> backlogs, GateLatency.Result latency) {}

    public static void main(String[] args) {
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(BenchLine.of(new GateBench()).execute(args));
    }

    @Override
    public Integer call() throws IOException, ExecutionException, InterruptedException {
        var folder = DemoStack.home().resolve("tests").resolve("target").resolve("bench");
        var output = new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
        if (sampling > 0) {
            return sampling(folder, output);
        }
        var walk = WalkerAlone.run();
        WalkerAlone.print(walk);
        var ledger = LedgerAlone.run();
        LedgerAlone.print(ledger);
        var tables = new ArrayList<>(FLOWING);
        tables.add(PARKED);
        try (var stack = new GateStack(folder.resolve("gate"), portBase, tables, output)) {
            Runtime.getRuntime().addShutdownHook(new Thread(stack::close, "stop"));
            var backlogs = rounds == 0 ? List.<GateThroughput.Round>of()
                    : new GateThroughput(stack).run(WARM_UP_ROUNDS, rounds, records, profile == null ? null : profile.toAbsolutePath().toString());
            print(backlogs);
            var latency = cycles == 0 ? null : GateLatency.measure(stack, rate, WARM_UP, cycles, Duration.ofSeconds(window));
            if (latency != null) {
                GateLatency.print(latency);
            }
            write(folder, new Report(Instant.now(), Runtime.getRuntime().availableProcessors(), walk, ledger, backlogs, latency));
        }
        return CommandLine.ExitCode.OK;
    }

    private int sampling(Path folder, Output output) throws IOException, ExecutionException, InterruptedException {
        try (var spans = new SpanSink(); var stack = new GateStack(folder.resolve("gate"), portBase, FLOWING, spans.address(), output)) {
            Runtime.getRuntime().addShutdownHook(new Thread(stack::close, "stop"));
            var result = SamplingCost.measure(new GateThroughput(stack), WARM_UP_ROUNDS, sampling, records, spans);
            SamplingCost.print(result);
            Files.createDirectories(folder);
            JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValue((out == null ? folder.resolve("sampling.json") : out).toFile(), result);
        }
        return CommandLine.ExitCode.OK;
    }

    private static void print(List<GateThroughput.Round> backlogs) {
        if (backlogs.isEmpty()) {
            return;
        }
        System.out.printf("%nA backlog drained, %d times%n", backlogs.size());
        for (var round : backlogs) {
            System.out.printf("  %,d records: %,9.0f records/s of one core (%.2f µs each); %,9.0f records/s by the clock, with %.2f cores%n", round.records(), round.perCoreSecond(),
                    1e6 / round.perCoreSecond(), round.perSecond(), round.cores());
        }
        System.out.printf("  median: %,.0f records/s of one core%n", GateThroughput.median(backlogs).perCoreSecond());
    }

    private void write(Path folder, Report report) throws IOException {
        var file = out == null ? folder.resolve("gate.json") : out;
        Files.createDirectories(file.toAbsolutePath().getParent());
        JsonMapper.builder().findAndAddModules().build().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), report);
        System.out.println("All figures: " + file);
    }
}
