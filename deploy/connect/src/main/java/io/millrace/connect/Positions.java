package io.millrace.connect;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.transforms.Transformation;

/**
 * Leaves in a copy of a table what is needed to tell which of its rows a {@code TRUNCATE} took: each row has its position, and each {@code TRUNCATE} becomes a row of {@value #TRUNCATED}.
 * Rows of a lower position than the highest one there are gone. No sink could take them away by itself: the record goes to every partition, and a sink reads some of them later than others.
 *
 * <p>Wants {@code header.converter=org.apache.kafka.connect.converters.ByteArrayConverter}, and what names the tables by topics before it.
 */
public final class Positions<R extends ConnectRecord<R>> implements Transformation<R> {

    /** The topic to which truncates go, and so the table. */
    static final String TRUNCATED = "millrace_truncated";
    /** 16 bytes, which are ordered as the changes were. */
    static final String POSITION = "millrace_position";

    private static final byte[] TRUNCATE = {'t'};
    private static final Schema KEY = SchemaBuilder.struct().name("io.millrace.TruncatedKey").field("table_name", Schema.STRING_SCHEMA).field("partition", Schema.INT32_SCHEMA).build();
    private static final Schema VALUE = SchemaBuilder.struct().name("io.millrace.Truncated").field("table_name", Schema.STRING_SCHEMA).field("partition", Schema.INT32_SCHEMA)
            .field(POSITION, Schema.OPTIONAL_BYTES_SCHEMA).build();

    private final Map<Schema, Schema> shapes = new ConcurrentHashMap<>();

    @Override
    public void configure(Map<String, ?> settings) {
        // There is nothing to choose.
    }

    @Override
    public ConfigDef config() {
        return new ConfigDef();
    }

    @Override
    public R apply(R row) {
        if (Arrays.equals(TRUNCATE, header(row, "millrace-op"))) {
            return truncated(row);
        }
        return row.value() instanceof Struct value ? placed(row, value) : row;
    }

    private R truncated(R row) {
        var key = new Struct(KEY).put("table_name", row.topic()).put("partition", row.kafkaPartition());
        var value = new Struct(VALUE).put("table_name", row.topic()).put("partition", row.kafkaPartition()).put(POSITION, position(row));
        return row.newRecord(TRUNCATED, row.kafkaPartition(), KEY, key, VALUE, value, row.timestamp());
    }

    private R placed(R row, Struct value) {
        var shape = shapes.computeIfAbsent(value.schema(), Positions::withPosition);
        var placed = new Struct(shape);
        value.schema().fields().forEach(field -> placed.put(field.name(), value.get(field)));
        placed.put(POSITION, position(row));
        return row.newRecord(row.topic(), row.kafkaPartition(), row.keySchema(), row.key(), shape, placed, row.timestamp());
    }

    private static Schema withPosition(Schema schema) {
        var builder = SchemaBuilder.struct().name(schema.name());
        schema.fields().forEach(field -> builder.field(field.name(), field.schema()));
        return builder.field(POSITION, Schema.OPTIONAL_BYTES_SCHEMA).build();
    }

    private static byte[] position(ConnectRecord<?> row) {
        var position = header(row, "millrace-position");
        if (position == null) {
            throw new DataException("A record of " + row.topic() + " has no header millrace-position in bytes. Set header.converter=org.apache.kafka.connect.converters.ByteArrayConverter in the worker or the connector; if it is set, the record was not written by Millrace");
        }
        return position;
    }

    private static byte[] header(ConnectRecord<?> row, String name) {
        var header = row.headers().lastWithName(name);
        return header != null && header.value() instanceof byte[] bytes ? bytes : null;
    }

    @Override
    public void close() {
        shapes.clear();
    }
}
