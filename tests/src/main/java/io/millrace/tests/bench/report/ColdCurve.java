package io.millrace.tests.bench.report;

import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.bench.Prober.Probe;
import io.millrace.tests.bench.Steady;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.ToLongFunction;

/** How long changes take right after a start, and how soon that gets better. */
final class ColdCurve {

    static final int WINDOW_SECONDS = 10;
    private static final long MICROS = 1_000_000;

    /** @param from seconds since the first change; the window is {@value #WINDOW_SECONDS} s long */
    record Window(int from, Percentiles indexed, Percentiles found) {}

    /**
     * @param rate changes a second that were asked for
     * @param indexed from a probe's commit until it was in the index, of the first minute
     * @param found until a search found it, of the first minute
     * @param lostProbes of all the time
     */
    record Result(int rate, double changesPerSecond, long changes, Percentiles indexed, Percentiles found, List<Window> windows, int lostProbes) {}

    private ColdCurve() {}

    static Result measure(Steady steady, int rate, Duration time) throws SQLException, InterruptedException {
        var probes = new ConcurrentLinkedQueue<Probe>();
        var result = steady.run(rate, time, probes::add);
        return new Result(rate, result.changesPerSecond(), result.changes(), of(probes, 0, 60, Probe::indexed), of(probes, 0, 60, Probe::searchable), windows(probes), result.lostProbes());
    }

    static List<Window> windows(Collection<Probe> probes) {
        var windows = new ArrayList<Window>();
        long last = probes.stream().mapToLong(Probe::began).max().orElse(0);
        for (int from = 0; first(probes) + from * MICROS <= last; from += WINDOW_SECONDS) {
            windows.add(new Window(from, of(probes, from, from + WINDOW_SECONDS, Probe::indexed), of(probes, from, from + WINDOW_SECONDS, Probe::searchable)));
        }
        return windows;
    }

    private static long first(Collection<Probe> probes) {
        return probes.stream().mapToLong(Probe::began).min().orElse(Long.MAX_VALUE / 2);
    }

    /** Of those that began in these seconds since the first. */
    private static Percentiles of(Collection<Probe> probes, int from, int to, ToLongFunction<Probe> time) {
        long first = first(probes);
        return Percentiles.ofMicros(probes.stream().filter(p -> p.began() - first >= from * MICROS && p.began() - first < to * MICROS).mapToLong(time).toArray());
    }
}
