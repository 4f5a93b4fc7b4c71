package io.millrace.tests.bench.report;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.Output;
import io.millrace.launcher.Within;
import io.millrace.tests.bench.BenchLine;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Everything that somebody wants to know of a machine and a commit, in one report. */
@Command(name = "bench report", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Measures, as ./millrace up starts it: a first load for each size, changes right after the start, rest, changes at steady rates, the highest rate at which nothing queues up, a row that is spread to all documents, and COPY and bare bulk. Holds all against the product's goals, and every part against the SQL join. What has been measured of this commit on this machine is kept, so a report may take several runs; --only measures parts anew.")
public final class ReportBench implements Callable<Integer> {

    private static final List<Integer> SIZES = List.of(10_000, 100_000, 1_000_000);
    private static final List<Integer> QUICK_SIZES = List.of(2_000);
    private static final List<Integer> RATES = List.of(200, 50, 500, 1_000);
    private static final List<Integer> QUICK_RATES = List.of(200, 50);

    @Option(names = "--quick", description = "A look in some five minutes: a small stack, seconds where there are minutes. Its parts are never of a report that is not quick.")
    private boolean quick;
    @Option(names = "--only", split = ",", paramLabel = "PART", description = "Measures these alone, and anew: ${COMPLETION-CANDIDATES}. The report has the others where they were measured before.")
    private Set<Part> only = Set.of();
    @Within(of = "monitors", from = 1)
    @Option(names = "--sizes", split = ",", description = "Monitors of the demo, everything else in proportion; for each a stack. Default: 10000,100000,1000000; quick: 2000.")
    private List<Integer> sizes;
    @Within(of = "changes a second", from = 1)
    @Option(names = "--rates", split = ",", description = "Changes a second; the first is measured again at the end. Default: 200,50,500,1000; quick: 200,50.")
    private List<Integer> rates;
    @Within(of = "seconds", from = 1)
    @Option(names = "--seconds", description = "How long each rate and rest are measured; a rate that is searched for half as long. Default: 120; quick: 10.")
    private Integer seconds;
    @Within(of = "seconds", from = 1)
    @Option(names = "--start", description = "Seconds of changes right after the start. Default: 300; quick: 30.")
    private Integer start;
    @Within(of = "seconds", from = 1)
    @Option(names = "--rest", description = "Seconds of rest before what is measured at rest; half of them between rates. Default: 60; quick: 4.")
    private Integer rest;
    @Within(of = "a port", from = 1, to = 65_000)
    @Option(names = "--port-base", defaultValue = "27000", description = "The first of some fifteen ports. Default: ${DEFAULT-VALUE}.")
    private int portBase;
    @Option(names = "--out", description = "Folder for the report (Markdown, JSON), its plots (SVG), and what was measured (parts). Default: tests/target/bench/report.")
    private Path out;

    /** What stands in report.json. */
    record Whole(Report report, List<Goals.Goal> goals, List<Report.Growth> growth) {}

    public static void main(String[] args) {
        // Kafka's clients print their whole configuration.
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(BenchLine.of(new ReportBench()).execute(args));
    }

    /** Exits with 0 when what was counted agreed after every part, whether or not a goal was met. */
    @Override
    public Integer call() throws Exception {
        var folder = out == null ? DemoStack.home().resolve("tests/target/bench/report") : out;
        var output = new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
        var machine = Machine.here(DemoStack.home());
        var store = new Store(folder.resolve("parts"), machine, quick);
        var plan = plan();
        for (int size : plan.sizes()) {
            var parts = missing(plan, size, store, output);
            if (!parts.isEmpty()) {
                Measuring.run(plan, store, machine, quick, size, parts, folder.resolve("stack"), portBase, output);
                write(folder, Report.of(machine, quick, store));
            }
        }
        var report = Report.of(machine, quick, store);
        write(folder, report);
        System.out.println("\n" + Page.of(report, Goals.of(report)));
        System.out.println("The report: " + folder.resolve("report.md"));
        return report.disagreeing().isEmpty() ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }

    private Plan plan() {
        var stacks = or(sizes, quick ? QUICK_SIZES : SIZES);
        var parts = only.isEmpty() ? EnumSet.allOf(Part.class) : EnumSet.copyOf(only);
        if (only.isEmpty() && stacks.size() == 1) {
            // Of one size nothing grows.
            parts.remove(Part.CHANGES);
        }
        var each = Duration.ofSeconds(or(seconds, quick ? 10 : 120));
        return new Plan(parts, stacks, or(rates, quick ? QUICK_RATES : RATES), each, Duration.ofSeconds(or(start, quick ? 30 : 300)),
                Duration.ofSeconds(or(rest, quick ? 4 : 60)), quick ? Duration.ofSeconds(6) : each.dividedBy(2), quick ? 4 : 12, quick ? 0.5 : 0.1);
    }

    private static <T> T or(T given, T otherwise) {
        return given == null ? otherwise : given;
    }

    /** Of the parts for a size those that are to be measured: all that were asked for by name, else those that have not been. */
    private Set<Part> missing(Plan plan, int size, Store store, Output output) {
        var missing = EnumSet.noneOf(Part.class);
        for (var part : plan.on(size)) {
            if (only.isEmpty() && plan.isMeasured(part, size, store)) {
                output.line("Kept " + part.file(size) + ", which was measured before; --only " + part.option() + " measures it anew");
            } else {
                missing.add(part);
            }
        }
        return missing;
    }

    private static void write(Path folder, Report report) throws IOException {
        Files.createDirectories(folder);
        var goals = Goals.of(report);
        JsonMapper.builder().findAndAddModules().build().writerWithDefaultPrettyPrinter().writeValue(folder.resolve("report.json").toFile(),
                new Whole(report, goals, report.growth()));
        Files.writeString(folder.resolve("report.md"), Page.of(report, goals));
        for (var plot : Plots.of(report).entrySet()) {
            Files.writeString(folder.resolve(plot.getKey()), plot.getValue());
        }
    }
}
