package io.millrace.capture.source;

import io.millrace.pipeline.topic.Topics;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Keeps a second process away from a source from before the first plan on, when the slot is read by nobody yet: an advisory
 * lock of the database, named like the slot, that lasts as long as one connection. That connection gives a sign again and
 * again, and Postgres ends it behind {@link #LEASE} without one, so a process that stands still does not keep the lock. Thread-safe.
 */
public final class SourceLock implements AutoCloseable {

    /** How long Postgres waits for a sign; as long as it waits for one of a connection that reads a slot, by default. */
    static final Duration LEASE = Duration.ofSeconds(60);
    private static final Duration SIGN = Duration.ofSeconds(10);
    private static final int LONGEST_ANSWER_MILLIS = 20_000;
    private static final Duration LATELY = Duration.ofSeconds(1);
    private static final String TAKE = "SELECT pg_try_advisory_lock(hashtextextended(?, 0))";
    private static final String HELD = """
             FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended(?, 0)""";
    private static final String HOLDER = "SELECT " + Session.who("l.pid") + HELD;
    /** Two servers may give the same number to two sessions, but hardly begin them in the same microsecond. */
    private static final String SESSION = "SELECT a.pid || ' since ' || a.backend_start";
    private static final String OWN_SESSION = SESSION + " FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()";

    private final SourceConnection source;
    private final String sourceName;
    /** Guarded by this; null while the lock is not held. */
    private Connection connection;
    /** Guarded by this: why the lock was lost, null where it was given back or never had. */
    private String lostBy;
    /** Written under this. */
    private volatile Moment answeredAt = Moment.now().before(LEASE);

    public SourceLock(SourceConnection source, String sourceName) {
        this.source = source;
        this.sourceName = sourceName;
    }

    /**
     * Takes the lock where nobody has it; one that is held already is kept, unless the address leads to another server by now: there
     * somebody else may have it, though a connection to the former one still answers.
     *
     * @return why it cannot be had, with who has it; null where it is held from now on
     * @throws SQLException when the database cannot be asked
     */
    public synchronized String take() throws SQLException {
        var open = source.open();
        try {
            open.setNetworkTimeout(Runnable::run, LONGEST_ANSWER_MILLIS);
            if (connection != null && answers()) {
                if (isHeldAt(open)) {
                    return null;
                }
                close();
            }
            try (var statement = open.createStatement()) {
                statement.execute("SET idle_session_timeout = " + LEASE.toMillis());
            }
            var asked = Moment.now();
            if (!"t".equals(text(open, TAKE))) {
                return "This capture stands by: the source " + sourceName + " is in use by the server " + holder(open)
                        + ". It takes over when that ends, which Postgres notices at once where the process is killed, and within " + LEASE.toSeconds() + " s where it is frozen or cut off";
            }
            connection = open;
            answeredAt = asked;
            lostBy = null;
            Thread.ofVirtual().name("lock of " + sourceName).start(() -> keep(open));
            return null;
        } finally {
            if (connection != open) {
                open.close();
            }
        }
    }

    /**
     * Asks whether the lock is held still.
     *
     * @throws LockLostException when it is not
     */
    public synchronized void check() {
        if (connection != null && answers()) {
            return;
        }
        if (lostBy == null) {
            throw new LockLostException("This process does not have the source " + sourceName + " at the moment, for the reason that its health gives; nothing is written before it has it");
        }
        throw new LockLostException("The lock of the source " + sourceName + " is lost (" + lostBy + "): its connection was ended, or this process stood still for longer than " + LEASE.toSeconds() + " s, and another capture may have the source now; nothing is written before the lock is had again");
    }

    /**
     * The server at which the lock is held.
     *
     * @throws LockLostException when it is not
     */
    public synchronized Server server() throws SQLException {
        check();
        return Server.of(connection);
    }

    /**
     * The server to which the address leads now, whoever has the lock there.
     *
     * @throws SQLException when the database cannot be asked
     */
    public Server target() throws SQLException {
        try (var open = source.open()) {
            return Server.of(open);
        }
    }

    /**
     * As {@link #check()}, and asks only if nobody asked within the last second.
     *
     * @throws LockLostException when the lock is not held
     */
    public void checkLately() {
        if (answeredAt.isOlderThan(LATELY)) {
            check();
        }
    }

    /** Gives the lock back, where it is held. */
    @Override
    public synchronized void close() {
        if (connection != null && answers()) {
            try (var ending = connection; var statement = ending.createStatement()) {
                // The server ends a session a moment after its client has closed it.
                statement.execute("SELECT pg_advisory_unlock_all()");
            } catch (SQLException _) {
                // Its session has ended, and the lock with it.
            }
            forget();
        }
        lostBy = null;
    }

    /** Whether the server at the other end of a new connection has this process's session as the holder. */
    private boolean isHeldAt(Connection open) throws SQLException {
        try (var statement = connection.createStatement(); var own = statement.executeQuery(OWN_SESSION)) {
            own.next();
            return own.getString(1).equals(text(open, SESSION + HELD));
        }
    }

    private void keep(Connection own) {
        try {
            boolean held = true;
            while (held) {
                Thread.sleep(SIGN);
                synchronized (this) {
                    held = connection == own && answers();
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether the connection answers, and with it the lock is held. One that does not is given up. */
    private boolean answers() {
        try (var statement = connection.createStatement()) {
            // Before the question: who is frozen behind the answer was not asked lately.
            var asked = Moment.now();
            statement.execute("SELECT 1");
            answeredAt = asked;
            return true;
        } catch (SQLException e) {
            lostBy = e.getMessage();
            try (var _ = connection) {
                forget();
            } catch (SQLException closing) {
                e.addSuppressed(closing);
            }
            return false;
        }
    }

    private void forget() {
        connection = null;
        answeredAt = Moment.now().before(LEASE);
    }

    private String holder(Connection open) throws SQLException {
        var holder = text(open, HOLDER);
        return holder == null ? "process that ended a moment ago" : holder;
    }

    private String text(Connection open, String sql) throws SQLException {
        try (var statement = open.prepareStatement(sql)) {
            statement.setString(1, Topics.slot(sourceName));
            try (var row = statement.executeQuery()) {
                return row.next() ? row.getString(1) : null;
            }
        }
    }
}
