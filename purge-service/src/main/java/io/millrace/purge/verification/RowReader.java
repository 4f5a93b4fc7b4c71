package io.millrace.purge.verification;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Makes something of each row of an answer. */
@FunctionalInterface
interface RowReader<T> {

    T read(ResultSet row) throws SQLException;

    /** What the statement answers, all of it in memory: so it has to say how much that is at most. */
    default List<T> all(PreparedStatement statement) throws SQLException {
        var all = new ArrayList<T>();
        try (var rows = statement.executeQuery()) {
            while (rows.next()) {
                all.add(read(rows));
            }
        }
        return all;
    }
}
