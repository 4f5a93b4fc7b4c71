package io.millrace.pipeline.schema;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.type.ColumnType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;

/**
 * Derives the Avro schemas of a table's records.
 *
 * <p>The same columns always give the same text, so that the registry gives the same id. It needs no server and no
 * framework: whoever knows a table's columns can ask what capture would register for it.
 */
public final class RowSchemas {

    private RowSchemas() {}

    /** The schema of the row itself: every column, in the order of the table. */
    public static Schema value(String source, TableName table, List<Column> columns) {
        return record(source, table, name(table.table()), columns);
    }

    /** The schema of the key: the primary key's columns, in the order of the key, none of them nullable. */
    public static Schema key(String source, TableName table, List<Column> primaryKey) {
        var columns = primaryKey.stream()
                .map(c -> new Column(c.name(), c.pgType(), c.array(), c.length(), c.scale(), false))
                .toList();
        return record(source, table, name(table.table()) + "Key", columns);
    }

    private static Schema record(String source, TableName table, String name, List<Column> columns) {
        var fields = new ArrayList<Schema.Field>(columns.size());
        for (var column : columns) {
            fields.add(field(column));
        }
        return Schema.createRecord(name, null, name(source) + "." + name(table.schema()), false, fields);
    }

    private static Schema.Field field(Column column) {
        var value = column.encoding().avro();
        if (column.array()) {
            value = Schema.createArray(Schema.createUnion(Schema.create(Schema.Type.NULL), value));
        }
        var name = name(column.name());
        var field = column.nullable()
                ? new Schema.Field(name, Schema.createUnion(Schema.create(Schema.Type.NULL), value), null, Schema.Field.NULL_DEFAULT_VALUE)
                : new Schema.Field(name, value, null, null);
        field.addProp(ColumnType.PG_TYPE, column.catalogType());
        if (column.length() > 0) {
            field.addProp(ColumnType.PG_LENGTH, (Object) column.length());
        }
        if (column.scale() != 0) {
            field.addProp(ColumnType.PG_SCALE, (Object) column.scale());
        }
        if (!name.equals(column.name())) {
            field.addProp(ColumnType.PG_NAME, column.name());
        }
        return field;
    }

    /**
     * A name as Avro takes it: letters, digits and underscores, not beginning with a digit. Every other byte becomes an
     * underscore and two hex digits.
     */
    static String name(String name) {
        var safe = new StringBuilder(name.length());
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            boolean letter = b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_';
            if (letter || b >= '0' && b <= '9' && !safe.isEmpty()) {
                safe.append((char) b);
            } else {
                safe.append('_').append(Character.forDigit(b >> 4 & 0xF, 16)).append(Character.forDigit(b & 0xF, 16));
            }
        }
        return safe.toString();
    }
}
