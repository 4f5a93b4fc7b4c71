package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.Op;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Random;
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
    /** Of one source: the first few meet its first load, the others its stream. */
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
        for (int kills = 0, number = 1; kills < KILLS; number++) {
            int most = Math.min(OF_A_SOURCE, KILLS - kills);
            killed("killed" + number, most, random);
            kills += most;
        }
    }

    private static void killed(String source, int times, Random random) throws Exception {
        stack.source(source, "CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL)", "INSERT INTO thing SELECT i, 'n' || i FROM generate_series(1, " + ROWS + ") i");
        stack.publish(source, "thing");
        var stop = new AtomicBoolean();
        var changes = change(source, stop, random.nextLong());
        boolean streamed = false;
        try (var things = records(source, "thing")) {
            for (int i = 0; i < times; i++) {
                try (var capture = capture(source)) {
                    if (streamed) {
                        restarted(capture, things);
                    }
                    Thread.sleep(random.nextInt(streamed ? 2_000 : 7_000));
                    streamed |= capture.ready().contains("\"phase\": \"streaming\"") || capture.ready().contains("\"phase\":\"streaming\"");
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

    /** Nothing is written before the new process is there, so what comes behind the end as it is now is its own. */
    private static void restarted(CaptureProcess capture, Records things) throws Exception {
        long began = System.nanoTime();
        int before = things.toTheEnd().size();
        Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(50)).until(() -> things.toTheEnd().size() > before);
        var took = Duration.ofNanos(System.nanoTime() - began);
        assertTrue(took.compareTo(LONGEST_RESTART) < 0, "the first new record comes soon: " + took + "\n" + capture.log());
    }
}
