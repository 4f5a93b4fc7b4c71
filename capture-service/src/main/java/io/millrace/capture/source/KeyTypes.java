package io.millrace.capture.source;

import io.millrace.pipeline.file.TableName;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;

/** The types of which primary keys are made. */
public final class KeyTypes {

    private KeyTypes() {}

    /** The catalog's names of the types of the tables' primary keys, with the schema where that is not {@code pg_catalog}. */
    public static Set<String> of(SourceConnection source, Collection<TableName> tables) throws SQLException {
        var types = new TreeSet<String>();
        try (var connection = source.open(); var statement = connection.prepareStatement("""
                SELECT DISTINCT CASE t.typnamespace WHEN 'pg_catalog'::regnamespace THEN t.typname ELSE t.typnamespace::regnamespace || '.' || t.typname END
                FROM pg_index i
                JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
                JOIN pg_type t ON t.oid = a.atttypid
                WHERE i.indisprimary AND i.indrelid = ANY (SELECT to_regclass(name) FROM unnest(?::text[]) AS name)""")) {
            statement.setArray(1, connection.createArrayOf("text", tables.stream().map(TableName::sql).toArray()));
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    types.add(rows.getString(1));
                }
            }
        }
        return types;
    }
}
