package io.millrace.tests.bench.cost;

import io.millrace.launcher.Output;
import io.millrace.tests.bench.EndToEnd;
import io.millrace.tests.bench.Figures;
import io.millrace.tests.bench.Footprint;
import io.millrace.tests.bench.KafkaRequests;
import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.bench.RequestLog;
import io.millrace.tests.bench.Steady;
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

    /**
     * @param asked changes a second that were asked for
     * @param changesPerSecond that came to pass
     * @param cores of the processors, by process
     * @param requests a second that Kafka answered, by API
     * @param times by what they are of
     * @param pssBytes by process, at the end
     */
    record Step(int asked, double changesPerSecond, Map<String, Double> cores, Map<String, Double> requests, Map<String, Percentiles> times, Map<String, Long> pssBytes) {}

    /** @param asking requests a second at rest, by process and API; empty where that was not asked for */
    record Report(Instant at, int processors, int monitors, int seconds, List<Step> steps, Map<String, Double> asking, int differences) {}

    public static void main(String[] args) {
        // Kafka's clients print their whole configuration.
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(new CommandLine(new CostBench()).setExecutionExceptionHandler(EndToEnd::explain).execute(args));
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
            var steps = steps(stack);
            var asking = byProcess ? asking(stack) : Map.<String, Double>of();
            var verdict = stack.settled().await();
            int differences = verdict.stream().mapToInt(c -> c.differences().size()).sum();
            var report = new Report(Instant.now(), Runtime.getRuntime().availableProcessors(), monitors, seconds, steps, asking, differences);
            Figures.tell(out == null ? folder.resolve("cost.json") : out, report, CostReport.of(report), verdict);
            return differences == 0 ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
        }
    }

    private Map<String, Double> asking(DemoStack stack) throws InterruptedException {
        var servers = stack.stack().servers();
        return new RequestLog(servers.kafka(), servers.kafkaAdmin(), stack.stack().processes()).perSecond(Duration.ofSeconds(seconds));
    }

    private List<Step> steps(DemoStack stack) throws SQLException, InterruptedException {
        var steps = new ArrayList<Step>();
        try (var requests = KafkaRequests.of(stack.stack().servers().kafka().running().orElseThrow().pid())) {
            for (int rate : rates) {
                steps.add(step(stack, requests, rate));
                Thread.sleep(Duration.ofSeconds(rest / 2));
            }
        }
        return steps;
    }

    private Step step(DemoStack stack, KafkaRequests requests, int rate) throws SQLException, InterruptedException {
        var time = Duration.ofSeconds(seconds);
        var before = requests.counts();
        var used = Footprint.of(stack.stack().processes());
        long begin = System.nanoTime();
        var steady = rate == 0 ? null : new Steady(stack).run(rate, time);
        if (steady == null) {
            Thread.sleep(time);
        }
        double took = (System.nanoTime() - begin) / 1e9;
        var after = Footprint.of(stack.stack().processes());
        var cores = new LinkedHashMap<String, Double>();
        var memory = new LinkedHashMap<String, Long>();
        after.processes().forEach((name, use) -> {
            cores.put(name, after.cpuSince(used, name) / took);
            memory.put(name, use.pssBytes());
        });
        // The count of the requests is the last to be asked for, so that asking is not counted in the processors' time.
        return new Step(rate, steady == null ? 0 : steady.changesPerSecond() * time.toSeconds() / took, cores, KafkaRequests.perSecond(before, requests.counts(), took), steady == null ? Map.of() : steady.times(), memory);
    }
}
