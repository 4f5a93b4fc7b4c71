package io.millrace.capture.source;

import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import java.sql.SQLException;
import java.util.OptionalLong;

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
     */
    public record State(long confirmed, long retainedBytes, long lagBytes, long safeBytes) {}

    /** The slot's confirmed LSN, empty where there is no slot. */
    public OptionalLong confirmed() throws SQLException {
        var state = state();
        return state == null ? OptionalLong.empty() : OptionalLong.of(state.confirmed);
    }

    /** What the server says of the slot, null where there is none. */
    public State state() throws SQLException {
        try (var connection = source.open(); var statement = connection.prepareStatement("""
                SELECT confirmed_flush_lsn::text, pg_wal_lsn_diff(now, restart_lsn)::bigint, pg_wal_lsn_diff(now, confirmed_flush_lsn)::bigint, coalesce(safe_wal_size, -1)
                FROM pg_replication_slots, LATERAL (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS now) w
                WHERE slot_name = ?""")) {
            statement.setString(1, name);
            try (var row = statement.executeQuery()) {
                return row.next() ? new State(Position.parseLsn(row.getString(1)), row.getLong(2), row.getLong(3), row.getLong(4)) : null;
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
