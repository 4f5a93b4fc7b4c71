package io.millrace.provisioner.draft;

import io.millrace.pipeline.catalog.Catalog;
import io.millrace.pipeline.catalog.CatalogReader;
import io.millrace.pipeline.file.TableName;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a draft needs to know of a database.
 *
 * @param catalog every table that a foreign key touches, and the root
 * @param foreignKeys all of the database, by the tables that have them
 * @param generated the columns that Postgres computes, as {@code schema.table.column}
 * @param unlogged the tables whose changes are not in the log
 */
record Database(Catalog catalog, List<ForeignKey> foreignKeys, Set<String> generated, Set<TableName> unlogged) {

    private static final String FOREIGN_KEYS = """
            SELECT fn.nspname, fc.relname, array_agg(fa.attname::text ORDER BY k.place), tn.nspname, tc.relname, array_agg(ta.attname::text ORDER BY k.place)
            FROM pg_constraint con
            JOIN pg_class fc ON fc.oid = con.conrelid JOIN pg_namespace fn ON fn.oid = fc.relnamespace
            JOIN pg_class tc ON tc.oid = con.confrelid JOIN pg_namespace tn ON tn.oid = tc.relnamespace
            CROSS JOIN LATERAL unnest(con.conkey, con.confkey) WITH ORDINALITY AS k (f, t, place)
            JOIN pg_attribute fa ON fa.attrelid = con.conrelid AND fa.attnum = k.f
            JOIN pg_attribute ta ON ta.attrelid = con.confrelid AND ta.attnum = k.t
            WHERE con.contype = 'f' AND con.conparentid = 0 AND NOT fc.relispartition
            GROUP BY con.oid, fn.nspname, fc.relname, tn.nspname, tc.relname
            ORDER BY fn.nspname, fc.relname, min(k.f), con.conname""";
    private static final String GENERATED = """
            SELECT n.nspname, c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE a.attgenerated <> '' AND NOT a.attisdropped AND c.relkind IN ('r', 'p')""";
    private static final String UNLOGGED = "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 'p'";

    static Database read(Connection connection, TableName root) throws SQLException {
        var foreignKeys = new ArrayList<ForeignKey>();
        var tables = new TreeSet<TableName>(Set.of(root));
        try (var statement = connection.createStatement(); var result = statement.executeQuery(FOREIGN_KEYS)) {
            while (result.next()) {
                var key = new ForeignKey(new TableName(result.getString(1), result.getString(2)), strings(result.getArray(3)), new TableName(result.getString(4), result.getString(5)), strings(result.getArray(6)));
                foreignKeys.add(key);
                tables.add(key.from());
                tables.add(key.to());
            }
        }
        var generated = new HashSet<String>();
        try (var statement = connection.createStatement(); var result = statement.executeQuery(GENERATED)) {
            while (result.next()) {
                generated.add(column(new TableName(result.getString(1), result.getString(2)), result.getString(3)));
            }
        }
        var unlogged = new HashSet<TableName>();
        try (var statement = connection.createStatement(); var result = statement.executeQuery(UNLOGGED)) {
            while (result.next()) {
                unlogged.add(new TableName(result.getString(1), result.getString(2)));
            }
        }
        return new Database(CatalogReader.read(connection, tables), List.copyOf(foreignKeys), Set.copyOf(generated), Set.copyOf(unlogged));
    }

    private static List<String> strings(java.sql.Array array) throws SQLException {
        return List.of((String[]) array.getArray());
    }

    private static String column(TableName table, String column) {
        return table + "." + column;
    }

    boolean isGenerated(TableName table, String name) {
        return generated.contains(column(table, name));
    }

    /** The table, or null where it does not exist or is a view. */
    Catalog.Table table(TableName name) {
        return catalog.tables().get(name);
    }

    /** Why the rows of a table cannot be replicated; null where they can. */
    String unfit(TableName name) {
        var table = table(name);
        if (table == null) {
            return "it is a view or a foreign table, whose changes are not in the log";
        }
        if (unlogged.contains(name)) {
            return "it is unlogged, so its changes are not in the log; ALTER TABLE " + name.sql() + " SET LOGGED brings them there";
        }
        return table.primaryKey().isEmpty() ? "it has no primary key, by which its rows are known, or a DEFERRABLE one" : null;
    }

    List<ForeignKey> of(TableName table) {
        return foreignKeys.stream().filter(key -> key.from().equals(table)).toList();
    }

    List<ForeignKey> to(TableName table) {
        return foreignKeys.stream().filter(key -> key.to().equals(table) && !key.isOfItself()).toList();
    }

    /** Whether at most one row has any one value of the key's columns. */
    boolean isUnique(ForeignKey key) {
        var table = table(key.from());
        var columns = new HashSet<>(key.columns());
        return columns.containsAll(table.primaryKey()) && !table.primaryKey().isEmpty() || table.uniqueKeys().stream().anyMatch(columns::containsAll);
    }

    /** The other foreign key of a table that does nothing but link two others; null of any other table. */
    ForeignKey beyond(ForeignKey key) {
        var keys = of(key.from());
        if (keys.size() != 2) {
            return null;
        }
        var other = keys.getFirst().equals(key) ? keys.getLast() : keys.getFirst();
        var columns = new HashSet<>(key.columns());
        columns.addAll(other.columns());
        var primary = table(key.from()).primaryKey();
        return !primary.isEmpty() && columns.containsAll(primary) && !isUnique(key) ? other : null;
    }
}
