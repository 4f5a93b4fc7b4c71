package io.millrace.console.live;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.topic.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What Prometheus is asked for the curves that a {@link History} has, figure by figure as {@link Watch} makes them of what the services say now. Where points are far apart, a latency is the largest
 * of the time between them, as it is the largest of several instances, and a rate is the mean of what is known of it.
 *
 * @param expression in Prometheus's language; answers with one series for each value of the label
 * @param label empty where there is one series
 * @param figures the name of the figure by the value of the label
 */
record Question(String expression, String label, Map<String, String> figures) {

    /** Several scrapes have to be in it, of a minute each by default, and one may be missing. */
    private static final Duration WINDOW = Duration.ofMinutes(3);
    /** How far apart figures are looked at between two points. */
    private static final Duration LOOK = Duration.ofMinutes(1);
    private static final Pattern SPECIAL = Pattern.compile("[\\\\.+*?()|\\[\\]{}^$]");

    /**
     * @param pipeline null for all together
     * @param step between two points
     * @param labels by which this installation's series are told from others
     */
    static List<Question> all(Pipeline pipeline, Duration step, Map<String, String> labels) {
        var of = matchers(pipeline, labels);
        var stages = byName(History.STAGES, stage -> "rate." + stage);
        var steps = byName(Watch.STEPS, to -> "hop." + to);
        var records = "millrace_records_total{stage=~\"" + String.join("|", stages.keySet()) + "\"" + of + "}";
        return List.of(
                // Of what is not told any more there is no rate, though there was one a minute ago.
                new Question(over("avg", "sum by (stage) (rate(" + records + "[" + WINDOW.toSeconds() + "s]) and " + records + ")", step), "stage", stages),
                new Question(over("max", "max by (to) (millrace_hop_seconds{quantile=\"0.5\"" + of + "}) > 0", step), "to", steps),
                new Question(over("max", "max by (quantile) (millrace_commit_to_stage_seconds{stage=\"index\",quantile=~\"0[.]5|0[.]99\"" + of + "}) > 0", step), "quantile", Map.of("0.5", "p50", "0.99", "p99")),
                new Question(over("max", behind(of), step), "", Map.of("", "behind")),
                new Question(over("max", reads(of) + " > bool 0", step), "", Map.of("", "reads")));
    }

    /** As {@link Behind#oldest} has it: an age where nothing waits is none, one of 0 where records wait is not known yet, and rows of a load are old by themselves. */
    private static String behind(String of) {
        var stages = "{stage=~\"" + String.join("|", Behind.STAGES) + "\"" + of + "}";
        var age = "max by (stage) (millrace_lag_seconds" + stages + ")";
        var lag = "sum by (stage) (millrace_lag_records" + stages + ")";
        return "(max((" + age + " > 0) and on (stage) (" + lag + " > 0)) or (sum(" + lag + ") == 0 and count(" + lag + ") == " + Behind.STAGES.size() + ")) unless (" + reads(of) + " > 0)";
    }

    private static String reads(String of) {
        return "sum({__name__=~\"millrace_(snapshot|resnapshot)_rows_remaining\",stage=\"capture\"" + of + "})";
    }

    private static String over(String what, String expression, Duration step) {
        return step.compareTo(LOOK) <= 0 ? expression : what + "_over_time((" + expression + ")[" + step.toSeconds() + "s:" + LOOK.toSeconds() + "s])";
    }

    private static Map<String, String> byName(List<String> names, Function<String, String> figure) {
        return names.stream().collect(Collectors.toMap(name -> name, figure, (a, b) -> a, LinkedHashMap::new));
    }

    /** What belongs to no pipeline or table concerns each of them: a label that is not there is matched by nothing. */
    private static String matchers(Pipeline pipeline, Map<String, String> labels) {
        var matchers = new ArrayList<String>();
        labels.forEach((name, value) -> matchers.add(name + "=" + quoted(value)));
        if (pipeline != null) {
            var tables = new TreeSet<String>();
            for (var table : pipeline.tableNames()) {
                tables.add(table.toString());
                tables.add(Topics.suffix(pipeline.source().name(), table));
            }
            matchers.add("pipeline=~" + quoted("|" + literal(pipeline.name())));
            matchers.add("table=~" + quoted("|" + tables.stream().map(Question::literal).collect(Collectors.joining("|"))));
        }
        return matchers.stream().map(matcher -> "," + matcher).collect(Collectors.joining());
    }

    private static String literal(String text) {
        return SPECIAL.matcher(text).replaceAll("\\\\$0");
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
