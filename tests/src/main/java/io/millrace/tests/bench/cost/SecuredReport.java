package io.millrace.tests.bench.cost;

import io.millrace.tests.bench.Percentiles;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** A plain and a secured stack beside each other, as a page in Markdown. */
final class SecuredReport {

    private SecuredReport() {}

    static String of(SecuredBench.Report report) {
        var windows = report.windows();
        var text = new StringBuilder();
        line(text, "%,d monitors, %d processors, %d changes/s asked of each stack, %d s for each of %d measurements. %d differences from the SQL join.", report.monitors(), report.processors(), report.rate(), report.seconds(),
                windows.size(), report.differences());
        line(text, "Medians of the rounds.");
        line(text, "");
        line(text, "| CPU seconds for 1,000 changes | plain | secured | more |");
        line(text, "|---|---|---|---|");
        var processes = windows.stream().flatMap(window -> window.cpuSeconds().keySet().stream()).collect(Collectors.toCollection(TreeSet::new));
        processes.forEach(process -> row(text, process, windows, window -> perThousand(window, window.cpuSeconds().getOrDefault(process, 0.0)), "%.2f"));
        row(text, "all", windows, SecuredReport::perThousand, "%.2f");
        line(text, "");
        line(text, "| milliseconds | plain | secured | more |");
        line(text, "|---|---|---|---|");
        var times = windows.stream().flatMap(window -> window.times().keySet().stream()).collect(Collectors.toCollection(TreeSet::new));
        for (var what : times) {
            row(text, what + ", p50", windows, window -> time(window, what, Percentiles::p50), "%.0f");
            row(text, what + ", p99", windows, window -> time(window, what, Percentiles::p99), "%.0f");
        }
        line(text, "");
        line(text, "| round | stack | changes | CPU seconds for 1,000, all |");
        line(text, "|---|---|---|---|");
        windows.forEach(window -> line(text, "| %d | %s | %.0f | %.2f |", window.round(), window.secured() ? "secured" : "plain", window.changes(), perThousand(window)));
        return text.toString();
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
        double plain = median(windows, false, value);
        double secured = median(windows, true, value);
        line(text, "| %s | " + format + " | " + format + " | %+.0f %% |", name, plain, secured, 100 * (secured / plain - 1));
    }

    private static double median(List<SecuredBench.Window> windows, boolean secured, ToDoubleFunction<SecuredBench.Window> value) {
        var values = windows.stream().filter(window -> window.secured() == secured).mapToDouble(value).sorted().toArray();
        return values.length % 2 == 1 ? values[values.length / 2] : (values[values.length / 2 - 1] + values[values.length / 2]) / 2;
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
