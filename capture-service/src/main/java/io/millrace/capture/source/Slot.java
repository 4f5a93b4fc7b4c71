package io.millrace.capture.source;

import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import java.sql.Connection;
import java.sql.SQLException;

/** The one replication slot of a source. */
public final class Slot {

    /** The first version of PostgreSQL whose standbys follow logical slots. */
    private static final int WITH_FAILOVER = 17;

    private final SourceConnection source;
    private final String name;

    public Slot(SourceConnection source, String sourceName) {
        this.source = source;
        this.name = Topics.slot(sourceName);
    }

    /**
     * @param confirmed LSN up to which the stream is known to be in Kafka
     * @param retainedBytes WAL that the primary keeps for this slot
     * @param lagBytes WAL that was written since the confirmed LSN
     * @param safeBytes WAL that may still be written before the server may give the slot up; negative where it sets no limit (max_slot_wal_keep_size)
     * @param walStatus as {@code pg_replication_slots} has it: {@code lost} where the server has given the slot up, {@code unreserved} where it may do so at any moment
     * @param invalidation why it was given up, null where it was not or the server is older than version 17
     * @param failover whether standbys keep it in step; null before version 17, which cannot tell them to
     * @param usedBy the process that reads it and since when; null where none does
     */
    public record State(long confirmed, long retainedBytes, long lagBytes, long safeBytes, String walStatus, String invalidation, Boolean failover, String usedBy) {

        /** Whether the server has given it up: it can never be read again. */
        public boolean isLost() {
            return "lost".equals(walStatus) || invalidation != null;
        }

        /** The setting or event by which it was given up. */
        public String lostBy() {
            return switch (invalidation == null ? "wal_removed" : invalidation) {
                case "wal_removed" -> "max_slot_wal_keep_size let the WAL go that it needed";
                case "idle_timeout" -> "it was idle for longer than idle_replication_slot_timeout";
                case "rows_removed" -> "rows that it needed were vacuumed";
                case "wal_level_insufficient" -> "wal_level was lower than logical";
                default -> invalidation;
            };
        }
    }

    /** What the server says of the slot, null where there is none. */
    public State state() throws SQLException {
        try (var connection = source.open()) {
            return state(connection);
        }
    }

    State state(Connection connection) throws SQLException {
        try (var statement = connection.prepareStatement("""
                SELECT coalesce(confirmed_flush_lsn, '0/0')::text, pg_wal_lsn_diff(now, restart_lsn)::bigint, pg_wal_lsn_diff(now, confirmed_flush_lsn)::bigint, coalesce(safe_wal_size, -1),
                       wal_status, to_jsonb(s) ->> 'invalidation_reason', (to_jsonb(s) ->> 'failover')::boolean,
                       """ + Session.who("active_pid") + """
                 FROM pg_replication_slots s LEFT JOIN pg_stat_activity a ON a.pid = s.active_pid,
                     LATERAL (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS now) w
                WHERE slot_name = ?""")) {
            statement.setString(1, name);
            try (var row = statement.executeQuery()) {
                return row.next() ? new State(Position.parseLsn(row.getString(1)), row.getLong(2), row.getLong(3), row.getLong(4), row.getString(5), row.getString(6), row.getObject(7, Boolean.class), row.getString(8)) : null;
            }
        }
    }

    /** Takes the slot away, if it is there. */
    public void drop() throws SQLException {
        try (var connection = source.open(); var statement = connection.prepareStatement("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = ?")) {
            statement.setString(1, name);
            statement.execute();
        }
    }

    /** Takes the slot away also from whoever reads it. */
    public void giveUp() throws SQLException {
        try (var connection = source.open(); var statement = connection.prepareStatement("SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE slot_name = ? AND active")) {
            statement.setString(1, name);
            statement.execute();
        }
        drop();
    }

    /** Moves the slot over everything that is in the log now. Returns where it stands then. */
    public long advance() throws SQLException {
        try (var connection = source.open(); var flush = connection.createStatement();
                var statement = connection.prepareStatement("SELECT end_lsn::text FROM pg_replication_slot_advance(?, pg_current_wal_flush_lsn())")) {
            // A commit that was not yet flushed is, with this one.
            flush.execute("SELECT pg_logical_emit_message(true, 'millrace', '')");
            statement.setString(1, name);
            try (var row = statement.executeQuery()) {
                row.next();
                return Position.parseLsn(row.getString(1));
            }
        }
    }

    /**
     * Makes the slot; waits until the transactions that are open now have ended. Returns its first LSN. Where the server can
     * (version 17 and later), the slot is one that standbys keep in step, so that a failover does not lose it.
     */
    public long create() throws SQLException {
        try (var connection = source.open(); var statement = connection.prepareStatement("SELECT lsn::text FROM pg_create_logical_replication_slot(?, 'pgoutput'"
                + (connection.getMetaData().getDatabaseMajorVersion() >= WITH_FAILOVER ? ", failover => true)" : ")"))) {
            statement.setString(1, name);
            try (var row = statement.executeQuery()) {
                row.next();
                return Position.parseLsn(row.getString(1));
            }
        }
    }

    public String name() {
        return name;
    }
}
