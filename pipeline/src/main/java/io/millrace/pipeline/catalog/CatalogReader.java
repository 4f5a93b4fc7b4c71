package io.millrace.pipeline.catalog;

import io.millrace.pipeline.file.TableName;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads what {@code pg_catalog} says of tables; any role that may connect may read it. */
public final class CatalogReader {

    private static final String COLUMNS = """
            SELECT a.attname, format_type(a.atttypid, NULL), NOT a.attnotnull
            FROM pg_attribute a
            JOIN pg_class c ON c.oid = a.attrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = ? AND c.relname = ? AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY a.attnum""";

    private static final String GENERATED = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped AND attgenerated <> ''";

    private static final String KIND = "SELECT relkind, relpersistence FROM pg_class WHERE oid = to_regclass(?)";

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

    /** The tables among those named that exist: ordinary and partitioned ones; of what else there is by these names, why it cannot be followed. */
    public static Catalog read(Connection connection, Collection<TableName> names) throws SQLException {
        Map<TableName, Catalog.Table> tables = new LinkedHashMap<>();
        Map<TableName, String> unfit = new LinkedHashMap<>();
        Map<TableName, Set<String>> generated = new LinkedHashMap<>();
        for (var name : names) {
            var columns = columns(connection, name);
            if (!columns.isEmpty()) {
                tables.put(name, table(connection, name, columns));
                generated.put(name, generated(connection, name));
            }
            var why = unfit(connection, name);
            if (why != null) {
                unfit.put(name, why);
            }
        }
        return new Catalog(Map.copyOf(tables), Map.copyOf(unfit), Map.copyOf(generated));
    }

    private static Set<String> generated(Connection connection, TableName name) throws SQLException {
        var generated = new HashSet<String>();
        try (var statement = connection.prepareStatement(GENERATED)) {
            statement.setString(1, name.sql());
            try (var result = statement.executeQuery()) {
                while (result.next()) {
                    generated.add(result.getString(1));
                }
            }
        }
        return Set.copyOf(generated);
    }

    private static String unfit(Connection connection, TableName name) throws SQLException {
        try (var statement = connection.prepareStatement(KIND)) {
            statement.setString(1, name.sql());
            try (var result = statement.executeQuery()) {
                return result.next() ? unfit(result.getString(1), result.getString(2), name) : null;
            }
        }
    }

    private static String unfit(String kind, String persistence, TableName name) {
        return switch (kind) {
            case "r", "p" -> persistence.equals("p") ? null : "the table " + name + " is unlogged or temporary, so its changes are not in the log; run ALTER TABLE " + name.sql() + " SET LOGGED";
            case "v", "m" -> name + " is a view, whose changes are not in the log; name the tables under it, with where for its condition and one or many for its joins";
            case "f" -> name + " is a foreign table, whose changes are in another server's log; follow it there as a source of its own";
            default -> name + " is no table";
        };
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
