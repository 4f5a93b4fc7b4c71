package io.millrace.capture.resnapshot;

import io.millrace.capture.row.Change;
import io.millrace.capture.row.TextRows;
import io.millrace.capture.source.SourceConnection;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Headers;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.postgresql.PGConnection;

/** Reads blocks of tables in the order in which Postgres stores them, a piece at a time, each in a short transaction of its own. Used by one thread. */
final class BlockReader implements AutoCloseable {

    /** A piece ends with the row that goes over one of these. */
    private static final int MOST_ROWS = 8_192;
    private static final long MOST_CHARACTERS = 8 << 20;
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
    /** Whose rows had so many characters on average in the last piece that was full. */
    private TableName measured;
    private long width;
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
            return piece(shape, part, from);
        } catch (SQLException | RuntimeException | Error e) {
            // Whatever ends it in the middle of a COPY: the driver would wait for the end of that before it rolls back.
            close();
            throw e;
        } finally {
            if (connection != null) {
                connection.rollback();
            }
        }
    }

    private Piece piece(TableShape shape, Loading.Part part, Place from) throws SQLException {
        var rows = new ArrayList<Change>();
        // One of its own: a piece that fails is read again from the same place.
        var behind = from == null ? new TreeSet<Long>() : new TreeSet<>(from.behind);
        long holder = from == null ? 0 : from.table;
        int most = most(part.table().table());
        int columns = shape.attributes().size();
        long characters = 0;
        long now = Headers.nowMicros();
        var copy = connection.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY (SELECT " + shape.columns() + ", tableoid, ctid FROM " + shape.from() + " WHERE ctid >= '(" + part.first() + ",0)'::tid AND ctid < '(" + part.end() + ",0)'::tid" + rest(from) + " LIMIT " + most + ") TO STDOUT");
        String[] texts = null;
        for (var line = copy.readFromCopy(); line != null; line = characters < MOST_CHARACTERS ? copy.readFromCopy() : null) {
            texts = CopyLine.values(line, columns + 2);
            long table = Long.parseLong(texts[columns]);
            if (table != holder) {
                behind.add(holder);
                holder = table;
            }
            characters += line.length;
            rows.add(Change.read(made, texts, now));
        }
        if (copy.isActive()) {
            // Postgres would send the rest, however much that is.
            close();
        } else if (rows.size() < most) {
            return new Piece(rows, null);
        }
        width = characters / rows.size();
        return new Piece(rows, new Place(holder, texts[columns + 1], behind));
    }

    /** So many rows that they hardly come to have more characters than a piece may: a connection on which rows are left cannot be kept. */
    private int most(TableName table) {
        if (!table.equals(measured)) {
            measured = table;
            width = 0;
        }
        return (int) Math.clamp(MOST_CHARACTERS / 2 / Math.max(1, width), 1, MOST_ROWS);
    }

    /** Partitions are read one after the other, so what is left is the rest of one, and those that did not come yet. */
    private static String rest(Place from) {
        return from == null ? "" : " AND tableoid <> ALL ('{" + from.behind.stream().map(String::valueOf).collect(Collectors.joining(",")) + "}'::oid[]) AND (tableoid <> " + from.table + " OR ctid > '" + from.row + "'::tid)";
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
