package io.millrace.tests.bench.report;

import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.bench.StageCounts.Point;
import io.millrace.tests.bench.cost.CostReport;
import io.millrace.tests.bench.cost.Step;
import io.millrace.tests.bench.load.LoadReport;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** The report as a page in Markdown, its plots beside it. */
final class Page {

    private final Report report;
    private final List<Goals.Goal> goals;
    private final StringBuilder text = new StringBuilder();

    private Page(Report report, List<Goals.Goal> goals) {
        this.report = report;
        this.goals = goals;
    }

    static String of(Report report, List<Goals.Goal> goals) {
        return new Page(report, goals).write();
    }

    private String write() {
        line("# What it costs and how fast it is, on this machine");
        line("");
        machine();
        goals();
        if (report.start() != null) {
            start(report.start().figures());
        }
        if (report.idle() != null) {
            line("\n## At rest");
            text.append(CostReport.tables(List.of(report.idle().figures().step()))).append(CostReport.asking(report.idle().figures().asking()));
        }
        if (report.steady() != null) {
            steady(report.steady().figures());
        }
        if (report.rate() != null) {
            rate(report.rate().figures());
        }
        if (report.fanOut() != null) {
            fanOut(report.fanOut().figures());
        }
        if (!report.loads().isEmpty()) {
            loads();
        }
        if (report.loads().size() > 1 || report.changes().size() > 1) {
            growth();
        }
        if (!report.parts().isEmpty()) {
            ends();
        }
        return text.toString();
    }

    private void machine() {
        var machine = report.machine();
        line("| | |");
        line("|---|---|");
        line("| processors | %d, %s |", machine.processors(), machine.cpu());
        line("| memory | %,d MiB |", machine.memoryMebibytes());
        line("| kernel | %s |", machine.kernel());
        line("| Java | %s |", machine.java());
        line("| compilers of Kafka and the services | %s |", machine.compilers());
        line("| commit | %s |", machine.commit());
        line("");
        line("PostgreSQL, Kafka, the registry, the search engine, the five services, the console and the bench share these processors.%s", report.quick() ? " **Measured in haste (`--quick`): too short for figures that somebody should quote.**" : "");
        report.others().forEach(other -> line("\nNot in this report: %s.", other));
    }

    private void goals() {
        if (goals.isEmpty()) {
            return;
        }
        line("\n## Goals");
        line("| goal | asked | measured | |");
        line("|---|---|---|---|");
        goals.forEach(goal -> line("| %s | %s | %s | %s |", goal.what(), goal.bound(), number(goal.measured()), goal.met() ? "met" : "**not met**"));
    }

    private void start(ColdCurve.Result start) {
        line("\n## Right after the start");
        line("From the moment at which all could be searched, %d changes/s, of which %.0f came to pass; %d probes were not found within a minute.", start.rate(), start.changesPerSecond(), start.lostProbes());
        line("\n![](%s)\n", Plots.START);
        line("| seconds | probes | in the index: p50 ms | p99 ms | found by a search: p50 ms | p99 ms |");
        line("|---|---|---|---|---|---|");
        start.windows().forEach(w -> line("| %d to %d | %d | %s | %s | %s | %s |", w.from(), w.from() + ColdCurve.WINDOW_SECONDS, w.found().count(), number(w.indexed().p50()), number(w.indexed().p99()),
                number(w.found().p50()), number(w.found().p99())));
    }

    private void steady(Measuring.Steps steady) {
        var steps = steady.steps();
        line("\n## Changes at steady rates");
        line("%d s for each column, in the order in which they were measured; the last is the first once more.", steady.seconds());
        line("\n![](%s)\n\n![](%s)", Plots.LATENCY, Plots.CPU);
        text.append(CostReport.tables(steps));
        var lost = steps.stream().mapToInt(Step::lostProbes).sum();
        if (lost > 0) {
            line("\n%d probes were not found within a minute: %s.", lost, String.join(", ", steps.stream().filter(s -> s.lostProbes() > 0).map(s -> s.lostProbes() + " at " + s.name()).toList()));
        }
        line("\n### What chance makes");
        line("| %s | first | last | differs by |", steps.getFirst().name());
        line("|---|---|---|---|");
        floor("processors for 1,000 changes, s", steps, Step::perThousand);
        floor("Kafka's requests a second", steps, step -> step.requests().values().stream().mapToDouble(d -> d).sum());
        floor("commit to indexed, p50 ms", steps, step -> step.times().get(Goals.INDEXED).p50());
        floor("commit to indexed, p99 ms", steps, step -> step.times().get(Goals.INDEXED).p99());
        floor("commit to found by a search, p50 ms", steps, step -> step.times().get(Goals.FOUND).p50());
        floor("commit to found by a search, p99 ms", steps, step -> step.times().get(Goals.FOUND).p99());
        line("\nA difference between two runs that is smaller than these is none.");
    }

    private void floor(String what, List<Step> steps, ToDoubleFunction<Step> value) {
        double first = value.applyAsDouble(steps.getFirst());
        double last = value.applyAsDouble(steps.getLast());
        line("| %s | %s | %s | %+.0f %% |", what, number(first), number(last), 100 * (last / first - 1));
    }

    private void rate(Sustained.Result rate) {
        line("\n## The highest rate at which nothing queues up: %s", rate.highest() == 0 ? "none that was tried" : format("%,d changes/s", rate.highest()));
        line("%d s for each trial. What waits is compared between the second and the last third: records by the stages' own count, and probes that no search had found yet.\n", rate.seconds());
        line("| changes/s asked | came to pass | records that waited | then | probes on their way | then | found by a search: p50 ms | p99 ms | |");
        line("|---|---|---|---|---|---|---|---|---|");
        rate.trials().forEach(t -> line("| %,d | %,.0f | %,.0f | %,.0f | %.1f | %.1f | %s | %s | %s |", t.asked(), t.changesPerSecond(), t.records().middle(), t.records().last(), t.probes().middle(), t.probes().last(),
                number(t.found().p50()), number(t.found().p99()), t.held() ? "holds" : t.refusal()));
    }

    private void fanOut(FanOut.Result fanOut) {
        line("\n## Single changes while a row is spread to %,d documents", fanOut.documents());
        line("%s, beside %d changes/s of which %.0f came to pass; %d probes were not found within a minute.\n",
                Double.isNaN(fanOut.spreadSeconds()) ? "It was not through when the bench ended" : format("It took %,.0f s (%,.0f documents/s)", fanOut.spreadSeconds(), fanOut.documents() / fanOut.spreadSeconds()),
                fanOut.rate(), fanOut.changesPerSecond(), fanOut.lostProbes());
        line("| found by a search | probes | p50 ms | p90 ms | p99 ms | longest ms |");
        line("|---|---|---|---|---|---|");
        times("before", fanOut.before());
        times("while it was spread", fanOut.meanwhile());
    }

    private void times(String what, Percentiles times) {
        line("| %s | %d | %s | %s | %s | %s |", what, times.count(), number(times.p50()), number(times.p90()), number(times.p99()), number(times.max()));
    }

    private void loads() {
        line("\n## First load");
        line("| monitors | documents | rows | first found s | all s | documents/s | rows by COPY s | documents by the SQL join s | by bare bulk s | documents/s | share of bare bulk | processors s | MB resident |");
        line("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        report.loads().forEach((size, part) -> {
            var load = part.figures();
            var limits = report.limits().get(size);
            var beside = limits == null ? " | | | | " : format("%.1f | %.1f | %.1f | %,.0f | %.2f", limits.figures().copy(), limits.figures().join(), limits.figures().bulk(), limits.figures().bulkRate(), load.rate() / limits.figures().bulkRate());
            line("| %,d | %,d | %,d | %.1f | %.1f | %,.0f | %s | %.1f | %,.0f |", size, load.load().documents(), part.ends().committed(), load.load().first(), load.load().all(), load.rate(), beside, Report.cpuSeconds(load), Report.megabytes(load));
        });
        line("\nSeconds since the services were started. All from nothing, with the servers' start and the making of the demo as `./millrace up` does them: %s.", String.join("; ", report.loads().entrySet().stream()
                .map(e -> format("%,d monitors: the first after %.1f s, all after %.1f s", e.getKey(), e.getValue().figures().upFirst(), e.getValue().figures().upAll())).toList()));
        report.loads().forEach((size, part) -> {
            line("\n### %,d monitors: who was when how far", size);
            line("\n![](%s)", Plots.load(size));
            text.append(LoadReport.tables(part.figures().load(), part.figures().hops()));
        });
    }

    private void growth() {
        line("\n## Growth");
        line("\n![](%s)\n", Plots.GROWTH);
        var sizes = report.growth().stream().flatMap(grown -> grown.points().stream()).map(PowerLaw.Point::x).distinct().sorted().toList();
        line("| monitors | %s | exponent |", String.join(" | ", sizes.stream().map(size -> format("%,.0f", size)).toList()));
        line("|---%s|---|", "|---".repeat(sizes.size()));
        report.growth().stream().filter(grown -> !grown.points().isEmpty()).forEach(grown -> line("| %s | %s | %s |", grown.what(), String.join(" | ", sizes.stream().map(size -> at(grown, size)).toList()), number(grown.law().exponent())));
        line("\nAn exponent of 1 is twice as much for twice as many; 0 is as much for any size. What a start costs is shared by more where there is more.");
    }

    private static String at(Report.Growth grown, double size) {
        return grown.points().stream().filter(point -> point.x() == size).findFirst().map(point -> number(point.y())).orElse("-");
    }

    private void ends() {
        line("\n## Counted at both ends");
        line("| part | changes committed | rows captured | through the gate | documents joined | writes of the indexes | documents by the SQL join | by a search | differences | load average before | measured |");
        line("|---|---|---|---|---|---|---|---|---|---|---|");
        report.parts().forEach((name, part) -> {
            var ends = part.ends();
            line("| %s | %,d | %,d | %,d | %,d | %,d | %,d | %,d | %,d | %.1f | %s |", name, ends.committed(), ends.put().get(Point.CAPTURED), ends.put().get(Point.GATED), ends.put().get(Point.JOINED), ends.put().get(Point.INDEXED),
                    ends.inDatabase(), ends.inIndex(), ends.differences(), part.loadAverage(), part.at().toString().substring(0, 16).replace('T', ' '));
        });
        report.disagreeing().forEach(name -> line("\n**What was counted of %s does not agree: the gate has not passed on what was captured, or documents differ.**", name));
        line("\nCommitted are the writer's own; cascades of the database and probes come on top of them in what is captured. Documents are compared byte for byte with the SQL join after each part:");
        line("");
        report.parts().forEach((name, part) -> line("- %s: %s", name, String.join("; ", part.ends().verdict()).replace('\n', ' ')));
    }

    /** As many digits as say something. */
    private static String number(double value) {
        return Double.isNaN(value) ? "-" : Double.isInfinite(value) ? "lost" : format(value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%,.0f", value);
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    private void line(String format, Object... values) {
        text.append(values.length == 0 ? format : format(format, values)).append('\n');
    }
}
