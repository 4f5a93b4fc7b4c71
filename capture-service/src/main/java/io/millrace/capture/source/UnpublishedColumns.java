package io.millrace.capture.source;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The columns that the publication leaves out: generated ones, and those that its column lists do not name. The stream
 * does not carry them, so a snapshot must not read them either, or a table would have two schemas.
 */
public final class UnpublishedColumns {

    private UnpublishedColumns() {}

    /** The columns by table; a table of which everything is published is not in the answer. */
    public static Map<TableName, Set<String>> of(SourceConnection source, String sourceName, Collection<TableName> tables) throws SQLException {
        var columns = new TreeMap<TableName, Set<String>>();
        try (var connection = source.open(); var statement = connection.prepareStatement("""
                SELECT t.schema, t.name, a.attname
                FROM unnest(?::text[], ?::text[]) t(schema, name)
                JOIN pg_namespace n ON n.nspname = t.schema
                JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                %s
                WHERE %s AND NOT %s""".formatted(Published.JOINS, Published.TABLE, Published.COLUMN))) {
            statement.setArray(1, connection.createArrayOf("text", tables.stream().map(TableName::schema).toArray()));
            statement.setArray(2, connection.createArrayOf("text", tables.stream().map(TableName::table).toArray()));
            statement.setString(3, Topics.publication(sourceName));
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    columns.computeIfAbsent(new TableName(rows.getString(1), rows.getString(2)), _ -> new TreeSet<>()).add(rows.getString(3));
                }
            }
        }
        return columns;
    }
}
