package io.millrace.capture.resnapshot;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.capture.continuity.Resnapshot;
import io.millrace.capture.resnapshot.RefusedException.Reason;
import io.millrace.capture.row.Change;
import io.millrace.capture.row.TextRows;
import io.millrace.capture.source.PgSnapshot;
import io.millrace.capture.source.SourceConnection;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Headers;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** Reads a table chunk by chunk in the order of its key, each chunk in a short transaction of its own. Used by one thread. */
final class ChunkReader implements AutoCloseable {

    /** A chunk ends with the row that goes over this, counted in characters. */
    private static final long MOST_CHARACTERS = 8 << 20;
    private static final int FETCHED = 256;
    /** Rows that a condition may pass over in one transaction, in chunks. */
    private static final int PASSED_OVER = 25;
    /** Errors of the statement itself: its data, its syntax, what it names, and too little right for it. */
    private static final Set<String> WRONG = Set.of("22", "42", "2F", "0A", "25");
    /** Whoever holds a lock longer, or plans worse, is told of in health. */
    private static final String LIMITS = "SET lock_timeout = '10s'; SET statement_timeout = '60s'";

    private final SourceConnection source;
    private final String sourceName;
    private final int mostRows;
    /** The last one that was seen, and what makes rows of it. */
    private TableShape known;
    private TextRows made;
    private Connection connection;

    /** @param mostRows rows of a chunk */
    ChunkReader(SourceConnection source, String sourceName, int mostRows) {
        this.source = source;
        this.sourceName = sourceName;
        this.mostRows = mostRows;
    }

    /**
     * The next chunk; null where the transaction that would read it does not see all that the stream has brought.
     *
     * @param seesAll whether a snapshot does
     */
    Chunk next(Resnapshot what, Predicate<PgSnapshot> seesAll) throws SQLException {
        if (connection == null) {
            connection = open(source);
        }
        try (var statement = connection.createStatement()) {
            // Before the snapshot: a rewrite of the table that ends behind it would show the snapshot an empty table.
            statement.execute("LOCK TABLE " + TableShape.from(what.name(), isPartitioned(what.name())) + " IN ACCESS SHARE MODE");
            if (!seesAll.test(PgSnapshot.of(statement))) {
                return null;
            }
            var shape = TableShape.of(connection, sourceName, what.name());
            if (!shape.equals(known)) {
                made = shape.rows();
                known = shape;
            }
            return chunk(statement, shape, what);
        } catch (SQLException e) {
            close();
            throw e;
        } finally {
            if (connection != null) {
                connection.rollback();
            }
        }
    }

    /** Asked in a transaction of its own, since any query would take the snapshot. */
    private boolean isPartitioned(TableName table) throws SQLException {
        try (var statement = connection.prepareStatement("SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(?)")) {
            statement.setString(1, table.sql());
            try (var row = statement.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        } finally {
            connection.rollback();
        }
    }

    private Chunk chunk(Statement statement, TableShape shape, Resnapshot what) throws SQLException {
        var behind = what.after() == null ? "true" : shape.behind(what.after());
        var end = what.where() == null ? null : end(statement, shape, behind);
        var condition = behind + (end == null ? "" : " AND " + shape.until(end)) + (what.where() == null ? "" : " AND (\n" + what.where() + "\n)");
        var rows = new ArrayList<Change>();
        var last = what.after();
        long characters = 0;
        statement.setFetchSize(FETCHED);
        try (var found = statement.executeQuery("SELECT " + shape.columns() + " FROM " + shape.from() + " WHERE " + condition + " ORDER BY " + shape.order() + " LIMIT " + mostRows)) {
            long now = Headers.nowMicros();
            while (characters < MOST_CHARACTERS && found.next()) {
                var texts = texts(found, shape.attributes().size());
                characters += texts.stream().mapToLong(t -> t == null ? 0 : t.length()).sum();
                rows.add(Change.read(made, texts.toArray(), now));
                last = shape.key().stream().map(a -> texts.get(shape.attributes().indexOf(a))).toList();
            }
        }
        if (rows.size() == mostRows || characters >= MOST_CHARACTERS) {
            return new Chunk(rows, last, false);
        }
        return end == null ? new Chunk(rows, last, true) : new Chunk(rows, end, false);
    }

    /** The key up to which a condition is held against rows, so that one that chooses few does not make a long transaction; null at the end of the table. */
    private List<String> end(Statement statement, TableShape shape, String behind) throws SQLException {
        try (var row = statement.executeQuery("SELECT " + shape.keyColumns() + " FROM " + shape.from() + " WHERE " + behind + " ORDER BY " + shape.order()
                + " OFFSET " + (long) mostRows * PASSED_OVER + " LIMIT 1")) {
            return row.next() ? texts(row, shape.key().size()) : null;
        }
    }

    private static List<String> texts(ResultSet row, int columns) throws SQLException {
        var texts = new ArrayList<String>(columns);
        for (int i = 1; i <= columns; i++) {
            texts.add(row.getString(i));
        }
        return texts;
    }

    private static Connection open(SourceConnection source) throws SQLException {
        var connection = source.open();
        try (var statement = connection.createStatement()) {
            statement.execute(LIMITS);
        }
        connection.setAutoCommit(false);
        connection.setReadOnly(true);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        return connection;
    }

    /**
     * How many rows a condition chooses by the planner's estimate.
     *
     * @param where null for all rows
     * @throws RefusedException when the condition is none
     * @throws SQLException when the database cannot be asked
     */
    static long estimate(SourceConnection source, String sourceName, TableName table, String where) throws RefusedException, SQLException {
        try (var connection = open(source); var statement = connection.createStatement()) {
            var shape = TableShape.of(connection, sourceName, table);
            if (where == null) {
                return planned(statement, "SELECT FROM " + shape.from());
            }
            // Without the parentheses one that closes them is refused, with them one that goes on behind a condition.
            planned(statement, "SELECT FROM " + shape.from() + " WHERE\n" + where + "\n");
            return planned(statement, "SELECT FROM " + shape.from() + " WHERE (\n" + where + "\n)");
        } catch (SQLException e) {
            if (e.getSQLState() != null && WRONG.contains(e.getSQLState().substring(0, 2))) {
                throw new RefusedException(Reason.WRONG, "Postgres refuses to read the table " + table + (where == null ? "" : " where " + where) + " (" + e.getMessage().lines().findFirst().orElse("") + "); correct it");
            }
            throw e;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Postgres explains the reading of " + table + " in a form that is not known: " + e.getOriginalMessage(), e);
        }
    }

    private static long planned(Statement statement, String query) throws SQLException, JsonProcessingException {
        try (var row = statement.executeQuery("EXPLAIN (FORMAT JSON) " + query)) {
            row.next();
            return new JsonMapper().readTree(row.getString(1)).path(0).path("Plan").path("Plan Rows").asLong();
        }
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
