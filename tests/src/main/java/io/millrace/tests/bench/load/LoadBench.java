package io.millrace.tests.bench.load;

import io.millrace.launcher.Output;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.tests.bench.Failures;
import io.millrace.tests.bench.Figures;
import io.millrace.tests.oracle.Oracles;
import io.millrace.tests.oracle.SqlOracle;
import io.millrace.tests.stack.DemoStack;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The first load alone: from a full database and no index to every document, beside what the same rows and documents take at the least. */
@Command(name = "bench load", mixinStandardHelpOptions = true,
        description = "Fills an index from a full database; tells who was when how far, what each process took of the processors and for what, what each hop holds, and the limits: COPY, the SQL join by COPY, bare bulk. Ends with the oracle.")
public final class LoadBench implements Callable<Integer> {

    @Option(names = "--documents", defaultValue = "20000", description = "Documents of the demo's pipeline of monitors, everything else in proportion. Default: ${DEFAULT-VALUE}.")
    private int documents;
    @Option(names = "--port-base", defaultValue = "27000", description = "The first of some fifteen ports. Default: ${DEFAULT-VALUE}.")
    private int portBase;
    @Option(names = "--out", description = "The JSON file; the report in Markdown stands beside it. Default: tests/target/bench/load.json.")
    private Path out;

    /**
     * @param processors of the machine
     * @param hops by kind of topic
     * @param differences between index and SQL join at the end
     */
    record Report(Instant at, int processors, int documents, FirstLoad.Result load, Map<String, Hops.Hop> hops, Limits.Result limits, int differences) {}

    public static void main(String[] args) {
        // Kafka's clients print their whole configuration.
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(new CommandLine(new LoadBench()).setExecutionExceptionHandler(Failures::explain).execute(args));
    }

    /** Exits with 0 when index and database agree at the end. */
    @Override
    public Integer call() throws Exception {
        var folder = DemoStack.home().resolve("tests").resolve("target").resolve("bench");
        var data = folder.resolve("load");
        var output = new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
        var pipelines = DemoStack.home().resolve("deploy/demo/pipelines/monitors.yaml");
        var file = PipelineFiles.load(List.of(pipelines)).getFirst();
        var stack = new DemoStack(data, portBase, documents, null, List.of(pipelines), output);
        // What a killed run has left must not write into what this run begins.
        stack.close();
        DemoStack.delete(data);
        try (var load = new FirstLoad(stack, List.of(file), output)) {
            Runtime.getRuntime().addShutdownHook(new Thread(load::close, "stop"));
            load.startServers();
            stack.load();
            stack.provision();
            var result = load.run();
            var hops = Hops.of(stack.stack().servers().kafkaBootstrap(), List.of(file));
            var verdict = DemoStack.settled(new Oracles(stack.database(), stack.index(), List.of(SqlOracle.of(file.pipeline().name())))).await();
            var limits = stack.halted(() -> Limits.of(stack, List.of(file)));
            int differences = verdict.stream().mapToInt(c -> c.differences().size()).sum();
            var report = new Report(Instant.now(), Runtime.getRuntime().availableProcessors(), documents, result, hops, limits, differences);
            Figures.tell(out == null ? folder.resolve("load.json") : out, report, LoadReport.of(report), verdict);
            return differences == 0 ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
        }
    }
}
