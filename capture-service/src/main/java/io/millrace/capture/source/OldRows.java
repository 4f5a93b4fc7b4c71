package io.millrace.capture.source;

import io.millrace.pipeline.file.TableName;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;

/** Rows of a table that were changed, or went, without a change in the log. */
final class OldRows {

    private static final int LONGEST_SECONDS = 10;
    /** The question was cancelled, or somebody has the table locked for longer than anybody here waits. */
    private static final Set<String> UNSEEN = Set.of("57014", "55P03");

    private OldRows() {}

    /**
     * @param before the form in which the rows are known
     * @return what happened to them, null where nothing did or none are left
     */
    static String of(Connection connection, TableName table, TableLook seen, TableForm before) throws SQLException {
        var truncated = seen.partitions() == null ? null : truncated(connection, seen.form(), before);
        if (truncated != null) {
            return truncated;
        }
        var changed = seen.form().since(before);
        return changed == null || seen.others().isEmpty() && isEmpty(connection, table, seen) ? null : changed;
    }

    private static boolean isEmpty(Connection connection, TableName table, TableLook seen) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.setQueryTimeout(LONGEST_SECONDS);
            try (var row = statement.executeQuery("SELECT EXISTS (SELECT FROM " + (seen.partitions() == null ? "ONLY " : "") + table.sql() + ")")) {
                row.next();
                return !row.getBoolean(1);
            }
        } catch (SQLException e) {
            if (UNSEEN.contains(String.valueOf(e.getSQLState()))) {
                return false;
            }
            throw e;
        }
    }

    /**
     * A truncate of one partition is not in the log under the partitioned table's name. It leaves a new file of which nobody has
     * counted the rows; a rewrite counts them. A truncate of the partitioned table, which is in the log, does the same to all partitions in one transaction.
     */
    private static String truncated(Connection connection, TableForm now, TableForm before) throws SQLException {
        var rewritten = now.rewritten(before);
        if (rewritten.isEmpty() || now.since(before) != null) {
            return null;
        }
        try (var statement = connection.prepareStatement("SELECT count(*) FILTER (WHERE reltuples < 0), count(DISTINCT xmin::text) FROM pg_class WHERE oid = ANY (?::oid[])")) {
            statement.setArray(1, connection.createArrayOf("bigint", rewritten.toArray()));
            try (var row = statement.executeQuery()) {
                row.next();
                boolean ofAll = rewritten.size() > 1 && rewritten.size() == before.files().size() && row.getInt(2) == 1;
                return row.getInt(1) == 0 || ofAll ? null : "a partition of it was truncated, which no change says";
            }
        }
    }
}
