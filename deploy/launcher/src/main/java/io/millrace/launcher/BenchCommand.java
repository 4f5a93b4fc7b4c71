package io.millrace.launcher;

import io.millrace.local.LocalException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/** The benches stand in the module {@code tests}, which depends on this one; so they run in a JVM of their own. */
@Command(name = "bench", description = "Measures. Without a name, or as 'bench report': everything that tells what a machine makes of it, in one report. 'bench secured': what TLS and logins add to the cost of a change; 'bench capture': capture alone; 'bench gate': the gate alone; 'bench join': the denormalizer alone; 'bench index': the indexer alone, beside a bare _bulk loader; 'bench search': a page answered by Postgres and by the index; 'bench scale': stages scaled by lag; 'bench upgrade': two versions side by side; 'bench verify': how fast an index is held against its database, and whom that disturbs; 'bench NAME --help' lists the options. Takes its own ports and data.")
final class BenchCommand implements Callable<Integer> {

    private CommandSpec spec;
    @Parameters(arity = "0..1", paramLabel = "BENCH", description = "${COMPLETION-CANDIDATES}. Default: report.")
    private Bench bench;
    @Option(names = {"-h", "--help"}, description = "Show the options of the bench.")
    private boolean help;
    @Unmatched
    private List<String> arguments = new ArrayList<>();

    /** What can be measured, and the main class that does it. */
    enum Bench {
        /** What {@code up} starts, as it starts it; so is the one after it. */
        REPORT("io.millrace.tests.bench.report.ReportBench", Bench.QUICK),
        SECURED("io.millrace.tests.bench.cost.SecuredBench", Bench.QUICK),
        CAPTURE("io.millrace.tests.bench.capture.CaptureBench", Bench.LASTING),
        GATE("io.millrace.tests.bench.GateBench", Bench.LASTING),
        START("io.millrace.tests.bench.ColdStart", Bench.LASTING),
        JOIN("io.millrace.tests.bench.join.JoinBench", Bench.LASTING),
        INDEX("io.millrace.tests.bench.index.IndexBench", Bench.LASTING),
        SEARCH("io.millrace.tests.bench.search.SearchBench", Bench.LASTING),
        SCALE("io.millrace.tests.bench.scale.ScaleBench", Bench.LASTING),
        UPGRADE("io.millrace.tests.bench.scale.UpgradeBench", Bench.LASTING),
        VERIFY("io.millrace.tests.bench.verify.VerifyBench", Bench.LASTING);

        /** Kafka and the services that a load goes through have both compilers, as in an image. */
        private static final String LASTING = "-Dmillrace.short-lived=false";
        /** Compiling the bench itself well would take the cores from the services that it measures. */
        private static final String QUICK = "-XX:TieredStopAtLevel=1";

        private final String mainClass;
        private final List<String> options;

        Bench(String mainClass, String... options) {
            this.mainClass = mainClass;
            this.options = List.of(options);
        }

        /** Of the bench's JVM. */
        List<String> options() {
            return options;
        }
    }

    /** What stands behind the first option of a bench's own is that bench's to read, values included: {@code bench --rates 50,200} has no name. */
    @Spec
    void setSpec(CommandSpec spec) {
        this.spec = spec;
        spec.parser().stopAtUnmatched(true);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        var jar = DataFolder.home().resolve("tests").resolve("target").resolve("millrace-tests.jar");
        if (help && (bench == null || !Files.exists(jar))) {
            spec.commandLine().usage(spec.commandLine().getOut());
            return 0;
        }
        if (!Files.exists(jar)) {
            throw new LocalException("Not built: " + jar + ". Run ./millrace bench from the root of the checkout, which builds what is missing");
        }
        var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Dmillrace.home=" + DataFolder.home(),
                "-Xmx1g", "-XX:+UseSerialGC"));
        command.addAll(chosen().options());
        command.addAll(List.of("-cp", jar.toString(), chosen().mainClass));
        command.addAll(arguments());
        if (help) {
            command.add("--help");
        }
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }

    /** The bench that is run. */
    Bench chosen() {
        return bench == null ? Bench.REPORT : bench;
    }

    /** What it is run with. */
    List<String> arguments() {
        return arguments;
    }
}
