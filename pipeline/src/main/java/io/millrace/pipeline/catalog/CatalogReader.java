package io.millrace.pipeline.catalog;

import io.millrace.pipeline.file.TableName;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads what {@code pg_catalog} says of tables; any role that may connect may read it. */
public final class CatalogReader {

    private static final String COLUMNS = """
            SELECT a.attname, format_type(a.atttypid, NULL), NOT a.attnotnull
            FROM pg_attribute a
            JOIN pg_class c ON c.oid = a.attrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = ? AND c.relname = ? AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY a.attnum""";

    private static final String PARTITIONED = "SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(?)";

    private static final String KEYS = """
            SELECT i.indisprimary AND i.indimmediate, array_agg(a.attname ORDER BY k.place)
            FROM pg_index i
            JOIN pg_class c ON c.oid = i.indrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
            WHERE n.nspname = ? AND c.relname = ? AND i.indisunique AND i.indisvalid
              AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
            GROUP BY i.indexrelid, i.indisprimary, i.indimmediate
            ORDER BY i.indexrelid""";

    private CatalogReader() {}

    /** The tables among those named that exist: ordinary and partitioned ones, not views. */
    public static Catalog read(Connection connection, Collection<TableName> names) throws SQLException {
        Map<TableName, Catalog.Table> tables = new LinkedHashMap<>();
        for (var name : names) {
            var columns = columns(connection, name);
            if (!columns.isEmpty()) {
                tables.put(name, table(connection, name, columns));
            }
        }
        return new Catalog(Map.copyOf(tables));
    }

    private static List<Catalog.Column> columns(Connection connection, TableName name) throws SQLException {
        var columns = new ArrayList<Catalog.Column>();
        try (var statement = connection.prepareStatement(COLUMNS)) {
            statement.setString(1, name.schema());
            statement.setString(2, name.table());
            try (var result = statement.executeQuery()) {
                while (result.next()) {
                    columns.add(new Catalog.Column(result.getString(1), result.getString(2), result.getBoolean(3)));
                }
            }
        }
        return columns;
    }

    private static Catalog.Table table(Connection connection, TableName name, List<Catalog.Column> columns) throws SQLException {
        List<String> primaryKey = List.of();
        var uniqueKeys = new ArrayList<List<String>>();
        try (var statement = connection.prepareStatement(KEYS)) {
            statement.setString(1, name.schema());
            statement.setString(2, name.table());
            try (var result = statement.executeQuery()) {
                while (result.next()) {
                    var key = List.of((String[]) result.getArray(2).getArray());
                    if (result.getBoolean(1)) {
                        primaryKey = key;
                    } else {
                        uniqueKeys.add(key);
                    }
                }
            }
        }
        return new Catalog.Table(name, isPartitioned(connection, name), List.copyOf(columns), primaryKey, List.copyOf(uniqueKeys));
    }

    private static boolean isPartitioned(Connection connection, TableName name) throws SQLException {
        try (var statement = connection.prepareStatement(PARTITIONED)) {
            statement.setString(1, name.sql());
            try (var result = statement.executeQuery()) {
                return result.next() && result.getBoolean(1);
            }
        }
    }
}
