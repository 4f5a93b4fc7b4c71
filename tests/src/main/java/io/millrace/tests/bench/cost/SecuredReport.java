package io.millrace.tests.bench.cost;

import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.bench.cost.SecuredBench.Kind;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** Two plain stacks and a secured one beside each other, as a page in Markdown. */
final class SecuredReport {

    private SecuredReport() {}

    static String of(SecuredBench.Report report) {
        var windows = report.windows();
        var text = new StringBuilder();
        line(text, "%,d monitors, %d processors, %d changes/s asked of each stack, %d s for each of %d measurements. %d differences from the SQL join.", report.monitors(), report.processors(), report.rate(), report.seconds(),
                windows.size(), report.differences());
        line(text, "Medians of the rounds. By chance is what the two plain stacks differ by; a difference of the secured one that is no larger is none.");
        line(text, "");
        head(text, "CPU seconds for 1,000 changes");
        var processes = windows.stream().flatMap(window -> window.cpuSeconds().keySet().stream()).collect(Collectors.toCollection(TreeSet::new));
        processes.forEach(process -> row(text, process, windows, window -> perThousand(window, window.cpuSeconds().getOrDefault(process, 0.0)), "%.2f"));
        row(text, "all", windows, SecuredReport::perThousand, "%.2f");
        line(text, "");
        head(text, "milliseconds");
        var times = windows.stream().flatMap(window -> window.times().keySet().stream()).collect(Collectors.toCollection(TreeSet::new));
        for (var what : times) {
            row(text, what + ", p50", windows, window -> time(window, what, Percentiles::p50), "%.0f");
            row(text, what + ", p99", windows, window -> time(window, what, Percentiles::p99), "%.0f");
        }
        line(text, "");
        line(text, "| round | stack | changes | not found within a minute | CPU seconds for 1,000, all |");
        line(text, "|---|---|---|---|---|");
        windows.forEach(window -> line(text, "| %d | %s | %,d | %,d | %.2f |", window.round(), window.kind(), window.changes(), window.lostProbes(), perThousand(window)));
        return text.toString();
    }

    private static void head(StringBuilder text, String what) {
        line(text, "| %s | plain | plain again | by chance | secured | more |", what);
        line(text, "|---|---|---|---|---|---|");
    }

    private static double perThousand(SecuredBench.Window window) {
        return perThousand(window, window.cpuSeconds().values().stream().mapToDouble(d -> d).sum());
    }

    private static double perThousand(SecuredBench.Window window, double seconds) {
        return 1_000 * seconds / window.changes();
    }

    private static double time(SecuredBench.Window window, String what, ToDoubleFunction<Percentiles> which) {
        var times = window.times().get(what);
        return times == null ? Double.NaN : which.applyAsDouble(times);
    }

    private static void row(StringBuilder text, String name, List<SecuredBench.Window> windows, ToDoubleFunction<SecuredBench.Window> value, String format) {
        double plain = median(windows, Kind.PLAIN, value);
        double again = median(windows, Kind.PLAIN_AGAIN, value);
        double secured = median(windows, Kind.SECURED, value);
        double either = (plain + again) / 2;
        line(text, "| %s | " + format + " | " + format + " | %.0f %% | " + format + " | %+.0f %% |", name, plain, again, 100 * Math.abs(again - plain) / either, secured, 100 * (secured / either - 1));
    }

    private static double median(List<SecuredBench.Window> windows, Kind kind, ToDoubleFunction<SecuredBench.Window> value) {
        var values = windows.stream().filter(window -> window.kind() == kind).mapToDouble(value).sorted().toArray();
        return values.length % 2 == 1 ? values[values.length / 2] : (values[values.length / 2 - 1] + values[values.length / 2]) / 2;
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
