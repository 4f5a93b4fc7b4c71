package io.millrace.capture.resnapshot;

import io.millrace.capture.column.ColumnConverter;
import io.millrace.pipeline.record.Op;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;

/** Makes change events of a table's rows as Debezium makes them in a snapshot, so that all that follows is the same. */
final class RowEvents {

    private static final Schema SOURCE = SchemaBuilder.struct().field("schema", Schema.STRING_SCHEMA).field("table", Schema.STRING_SCHEMA)
            .field("ts_us", Schema.OPTIONAL_INT64_SCHEMA).field("txId", Schema.OPTIONAL_INT64_SCHEMA).field("lsn", Schema.OPTIONAL_INT64_SCHEMA)
            .field("sequence", Schema.OPTIONAL_STRING_SCHEMA).build();

    private static final String READ = new String(Op.READ.code(), StandardCharsets.US_ASCII);

    private final TableShape shape;
    private final Schema key;
    private final Schema row;
    private final Schema envelope;

    RowEvents(TableShape shape) {
        this.shape = shape;
        this.key = struct(shape.key());
        this.row = struct(shape.attributes());
        this.envelope = SchemaBuilder.struct().field("before", row).field("after", row).field("source", SOURCE).field("op", Schema.STRING_SCHEMA).build();
    }

    private static Schema struct(List<TableShape.Attribute> attributes) {
        var builder = SchemaBuilder.struct().optional();
        attributes.forEach(a -> builder.field(a.column().name(), ColumnConverter.schema(a.column()).build()));
        return builder.build();
    }

    TableShape shape() {
        return shape;
    }

    /**
     * @param texts what Postgres prints for each column
     * @param micros when it was read, in microseconds since the Unix epoch
     */
    SourceRecord of(List<String> texts, long micros) {
        var values = new Struct(row);
        for (int i = 0; i < texts.size(); i++) {
            var column = shape.attributes().get(i).column();
            values.put(column.name(), ColumnConverter.fromText(column, texts.get(i)));
        }
        var identity = new Struct(key);
        shape.key().forEach(a -> identity.put(a.column().name(), values.get(a.column().name())));
        var source = new Struct(SOURCE).put("schema", shape.table().schema()).put("table", shape.table().table()).put("ts_us", micros);
        var change = new Struct(envelope).put("after", values).put("source", source).put("op", READ);
        return new SourceRecord(Map.of(), Map.of(), shape.table().toString(), key, identity, envelope, change);
    }
}
