package io.millrace.tests.bench;

import io.millrace.pipeline.record.Headers;
import io.millrace.tests.stack.DemoStack;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;

/**
 * Measures from outside: writes a row and looks for it in the index, believing no header.
 *
 * <p>Probes are sent at a fixed pace whether or not the ones before have arrived, so that a pause of the pipeline counts
 * for every probe that it held up. The clock runs from before the UPDATE is sent, so it includes the commit itself.
 */
public final class Prober implements AutoCloseable {

    private static final Duration PACE = Duration.ofMillis(250);
    private static final Duration POLL = Duration.ofMillis(20);
    private static final Duration GIVE_UP = Duration.ofSeconds(60);

    private final DemoStack stack;
    private final List<String> ids;
    private final Queue<Probe> arrived = new ConcurrentLinkedQueue<>();
    private final AtomicInteger lost = new AtomicInteger();

    /**
     * One probe as it was seen from outside, in microseconds.
     *
     * @param id of its document
     * @param began when the UPDATE was sent, since the epoch
     * @param committed when Postgres had answered it, since the epoch
     * @param missing when the last question was sent to which there was no such document, since the epoch
     * @param unfound when the last search was sent that did not find it, since the epoch
     * @param indexed from its beginning until the document could be got
     * @param searchable from its beginning until a search found it
     */
    public record Probe(String id, long began, long committed, long missing, long unfound, long indexed, long searchable) {}

    private Prober(DemoStack stack, List<String> ids) {
        this.stack = stack;
        this.ids = ids;
    }

    /**
     * Makes a monitor for each probe of so long a time, and an organisation for them; their ids are below all that traffic picks from, so that
     * no change but the probe's own makes its document anew.
     */
    public static Prober in(DemoStack stack, Duration time) throws SQLException {
        var ids = new ArrayList<String>();
        long probes = time.dividedBy(PACE) + 1;
        try (var connection = stack.connect(); var statement = connection.createStatement();
                var rows = statement.executeQuery("""
                        WITH own AS (INSERT INTO public.organisation (id, name, region, created) VALUES (-1, 'probes', 'none', now()))
                        INSERT INTO public.monitor (id, organisation_id, name, query, status, type, created, modified)
                        SELECT -n, -1, 'probe', 'probe', 'ok', 'metric', now(), now() FROM generate_series(1, %d) n RETURNING id::text""".formatted(probes))) {
            while (rows.next()) {
                ids.add(rows.getString(1));
            }
        }
        return new Prober(stack, ids);
    }

    /** Probes for so long, and returns when the last probe has arrived. */
    public Map<String, Percentiles> run(Duration time) throws SQLException {
        return run(time, probe -> {});
    }

    /** @param each is told of each probe as soon as a search has found it, by a thread of that probe's */
    public Map<String, Percentiles> run(Duration time, Consumer<Probe> each) throws SQLException {
        try (var probes = Executors.newVirtualThreadPerTaskExecutor(); var connection = stack.connect();
                var update = connection.prepareStatement("UPDATE public.monitor SET name = ?, modified = now() WHERE id = ?::bigint")) {
            long due = System.nanoTime();
            long end = due + time.toNanos();
            for (int n = 0; due < end; n++, due += PACE.toNanos()) {
                LockSupport.parkNanos(Math.max(0, due - System.nanoTime()));
                var needle = "probe" + n;
                var id = ids.get(n);
                update.setString(1, needle);
                update.setString(2, id);
                long began = Headers.nowMicros();
                long begin = System.nanoTime();
                update.executeUpdate();
                long committed = Headers.nowMicros();
                probes.submit(() -> follow(id, needle, begin, began, committed, each));
            }
        }
        return Map.of("probe: commit to indexed", percentiles(Probe::indexed), "probe: commit to found by a search", percentiles(Probe::searchable));
    }

    /** How many did not arrive within a minute. */
    public int lost() {
        return lost.get();
    }

    private void follow(String id, String needle, long begin, long began, long committed, Consumer<Probe> each) {
        var name = "\"name\":\"" + needle + "\"";
        var query = "{\"bool\":{\"filter\":[{\"ids\":{\"values\":[\"" + id + "\"]}},{\"match\":{\"name\":\"" + needle + "\"}}]}}";
        long missing = began;
        while (System.nanoTime() - begin < GIVE_UP.toNanos()) {
            long asked = Headers.nowMicros();
            var document = stack.index().get("monitors", id);
            if (document != null && document.contains(name)) {
                long indexed = TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - begin);
                long unfound = began;
                long searched = Headers.nowMicros();
                while (stack.index().search("monitors", query).isEmpty() && System.nanoTime() - begin < GIVE_UP.toNanos()) {
                    unfound = searched;
                    pause(begin);
                    searched = Headers.nowMicros();
                }
                var probe = new Probe(id, began, committed, missing, unfound, indexed, TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - begin));
                arrived.add(probe);
                each.accept(probe);
                return;
            }
            missing = asked;
            pause(begin);
        }
        lost.incrementAndGet();
    }

    /** An eighth of what it took so far: exact enough, and many late probes together do not take the cores that they wait for. */
    private static void pause(long begin) {
        LockSupport.parkNanos(Math.max(POLL.toNanos(), (System.nanoTime() - begin) / 8));
    }

    private Percentiles percentiles(ToLongFunction<Probe> micros) {
        return Percentiles.ofMicros(arrived.stream().mapToLong(micros).toArray());
    }

    /** Takes the probes' organisation away again, and with it their monitors. */
    @Override
    public void close() throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.executeUpdate("DELETE FROM public.organisation WHERE id = -1");
        }
    }
}
