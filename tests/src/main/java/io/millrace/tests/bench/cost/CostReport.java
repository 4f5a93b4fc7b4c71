package io.millrace.tests.bench.cost;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What a stack and its changes cost, as tables in Markdown. */
public final class CostReport {

    private CostReport() {}

    /** A table for each kind of cost, with a column for each step, and one of the times. */
    public static String tables(List<Step> steps) {
        var text = new StringBuilder();
        table(text, "% of a core", steps, Step::cores, (step, cores) -> format("%.1f", 100 * cores));
        table(text, "CPU seconds for 1,000 changes", steps.stream().filter(s -> s.asked() > 0).toList(), Step::cores, (step, cores) -> format("%.2f", step.perThousand(cores)));
        table(text, "MiB resident", steps, step -> mebibytes(step.rssBytes()), (step, size) -> format("%.0f", size));
        table(text, "MiB, shared pages divided", steps, step -> mebibytes(step.pssBytes()), (step, size) -> format("%.0f", size));
        table(text, "Kafka's requests a second", steps, Step::requests, (step, rate) -> format("%.1f", rate));
        if (steps.stream().allMatch(step -> step.times().isEmpty())) {
            return text.toString();
        }
        line(text, "");
        line(text, "| changes/s asked | came to pass | what | p50 ms | p95 ms | p99 ms |");
        line(text, "|---|---|---|---|---|---|");
        steps.forEach(step -> step.times().forEach((what, times) -> line(text, "| %d | %.0f | %s | %.0f | %.0f | %.0f |", step.asked(), step.changesPerSecond(), what, times.p50(), times.p95(), times.p99())));
        table(text, "ms from the commit by the stages' own metrics", steps.stream().filter(s -> s.asked() > 0).toList(), Step::reported, (step, millis) -> format("%.0f", millis), false);
        return text.toString();
    }

    /** Nothing where nothing was asked. @param asking requests a second, by process and API */
    public static String asking(Map<String, Double> asking) {
        var text = new StringBuilder();
        if (!asking.isEmpty()) {
            line(text, "");
            line(text, "| who asks Kafka for what at rest | a second |");
            line(text, "|---|---|");
            asking.forEach((what, rate) -> line(text, "| %s | %.2f |", what, rate));
        }
        return text.toString();
    }

    private static Map<String, Double> mebibytes(Map<String, Long> bytes) {
        var sizes = new LinkedHashMap<String, Double>();
        bytes.forEach((name, size) -> sizes.put(name, size / 1048576.0));
        return sizes;
    }

    private interface Cell {
        String of(Step step, double value);
    }

    private static void table(StringBuilder text, String what, List<Step> steps, Function<Step, Map<String, Double>> values, Cell cell) {
        table(text, what, steps, values, cell, true);
    }

    /** A row for each name that any step has. @param sums whether there is one for all together */
    private static void table(StringBuilder text, String what, List<Step> steps, Function<Step, Map<String, Double>> values, Cell cell, boolean sums) {
        if (steps.isEmpty()) {
            return;
        }
        line(text, "");
        line(text, "| %s | %s |", what, steps.stream().map(Step::name).collect(Collectors.joining(" | ")));
        line(text, "|---%s|", "|---".repeat(steps.size()));
        var names = steps.stream().map(values).map(Map::keySet).flatMap(Collection::stream).collect(Collectors.toCollection(TreeSet::new));
        names.forEach(name -> row(text, name, steps, cell, step -> values.apply(step).getOrDefault(name, 0.0)));
        if (sums) {
            row(text, "all", steps, cell, step -> values.apply(step).values().stream().mapToDouble(d -> d).sum());
        }
    }

    private static void row(StringBuilder text, String name, List<Step> steps, Cell cell, Function<Step, Double> value) {
        line(text, "| %s | %s |", name, steps.stream().map(step -> cell.of(step, value.apply(step))).collect(Collectors.joining(" | ")));
    }

    private static String format(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
