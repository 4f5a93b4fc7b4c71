package io.millrace.tests.bench.report;

import io.millrace.launcher.stack.Stage;
import io.millrace.launcher.status.Probe;
import io.millrace.pipeline.record.Headers;
import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.bench.Prober;
import io.millrace.tests.bench.Steady;
import io.millrace.tests.stack.DemoStack;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Whether changes at a rate queue up: by what the stages say waits, and by probes that no search finds yet, which believe no stage. */
final class Sustained {

    /** Of what was asked for, what the writer has to have made. */
    private static final double WRITTEN = 0.95;
    private static final int BEAT_SECONDS = 1;
    private static final double MICROS = 1e6;
    private static final double PROBES_PER_SECOND = 4;

    /**
     * @param changesPerSecond that came to pass
     * @param records that waited, by the stages' own count
     * @param probes that no search had found yet
     * @param found from a probe's commit until a search found it
     * @param refusal why this rate does not count as one that holds; empty where it does
     */
    record Trial(int asked, double changesPerSecond, long changes, Lag records, Lag probes, Percentiles found, String refusal) {

        boolean held() {
            return refusal.isEmpty();
        }
    }

    /** @param seconds of each trial; @param highest changes a second that held, 0 where none did */
    record Result(int seconds, int highest, List<Trial> trials) {}

    private record Waiting(long micros, double records) {}

    private final DemoStack stack;

    Sustained(DemoStack stack) {
        this.stack = stack;
    }

    Trial at(Steady steady, int rate, Duration time) throws SQLException, InterruptedException {
        var probes = new ConcurrentLinkedQueue<Prober.Probe>();
        var waiting = new ConcurrentLinkedQueue<Waiting>();
        Steady.Result result;
        try (var watch = Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().factory())) {
            var looks = watch.scheduleAtFixedRate(() -> waiting.add(new Waiting(Headers.nowMicros(), records())), 0, BEAT_SECONDS, TimeUnit.SECONDS);
            result = steady.run(rate, time, probes::add);
            looks.cancel(false);
        }
        var samples = samples(probes, waiting);
        double seconds = time.toMillis() / 1e3;
        var records = Lag.of(samples, seconds, Lag.Sample::records);
        var behind = Lag.of(samples, seconds, Lag.Sample::probes);
        return new Trial(rate, result.changesPerSecond(), result.changes(), records, behind, Percentiles.ofMicros(probes.stream().mapToLong(Prober.Probe::searchable).toArray()),
                refusal(rate, seconds, result.changesPerSecond(), records, behind, result.lostProbes()));
    }

    static String refusal(int rate, double seconds, double changesPerSecond, Lag records, Lag probes, int lost) {
        if (lost > 0) {
            return lost + " probes were not found within a minute";
        }
        if (!records.isBounded(rate, seconds)) {
            return "what waits grew from %,.0f to %,.0f records".formatted(records.middle(), records.last());
        }
        if (!probes.isBounded(PROBES_PER_SECOND, seconds)) {
            return "probes were found later and later: %.1f were on their way, then %.1f".formatted(probes.middle(), probes.last());
        }
        return changesPerSecond < WRITTEN * rate ? "the writer made %.0f changes/s of them".formatted(changesPerSecond) : "";
    }

    private double records() {
        double records = 0;
        for (var stage : List.of(Stage.GATE, Stage.DENORMALIZER, Stage.INDEXER)) {
            var lag = new Probe(stack.stack().access()).metrics(stack.address(stage).toString()).sum("millrace_lag_records", Map.of());
            // One that does not answer under load has not less to do for that.
            records = lag == null ? Double.NaN : records + lag;
        }
        return records;
    }

    private static List<Lag.Sample> samples(Collection<Prober.Probe> probes, Collection<Waiting> waiting) {
        long first = probes.stream().mapToLong(Prober.Probe::began).min().orElse(0);
        var samples = new ArrayList<Lag.Sample>();
        for (var at : waiting) {
            if (!Double.isNaN(at.records)) {
                samples.add(new Lag.Sample((at.micros - first) / MICROS, at.records, probes.stream().filter(p -> p.began() <= at.micros && at.micros < p.began() + p.searchable()).count()));
            }
        }
        return samples;
    }
}
