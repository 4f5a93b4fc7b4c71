package io.millrace.capture.source;

import io.millrace.pipeline.file.TableName;
import java.sql.Connection;
import java.sql.SQLException;

/** Rows of a table that were changed, or went, without a change in the log. */
final class OldRows {

    private static final int LONGEST_SECONDS = 10;

    private OldRows() {}

    /**
     * The table as it was seen, with what happened to its rows.
     *
     * @param before what is known of it; both have a form
     * @return in the form of before where the stream may still explain its new files
     */
    static TableLook compared(Looking looking, TableName table, TableLook seen, TableLook.Before before) throws SQLException {
        var changed = seen.form().since(before.form());
        boolean old = changed != null && !(seen.others().isEmpty() && isEmpty(looking.connection(), table, seen));
        var files = old ? NewFiles.Verdict.EXPLAINED : NewFiles.of(looking, table, seen, before);
        if (files == NewFiles.Verdict.AWAITED) {
            return seen.withForm(before.form(), null);
        }
        looking.truncates().settled(table);
        var lost = files == NewFiles.Verdict.UNEXPLAINED ? "a partition of it was truncated, or written while it was unlogged, which no change says" : null;
        return seen.withForm(seen.form().following(before.form()), old ? changed : lost);
    }

    private static boolean isEmpty(Connection connection, TableName table, TableLook seen) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.setQueryTimeout(LONGEST_SECONDS);
            try (var row = statement.executeQuery("SELECT EXISTS (SELECT FROM " + (seen.partitions() == null ? "ONLY " : "") + table.sql() + ")")) {
                row.next();
                return !row.getBoolean(1);
            }
        } catch (SQLException e) {
            if (NewFiles.UNSEEN.contains(String.valueOf(e.getSQLState()))) {
                return false;
            }
            throw e;
        }
    }
}
