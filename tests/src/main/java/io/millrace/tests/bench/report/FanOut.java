package io.millrace.tests.bench.report;

import io.millrace.pipeline.record.Headers;
import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.bench.Prober.Probe;
import io.millrace.tests.bench.Steady;
import io.millrace.tests.stack.DemoStack;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;

/** A row that every monitor shows is renamed while single rows change: how long those wait for it, and how long it takes itself. */
final class FanOut {

    private static final long BEAT_NANOS = Duration.ofMillis(500).toNanos();
    private static final double MICROS = 1e6;
    private static final String BEFORE = "fanoutbefore";
    private static final String AFTER = "fanoutafter";

    /**
     * @param documents that show the row
     * @param rate changes a second that were asked for beside it
     * @param spreadSeconds from the commit of the new name until no search found the old one; not a number where that did not come to pass in time
     * @param before from a probe's commit until a search found it, of probes before the renaming
     * @param meanwhile the same of those between the renaming and its end
     */
    record Result(long documents, int rate, double changesPerSecond, long changes, double spreadSeconds, Percentiles before, Percentiles meanwhile, int lostProbes) {}

    /** Microseconds since the epoch. @param through {@link Long#MAX_VALUE} where it did not come to that */
    private record Spread(long renamed, long through) {}

    private final DemoStack stack;

    FanOut(DemoStack stack) {
        this.stack = stack;
    }

    /** Has all monitors show one organisation. @return how many rows were changed */
    long prepare() throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.executeUpdate("INSERT INTO public.organisation (id, name, region, created) VALUES (-2, '" + BEFORE + "', 'none', now())");
            return 1 + statement.executeUpdate("UPDATE public.monitor SET organisation_id = -2");
        }
    }

    /** @param quiet how long only single rows change before; @param time how long they change in all */
    Result measure(Steady steady, int rate, Duration quiet, Duration time) throws SQLException, InterruptedException {
        long documents = showing(BEFORE);
        var probes = new ConcurrentLinkedQueue<Probe>();
        var spread = new CompletableFuture<Spread>();
        long end = System.nanoTime() + time.toNanos();
        Thread.ofPlatform().daemon().name("fan-out").start(() -> {
            try {
                LockSupport.parkNanos(quiet.toNanos());
                spread.complete(spread(end));
            } catch (SQLException | RuntimeException e) {
                spread.completeExceptionally(e);
            }
        });
        var result = steady.run(rate, time, probes::add);
        var took = get(spread);
        return new Result(documents, rate, result.changesPerSecond(), result.changes() + 1, took.through == Long.MAX_VALUE ? Double.NaN : (took.through - took.renamed) / MICROS, between(probes, 0, took.renamed),
                between(probes, took.renamed, took.through), result.lostProbes());
    }

    private Spread spread(long end) throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            long renamed = Headers.nowMicros();
            statement.executeUpdate("UPDATE public.organisation SET name = '" + AFTER + "' WHERE id = -2");
            while (System.nanoTime() < end) {
                if (showing(BEFORE) == 0) {
                    return new Spread(renamed, Headers.nowMicros());
                }
                LockSupport.parkNanos(BEAT_NANOS);
            }
            return new Spread(renamed, Long.MAX_VALUE);
        }
    }

    private long showing(String name) {
        return Long.parseLong(stack.index().ask("POST", "/monitors/_count", "{\"query\":{\"match\":{\"organisation.name\":\"" + name + "\"}}}").get("count").asText());
    }

    private static Percentiles between(Collection<Probe> probes, long from, long to) {
        return Percentiles.ofMicros(probes.stream().filter(p -> p.began() >= from && p.began() < to).mapToLong(Probe::searchable).toArray());
    }

    private static Spread get(CompletableFuture<Spread> spread) throws InterruptedException {
        try {
            return spread.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("Renaming the row that all documents show, or counting who still shows its old name, failed: " + e.getCause(), e.getCause());
        }
    }
}
