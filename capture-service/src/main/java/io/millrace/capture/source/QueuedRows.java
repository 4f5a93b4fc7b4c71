package io.millrace.capture.source;

import io.millrace.pipeline.file.TableName;
import java.sql.SQLException;
import java.util.Collection;

/** The rows of tables that hold requests or events, of which there are mostly none. */
public final class QueuedRows {

    private QueuedRows() {}

    /** Whether one of the tables has a row now. */
    public static boolean exist(SourceConnection source, Collection<TableName> tables) throws SQLException {
        try (var connection = source.open(); var statement = connection.createStatement()) {
            for (var table : tables) {
                try (var row = statement.executeQuery("SELECT EXISTS (SELECT FROM " + table.sql() + ")")) {
                    row.next();
                    if (row.getBoolean(1)) {
                        return true;
                    }
                }
            }
            return false;
        }
    }
}
