package io.millrace.tests.bench.report;

import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.bench.cost.Step;
import io.millrace.tests.bench.load.FirstLoad;
import io.millrace.tests.bench.plot.Bars;
import io.millrace.tests.bench.plot.Lines;
import io.millrace.tests.bench.plot.Spans;
import io.millrace.tests.bench.plot.Stacks;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** The report's plots, as SVG by the names of their files; of what was measured. */
final class Plots {

    static final String START = "start.svg";
    static final String LATENCY = "latency.svg";
    static final String CPU = "cpu.svg";
    static final String GROWTH = "growth.svg";

    private Plots() {}

    static SequencedMap<String, String> of(Report report) {
        var plots = new LinkedHashMap<String, String>();
        if (report.start() != null) {
            plots.put(START, start(report.start().figures()));
        }
        if (report.steady() != null) {
            plots.put(LATENCY, latency(byRate(report.steady().figures().steps())));
            plots.put(CPU, cpu(byRate(report.steady().figures().steps())));
        }
        report.loads().forEach((size, part) -> plots.put(load(size), load(size, part.figures().load())));
        if (report.loads().size() > 1 || report.changes().size() > 1) {
            plots.put(GROWTH, growth(report));
        }
        return plots;
    }

    /** Of the first load of so many monitors. */
    static String load(int monitors) {
        return "load-" + monitors + ".svg";
    }

    private static String load(int monitors, FirstLoad.Result load) {
        var rows = new ArrayList<Spans.Row>();
        load.moments().forEach((service, m) -> rows.add(new Spans.Row(service, List.of(new Spans.Span("starts", m.started(), m.ready()), new Spans.Span("waits for what comes", m.ready(), m.first()),
                new Spans.Span("puts out", m.first(), m.last())))));
        rows.add(new Spans.Row("search", List.of(new Spans.Span("some can be found", load.first(), load.all()))));
        return new Spans("First load of %,d monitors".formatted(monitors), "seconds since the services were started", rows).svg();
    }

    private static String start(ColdCurve.Result start) {
        return Lines.overTime("Right after the start, %d changes/s".formatted(start.rate()), "seconds since the first change; milliseconds", List.of(
                line("in the index, p50", start, window -> window.indexed().p50()), line("in the index, p99", start, window -> window.indexed().p99()),
                line("found by a search, p50", start, window -> window.found().p50()), line("found by a search, p99", start, window -> window.found().p99()))).svg();
    }

    private static Lines.Series line(String name, ColdCurve.Result start, ToDoubleFunction<ColdCurve.Window> value) {
        return new Lines.Series(name, start.windows().stream().map(window -> new Lines.Point(window.from(), value.applyAsDouble(window))).toList());
    }

    /** The rate that was measured twice stands side by side. */
    private static List<Step> byRate(List<Step> steps) {
        return steps.stream().sorted(Comparator.comparingInt(Step::asked)).toList();
    }

    private static String latency(List<Step> steps) {
        var whats = List.of("headers: commit to captured", "headers: captured to gated", "headers: gated to joined", Goals.INDEXED, Goals.FOUND);
        return new Bars("Time by changes a second", steps.stream().map(Step::name).toList(), whats.stream().map(what -> new Bars.Series(what.replaceFirst("^[a-z]+: ", ""),
                steps.stream().map(step -> bar(step.times().get(what))).toList())).toList()).svg();
    }

    private static Bars.Bar bar(Percentiles times) {
        return times == null || times.count() == 0 ? null : new Bars.Bar(times.p50(), times.p90(), times.p99());
    }

    private static String cpu(List<Step> steps) {
        var processes = steps.stream().map(step -> step.cores().keySet()).flatMap(Collection::stream).collect(Collectors.toCollection(TreeSet::new));
        return new Stacks("Processors for 1,000 changes, by process", "seconds", steps.stream().map(Step::name).toList(),
                processes.stream().map(process -> new Stacks.Series(process, steps.stream().map(step -> step.perThousand(process)).toList())).toList()).svg();
    }

    private static String growth(Report report) {
        return Lines.logarithmic("By size", "monitors; units as named", report.growth().stream()
                .map(grown -> new Lines.Series(grown.what(), grown.points().stream().map(point -> new Lines.Point(point.x(), point.y())).toList())).toList()).svg();
    }
}
