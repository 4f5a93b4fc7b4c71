package io.millrace.capture.resnapshot;

import io.millrace.capture.row.TextRows;
import io.millrace.capture.source.Published;
import io.millrace.capture.text.TextSnapshot;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.schema.Column;
import io.millrace.pipeline.topic.Topics;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The columns of a table that the stream carries, and its key, as the catalog has them.
 *
 * @param partitioned whether its rows are in partitions; of a plain table only its own rows are read
 * @param attributes in the order of the table
 */
record TableShape(TableName table, boolean partitioned, List<Attribute> attributes) {

    private static final String COLUMNS = """
            WITH RECURSIVE domains AS (
              SELECT t.oid AS domain, t.typbasetype AS base, t.typtypmod AS typmod FROM pg_type t WHERE t.typtype = 'd'
              UNION ALL
              SELECT d.domain, t.typbasetype, CASE WHEN d.typmod = -1 THEN t.typtypmod ELSE d.typmod END FROM domains d JOIN pg_type t ON t.oid = d.base AND t.typtype = 'd')
            SELECT a.attname, root.oid, t.typname, root.typinput = 'array_in'::regproc, coalesce(d.typmod, a.atttypmod), NOT (a.attnotnull OR t.typtype = 'd' AND t.typnotnull),
                   CASE t.typnamespace WHEN 'pg_catalog'::regnamespace THEN t.typname ELSE '' END, format_type(a.atttypid, a.atttypmod),
                   coalesce(array_position((i.indkey::int2[])[0:i.indnkeyatts - 1], a.attnum), 0), c.relkind = 'p'
            FROM pg_class c
            JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
            %s
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND %s
            JOIN pg_type t ON t.oid = a.atttypid
            LEFT JOIN (SELECT d.* FROM domains d JOIN pg_type b ON b.oid = d.base AND b.typtype <> 'd') d ON d.domain = t.oid
            JOIN pg_type root ON root.oid = coalesce(d.base, t.oid)
            WHERE c.oid = to_regclass(?) AND %s
            ORDER BY a.attnum""".formatted(Published.JOINS, Published.COLUMN, Published.TABLE);

    /**
     * @param plain the type's name in {@code pg_catalog}, empty for any other
     * @param declared the type as a cast names it
     * @param key its place in the primary key from 1 on, 0 where it is no part of it
     */
    record Attribute(Column column, String plain, String declared, int key) {

        private String text() {
            return TextSnapshot.expression(TableName.quote(column.name()), plain);
        }
    }

    /** @throws SQLException also when it has no primary key, or is not in the publication */
    static TableShape of(Connection connection, String sourceName, TableName table) throws SQLException {
        try (var statement = connection.prepareStatement(COLUMNS)) {
            statement.setString(1, Topics.publication(sourceName));
            statement.setString(2, table.sql());
            var attributes = new ArrayList<Attribute>();
            boolean partitioned = false;
            try (var row = statement.executeQuery()) {
                while (row.next()) {
                    partitioned = row.getBoolean(10);
                    attributes.add(new Attribute(Column.ofCatalog(row.getString(1), (int) row.getLong(2), row.getString(3), row.getBoolean(4), row.getInt(5), row.getBoolean(6)),
                            row.getString(7), row.getString(8), row.getInt(9)));
                }
            }
            if (attributes.stream().noneMatch(a -> a.key() > 0)) {
                throw new SQLException("The table " + table + " is not there, has no primary key, or is not in the publication " + Topics.publication(sourceName), "42P01");
            }
            return new TableShape(table, partitioned, List.copyOf(attributes));
        }
    }

    List<Attribute> key() {
        return attributes.stream().filter(a -> a.key > 0).sorted(Comparator.comparingInt(Attribute::key)).toList();
    }

    /** Makes rows of what Postgres prints for the columns. */
    TextRows rows() {
        return TextRows.of(table, attributes.stream().map(Attribute::column).toList(), key().stream().map(Attribute::column).toList());
    }

    /** What stands behind {@code FROM}. */
    String from() {
        return from(table, partitioned);
    }

    static String from(TableName table, boolean partitioned) {
        return (partitioned ? "" : "ONLY ") + table.sql();
    }

    /** Every column as text. */
    String columns() {
        return attributes.stream().map(Attribute::text).collect(Collectors.joining(", "));
    }

    /** The key's columns as text. */
    String keyColumns() {
        return key().stream().map(Attribute::text).collect(Collectors.joining(", "));
    }

    /** For {@code ORDER BY}: qualified, because a plain name would be that of the text. */
    String order() {
        return key().stream().map(a -> table.sql() + "." + TableName.quote(a.column.name())).collect(Collectors.joining(", "));
    }

    /** A comparison of the key with one that Postgres printed. */
    String compared(String operator, List<String> key) {
        var values = new ArrayList<String>();
        for (int i = 0; i < key.size(); i++) {
            values.add("'" + key.get(i).replace("'", "''") + "'::" + key().get(i).declared);
        }
        return "(" + order() + ") " + operator + " (" + String.join(", ", values) + ")";
    }
}
