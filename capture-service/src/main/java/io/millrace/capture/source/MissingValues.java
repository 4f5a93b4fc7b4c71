package io.millrace.capture.source;

import io.millrace.capture.column.PgText;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.schema.Column;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Reads values from the table itself that an update left untouched, and the WAL therefore does not carry.
 *
 * <p>What it reads may be newer than the change; the change that made it newer is still to come in the stream, so the row
 * ends right. A row that is gone needs nothing: its delete is still to come. Not thread-safe.
 */
public final class MissingValues implements AutoCloseable {

    private final SourceConnection source;
    private Connection connection;

    public MissingValues(SourceConnection source) {
        this.source = source;
    }

    /**
     * The missing columns' values as Postgres prints them.
     *
     * @param key the primary key's values, as they stand in a row, in the order of {@code keyColumns}
     * @return a text, or null, for each of the missing columns by name; null when the row is gone
     * @throws SQLException when the database cannot be asked; the next call connects again
     */
    public Map<String, String> read(TableName table, List<Column> keyColumns, List<Object> key, List<String> missing) throws SQLException {
        try {
            if (connection == null) {
                connection = source.open();
            }
            return query(table, keyColumns, key, missing);
        } catch (SQLException e) {
            close();
            throw e;
        }
    }

    private Map<String, String> query(TableName table, List<Column> keyColumns, List<Object> key, List<String> missing) throws SQLException {
        var sql = "SELECT " + missing.stream().map(c -> TableName.quote(c) + "::text").collect(Collectors.joining(", "))
                + " FROM " + table.sql()
                + " WHERE " + keyColumns.stream().map(c -> TableName.quote(c.name()) + " = ?").collect(Collectors.joining(" AND "));
        try (var statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < key.size(); i++) {
                statement.setString(i + 1, PgText.print(keyColumns.get(i), key.get(i)));
            }
            try (var rows = statement.executeQuery()) {
                if (!rows.next()) {
                    return null;
                }
                var values = new HashMap<String, String>();
                for (int i = 0; i < missing.size(); i++) {
                    values.put(missing.get(i), rows.getString(i + 1));
                }
                return values;
            }
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
