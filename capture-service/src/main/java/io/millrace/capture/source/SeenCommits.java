package io.millrace.capture.source;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Which of the transactions that the stream brings are seen by queries of one connection. Postgres sends a transaction once its
 * commit is in the log; sessions see it once it has ended, which is later, and much later while the commit waits for a
 * synchronous standby. What one snapshot of a server sees, every later one sees. Not thread-safe.
 */
final class SeenCommits {

    /** Longer than from the log to the end of a commit that waits for nobody. */
    private static final Duration BRIEFLY = Duration.ofMillis(500);
    private static final long PAUSE_MILLIS = 5;
    private static final String INVALID_PARAMETER = "22023";

    private final Connection connection;
    private final String slot;
    /** Null before the first question. */
    private PgSnapshot last;
    /** The transaction that is known to wait for the slot; 0 for none. */
    private int waiting;

    SeenCommits(Connection connection, String slot) {
        this.connection = connection;
        this.slot = slot;
    }

    /** Whether a transaction is seen now, or within half a second. */
    boolean see(int transaction) throws SQLException, InterruptedException {
        if (last != null && last.sees(transaction)) {
            return true;
        }
        long deadline = System.nanoTime() + (transaction == waiting ? 0 : BRIEFLY.toNanos());
        while (!look().sees(transaction)) {
            if (System.nanoTime() - deadline > 0) {
                return false;
            }
            Thread.sleep(PAUSE_MILLIS);
        }
        return true;
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

    /**
     * Whether a transaction that was not seen will not be before the slot's own stream confirms it, because Postgres takes that for
     * a synchronous standby, or would once it has confirmed something.
     */
    boolean waitsForTheSlot(int transaction) throws SQLException {
        try (var statement = connection.prepareStatement("""
                SELECT r.sync_state = 'sync' OR r.flush_lsn IS NULL AND current_setting('synchronous_standby_names') LIKE '%*%' AND NOT EXISTS (SELECT FROM pg_stat_replication o WHERE o.pid <> r.pid)
                FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid WHERE s.slot_name = ?""")) {
            statement.setString(1, slot);
            try (var row = statement.executeQuery()) {
                waiting = row.next() && row.getBoolean(1) ? transaction : 0;
                return waiting != 0;
            }
        }
    }
}
