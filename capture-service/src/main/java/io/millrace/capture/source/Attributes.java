package io.millrace.capture.source;

import io.millrace.pipeline.file.TableName;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The attributes of a table as the catalog has them now, and which of them the columns of an older change were.
 *
 * @param oid the table's
 * @param partitioned whether the rows are in the partitions
 * @param all what was ever published, in the order of their numbers
 * @param state changes whenever an attribute is added, dropped or renamed
 */
record Attributes(long oid, boolean partitioned, List<Attribute> all, String state) {

    /** @param equal the operator by which a value of it is found in the primary key */
    record Attribute(String name, boolean dropped, String equal) {}

    /** SQL for {@link #state} of the table with this id. */
    static String stateOf(String oid) {
        return "(SELECT string_agg(attname, '/' ORDER BY attnum) FROM pg_attribute WHERE attrelid = " + oid + " AND attnum > 0)";
    }

    /** Null where there is no such table. */
    static Attributes of(Connection connection, TableName table, String publication) throws SQLException {
        try (var statement = connection.prepareStatement("""
                SELECT c.oid, c.relkind = 'p', a.attname, a.attisdropped, %s, CASE WHEN operators.usable THEN operators.symbols[3] ELSE '=' END
                FROM pg_class c
                JOIN pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
                %s
                %s
                WHERE n.nspname = ? AND c.relname = ? AND (a.attisdropped OR %s)
                ORDER BY a.attnum""".formatted(stateOf("c.oid"), KeyOperators.JOIN, Published.JOINS, Published.COLUMN))) {
            statement.setString(1, publication);
            statement.setString(2, table.schema());
            statement.setString(3, table.table());
            try (var rows = statement.executeQuery()) {
                Attributes attributes = null;
                while (rows.next()) {
                    attributes = attributes == null ? new Attributes(rows.getLong(1), rows.getBoolean(2), new ArrayList<>(), rows.getString(5)) : attributes;
                    attributes.all.add(new Attribute(rows.getString(3), rows.getBoolean(4), rows.getString(6)));
                }
                return attributes;
            }
        }
    }

    /**
     * The attributes that the columns of a change are. Numbers are given in order and never again, so whatever is there now
     * and stands before the change's last column was there then, under this name or another; what is dropped now was there
     * or not. Of all the ways to read it the one with the most equal names is taken.
     *
     * @param columns the columns of the change, in the order of the stream, which is that of the numbers
     * @return for each column its attribute; null for one that may be this or that
     */
    List<Attribute> of(List<String> columns) {
        int[][] equal = new int[columns.size() + 1][all.size() + 1];
        for (int c = columns.size() - 1; c >= 0; c--) {
            equal[c][all.size()] = Integer.MIN_VALUE / 2;
            for (int a = all.size() - 1; a >= 0; a--) {
                int taken = equal[c + 1][a + 1] + (all.get(a).name.equals(columns.get(c)) ? 1 : 0);
                equal[c][a] = all.get(a).dropped ? Math.max(taken, equal[c][a + 1]) : taken;
            }
        }
        if (equal[0][0] < 0) {
            return IntStream.range(0, columns.size()).<Attribute>mapToObj(_ -> null).toList();
        }
        var early = path(columns, equal, true);
        var late = path(columns, equal, false);
        return IntStream.range(0, columns.size()).mapToObj(c -> early[c] == late[c] ? all.get(early[c]) : null).toList();
    }

    private int[] path(List<String> columns, int[][] equal, boolean early) {
        var path = new int[columns.size()];
        for (int c = 0, a = 0; c < columns.size(); a++) {
            int taken = equal[c + 1][a + 1] + (all.get(a).name.equals(columns.get(c)) ? 1 : 0);
            boolean skippable = all.get(a).dropped && equal[c][a + 1] == equal[c][a];
            if (taken == equal[c][a] && (early || !skippable)) {
                path[c++] = a;
            }
        }
        return path;
    }
}
