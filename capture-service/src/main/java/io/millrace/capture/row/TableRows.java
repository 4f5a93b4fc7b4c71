package io.millrace.capture.row;

import io.millrace.capture.column.ColumnConverter;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.schema.Column;
import io.millrace.pipeline.schema.RowSchemas;
import io.millrace.pipeline.topic.Topics;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.Struct;

/**
 * One table as one schema of its rows describes it. A change of the table gives a new schema, and with it a new instance of this
 * class. Not thread-safe.
 */
final class TableRows {

    /** The registry's answer for one Connect schema. */
    private interface Ids {
        int of(String subject, org.apache.avro.Schema schema) throws InterruptedException;
    }

    final TableName table;
    final String topic;
    final Transforms transforms;
    final Form form;
    final TableMeters meters;
    /** The field of the trace context in the row as Debezium has it, null where the table has none. */
    final Field trace;

    private final String sourceName;
    private final Ids ids;
    private final List<Field> outOfLine;
    /** Columns that had a null though the catalog says that they take none. */
    private final Set<String> mayBeNull = new HashSet<>();
    /** Null until it is needed. */
    private FormedRows formed;
    private RowEncoder keys;
    private Schema keySchema;
    private RowEncoder values;
    private Schema valueSchema;

    TableRows(String sourceName, TableName table, Schema rows, Form form, Transforms transforms, TableMeters meters, Environment environment) {
        this.sourceName = sourceName;
        this.table = table;
        this.topic = Topics.captured(sourceName, table);
        this.form = form;
        this.transforms = transforms;
        this.meters = meters;
        this.ids = environment::schemaId;
        trace = rows.field(Tracing.COLUMN);
        outOfLine = rows.fields().stream()
                .filter(f -> form.takes(f.name()))
                .filter(f -> f.schema().type() == Schema.Type.STRING || f.schema().type() == Schema.Type.BYTES || f.schema().type() == Schema.Type.ARRAY)
                .toList();
    }

    /**
     * The row in the form that the pipeline file asks for, null for one that does not go.
     *
     * @throws IllegalArgumentException when it cannot have that form
     */
    Struct formed(Struct row, Schema key) {
        if (form.asked().isAsItIs()) {
            return row;
        }
        if (formed == null) {
            formed = new FormedRows(table, form, row.schema(), key);
        }
        return formed.of(row);
    }

    /** @throws UnnamedRowException when columns of the key are null */
    byte[] key(Struct key, AvroBuffer buffer) throws InterruptedException {
        if (keySchema != key.schema()) {
            var columns = ConnectColumns.of(key.schema());
            keys = new RowEncoder(key.schema(), columns, ids.of(Topics.keySubject(topic), RowSchemas.key(sourceName, table, columns)));
            keySchema = key.schema();
        }
        var bytes = named("key", keys, key, buffer);
        if (bytes == null) {
            throw new UnnamedRowException("A row of the table " + table + " cannot be written: the change carries no " + keys.unexpectedNulls(key)
                    + " of its primary key, because the table's replica identity was an index without it");
        }
        return bytes;
    }

    byte[] value(Struct row, AvroBuffer buffer) throws InterruptedException {
        // A transform may make an equal schema anew for each record.
        if (valueSchema != row.schema() && !row.schema().equals(valueSchema)) {
            mayBeNull.clear();
            values = rowEncoder(row.schema());
        }
        valueSchema = row.schema();
        var bytes = named("row", values, row, buffer);
        if (bytes == null) {
            // Debezium asks the catalog of today for nullability; a change from before SET NOT NULL may still hold a null.
            mayBeNull.addAll(values.unexpectedNulls(row));
            values = rowEncoder(row.schema());
            bytes = named("row", values, row, buffer);
        }
        return bytes;
    }

    private RowEncoder rowEncoder(Schema schema) throws InterruptedException {
        var columns = ConnectColumns.of(schema).stream()
                .map(c -> mayBeNull.contains(c.name()) ? new Column(c.name(), c.pgType(), c.array(), c.length(), c.scale(), true) : c)
                .toList();
        return new RowEncoder(schema, columns, ids.of(Topics.valueSubject(topic), RowSchemas.value(sourceName, table, columns)));
    }

    private byte[] named(String part, RowEncoder encoder, Struct struct, AvroBuffer buffer) {
        try {
            return encoder.encode(struct, buffer);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("A " + part + " of the table " + table + " cannot be written: " + e.getMessage(), e);
        }
    }

    /** The columns whose value the WAL did not carry. */
    List<String> missing(Struct row) {
        List<String> missing = List.of();
        for (var field : outOfLine) {
            if (ColumnConverter.isMissing(row.getWithoutDefault(field.name()))) {
                missing = missing.isEmpty() ? new ArrayList<>() : missing;
                missing.add(field.name());
            }
        }
        return missing;
    }

    /** Puts the values that the table has now in the place of the missing ones. */
    void complete(Struct row, Map<String, String> texts) {
        for (Column column : ConnectColumns.of(row.schema())) {
            if (texts.containsKey(column.name())) {
                try {
                    row.put(column.name(), ColumnConverter.fromText(column, texts.get(column.name())));
                } catch (RuntimeException e) {
                    throw new IllegalArgumentException("A row of the table " + table + " cannot be written: an update left '" + column.name()
                            + "' as it was, and what the table has there now is no " + column.catalogType() + " any more", e);
                }
            }
        }
    }

    static List<Column> columns(Schema schema) {
        return ConnectColumns.of(schema);
    }

}
