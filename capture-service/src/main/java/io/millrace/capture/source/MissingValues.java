package io.millrace.capture.source;

import io.millrace.capture.column.PgText;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.schema.Column;
import io.millrace.pipeline.topic.Topics;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Reads values from the table itself that an update left untouched, and the WAL therefore does not carry.
 *
 * <p>It reads once the change's transaction is seen, and not before: what is seen then may be newer than the change, and never
 * older. The change that made it newer is still to come in the stream, so the row ends right. A row that is gone needs
 * nothing: its delete is still to come. A row that row level security hides is not gone; every session runs with
 * {@code row_security = off}, so the server refuses the query then. Not thread-safe.
 */
public final class MissingValues implements AutoCloseable {

    /** Classes of errors that are the server's or the connection's, and not the query's. */
    private static final Set<String> TEMPORARY = Set.of("08", "25", "40", "53", "55", "57", "58");
    /** Errors of this class name tables, columns and types, and no values. */
    private static final String WITHOUT_VALUES = "42";
    private static final String NOT_YET = "55000";
    /** Postgres says so of what it should have, and also where somebody alters a table at that moment. */
    private static final String INTERNAL = "XX";
    private static final Set<String> CORRUPTED = Set.of("XX001", "XX002");
    private static final String LOCKED = "55P03";
    /** Whoever locks the table for long is then told of in health. */
    private static final String LONGEST_LOCK = "10s";
    /** Of a table that was waited for in vain. */
    private static final String SHORTEST_LOCK = "10ms";
    private static final int MOST_QUERIES = 1_000;

    private final SourceConnection source;
    private final String publication;
    private final Map<Change, Query> queries = new HashMap<>();
    private Connection connection;
    private SeenCommits commits;
    private final Unanswered locked = new Unanswered(System::nanoTime);
    /** Tables at which Postgres failed by itself; a row that can be read says nothing of another one. */
    private final Unanswered failing = new Unanswered(System::nanoTime);
    /** How long the connection waits for a lock. */
    private String lockTimeout;
    /** The last transaction that the server which answered had not committed, null where there was none. */
    private Integer foreign;

    public MissingValues(SourceConnection source, String sourceName) {
        this.source = source;
        this.publication = Topics.publication(sourceName);
    }

    /** @param columns all columns of the change, in the order of the stream */
    private record Change(TableName table, List<String> columns, List<String> key, List<String> missing) {}

    /** @param state {@link Attributes#state} for which the query is right */
    private record Query(String sql, String state) {}

    /**
     * The missing columns' values as Postgres prints them.
     *
     * @param transaction id of the change's transaction, 0 where it has none
     * @param columns all columns of the change, in the order of the stream
     * @param key the primary key's values, as they stand in a row, in the order of {@code keyColumns}
     * @return a text, or null, for each of the missing columns by name; null when the row is gone
     * @throws UnseenException when queries do not see the transaction yet; the next call asks again
     * @throws SQLException when the database cannot be asked, with the table's name; the next call asks again
     * @throws IllegalArgumentException when the values cannot be had, now or later, or their table has been locked for longer than {@link Unanswered#LONGEST}
     * @throws IllegalStateException when the change is not of this server's history
     */
    public Map<String, String> read(TableName table, long transaction, List<String> columns, List<Column> keyColumns, List<Object> key, List<String> missing) throws SQLException, InterruptedException {
        if (locked.rests(table)) {
            throw locked(table, missing);
        }
        connect(table, missing);
        long began = System.nanoTime();
        try {
            var texts = seen(new Change(table, columns, keyColumns.stream().map(Column::name).toList(), missing), transaction, keyColumns, key);
            locked.over(table);
            return texts;
        } catch (UnseenException e) {
            throw e;
        } catch (SQLException e) {
            throw LOCKED.equals(e.getSQLState()) ? waiting(table, missing, began, e) : failed(table, missing, began, e);
        }
    }

    /** The values as they are once the change's transaction is seen. */
    private Map<String, String> seen(Change change, long transaction, List<Column> keyColumns, List<Object> key) throws SQLException, InterruptedException {
        awaitLock(locked.isGivenUp(change.table) ? SHORTEST_LOCK : LONGEST_LOCK);
        if (transaction != 0 && !commits.sees((int) transaction)) {
            // Mostly it has ended, and one question does: its answer brings the snapshot along.
            var early = early(change, keyColumns, key);
            if (early != null && commits.sees((int) transaction)) {
                return early;
            }
            awaitSeen((int) transaction, change.table, change.missing);
        }
        return read(change, keyColumns, key);
    }

    /** The failure to be told: one that may be over soon, unless the table has been locked for long. */
    private SQLException waiting(TableName table, List<String> missing, long began, SQLException e) {
        locked.add(table, began, whoLocks(table));
        if (locked.isGivenUp(table)) {
            throw locked(table, missing);
        }
        return new SQLException("What an update of the table " + table + " left as it was (" + quoted(missing) + ") cannot be read back yet: " + locked.why(table) + ". After " + Unanswered.LONGEST.toSeconds()
                + " s its rows are parked, so that the other tables flow; trying again", e.getSQLState(), e);
    }

    /** The failure to be told, where it may be over soon. */
    private SQLException failed(TableName table, List<String> missing, long began, SQLException e) {
        locked.over(table);
        var state = e.getSQLState();
        if (!NOT_YET.equals(state)) {
            close();
        }
        if (state == null || TEMPORARY.contains(state.substring(0, 2)) || mayBeOver(table, began, state)) {
            return named(table, missing, e);
        }
        throw unreadable(table, missing, state.startsWith(WITHOUT_VALUES) ? e.getMessage().lines().findFirst().orElse(state) : "SQLSTATE " + state);
    }

    private boolean mayBeOver(TableName table, long began, String state) {
        if (!state.startsWith(INTERNAL) || CORRUPTED.contains(state)) {
            return false;
        }
        failing.add(table, began, state);
        return !failing.isGivenUp(table);
    }

    private static SQLException named(TableName table, List<String> missing, SQLException e) {
        return new SQLException("What an update of the table " + table + " left as it was (" + quoted(missing) + ") cannot be read back now: " + e.getMessage(), e.getSQLState(), e);
    }

    private IllegalArgumentException locked(TableName table, List<String> missing) {
        return unreadable(table, missing, "the table has been locked for longer than " + Unanswered.LONGEST.toSeconds() + " s, and the other tables do not wait for it: " + locked.why(table));
    }

    /** As far as Postgres tells; their queries are not told, which may have values in them. */
    private String whoLocks(TableName table) {
        try (var statement = connection.prepareStatement("""
                WITH RECURSIVE member(oid) AS (SELECT to_regclass(?)::oid UNION SELECT i.inhrelid FROM member JOIN pg_inherits i ON i.inhparent = member.oid)
                SELECT string_agg(DISTINCT 'the server process ' || l.pid || coalesce(' of the role ' || a.usename, '') || CASE WHEN l.granted THEN ' has it locked' ELSE ' waits to lock it' END, ', ')
                FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
                WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.relation IN (SELECT oid FROM member) AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())""")) {
            statement.setString(1, table.sql());
            try (var row = statement.executeQuery()) {
                return row.next() && row.getString(1) != null ? row.getString(1) : "somebody has it locked";
            }
        } catch (SQLException _) {
            return "somebody has it locked";
        }
    }

    private void connect(TableName table, List<String> missing) throws SQLException {
        if (connection == null) {
            try {
                connection = source.open();
            } catch (SQLException e) {
                throw named(table, missing, e);
            }
            commits = new SeenCommits(connection);
            lockTimeout = null;
        }
    }

    private void awaitLock(String most) throws SQLException {
        if (!most.equals(lockTimeout)) {
            try (var statement = connection.createStatement()) {
                statement.execute("SET lock_timeout = '" + most + "'");
            }
            lockTimeout = most;
        }
    }

    /** What the row has now, or null: row and catalog may be those of before the change, so nothing that fails tells anything. */
    private Map<String, String> early(Change change, List<Column> keyColumns, List<Object> key) throws SQLException {
        try {
            return read(change, keyColumns, key);
        } catch (SQLException e) {
            if (LOCKED.equals(e.getSQLState())) {
                // The same question would wait as long again.
                throw e;
            }
            return null;
        } catch (IllegalArgumentException _) {
            return null;
        }
    }

    /** Catalog and row are those of before the change until then. */
    private void awaitSeen(int transaction, TableName table, List<String> missing) throws SQLException, InterruptedException {
        if (commits.see(transaction)) {
            return;
        }
        var id = Integer.toUnsignedString(transaction);
        if (!commits.willSee(transaction)) {
            close();
            boolean again = foreign != null && foreign == transaction;
            foreign = transaction;
            throw new IllegalStateException("The stream brought the commit of the transaction " + id + ", and the server that answers now did not commit it: it has another history, because "
                    + (again ? "plain connections and the one that reads the stream lead to different servers, for the history was looked at since, and is the remembered one. A balancer or proxy stands between, or source.url names several servers; give the primary's own address there"
                    : "Postgres was restored or a standby promoted"));
        }
        if (commits.waitedLong()) {
            throw unreadable(table, missing, "the update's transaction " + id + " is committed in the log, and no session has seen it for " + SeenCommits.LONGEST.toSeconds()
                    + " s: its commit waits for a synchronous standby that does not answer, or for capture itself, which '*' in synchronous_standby_names takes for one");
        }
        throw new UnseenException("What an update of the table " + table + " left as it was (" + quoted(missing) + ") cannot be read back yet: the update's transaction " + id + " is committed in the log, and no session sees it while its commit waits,"
                + " most likely for a synchronous standby; see pg_stat_replication and synchronous_standby_names; trying again");
    }

    private Map<String, String> read(Change change, List<Column> keyColumns, List<Object> key) throws SQLException {
        while (true) {
            var known = queries.get(change);
            var query = known == null ? query(change) : known;
            try (var statement = connection.prepareStatement(query.sql)) {
                for (int i = 0; i < key.size(); i++) {
                    statement.setString(i + 1, PgText.print(keyColumns.get(i), key.get(i)));
                }
                var values = values(statement, change, query);
                if (values != null || known == null) {
                    return values;
                }
            } catch (SQLException e) {
                if (known == null) {
                    throw e;
                }
            }
            // The table may have been altered since the query was made.
            queries.remove(change);
        }
    }

    /** Null when there is no such row, or the table is another than the query was made for. */
    private Map<String, String> values(PreparedStatement statement, Change change, Query query) throws SQLException {
        try (var rows = statement.executeQuery()) {
            int columns = change.missing.size();
            if (!rows.next()) {
                return null;
            }
            if (!query.state.equals(rows.getString(columns + 1))) {
                throw new SQLException("The table " + change.table + " is being altered", NOT_YET);
            }
            commits.saw(PgSnapshot.parse(rows.getString(columns + 2)));
            var values = new HashMap<String, String>();
            for (int i = 0; i < columns; i++) {
                values.put(change.missing.get(i), rows.getString(i + 1));
            }
            return values;
        }
    }

    private Query query(Change change) throws SQLException {
        var attributes = Attributes.of(connection, change.table, publication);
        if (attributes == null) {
            throw unreadable(change.table, change.missing, "the table was dropped, renamed or moved since");
        }
        var then = attributes.of(change.columns);
        var sql = "SELECT " + change.missing.stream().map(c -> now(change, then, c)).map(a -> TableName.quote(a.name())).collect(Collectors.joining(", ")) + ", " + Attributes.stateOf(Long.toString(attributes.oid())) + ", pg_current_snapshot()::text"
                + " FROM " + (attributes.partitioned() ? "" : "ONLY ") + change.table.sql()
                + " WHERE " + change.key.stream().map(c -> now(change, then, c)).map(a -> TableName.quote(a.name()) + " " + a.equal() + " ?").collect(Collectors.joining(" AND "));
        if (queries.size() >= MOST_QUERIES) {
            queries.clear();
        }
        var query = new Query(sql, attributes.state());
        queries.put(change, query);
        return query;
    }

    /** What a column of the change is now. */
    private static Attributes.Attribute now(Change change, List<Attributes.Attribute> then, String column) {
        var attribute = then.get(change.columns.indexOf(column));
        if (attribute == null) {
            throw unreadable(change.table, change.missing, "the table was altered since, and the catalog does not tell which column '" + column + "' has become");
        }
        if (attribute.dropped()) {
            throw unreadable(change.table, change.missing, "the column '" + column + "' was dropped since");
        }
        return attribute;
    }

    private static IllegalArgumentException unreadable(TableName table, List<String> missing, String why) {
        return new IllegalArgumentException("A row of the table " + table + " cannot be written: an update left " + quoted(missing)
                + " as it was, so the WAL does not carry the value, and it cannot be read back (" + why + ")");
    }

    private static String quoted(List<String> columns) {
        return columns.stream().map(c -> "'" + c + "'").collect(Collectors.joining(", "));
    }

    @Override
    public void close() {
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
