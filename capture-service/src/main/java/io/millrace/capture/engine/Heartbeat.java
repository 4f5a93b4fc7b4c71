package io.millrace.capture.engine;

import io.millrace.capture.source.SourceCheck;
import io.millrace.capture.source.SourceConnection;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;

/**
 * Writes the heartbeat row while a stream runs, and says when it cannot be written and when it was written and does not come. It is
 * written by a thread of its own, so that nothing that it waits for holds up the stream; the stream's thread tells what came.
 */
final class Heartbeat {

    private static final Logger LOG = Logger.getLogger(Heartbeat.class);

    /** So many in a row are no chance. */
    private static final int MISSED = 3;
    /** Nor are they sooner than this. */
    private static final Duration LEAST = Duration.ofSeconds(10);
    /** Debezium looks at the whole catalog before it takes the first change. */
    private static final Duration BEGINNING = Duration.ofMinutes(2);
    /** A server that answers later does not answer. */
    private static final Duration ANSWER = Duration.ofSeconds(10);
    private static final Duration LONGEST_TURN = SourceConnection.LONGEST_ANSWER.multipliedBy(2);
    private static final String LIMITS = "SET lock_timeout = '5s'; SET statement_timeout = '5s'";
    private static final String END_OF_LOG = "SELECT pg_current_wal_insert_lsn()::text";
    private static final String SENDER = """
            SELECT coalesce(r.sent_lsn, '0/0')::text, CASE WHEN s.active_pid IS NULL THEN 'gone' ELSE coalesce(a.wait_event_type, '') END, 'process ' || s.active_pid || coalesce(' waits for ' || a.wait_event, '')
            FROM pg_replication_slots s LEFT JOIN pg_stat_replication r ON r.pid = s.active_pid LEFT JOIN pg_stat_activity a ON a.pid = s.active_pid WHERE s.slot_name = ?""";

    private final SourceConnection source;
    private final String sourceName;
    private final Duration interval;
    private final Readiness readiness;
    private final LongSupplier messages;
    private final Runnable excused;
    private final Semaphore changed = new Semaphore(0);
    /** The stream that runs, null while none does. */
    private volatile Stream stream;
    /** Of the own thread, as all below. The stream that was looked at last. */
    private Stream before;
    private Connection connection;
    /** The oldest one that has not come, null where all have. */
    private Beat awaited;
    /** How often in a row it could not be written. */
    private int failures;
    /** Up to where Postgres had sent the stream at the last look. */
    private long sent;
    /** How many messages had come in the stream by then. */
    private long read;

    /**
     * @param messages how many have come in the stream, also of tables that nobody captures: while there are more of them it moves
     * @param excused is called where a stream has nothing to bring because the row cannot be written
     */
    Heartbeat(SourceConnection source, String sourceName, Duration interval, Readiness readiness, LongSupplier messages, Runnable excused) {
        this.source = source;
        this.sourceName = sourceName;
        this.interval = interval;
        this.readiness = readiness;
        this.messages = messages;
        this.excused = excused;
    }

    /** What the stream's thread tells. */
    private static final class Stream {
        private final long begun = System.nanoTime();
        /** When it brought something last. */
        private volatile long moved = begun;
        private volatile boolean heard;
        private volatile boolean busy;
        /** The last commit that came. */
        private volatile long commit;
        /** The last heartbeat that came. */
        private volatile long beat;
    }

    /**
     * One that was written.
     *
     * @param from the end of the log before it
     * @param to the end of the log behind its commit
     * @param at when, by the monotonic clock
     */
    private record Beat(long from, long to, long at, int turn) {
        private Beat again() {
            return new Beat(from, to, at, turn + 1);
        }
    }

    /**
     * Who sends the stream.
     *
     * @param sent up to where it has read the log
     * @param waits the type of what it waits for, empty where it works
     */
    record Sender(long sent, String waits, String who) {

        /** Whether it has not come to a place yet, and is on its way there: it has read on since, or is at a transaction of which there is much. Who waits for the log, the client, a lock or another server is not. */
        boolean isUnderWay(long to, long sentBefore) {
            return Long.compareUnsigned(sent, to) < 0 && (sent != sentBefore || switch (waits) {
                case "gone", "Activity", "Client", "Lock" -> false;
                default -> true;
            });
        }
    }

    /** A stream runs from now on. */
    void begin() {
        stream = new Stream();
        changed.release();
    }

    /** None runs any more. */
    void end() {
        stream = null;
        changed.release();
    }

    /** Some of the stream is being written. */
    void takes() {
        var current = stream;
        if (current != null) {
            current.heard = true;
            current.busy = true;
        }
    }

    /**
     * It is written.
     *
     * @param changes whether it had any
     * @param commit the last one that came, 0 where that is not known
     */
    void took(boolean changes, long commit) {
        var current = stream;
        if (current != null) {
            if (changes || commit != current.commit) {
                current.moved = System.nanoTime();
            }
            current.commit = commit;
            current.busy = false;
        }
    }

    /** A heartbeat came, whoever wrote it. */
    void came(long lsn) {
        var current = stream;
        if (current != null) {
            current.beat = lsn;
        }
    }

    /** Writes it at its interval, and at once when a stream begins, until it is interrupted. */
    void run(Loop loop) throws InterruptedException {
        try {
            while (true) {
                loop.waits(interval);
                changed.tryAcquire(interval.toMillis(), TimeUnit.MILLISECONDS);
                changed.drainPermits();
                loop.waits(LONGEST_TURN);
                turn(stream);
            }
        } finally {
            close();
        }
    }

    private void turn(Stream current) {
        if (current != before) {
            before = current;
            awaited = null;
            failures = 0;
            sent = 0;
        }
        long now = messages.getAsLong();
        if (current != null && now != read) {
            current.moved = System.nanoTime();
        }
        read = now;
        if (current == null) {
            close();
            say(Readiness.Concern.HEARTBEAT, null);
            say(Readiness.Concern.BEHIND, null);
            return;
        }
        try {
            if (awaited != null && hasCome(current)) {
                awaited = null;
            }
            awaited = awaited == null ? null : awaited.again();
            write();
            failures = 0;
            judge(current);
        } catch (SQLException e) {
            close();
            failed(current, e);
        }
    }

    private boolean hasCome(Stream current) {
        return Long.compareUnsigned(current.beat, awaited.from()) >= 0;
    }

    private void write() throws SQLException {
        if (connection == null) {
            connection = source.open(ANSWER);
            try (var statement = connection.createStatement()) {
                statement.execute(LIMITS);
            }
        }
        try (var statement = connection.createStatement()) {
            long from = endOfLog();
            statement.execute(EngineSettings.HEARTBEAT_QUERY);
            if (awaited == null) {
                awaited = new Beat(from, endOfLog(), System.nanoTime(), 0);
            }
        }
    }

    private long endOfLog() throws SQLException {
        try (var statement = connection.createStatement(); var row = statement.executeQuery(END_OF_LOG)) {
            row.next();
            return Position.parseLsn(row.getString(1));
        }
    }

    private void failed(Stream current, SQLException e) {
        if (!current.heard) {
            excused.run();
        }
        if (++failures >= MISSED) {
            say(Readiness.Concern.HEARTBEAT, "The heartbeat cannot be written, by which capture knows how far the stream is, and the slot advances while the tables are quiet: " + cause(e));
            say(Readiness.Concern.BEHIND, null);
        }
    }

    private String cause(SQLException e) {
        var table = Topics.HEARTBEAT.sql();
        return switch (e.getSQLState()) {
            case "42501" -> e.getMessage() + "; run GRANT USAGE ON SCHEMA " + Topics.OWN_SCHEMA + " TO " + TableName.quote(source.user()) + "; GRANT INSERT, UPDATE ON " + table + " TO " + TableName.quote(source.user());
            case "42P01", "3F000" -> e.getMessage() + "; make it by provisioning the source";
            case "55P03", "57014" -> e.getMessage() + "; somebody has it locked: SELECT * FROM pg_locks WHERE relation = '" + table + "'::regclass";
            case null, default -> SourceCheck.explain(source, e);
        };
    }

    /** What stands for another reason is said by whoever met that. */
    private void judge(Stream current) throws SQLException {
        long now = System.nanoTime();
        if (awaited == null || awaited.turn() < MISSED || now - awaited.at() < LEAST.toNanos() || readiness.state().hindrance() != null) {
            say(Readiness.Concern.HEARTBEAT, null);
            say(Readiness.Concern.BEHIND, null);
            return;
        }
        var which = "the heartbeat that was written behind " + Position.lsnText(awaited.from()) + " " + TimeUnit.NANOSECONDS.toSeconds(now - awaited.at()) + " s ago ";
        long commit = current.commit;
        var sender = sender();
        boolean moves = moves(current, sender, now);
        sent = sender.sent();
        if (hasCome(current)) {
            // While Postgres was asked.
            say(Readiness.Concern.HEARTBEAT, null);
            say(Readiness.Concern.BEHIND, null);
        } else if (Long.compareUnsigned(commit, awaited.to()) > 0) {
            say(Readiness.Concern.BEHIND, null);
            say(Readiness.Concern.HEARTBEAT, "The stream has passed " + which + "without bringing it, so nobody knows how far it is; look whether the publication " + Topics.publication(sourceName) + " has " + Topics.HEARTBEAT);
        } else if (moves) {
            say(Readiness.Concern.HEARTBEAT, null);
            long left = awaited.to() - sender.sent();
            say(Readiness.Concern.BEHIND, "The stream has not come to " + which + "yet, and goes on" + (sender.sent() == 0 || left <= 0 ? "" : String.format(Locale.ROOT, "; Postgres has %.1f MB of WAL to read before it", left / 1e6)));
        } else {
            say(Readiness.Concern.BEHIND, null);
            say(Readiness.Concern.HEARTBEAT, "The stream stands: " + which + "has not come, and nothing else comes (" + sender.who() + "). If that lasts, end that connection (pg_terminate_backend) or restart capture, which begins it anew and loses nothing");
        }
    }

    private boolean moves(Stream current, Sender sender, long now) {
        return current.busy || now - current.moved < Math.max(LEAST.toNanos(), MISSED * interval.toNanos()) || !current.heard && now - current.begun < BEGINNING.toNanos() || sender.isUnderWay(awaited.to(), sent);
    }

    private Sender sender() throws SQLException {
        try (var statement = connection.prepareStatement(SENDER)) {
            statement.setString(1, Topics.slot(sourceName));
            try (var row = statement.executeQuery()) {
                boolean there = row.next();
                var who = there ? row.getString(3) : null;
                return new Sender(there ? Position.parseLsn(row.getString(1)) : 0, there ? row.getString(2) : "gone", who == null ? "nobody reads the slot" : who);
            }
        }
    }

    private void say(Readiness.Concern which, String why) {
        if (readiness.concern(which, why)) {
            LOG.log(which.hinders() ? Logger.Level.ERROR : Logger.Level.WARN, why);
        }
    }

    private void close() {
        if (connection != null) {
            try {
                connection.close();
            } catch (SQLException _) {
                // It is given up anyway.
            }
            connection = null;
        }
    }
}
