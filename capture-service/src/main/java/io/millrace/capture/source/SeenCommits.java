package io.millrace.capture.source;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Which of the transactions that the stream brings are seen by queries of one connection. Postgres sends a transaction once its
 * commit is in the log; sessions see it once it has ended, which is later, and much later while the commit waits for a
 * synchronous standby. What one snapshot of a server sees, every later one sees. Not thread-safe.
 */
public final class SeenCommits {

    /** Longer than from the log to the end of a commit that waits for nobody, or for a standby that is well. */
    private static final Duration BRIEFLY = Duration.ofSeconds(3);
    /** How long is waited for a transaction, or for several one behind the other. */
    static final Duration LONGEST = Duration.ofSeconds(60);
    private static final long PAUSE_MILLIS = 5;
    private static final long LONGEST_PAUSE_MILLIS = 100;
    private static final String INVALID_PARAMETER = "22023";

    private final Connection connection;
    /** Null before the first question. */
    private PgSnapshot last;
    /** The last transaction that the snapshot at hand did not see, null where there was none. */
    private Integer awaited;
    private long awaitedAt;
    /** Since when one transaction after the other was not seen. */
    private long since;

    /** @param connection each of whose queries has a snapshot of its own, as it is under READ COMMITTED */
    public SeenCommits(Connection connection) {
        this.connection = connection;
    }

    /** Whether a snapshot is known that sees a transaction; asks nobody. */
    boolean sees(int transaction) {
        return last != null && last.sees(transaction);
    }

    /** A query of the connection had this snapshot. */
    void saw(PgSnapshot snapshot) {
        last = snapshot;
    }

    /**
     * Whether a transaction is seen now, or within a few seconds from when it was asked about first.
     *
     * @param transaction its number as the stream has it, 32 bits
     * @throws SQLException when the database cannot be asked
     */
    public boolean see(int transaction) throws SQLException, InterruptedException {
        if (sees(transaction)) {
            return true;
        }
        if (awaited == null || awaited != transaction) {
            await(transaction);
        }
        for (long pause = PAUSE_MILLIS; !look().sees(transaction); pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS)) {
            if (System.nanoTime() - awaitedAt > BRIEFLY.toNanos()) {
                return false;
            }
            Thread.sleep(pause);
        }
        return true;
    }

    private void await(int transaction) throws SQLException {
        boolean behind = awaited != null && !last.sees(awaited) && !look().sees(awaited);
        awaited = transaction;
        awaitedAt = System.nanoTime();
        since = behind ? since : awaitedAt;
    }

    private PgSnapshot look() throws SQLException {
        try (var statement = connection.createStatement()) {
            last = PgSnapshot.of(statement);
        }
        return last;
    }

    /**
     * Whether a transaction that was not seen is one that will be: one that this server never began, or that it took back, was
     * committed in another server's log.
     */
    boolean willSee(int transaction) throws SQLException {
        try (var statement = connection.prepareStatement("SELECT pg_xact_status(?::xid8) IN ('in progress', 'committed')")) {
            statement.setString(1, Long.toString(last.whole(transaction)));
            try (var row = statement.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        } catch (SQLException e) {
            if (INVALID_PARAMETER.equals(e.getSQLState())) {
                return false;
            }
            throw e;
        }
    }

    /** Whether what is waited for has been waited for so long that it may be waiting for capture. */
    boolean waitedLong() {
        return System.nanoTime() - since > LONGEST.toNanos();
    }
}
