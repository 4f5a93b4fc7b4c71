package io.millrace.capture.row;

import io.millrace.capture.column.ColumnConverter;
import io.millrace.capture.column.ColumnValue;
import io.millrace.capture.column.UnreadableException;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.schema.Column;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;

/** Makes rows and keys of one table of what Postgres prints for its columns. Thread-safe. */
public final class TextRows {

    /** In the place of a value that the log does not carry. Compared by identity. */
    public static final Object UNCHANGED = new Object();

    private final TableName table;
    private final Schema keys;
    private final Schema rows;
    private final Part key;
    private final Part row;
    /** By the place of the text. */
    private final boolean[] refusing;

    /** Fields of a struct, and which of the texts each is made of. */
    private record Part(Schema schema, Field[] fields, int[] texts, ColumnValue[] values) {

        private static Part of(TableName table, Schema schema, List<String> columns) {
            var fields = schema.fields().toArray(Field[]::new);
            var texts = new int[fields.length];
            var values = new ColumnValue[fields.length];
            var described = ConnectColumns.of(schema);
            for (int i = 0; i < fields.length; i++) {
                texts[i] = columns.indexOf(fields[i].name());
                if (texts[i] < 0) {
                    throw new IllegalArgumentException("The table " + table + " has the columns " + columns + " in the log, and no '" + fields[i].name() + "' among them");
                }
                values[i] = new ColumnValue(described.get(i));
            }
            return new Part(schema, fields, texts, values);
        }

        private Struct of(TableName table, Object[] all) {
            var struct = new Struct(schema);
            for (int i = 0; i < fields.length; i++) {
                var text = all[texts[i]];
                struct.put(fields[i], text == UNCHANGED ? ColumnConverter.missing(values[i].column()) : values[i].of(text, table));
            }
            return struct;
        }
    }

    /**
     * @param columns names of the columns, in the order of the texts
     * @param keys of the rows' keys, null where the table has no primary key
     * @param rows of the rows; columns that it lacks are left out
     */
    public TextRows(TableName table, List<String> columns, Schema keys, Schema rows) {
        this.table = table;
        this.keys = keys;
        this.rows = rows;
        this.key = keys == null ? null : Part.of(table, keys, columns);
        this.row = Part.of(table, rows, columns);
        this.refusing = new boolean[columns.size()];
        for (int i = 0; i < row.texts.length; i++) {
            refusing[row.texts[i]] = row.values[i].refusesSome();
        }
    }

    /** Of columns as the catalog describes them. */
    public static TextRows of(TableName table, List<Column> columns, List<Column> key) {
        return new TextRows(table, columns.stream().map(Column::name).toList(), ConnectColumns.struct(key), ConnectColumns.struct(columns));
    }

    public TableName table() {
        return table;
    }

    /** Whether there are texts that cannot stand at this place. */
    public boolean refusesSome(int text) {
        return refusing[text];
    }

    /** The columns of the rows' keys, none where the table has no primary key. */
    public Set<String> keyColumns() {
        return keys == null ? Set.of() : keys.fields().stream().map(Field::name).collect(Collectors.toUnmodifiableSet());
    }

    /** The schema of the rows. */
    public Schema rows() {
        return rows;
    }

    /**
     * The key of a row, null where the table has no primary key; its columns are null where the texts are.
     *
     * @param texts what Postgres prints for each column
     * @throws UnreadableException when one of them is no value of its column
     */
    public Struct key(Object[] texts) {
        return keys == null ? null : key.of(table, texts);
    }

    /**
     * The row, with a placeholder where a text is {@link #UNCHANGED}.
     *
     * @throws UnreadableException when one of the texts is no value of its column
     */
    public Struct row(Object[] texts) {
        return row.of(table, texts);
    }
}
