package io.millrace.purge.retention;

import io.millrace.pipeline.file.RetentionRule;
import io.millrace.pipeline.retention.RetentionOrder;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** The runs in the source database, and the rows by which their orders travel. Each call is part of the caller's transaction. */
final class RunBook {

    private static final String ENTER = """
            INSERT INTO millrace.retention_run (id, pipeline, as_of, told, shown, leaving, returned, state, requested_by, requested_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, clock_timestamp())""";
    private static final String CONFIRM = "UPDATE millrace.retention_run SET state = 'ordered', as_of = ?, told = ?, shown = ?, leaving = ?, returned = ?, decided_by = ?, reason = ?, decided_at = clock_timestamp() WHERE id = ? AND state = 'held'";
    private static final String RECOUNT = "UPDATE millrace.retention_run SET shown = ?, leaving = ?, returned = ? WHERE id = ? AND state = 'held'";
    private static final String DROP = "UPDATE millrace.retention_run SET state = 'dropped', decided_at = clock_timestamp() WHERE pipeline = ? AND state = 'held'";
    private static final String SEEN = "UPDATE millrace.retention_run SET state = 'carried-out', seen_at = clock_timestamp() WHERE id = ? AND state = 'ordered'";
    private static final String ORDER = """
            INSERT INTO millrace.outboxevent (id, aggregatetype, aggregateid, type, "timestamp", payload) VALUES (gen_random_uuid(), ?, ?, '""" + RetentionOrder.TYPE + "', clock_timestamp(), ?)";
    private static final String RUNS = "SELECT * FROM millrace.retention_run";

    private RunBook() {}

    /** A run with what its order says. */
    record Entry(Run run, RetentionOrder order) {}

    static UUID enter(Connection connection, String pipeline, RetentionOrder order, Impact impact, RunState state, String by) throws SQLException {
        var id = UUID.randomUUID();
        update(connection, ENTER, id, pipeline, OffsetDateTime.ofInstant(order.asOf(), ZoneOffset.UTC), order.json(), impact.shown(), impact.leaving(), impact.returning(), state.text(), by);
        return id;
    }

    static boolean confirm(Connection connection, UUID id, RetentionOrder order, Impact impact, String by, String reason) throws SQLException {
        return update(connection, CONFIRM, OffsetDateTime.ofInstant(order.asOf(), ZoneOffset.UTC), order.json(), impact.shown(), impact.leaving(), impact.returning(), by, reason, id) == 1;
    }

    static void recount(Connection connection, UUID id, Impact impact) throws SQLException {
        update(connection, RECOUNT, impact.shown(), impact.leaving(), impact.returning(), id);
    }

    /** What waits for a person no longer does. */
    static void drop(Connection connection, String pipeline) throws SQLException {
        update(connection, DROP, pipeline);
    }

    static boolean seen(Connection connection, UUID id) throws SQLException {
        return update(connection, SEEN, id) == 1;
    }

    /** From the commit on the log carries the order. */
    static void order(Connection connection, String pipeline, RetentionOrder order) throws SQLException {
        update(connection, ORDER, pipeline, pipeline, order.json());
    }

    private static int update(Connection connection, String sql, Object... parameters) throws SQLException {
        try (var statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            return statement.executeUpdate();
        }
    }

    static Optional<Entry> find(Connection connection, UUID id) throws SQLException {
        return read(connection, " WHERE id = ?", id).stream().findFirst();
    }

    /** The one that waits for a person. */
    static Optional<Entry> held(Connection connection, String pipeline) throws SQLException {
        return read(connection, " WHERE pipeline = ? AND state = 'held' ORDER BY requested_at DESC LIMIT 1", pipeline).stream().findFirst();
    }

    /** Those whose end nobody has seen. */
    static List<Entry> ordered(Connection connection, String pipeline) throws SQLException {
        return read(connection, " WHERE pipeline = ? AND state = 'ordered' ORDER BY as_of", pipeline);
    }

    /** The newest first. @param pipeline null for all; @param state null for any */
    static List<Entry> list(Connection connection, String pipeline, RunState state, int limit) throws SQLException {
        return read(connection, " WHERE (?::text IS NULL OR pipeline = ?) AND (?::text IS NULL OR state = ?) ORDER BY requested_at DESC, id LIMIT ?", pipeline, pipeline, state == null ? null : state.text(), state == null ? null : state.text(), limit);
    }

    private static List<Entry> read(Connection connection, String where, Object... parameters) throws SQLException {
        try (var statement = connection.prepareStatement(RUNS + where)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            var all = new ArrayList<Entry>();
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    all.add(entry(rows));
                }
            }
            return all;
        }
    }

    private static Entry entry(ResultSet row) throws SQLException {
        var order = RetentionOrder.parse(row.getString("told"));
        return new Entry(new Run(row.getObject("id", UUID.class), row.getString("pipeline"), RunState.fromString(row.getString("state")), order.asOf(), texts(order.rules()),
                new Impact(row.getLong("shown"), row.getLong("leaving"), row.getLong("returned")), row.getString("requested_by"), time(row, "requested_at"), row.getString("decided_by"), row.getString("reason"),
                time(row, "decided_at"), time(row, "seen_at")), order);
    }

    static List<String> texts(List<RetentionRule> rules) {
        return rules.stream().map(RetentionRule::text).toList();
    }

    private static Instant time(ResultSet row, String column) throws SQLException {
        var time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }
}
