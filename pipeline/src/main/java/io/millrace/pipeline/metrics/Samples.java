package io.millrace.pipeline.metrics;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.DoubleBinaryOperator;
import java.util.regex.Pattern;

/** Metrics of one process or several, in Prometheus's text format. What is not a number is left out. Immutable. */
public final class Samples {

    private static final Pattern SAMPLE = Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? (NaN|[+-]Inf|[+-]?[0-9]+(?:\\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)(?: .*)?");
    private static final Pattern LABEL = Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\.)*)\"");

    private record Sample(String name, Map<String, String> labels, double value) {}

    private final List<Sample> samples;

    private Samples(List<Sample> samples) {
        this.samples = samples;
    }

    /** Lines that are no samples are passed over. */
    public static Samples parse(String text) {
        var samples = new ArrayList<Sample>();
        text.lines().map(SAMPLE::matcher).filter(m -> m.matches()).forEach(m -> {
            var labels = new HashMap<String, String>();
            var label = LABEL.matcher(m.group(2) == null ? "" : m.group(2));
            while (label.find()) {
                labels.put(label.group(1), label.group(2).replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\"));
            }
            double value = value(m.group(3));
            if (!Double.isNaN(value)) {
                samples.add(new Sample(m.group(1), labels, value));
            }
        });
        return new Samples(List.copyOf(samples));
    }

    private static double value(String text) {
        return switch (text) {
            case "+Inf" -> Double.POSITIVE_INFINITY;
            case "-Inf" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(text);
        };
    }

    /** What concerns a pipeline: its own, its tables' under whichever of their names, and what belongs to no pipeline or table. */
    public Samples of(String pipeline, Set<String> tables) {
        return new Samples(samples.stream().filter(s -> isOf(s.labels.get("pipeline"), Set.of(pipeline)) && isOf(s.labels.get("table"), tables)).toList());
    }

    private static boolean isOf(String label, Set<String> wanted) {
        return label == null || label.isEmpty() || wanted.contains(label);
    }

    /** Whether there are none: a process that does not answer has none. */
    public boolean isEmpty() {
        return samples.isEmpty();
    }

    /** Over all samples of a name that bear these labels. Null where there are none: a missing figure is not zero. */
    public Double sum(String name, Map<String, String> labels) {
        return fold(name, labels, Double::sum);
    }

    /** The largest of them; null where there are none. */
    public Double max(String name, Map<String, String> labels) {
        return fold(name, labels, Math::max);
    }

    private Double fold(String name, Map<String, String> labels, DoubleBinaryOperator by) {
        OptionalDouble folded = samples.stream().filter(s -> s.name.equals(name) && s.labels.entrySet().containsAll(labels.entrySet())).mapToDouble(Sample::value).reduce(by);
        return folded.isPresent() ? folded.getAsDouble() : null;
    }

    /** The values of a label among the samples of a name. */
    public List<String> values(String name, String label) {
        var values = new TreeSet<String>();
        samples.stream().filter(s -> s.name.equals(name) && s.labels.containsKey(label)).forEach(s -> values.add(s.labels.get(label)));
        return List.copyOf(values);
    }

    /** The values of a label among the samples of a name that have the value 1. */
    public List<String> where(String name, String label) {
        var values = new TreeSet<String>();
        samples.stream().filter(s -> s.name.equals(name) && s.value == 1 && s.labels.containsKey(label)).forEach(s -> values.add(s.labels.get(label)));
        return List.copyOf(values);
    }
}
