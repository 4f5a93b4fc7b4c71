package io.millrace.launcher.status;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.regex.Pattern;

/** Samples in Prometheus's text format. */
public final class Metrics {

    private static final Pattern SAMPLE = Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? (\\S+).*");
    private static final Pattern LABEL = Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\.)*)\"");

    private final List<Sample> samples;

    private Metrics(List<Sample> samples) {
        this.samples = List.copyOf(samples);
    }

    record Sample(String name, Map<String, String> labels, double value) {
        boolean matches(String name, Map<String, String> labels) {
            return this.name.equals(name) && this.labels.entrySet().containsAll(labels.entrySet());
        }
    }

    static Metrics parse(String text) {
        var samples = new ArrayList<Sample>();
        text.lines().filter(line -> !line.startsWith("#")).map(SAMPLE::matcher).filter(m -> m.matches()).forEach(m -> {
            var labels = new HashMap<String, String>();
            var label = LABEL.matcher(m.group(2) == null ? "" : m.group(2));
            while (label.find()) {
                labels.put(label.group(1), label.group(2));
            }
            samples.add(new Sample(m.group(1), Map.copyOf(labels), value(m.group(3))));
        });
        return new Metrics(samples);
    }

    private static double value(String text) {
        return switch (text) {
            case "+Inf" -> Double.POSITIVE_INFINITY;
            case "-Inf" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(text);
        };
    }

    /** The sum over all samples of a name that bear these labels; 0 when there are none. */
    public double sum(String name, Map<String, String> labels) {
        return samples.stream().filter(s -> s.matches(name, labels)).mapToDouble(Sample::value).filter(v -> !Double.isNaN(v)).sum();
    }

    /** Whether it has any: a process that does not answer has none. */
    public boolean isEmpty() {
        return samples.isEmpty();
    }

    /** The largest of them; empty when there are none. */
    public OptionalDouble max(String name, Map<String, String> labels) {
        return samples.stream().filter(s -> s.matches(name, labels)).mapToDouble(Sample::value).filter(v -> !Double.isNaN(v)).max();
    }
}
