package io.millrace.capture.resnapshot;

import io.millrace.capture.row.Change;
import io.millrace.capture.row.TextRows;
import io.millrace.capture.source.SourceConnection;
import io.millrace.pipeline.record.Headers;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Reads blocks of tables in the order in which Postgres stores them, a piece at a time, each in a short transaction of its own. Used by one thread. */
final class BlockReader implements AutoCloseable {

    /** A piece ends with the row that goes over one of these. */
    private static final int MOST_ROWS = 10_000;
    private static final long MOST_CHARACTERS = 8 << 20;
    private static final int FETCHED = 256;
    /** Rows come in the order of their places, or what is left of a piece could not be told by the last of them. */
    private static final String SETTINGS = "SET lock_timeout = '10s'; SET statement_timeout = '60s'; SET synchronize_seqscans = off; SET enable_seqscan = off; SET max_parallel_workers_per_gather = 0";
    private static final String FILES = """
            SELECT l.oid::bigint, l.relfilenode::bigint
            FROM (SELECT relid::oid AS oid FROM pg_partition_tree(to_regclass(%1$s)) WHERE isleaf UNION SELECT oid FROM pg_class WHERE oid = to_regclass(%1$s) AND relkind = 'r') f
            JOIN pg_class l ON l.oid = f.oid""";

    private final SourceConnection source;
    private final String sourceName;
    /** The last one that was seen, and what makes rows of it. */
    private TableShape known;
    private TextRows made;
    private Connection connection;

    /**
     * Where a piece ended.
     *
     * @param table oid of the one that holds its last row
     * @param row the place of that row in it
     * @param behind oids of those that were read before it
     */
    record Place(long table, String row, TreeSet<Long> behind) {}

    /**
     * What was read.
     *
     * @param rows as they were read
     * @param end where it ended; null where nothing of the part is left
     */
    record Piece(List<Change> rows, Place end) {}

    BlockReader(SourceConnection source, String sourceName) {
        this.source = source;
        this.sourceName = sourceName;
    }

    /**
     * The next piece of a part.
     *
     * @param from where the one before it ended, null for the first
     * @throws RewrittenException when the table's rows are in other files by now
     */
    Piece read(Loading.Part part, Place from) throws SQLException, RewrittenException {
        if (connection == null) {
            connection = open();
        }
        var table = part.table().table();
        boolean partitioned = part.table().known().partitions() != null;
        try (var statement = connection.createStatement()) {
            // Before the snapshot: a rewrite of the table that ends behind it would show the snapshot an empty table.
            statement.execute("LOCK TABLE " + TableShape.from(table, partitioned) + " IN ACCESS SHARE MODE");
            var files = new TreeMap<Long, Long>();
            try (var row = statement.executeQuery(FILES.formatted("'" + table.sql().replace("'", "''") + "'"))) {
                while (row.next()) {
                    files.put(row.getLong(1), row.getLong(2));
                }
            }
            if (!files.equals(part.table().known().form().files())) {
                throw new RewrittenException();
            }
            var shape = TableShape.of(connection, sourceName, table);
            if (!shape.equals(known)) {
                made = shape.rows();
                known = shape;
            }
            return piece(statement, shape, part, from);
        } catch (SQLException e) {
            close();
            throw e;
        } finally {
            if (connection != null) {
                connection.rollback();
            }
        }
    }

    private Piece piece(Statement statement, TableShape shape, Loading.Part part, Place from) throws SQLException {
        var rows = new ArrayList<Change>();
        // One of its own: a piece that fails is read again from the same place.
        var behind = from == null ? new TreeSet<Long>() : new TreeSet<>(from.behind);
        long holder = from == null ? 0 : from.table;
        long characters = 0;
        statement.setFetchSize(FETCHED);
        try (var found = statement.executeQuery("SELECT tableoid::bigint, ctid::text, " + shape.columns() + " FROM " + shape.from() + " WHERE ctid >= '(" + part.first() + ",0)'::tid AND ctid < '(" + part.end() + ",0)'::tid" + rest(from))) {
            long now = Headers.nowMicros();
            while (found.next()) {
                if (found.getLong(1) != holder) {
                    behind.add(holder);
                    holder = found.getLong(1);
                }
                var texts = texts(found, shape.attributes().size());
                for (var text : texts) {
                    characters += text == null ? 0 : text.length();
                }
                rows.add(Change.read(made, texts, now));
                if (rows.size() == MOST_ROWS || characters >= MOST_CHARACTERS) {
                    return new Piece(rows, new Place(holder, found.getString(2), behind));
                }
            }
        }
        return new Piece(rows, null);
    }

    /** Partitions are read one after the other, so what is left is the rest of one, and those that did not come yet. */
    private static String rest(Place from) {
        return from == null ? "" : " AND tableoid <> ALL ('{" + from.behind.stream().map(String::valueOf).collect(Collectors.joining(",")) + "}'::oid[]) AND (tableoid <> " + from.table + " OR ctid > '" + from.row + "'::tid)";
    }

    private static String[] texts(ResultSet row, int columns) throws SQLException {
        var texts = new String[columns];
        for (int i = 0; i < columns; i++) {
            texts[i] = row.getString(i + 3);
        }
        return texts;
    }

    private Connection open() throws SQLException {
        var opened = source.open();
        try (var statement = opened.createStatement()) {
            statement.execute(SETTINGS);
        }
        opened.setAutoCommit(false);
        opened.setReadOnly(true);
        opened.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        return opened;
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
