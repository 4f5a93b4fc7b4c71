package io.millrace.tests.bench.load;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A first load as tables in Markdown. */
public final class LoadReport {

    /** Of a row, by the stages that put something out. */
    private static final List<String> WAY = List.of("capture", "gate", "denormalizer", "indexer");

    private LoadReport() {}

    /** By process and by hop, and Kafka's requests. */
    public static String tables(FirstLoad.Result load, Map<String, Hops.Hop> hops) {
        var text = new StringBuilder();
        line(text, "");
        line(text, "| process | started s | ready s | first output s | last output s | CPU s | compiler | collector | work | MiB |");
        line(text, "|---|---|---|---|---|---|---|---|---|---|");
        load.cpu().forEach((name, cpu) -> {
            var m = load.moments().getOrDefault(name, new FirstLoad.Moments(Double.NaN, Double.NaN, Double.NaN, Double.NaN));
            line(text, "| %s | %s | %s | %s | %s | %.1f | %.1f | %.1f | %.1f | %d |", name, moment(m.started()), moment(m.ready()), moment(m.first()), moment(m.last()), cpu.all(), cpu.compiler(), cpu.collector(), cpu.work(), load.pssBytes().getOrDefault(name, 0L) >> 20);
        });
        var own = own(load.cpu());
        line(text, "| **own** | | | | | **%.1f** | %.1f | %.1f | %.1f | %d |", own.all(), own.compiler(), own.collector(), own.work(),
                load.pssBytes().entrySet().stream().filter(e -> isOwn(e.getKey())).mapToLong(Map.Entry::getValue).sum() >> 20);
        line(text, "");
        bottleneck(load.moments()).ifPresent(stage -> line(text, "Longest at work after the stage before it had finished: %s.\n", stage));
        line(text, "Seconds since the services were started. *Own* is all but PostgreSQL and the search engine; until the services were started, the servers took %.1f s. MiB are resident at the end, shared pages divided among those who share them.", load.serversCpu().values().stream().mapToDouble(CpuParts::all).sum());
        line(text, "");
        line(text, "| hop | records | MB on disk |");
        line(text, "|---|---|---|");
        hops.forEach((hop, size) -> line(text, "| %s | %,d | %.1f |", hop, size.records(), size.bytes() / 1e6));
        line(text, "");
        line(text, "| Kafka's requests | |");
        line(text, "|---|---|");
        load.requests().forEach((api, count) -> line(text, "| %s | %,d |", api, count));
        return text.toString();
    }

    /** A rate would blame whoever comes last. Empty where no output was seen. */
    static Optional<String> bottleneck(Map<String, FirstLoad.Moments> moments) {
        String slowest = null;
        double longest = 0;
        double before = Double.NaN;
        for (var stage : WAY) {
            var moment = moments.get(stage);
            if (moment != null) {
                // Before the first there is no stage to wait for; the start of its process is not its work.
                double behind = moment.last() - (Double.isNaN(before) ? moment.first() : before);
                if (behind > longest) {
                    slowest = stage;
                    longest = behind;
                }
                before = moment.last();
            }
        }
        return Optional.ofNullable(slowest);
    }

    /** What the product itself takes beside the two systems that it stands between. */
    private static CpuParts own(Map<String, CpuParts> cpu) {
        return cpu.entrySet().stream().filter(e -> isOwn(e.getKey())).map(Map.Entry::getValue).reduce(CpuParts.NONE, CpuParts::plus);
    }

    private static boolean isOwn(String process) {
        return !process.equals("postgres") && !process.equals("search");
    }

    private static String moment(double seconds) {
        return Double.isNaN(seconds) ? "" : String.format(Locale.ROOT, "%.1f", seconds);
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
