package io.millrace.connect;

import java.util.List;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;

/**
 * What rows of one Avro schema become in Connect.
 *
 * @param columns in the order of the Avro fields
 */
record RowShape(Schema schema, List<RowColumn> columns) {

    /** Of all tables alike, for sinks take some names for other than rows. */
    private static final String NAME = "io.millrace.Row";

    /**
     * @param isKey of a key no column may be null; of a row any may, whatever the source says: a column that comes later is not in the rows that a copy has already
     */
    static RowShape of(org.apache.avro.Schema avro, boolean isKey) {
        var columns = avro.getFields().stream().map(field -> RowColumn.of(field, !isKey)).toList();
        var builder = SchemaBuilder.struct().name(NAME);
        columns.forEach(column -> builder.field(column.name(), column.schema()));
        return new RowShape(builder.build(), columns);
    }

    Struct struct(GenericRecord row) {
        var struct = new Struct(schema);
        for (int i = 0; i < columns.size(); i++) {
            var value = row.get(i);
            struct.put(columns.get(i).name(), value == null ? null : columns.get(i).convert().apply(value));
        }
        return struct;
    }
}
