package io.millrace.capture.resnapshot;

import io.millrace.capture.row.TextRows;
import io.millrace.capture.source.KeyOperators;
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
import java.util.stream.IntStream;

/**
 * The columns of a table that the stream carries, and its key, as the catalog has them.
 *
 * @param partitioned whether its rows are in partitions; of a plain table only its own rows are read
 * @param attributes in the order of the table
 */
record TableShape(TableName table, boolean partitioned, List<Attribute> attributes) {

    /** Strategies of a btree. */
    private static final int LESS = 1;
    private static final int LESS_OR_EQUAL = 2;
    private static final int GREATER_OR_EQUAL = 4;
    private static final int GREATER = 5;
    /** In their order. */
    private static final List<String> PLAIN = List.of("<", "<=", "=", ">=", ">");

    private static final String COLUMNS = """
            WITH RECURSIVE domains AS (
              SELECT t.oid AS domain, t.typbasetype AS base, t.typtypmod AS typmod FROM pg_type t WHERE t.typtype = 'd'
              UNION ALL
              SELECT d.domain, t.typbasetype, CASE WHEN d.typmod = -1 THEN t.typtypmod ELSE d.typmod END FROM domains d JOIN pg_type t ON t.oid = d.base AND t.typtype = 'd')
            SELECT a.attname, root.oid, t.typname, root.typinput = 'array_in'::regproc, coalesce(d.typmod, a.atttypmod), NOT (a.attnotnull OR t.typtype = 'd' AND t.typnotnull),
                   CASE t.typnamespace WHEN 'pg_catalog'::regnamespace THEN t.typname ELSE '' END, format_type(a.atttypid, a.atttypmod),
                   coalesce(array_position((i.indkey::int2[])[0:i.indnkeyatts - 1], a.attnum), 0), c.relkind = 'p', operators.symbols, operators.collation
            FROM pg_class c
            JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
            %s
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND %s
            JOIN pg_type t ON t.oid = a.atttypid
            LEFT JOIN (SELECT d.* FROM domains d JOIN pg_type b ON b.oid = d.base AND b.typtype <> 'd') d ON d.domain = t.oid
            JOIN pg_type root ON root.oid = coalesce(d.base, t.oid)
            %s
            WHERE c.oid = to_regclass(?) AND %s
            ORDER BY a.attnum""".formatted(Published.JOINS, Published.COLUMN, KeyOperators.JOIN, Published.TABLE);

    /**
     * @param plain the type's name in {@code pg_catalog}, empty for any other
     * @param declared the type as a cast names it
     * @param key its place in the primary key from 1 on, 0 where it is no part of it
     * @param operators by which the key is ordered, in the order of a btree's strategies
     * @param collation by which a domain's values in the key are compared, null for that of the type
     */
    record Attribute(Column column, String plain, String declared, int key, List<String> operators, String collation) {

        private String text() {
            return TextSnapshot.expression(TableName.quote(column.name()), plain);
        }

        private String operator(int strategy) {
            return operators.get(strategy - 1);
        }

        private String literal(String printed) {
            return "'" + printed.replace("'", "''") + "'::" + declared + (collation == null ? "" : " COLLATE " + collation);
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
                            row.getString(7), row.getString(8), row.getInt(9), row.getArray(11) == null ? PLAIN : List.of((String[]) row.getArray(11).getArray()), row.getString(12)));
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
        return key().stream().map(this::qualified).collect(Collectors.joining(", "));
    }

    private String qualified(Attribute attribute) {
        return table.sql() + "." + TableName.quote(attribute.column.name());
    }

    /** Whether a row stands behind a key that Postgres printed, in the order of {@link #order}. */
    String behind(List<String> key) {
        return compared(GREATER, GREATER_OR_EQUAL, GREATER, key);
    }

    /** Whether a row stands before a key that Postgres printed or has it, in the same order. */
    String until(List<String> key) {
        return compared(LESS, LESS_OR_EQUAL, LESS_OR_EQUAL, key);
    }

    /** One comparison of rows where one name means the operators of all columns, which a server answers from the index alone. */
    private String compared(int strictly, int weakly, int last, List<String> texts) {
        var key = key();
        if (key.stream().map(a -> a.operator(last)).distinct().count() > 1) {
            return compared(strictly, weakly, last, key, texts);
        }
        return "(" + order() + ") " + key.getFirst().operator(last) + " (" + IntStream.range(0, key.size()).mapToObj(i -> key.get(i).literal(texts.get(i))).collect(Collectors.joining(", ")) + ")";
    }

    private String compared(int strictly, int weakly, int last, List<Attribute> key, List<String> texts) {
        var first = key.getFirst();
        var column = qualified(first) + " ";
        var literal = " " + first.literal(texts.getFirst());
        if (key.size() == 1) {
            return column + first.operator(last) + literal;
        }
        return "(" + column + first.operator(weakly) + literal + " AND (" + column + first.operator(strictly) + literal + " OR "
                + compared(strictly, weakly, last, key.subList(1, key.size()), texts.subList(1, texts.size())) + "))";
    }
}
