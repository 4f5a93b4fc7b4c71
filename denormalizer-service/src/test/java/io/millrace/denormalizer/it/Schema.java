package io.millrace.denormalizer.it;

import io.millrace.pipeline.record.WireFormat;
import io.millrace.pipeline.type.ColumnType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.LogicalTypes;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.EncoderFactory;

/** The tables of {@code schema.sql} as capture would describe and encode them. */
public final class Schema {

    public static final Map<String, Table> TABLES = new LinkedHashMap<>();

    static {
        table("org", List.of("id"), "id int4", "code text", "name text");
        table("person", List.of("id"), "id int8", "handle text", "name text", "born date");
        table("team", List.of("id"), "id int4", "org_id int4", "name text", "lead_id int8");
        table("monitor", List.of("id"), "id int8", "team_id int4", "author_id int8", "editor text", "parent_id int8", "title text",
                "score numeric", "ratio float8", "data jsonb", "made timestamptz", "active bool");
        table("recipient", List.of("id"), "id int4", "monitor_id int8", "person_id int8", "kind text", "address text");
        table("tag", List.of("id"), "id int4", "key text", "owner_id int4");
        table("monitor_tag", List.of("monitor_id", "tag_id"), "monitor_id int8", "tag_id int4", "added int4");
        table("step", List.of("org_code", "no"), "org_code text", "no int4", "title text");
        table("note", List.of("id"), "id int4", "org_code text", "step_no int4", "body text");
        table("outboxevent", List.of("id"), "id uuid", "aggregatetype varchar", "aggregateid varchar", "type varchar");
    }

    private Schema() {}

    public record Column(String name, String pgType) {}

    public record Table(String name, List<String> key, List<Column> columns) {

        public org.apache.avro.Schema valueSchema() {
            return record(name, columns, true);
        }

        public org.apache.avro.Schema keySchema() {
            return record(name + "Key", key.stream().map(k -> columns.stream().filter(c -> c.name.equals(k)).findFirst().orElseThrow()).toList(), false);
        }

        private org.apache.avro.Schema record(String record, List<Column> fields, boolean nullable) {
            var schema = org.apache.avro.Schema.createRecord(record, null, "it.public", false);
            schema.setFields(fields.stream().map(c -> {
                var type = avro(c.pgType);
                var isKey = key.contains(c.name);
                var field = nullable && !isKey
                        ? new org.apache.avro.Schema.Field(c.name, org.apache.avro.Schema.createUnion(org.apache.avro.Schema.create(org.apache.avro.Schema.Type.NULL), type), null, org.apache.avro.Schema.Field.NULL_DEFAULT_VALUE)
                        : new org.apache.avro.Schema.Field(c.name, type, null, null);
                field.addProp(ColumnType.PG_TYPE, c.pgType);
                return field;
            }).toList());
            return schema;
        }
    }

    private static void table(String name, List<String> key, String... columns) {
        TABLES.put(name, new Table(name, key, java.util.Arrays.stream(columns).map(c -> c.split(" ")).map(c -> new Column(c[0], c[1])).toList()));
    }

    private static org.apache.avro.Schema avro(String pgType) {
        return switch (pgType) {
            case "int4" -> org.apache.avro.Schema.create(org.apache.avro.Schema.Type.INT);
            case "int8" -> org.apache.avro.Schema.create(org.apache.avro.Schema.Type.LONG);
            case "float8" -> org.apache.avro.Schema.create(org.apache.avro.Schema.Type.DOUBLE);
            case "bool" -> org.apache.avro.Schema.create(org.apache.avro.Schema.Type.BOOLEAN);
            case "date" -> LogicalTypes.date().addToSchema(org.apache.avro.Schema.create(org.apache.avro.Schema.Type.INT));
            case "timestamptz" -> LogicalTypes.timestampMicros().addToSchema(org.apache.avro.Schema.create(org.apache.avro.Schema.Type.LONG));
            default -> org.apache.avro.Schema.create(org.apache.avro.Schema.Type.STRING);
        };
    }

    private static Object value(String pgType, String text) {
        if (text == null) {
            return null;
        }
        return switch (pgType) {
            case "int4" -> Integer.valueOf(text);
            case "int8" -> Long.valueOf(text);
            case "float8" -> Double.valueOf(text);
            case "bool" -> Boolean.valueOf(text);
            case "date" -> (int) LocalDate.parse(text).toEpochDay();
            case "timestamptz" -> Duration.between(Instant.EPOCH, OffsetDateTime.parse(text)).toNanos() / 1_000;
            default -> text;
        };
    }

    /** A row, or a key, in wire format. */
    public static byte[] encode(Table table, org.apache.avro.Schema schema, int id, Map<String, String> row) {
        var record = new GenericData.Record(schema);
        for (var field : schema.getFields()) {
            var column = table.columns.stream().filter(c -> c.name.equals(field.name())).findFirst().orElseThrow();
            record.put(field.name(), value(column.pgType, row.get(column.name)));
        }
        var out = new ByteArrayOutputStream();
        out.writeBytes(new byte[WireFormat.PREFIX]);
        try {
            var encoder = EncoderFactory.get().binaryEncoder(out, null);
            new GenericDatumWriter<>(schema).write(record, encoder);
            encoder.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        var bytes = out.toByteArray();
        WireFormat.prefix(bytes, id);
        return bytes;
    }
}
