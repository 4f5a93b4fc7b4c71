package io.millrace.tests.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.Output;
import io.millrace.local.Fault;
import io.millrace.local.LocalException;
import io.millrace.tests.oracle.Comparison;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The whole stack under load: a backfill, then steady traffic, then the oracle's verdict. */
@Command(name = "bench e2e", mixinStandardHelpOptions = true,
        description = "Fills an index from a full database, then changes rows at a fixed rate; measures each stage, from its headers and from outside.")
public final class EndToEnd implements Callable<Integer> {

    @Option(names = "--monitors", defaultValue = "100000", description = "Monitors to begin with, everything else in proportion. Default: ${DEFAULT-VALUE}.")
    private int monitors;
    @Option(names = "--rate", defaultValue = "500", description = "Row changes a second. Default: ${DEFAULT-VALUE}.")
    private int rate;
    @Option(names = "--seconds", defaultValue = "120", description = "How long; 0 for the backfill alone. Default: ${DEFAULT-VALUE}.")
    private int seconds;
    @Option(names = "--warm-up", defaultValue = "120", description = "Seconds of the same traffic before it is measured, in which nine JVMs compile. Default: ${DEFAULT-VALUE}.")
    private int warmUp;
    @Option(names = "--port-base", defaultValue = "27000", description = "The first of some fifteen ports. Default: ${DEFAULT-VALUE}.")
    private int portBase;
    @Option(names = "--out", description = "The JSON file. Default: tests/target/bench/e2e.json.")
    private Path out;

    /**
     * @param ready seconds from the start of the servers to running services, loading the demo taken out
     * @param idle memory after the backfill, before the traffic
     * @param differences between index and SQL join at the end
     */
    record Report(Instant at, int monitors, int cores, double serversSeconds, Backfill.Result backfill, Footprint idle, Steady.Result steady, List<String> verdict, int differences) {}

    public static void main(String[] args) {
        // Kafka's clients print their whole configuration.
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(new CommandLine(new EndToEnd()).setExecutionExceptionHandler(EndToEnd::explain).execute(args));
    }

    /** Exits with 0 when index and database agree at the end. */
    @Override
    public Integer call() throws SQLException, IOException, InterruptedException {
        var folder = DemoStack.home().resolve("tests").resolve("target").resolve("bench");
        var data = folder.resolve("stack");
        var output = new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
        try (var stack = new DemoStack(data, portBase, monitors, output)) {
            Runtime.getRuntime().addShutdownHook(new Thread(stack::close, "stop"));
            stack.close();
            DemoStack.delete(data);
            long begin = System.nanoTime();
            stack.startServers();
            double servers = (System.nanoTime() - begin) / 1e9;
            stack.load();
            stack.provision();
            var backfill = new Backfill(stack).run();
            Backfill.print(backfill);
            var idle = Footprint.of(stack.stack().processes());
            var steady = seconds == 0 ? null : steady(stack);
            var verdict = stack.settled().await();
            System.out.println();
            verdict.forEach(c -> System.out.println(c.describe()));
            int differences = verdict.stream().mapToInt(c -> c.differences().size()).sum();
            write(folder, new Report(Instant.now(), monitors, Runtime.getRuntime().availableProcessors(), servers, backfill, idle, steady,
                    verdict.stream().map(Comparison::describe).toList(), differences));
            return differences == 0 ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
        }
    }

    private Steady.Result steady(DemoStack stack) throws SQLException, InterruptedException {
        if (warmUp > 0) {
            new Steady(stack).run(rate, Duration.ofSeconds(warmUp));
        }
        var steady = new Steady(stack).run(rate, Duration.ofSeconds(seconds));
        Steady.print(steady);
        return steady;
    }

    private void write(Path folder, Report report) throws IOException {
        var file = out == null ? folder.resolve("e2e.json") : out;
        Files.createDirectories(file.toAbsolutePath().getParent());
        JsonMapper.builder().findAndAddModules().build().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), report);
        System.out.println("All figures: " + file);
    }

    /** The messages of our own exceptions are written for users; a stack trace is for a fault of ours. */
    public static int explain(Exception failure, CommandLine command, CommandLine.ParseResult arguments) {
        if (failure instanceof LocalException) {
            System.err.println(failure.getMessage());
        } else {
            System.err.println(Fault.told(failure));
        }
        return CommandLine.ExitCode.SOFTWARE;
    }
}
