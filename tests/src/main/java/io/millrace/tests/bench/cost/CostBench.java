package io.millrace.tests.bench.cost;

import io.millrace.launcher.Output;
import io.millrace.tests.bench.Failures;
import io.millrace.tests.bench.Figures;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What the whole stack costs while nothing happens, and what a change costs at steady rates. */
@Command(name = "bench cost", mixinStandardHelpOptions = true,
        description = "Tells, at rest and at each rate, what every process takes of the processors, what of that falls to a thousand changes, how long after its commit a change was found, and how many requests Kafka answered, by API. Ends with the oracle.")
public final class CostBench implements Callable<Integer> {

    @Option(names = "--monitors", defaultValue = "10000", description = "Monitors of the demo, everything else in proportion. Default: ${DEFAULT-VALUE}.")
    private int monitors;
    @Option(names = "--rates", split = ",", defaultValue = "0,50,200", description = "Changes a second, one after the other; 0 for none. Default: ${DEFAULT-VALUE}.")
    private List<Integer> rates;
    @Option(names = "--seconds", defaultValue = "60", description = "How long each is measured. Default: ${DEFAULT-VALUE}.")
    private int seconds;
    @Option(names = "--rest", defaultValue = "60", description = "Seconds of rest after the first load, and before each rate half of it. Default: ${DEFAULT-VALUE}.")
    private int rest;
    @Option(names = "--by-process", description = "After the rates, tells which process asks Kafka for what at rest, from the broker's log of requests.")
    private boolean byProcess;
    @Option(names = "--port-base", defaultValue = "27000", description = "The first of some fifteen ports. Default: ${DEFAULT-VALUE}.")
    private int portBase;
    @Option(names = "--out", description = "The JSON file; the report in Markdown stands beside it. Default: tests/target/bench/cost.json.")
    private Path out;

    /** @param asking requests a second at rest, by process and API; empty where that was not asked for */
    record Report(Instant at, int processors, int monitors, int seconds, List<Step> steps, Map<String, Double> asking, int differences) {}

    public static void main(String[] args) {
        // Kafka's clients print their whole configuration.
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(new CommandLine(new CostBench()).setExecutionExceptionHandler(Failures::explain).execute(args));
    }

    /** Exits with 0 when index and database agree at the end. */
    @Override
    public Integer call() throws SQLException, IOException, InterruptedException {
        var folder = DemoStack.home().resolve("tests").resolve("target").resolve("bench");
        var data = folder.resolve("cost");
        var output = new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
        try (var stack = new DemoStack(data, portBase, monitors, output)) {
            Runtime.getRuntime().addShutdownHook(new Thread(stack::close, "stop"));
            stack.close();
            DemoStack.delete(data);
            stack.start();
            stack.settled().await();
            Thread.sleep(Duration.ofSeconds(rest));
            try (var watch = new CostWatch(stack)) {
                var steps = steps(watch);
                var asking = byProcess ? watch.asking(Duration.ofSeconds(seconds)) : Map.<String, Double>of();
                var verdict = stack.settled().await();
                int differences = verdict.stream().mapToInt(c -> c.differences().size()).sum();
                var report = new Report(Instant.now(), Runtime.getRuntime().availableProcessors(), monitors, seconds, steps, asking, differences);
                Figures.tell(out == null ? folder.resolve("cost.json") : out, report, CostReport.of(report), verdict);
                return differences == 0 ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
            }
        }
    }

    private List<Step> steps(CostWatch watch) throws SQLException, InterruptedException {
        var steps = new ArrayList<Step>();
        for (int rate : rates) {
            steps.add(watch.step(rate, Duration.ofSeconds(seconds)));
            Thread.sleep(Duration.ofSeconds(rest / 2));
        }
        return steps;
    }
}
