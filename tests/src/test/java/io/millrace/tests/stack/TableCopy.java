package io.millrace.tests.stack;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Tables of a database held against a copy of them, row by row and column by column, each value as the text that Postgres prints. */
public final class TableCopy {

    private static final int MOST_SHOWN = 5;

    private final Connection source;
    private final Connection copy;

    /** @param copy of the same server settings, as far as they say how values are printed */
    public TableCopy(Connection source, Connection copy) {
        this.source = source;
        this.copy = copy;
    }

    /**
     * What differs of a table.
     *
     * @return empty where it is equal; else some of the rows of either side that the other has not
     */
    public List<String> differences(String table) throws SQLException {
        var columns = columns(source, table);
        if (!exists(table)) {
            return rows(source, table, columns).isEmpty() ? List.of() : List.of("the copy has no table " + table);
        }
        var lacking = new ArrayList<>(columns);
        lacking.removeAll(columns(copy, table));
        if (!lacking.isEmpty()) {
            return List.of("the copy of " + table + " has no " + lacking);
        }
        var expected = rows(source, table, columns);
        var found = rows(copy, table, columns);
        var differences = new ArrayList<String>();
        expected.stream().filter(row -> !found.contains(row)).limit(MOST_SHOWN).forEach(row -> differences.add(table + " of the source has " + row));
        found.stream().filter(row -> !expected.contains(row)).limit(MOST_SHOWN).forEach(row -> differences.add(table + " of the copy has " + row));
        return differences;
    }

    private boolean exists(String table) throws SQLException {
        try (var query = copy.prepareStatement("SELECT to_regclass(?) IS NOT NULL")) {
            query.setString(1, "public." + table);
            try (var row = query.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    private static List<String> columns(Connection connection, String table) throws SQLException {
        var columns = new ArrayList<String>();
        try (var query = connection.prepareStatement("SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ? ORDER BY ordinal_position")) {
            query.setString(1, table);
            try (var rows = query.executeQuery()) {
                while (rows.next()) {
                    columns.add(rows.getString(1));
                }
            }
        }
        return columns;
    }

    private static TreeSet<String> rows(Connection connection, String table, List<String> columns) throws SQLException {
        var texts = new TreeSet<String>();
        var query = "SELECT " + String.join(", ", columns.stream().map(column -> '"' + column + "\"::text").toList()) + " FROM public." + table;
        try (var statement = connection.createStatement(); var rows = statement.executeQuery(query)) {
            while (rows.next()) {
                var row = new StringBuilder();
                for (int i = 0; i < columns.size(); i++) {
                    row.append(i == 0 ? "" : ", ").append(columns.get(i)).append('=').append(rows.getString(i + 1));
                }
                texts.add(row.toString());
            }
        }
        return texts;
    }
}
