package io.millrace.capture.resnapshot;

import io.millrace.capture.continuity.Resnapshot;
import io.millrace.capture.resnapshot.Window.Step;
import io.millrace.capture.send.SendException;
import io.millrace.capture.source.Slot;
import io.millrace.capture.source.LockLostException;
import io.millrace.capture.source.SourceCheck;
import io.millrace.capture.source.SourceConnection;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.retry.Backoff;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/**
 * Reads what is to be read, chunk by chunk, as long as there is a stream to merge it into. Runs in a thread of its own, so
 * that no table's reading delays the changes of another.
 */
public final class Resnapshotter {

    private static final Logger LOG = Logger.getLogger(Resnapshotter.class);

    private static final long IDLE_MILLIS = 1000;
    /** A heartbeat that was written comes in the stream sooner than this, mostly. */
    private static final long PULSE_MILLIS = 100;
    private static final long TOLD_NANOS = TimeUnit.SECONDS.toNanos(30);
    /** A commit that is taken longer for is ended in the server, which warns of that: it stands, and no standby has it. */
    private static final int LONGEST_COMMIT_SECONDS = 10;
    /** As Postgres has it of a server that is not ready to answer. */
    private static final String STANDBY_AWAY = "57P03";
    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
    /** Classes of errors that every question has while a server is away, full or refuses the login. */
    private static final Set<String> OF_SERVERS = Set.of("08", "28", "53", "57");
    private static final String CANCELLED = "57014";
    /** A chunk waits for answers of Postgres, and for Kafka as long as the stream does. */
    private static final Duration LONGEST_STEP = SourceConnection.LONGEST_ANSWER.multipliedBy(2);

    private final SourceConnection source;
    private final String sourceName;
    private final Slot slot;
    private final Resnapshots resnapshots;
    private final Window window;
    private final String pulse;
    private final int rowsPerSecond;
    private final Consumer<String> trouble;
    private final ChunkReader reader;
    private Connection pulses;
    private long toldAt;

    /**
     * @param pulse SQL that brings something into the stream
     * @param mostRows rows of a chunk
     * @param rowsPerSecond most rows that are read in a second
     * @param trouble is told why a reading does not go on, and null when it does
     */
    public Resnapshotter(SourceConnection source, String sourceName, Resnapshots resnapshots, Window window, String pulse, int mostRows, int rowsPerSecond, Consumer<String> trouble) {
        this.source = source;
        this.sourceName = sourceName;
        this.slot = new Slot(source, sourceName);
        this.resnapshots = resnapshots;
        this.window = window;
        this.pulse = pulse;
        this.rowsPerSecond = rowsPerSecond;
        this.trouble = trouble;
        this.reader = new ChunkReader(source, sourceName, mostRows);
    }

    /** Reads until it is interrupted. */
    public void run(Loop loop) throws InterruptedException {
        var backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
        try {
            while (true) {
                loop.waits(Duration.ofMillis(IDLE_MILLIS));
                boolean streams = window.awaitStream(IDLE_MILLIS);
                var next = streams ? resnapshots.next() : null;
                if (next == null) {
                    close();
                    trouble.accept(streams ? resnapshots.trouble() : null);
                    Thread.sleep(IDLE_MILLIS);
                    continue;
                }
                long began = System.nanoTime();
                try {
                    chunk(next, loop);
                    resnapshots.goesOn(next);
                    trouble.accept(resnapshots.trouble());
                    backoff.reset();
                } catch (StreamEndedException _) {
                    LOG.debugf("The stream ended while %s was read", next.table());
                } catch (SQLException | SendException | LockLostException | IllegalArgumentException e) {
                    failed(next, e, Duration.ofNanos(System.nanoTime() - began));
                    if (!isItsOwn(e)) {
                        // The next one would fail as well.
                        loop.waits(LONGEST_PAUSE);
                        Thread.sleep(backoff.next());
                    }
                } finally {
                    window.close();
                }
            }
        } finally {
            close();
        }
    }

    /** Whether it is the table's trouble, or that of what chooses its rows, and no other reading's. */
    private static boolean isItsOwn(Exception e) {
        return e instanceof IllegalArgumentException
                || e instanceof SQLException sql && sql.getSQLState() != null && sql.getSQLState().length() >= 2 && (CANCELLED.equals(sql.getSQLState()) || !OF_SERVERS.contains(sql.getSQLState().substring(0, 2)));
    }

    private void failed(Resnapshot what, Exception e, Duration took) {
        close();
        var why = "The table " + what.table() + " is not read on: " + (e instanceof SQLException sql ? SourceCheck.explain(source, sql) : e.getMessage())
                + (what.required() || what.erasing() != null ? "" : "; ./millrace resnapshot " + sourceName + " " + what.table() + " --cancel gives it up");
        if (resnapshots.failed(what, why, took)) {
            LOG.error(why);
        }
        trouble.accept(resnapshots.trouble());
    }

    /** Reads the next chunk and has it written; the end of the table too. */
    private void chunk(Resnapshot before, Loop loop) throws SQLException, InterruptedException, StreamEndedException {
        long began = System.nanoTime();
        var what = before.from() > 0 ? before : begun(before, loop);
        if (what == null) {
            return;
        }
        window.open(Topics.captured(sourceName, what.name()), what.from());
        long low = low(loop);
        loop.waits(LONGEST_STEP);
        var chunk = reader.next(what, window::sees);
        if (chunk == null || !handled(new Step.Rows(low, chunk.rows()), loop)) {
            // Something has ended that is not seen yet, or too much was changed meanwhile.
            Thread.sleep(PULSE_MILLIS);
            return;
        }
        var after = resnapshots.advanced(what, chunk);
        if (after != null && chunk.last() && after.erasing() != null) {
            // It says nothing of the other rows.
            resnapshots.ended(after);
            return;
        }
        if (after != null && chunk.last()) {
            window.open(Topics.captured(sourceName, what.name()), 0);
            handled(new Step.End(after.name(), after.from(), after.where() == null, after.rows()), loop);
            resnapshots.ended(after);
            return;
        }
        tell();
        long pause = TimeUnit.SECONDS.toMillis(chunk.rows().size()) / rowsPerSecond - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
        if (pause > 0) {
            loop.waits(Duration.ofMillis(pause));
            Thread.sleep(pause);
        }
    }

    /** Null where the slot has not confirmed enough yet. */
    private Resnapshot begun(Resnapshot what, Loop loop) throws SQLException, InterruptedException {
        loop.waits(LONGEST_STEP);
        var state = slot.state();
        if (state == null || Long.compareUnsigned(state.confirmed(), what.notBefore()) < 0) {
            pulse();
            Thread.sleep(PULSE_MILLIS);
            return null;
        }
        try {
            return resnapshots.begun(what, state.confirmed(), Math.max(1, ChunkReader.estimate(source, sourceName, what.name(), what.where())));
        } catch (RefusedException e) {
            throw new SQLException(e.getMessage(), "42000", e);
        }
    }

    /** The low watermark: at the latest the second of two heartbeats says that the first is committed. */
    private long low(Loop loop) throws SQLException, InterruptedException, StreamEndedException {
        pulse();
        for (long wait = PULSE_MILLIS;; wait = Math.min(2 * wait, IDLE_MILLIS)) {
            loop.waits(SourceConnection.LONGEST_ANSWER);
            pulse();
            long low = window.low(wait);
            if (low != 0) {
                return low;
            }
        }
    }

    private boolean handled(Step step, Loop loop) throws SQLException, InterruptedException, StreamEndedException {
        window.hand(step);
        for (long wait = PULSE_MILLIS;; wait = Math.min(2 * wait, IDLE_MILLIS)) {
            loop.waits(SourceConnection.LONGEST_ANSWER);
            pulse();
            var done = window.handled(wait);
            if (done.isPresent()) {
                return done.get();
            }
        }
    }

    /** Waits for a synchronous standby where there is one, and so for every commit before: what is in the log, and hangs there, is not seen by a reading, and would be missing for good. */
    private void pulse() throws SQLException {
        if (pulses == null) {
            pulses = source.open();
            try (var statement = pulses.createStatement()) {
                statement.execute("SET synchronous_commit = on");
            }
        }
        try (var statement = pulses.createStatement()) {
            statement.setQueryTimeout(LONGEST_COMMIT_SECONDS);
            statement.execute(pulse);
            if (statement.getWarnings() != null) {
                throw new SQLException("commits wait for a synchronous standby that does not answer (SELECT * FROM pg_stat_activity WHERE wait_event = 'SyncRep'), and what hangs there cannot be read yet", STANDBY_AWAY);
            }
        }
    }

    private void tell() {
        long now = System.nanoTime();
        if (now - toldAt > TOLD_NANOS) {
            toldAt = now;
            resnapshots.status().stream().filter(s -> s.state().equals("reading")).findFirst().ifPresent(s -> LOG.infof("Read %,d of about %s of the table %s, %,d rows/s%s", s.rows(), Counted.of(s.estimate(), "row"), s.table(), s.rowsPerSecond(),
                    s.secondsLeft() == null ? "" : ", " + s.secondsLeft() + " s left"));
        }
    }

    private void close() {
        reader.close();
        if (pulses != null) {
            try {
                pulses.close();
            } catch (SQLException _) {
                // It is given up anyway.
            }
            pulses = null;
        }
    }
}
