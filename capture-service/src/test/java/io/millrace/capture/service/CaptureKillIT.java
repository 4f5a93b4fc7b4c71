package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.Op;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Capture is killed again and again while its tables are read and while it streams, under load. {@code -Dmillrace.kills} says how often, {@code -Dmillrace.seed} at which moments. */
@Tag("long")
class CaptureKillIT extends OnStack {

    private static final int KILLS = Integer.getInteger("millrace.kills", 50);
    private static final long SEED = Long.getLong("millrace.seed", 11);
    /** Of one source: so many meet its first load, one any moment, the others its stream. */
    private static final int LOADS = 3;
    private static final int OF_A_SOURCE = 10;
    private static final int ROWS = 60_000;
    private static final Duration LONGEST_RESTART = Duration.ofSeconds(10);

    private static CaptureProcess capture(String source) throws Exception {
        return CaptureProcess.start(stack, folder, source, stack.servers.postgresUser(), stack.servers.postgresPassword(), CaptureProcess.root("thing"));
    }

    /** Some 300 changes a second, every tenth of them a transaction of 20 rows. */
    private static CompletableFuture<Void> change(String source, AtomicBoolean stop, long seed) {
        return CompletableFuture.runAsync(() -> {
            var random = new Random(seed);
            try (var connection = stack.connect(source); var statement = connection.createStatement()) {
                for (int i = 0; !stop.get(); i++) {
                    int id = 1 + random.nextInt(ROWS);
                    statement.execute(switch (i % 10) {
                        case 0 -> "UPDATE thing SET name = 'many" + i + "' WHERE id BETWEEN " + id + " AND " + (id + 19);
                        case 1, 2 -> "DELETE FROM thing WHERE id = " + id;
                        case 3, 4 -> "INSERT INTO thing VALUES (" + id + ", 'i" + i + "') ON CONFLICT (id) DO UPDATE SET name = excluded.name";
                        case 5 -> "UPDATE thing SET id = " + (2 * ROWS + i) + " WHERE id = " + id;
                        default -> "UPDATE thing SET name = 'c" + i + "' WHERE id = " + id;
                    });
                    Thread.sleep(3);
                }
            } catch (SQLException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    @Test
    void killedAtAnyMomentItEndsWithWhatTheTableHasAndNoVersionOfARowIsTwoThings() throws Exception {
        var random = new Random(SEED);
        var restarts = new ArrayList<Duration>();
        var phases = new TreeMap<String, Integer>();
        for (int kills = 0, number = 1; kills < KILLS; number++) {
            int most = Math.min(OF_A_SOURCE, KILLS - kills);
            killed("killed" + number, most, random, restarts, phases);
            kills += most;
        }
        Collections.sort(restarts);
        System.out.printf(Locale.ROOT, "%d kills, by phase %s. From the start of %d to the first new record p50 %d ms, longest %d ms%n",
                KILLS, phases, restarts.size(), restarts.get(restarts.size() / 2).toMillis(), restarts.getLast().toMillis());
        assertTrue(restarts.getLast().compareTo(LONGEST_RESTART) < 0, "the first new record comes soon: " + restarts);
    }

    private static void killed(String source, int times, Random random, List<Duration> restarts, Map<String, Integer> phases) throws Exception {
        stack.source(source, "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL)", "INSERT INTO thing SELECT i, 'n' || i FROM generate_series(1, " + ROWS + ") i");
        stack.publish(source, "thing");
        var stop = new AtomicBoolean();
        var changes = change(source, stop, random.nextLong());
        try (var things = records(source, "thing")) {
            for (int i = 0; i < times; i++) {
                try (var capture = capture(source)) {
                    Thread.sleep(random.nextInt(awaited(capture, i, things, restarts)));
                    phases.merge(phase(capture), 1, Integer::sum);
                }
            }
            try (var capture = capture(source).awaitStreaming()) {
                stop.set(true);
                changes.get();
                var expected = Rows.expected(stack, source, "thing");
                things.await(capture, seen -> Rows.of(seen).equals(expected));
                assertEquals(expected, Rows.of(things.toTheEnd()));
            }
            var versions = new HashMap<String, String>();
            for (var row : things.seen) {
                if (row.op() != Op.READ) {
                    var before = versions.put(row.key() + " " + row.position() + " " + row.op(), String.valueOf(row.value()));
                    assertTrue(before == null || before.equals(String.valueOf(row.value())), "one version of a row is one content: " + before + " and " + row);
                }
            }
        }
    }

    /**
     * Waits for what the kill of this number is to meet: the first load, any moment from the start of the process on, or the stream.
     *
     * @return how many milliseconds later it may be at most
     */
    private static int awaited(CaptureProcess capture, int number, Records things, List<Duration> restarts) throws Exception {
        if (number < LOADS) {
            Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(20)).until(() -> capture.ready().contains("reading") || capture.ready().contains("streaming"));
            return 1_500;
        }
        if (number == LOADS) {
            return 8_000;
        }
        if (number == LOADS + 1) {
            capture.awaitStreaming();
        } else {
            restarts.add(restarted(capture, things));
        }
        return 2_000;
    }

    private static String phase(CaptureProcess capture) {
        var ready = capture.ready();
        return ready.contains("reading") ? "reading" : ready.contains("streaming") ? "streaming" : "starting";
    }

    /** From the start of the process to the first record behind everything that was there before; what it sends again is none. */
    private static Duration restarted(CaptureProcess capture, Records things) throws Exception {
        long began = System.nanoTime();
        var before = things.toTheEnd();
        var reached = before.stream().map(Records.Row::position).max(Comparator.naturalOrder()).orElseThrow();
        Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(50))
                .until(() -> things.toTheEnd().stream().skip(before.size()).anyMatch(row -> reached.isBefore(row.position())));
        return Duration.ofNanos(System.nanoTime() - began);
    }
}
