package io.millrace.denormalizer.it;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.WireFormat;
import io.millrace.pipeline.type.ColumnType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.EncoderFactory;

/**
 * Describes and encodes one table's rows, as capture does, from the texts that Postgres prints.
 *
 * @param key the primary key's columns, in its order
 * @param valueSchema of a row
 * @param keySchema of the key's columns
 */
public record TableFormat(TableName name, List<Column> columns, List<String> key, Schema valueSchema, Schema keySchema) {

    /** @param type name of the type in {@code pg_type}; an array's begins with an underscore */
    public record Column(String name, String type, boolean isEnum) {

        boolean isArray() {
            return type.startsWith("_");
        }
    }

    public static TableFormat of(TableName name, List<Column> columns, List<String> key) {
        var keys = key.stream().map(k -> column(columns, k)).toList();
        return new TableFormat(name, columns, key, record(name, "Row", columns, keys), record(name, "Key", keys, keys));
    }

    private static Column column(List<Column> columns, String name) {
        return columns.stream().filter(c -> c.name.equals(name)).findFirst().orElseThrow();
    }

    public Column column(String column) {
        return column(columns, column);
    }

    private static Schema record(TableName table, String what, List<Column> fields, List<Column> key) {
        var schema = Schema.createRecord(what, null, "of." + safe(table.schema()) + "." + safe(table.table()), false);
        schema.setFields(fields.stream().map(c -> {
            var field = key.contains(c) ? new Schema.Field(safe(c.name), avro(c), null, null) : new Schema.Field(safe(c.name), nullable(avro(c)), null, Schema.Field.NULL_DEFAULT_VALUE);
            field.addProp(ColumnType.PG_TYPE, c.type);
            if (!safe(c.name).equals(c.name)) {
                field.addProp(ColumnType.PG_NAME, c.name);
            }
            return field;
        }).toList());
        return schema;
    }

    private static Schema nullable(Schema type) {
        return Schema.createUnion(Schema.create(Schema.Type.NULL), type);
    }

    private static String safe(String name) {
        var safe = new StringBuilder("_");
        name.chars().forEach(c -> safe.append(c < 128 && Character.isLetterOrDigit(c) ? Character.toString(c) : "_" + Integer.toHexString(c)));
        return safe.toString();
    }

    private static Schema avro(Column column) {
        return column.isArray() ? Schema.createArray(nullable(avro(column.type.substring(1)))) : avro(column.type);
    }

    private static Schema avro(String type) {
        return switch (type) {
            case "int2", "int4" -> Schema.create(Schema.Type.INT);
            case "int8" -> Schema.create(Schema.Type.LONG);
            case "float4" -> Schema.create(Schema.Type.FLOAT);
            case "float8" -> Schema.create(Schema.Type.DOUBLE);
            case "bool" -> Schema.create(Schema.Type.BOOLEAN);
            case "bytea" -> Schema.create(Schema.Type.BYTES);
            case "date" -> LogicalTypes.date().addToSchema(Schema.create(Schema.Type.INT));
            case "timestamp" -> LogicalTypes.localTimestampMicros().addToSchema(Schema.create(Schema.Type.LONG));
            case "timestamptz" -> LogicalTypes.timestampMicros().addToSchema(Schema.create(Schema.Type.LONG));
            case "time" -> LogicalTypes.timeMicros().addToSchema(Schema.create(Schema.Type.LONG));
            default -> Schema.create(Schema.Type.STRING);
        };
    }

    private static Object value(Column column, String text) {
        if (text == null) {
            return null;
        }
        return column.isArray() ? elements(column.type.substring(1), text) : value(column.type, text);
    }

    private static List<Object> elements(String type, String json) {
        var elements = new ArrayList<Object>();
        try (var parser = new JsonFactory().createParser(json)) {
            while (parser.nextToken() != null) {
                if (parser.currentToken() == JsonToken.VALUE_NULL) {
                    elements.add(null);
                } else if (parser.currentToken().isScalarValue()) {
                    elements.add(value(type, parser.getText()));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return elements;
    }

    private static Object value(String type, String text) {
        return switch (type) {
            case "int2", "int4" -> Integer.valueOf(text);
            case "int8" -> Long.valueOf(text);
            case "float4" -> Float.valueOf(text);
            case "float8" -> Double.valueOf(text);
            case "bool" -> Boolean.valueOf(text);
            case "bytea" -> ByteBuffer.wrap(HexFormat.of().parseHex(text.substring(2)));
            case "date" -> switch (text) {
                case "infinity" -> Integer.MAX_VALUE;
                case "-infinity" -> Integer.MIN_VALUE;
                default -> (int) LocalDate.parse(year(text)).toEpochDay();
            };
            case "timestamp", "timestamptz" -> switch (text) {
                case "infinity" -> Long.MAX_VALUE;
                case "-infinity" -> Long.MIN_VALUE;
                default -> ChronoUnit.MICROS.between(Instant.EPOCH, OffsetDateTime.parse(year(type.equals("timestamp") && !text.endsWith(" BC") ? text + "Z" : type.equals("timestamp") ? text.replace(" BC", "Z BC") : text)));
            };
            case "money" -> text.replaceAll("[^0-9.-]", "");
            case "time" -> time(text);
            default -> text;
        };
    }

    /** As ISO 8601 has it: with a year 0, and a sign before years that have not four digits. */
    private static String year(String text) {
        int end = text.indexOf('-');
        boolean isBefore = text.endsWith(" BC");
        int year = isBefore ? 1 - Integer.parseInt(text.substring(0, end)) : Integer.parseInt(text.substring(0, end));
        var rest = text.substring(end).replace(" BC", "");
        return (year < 0 ? "-%04d".formatted(-year) : year > 9999 ? "+" + year : "%04d".formatted(year)) + rest;
    }

    private static long time(String text) {
        var parts = text.split("[:.]");
        long seconds = Integer.parseInt(parts[0]) * 3600L + Integer.parseInt(parts[1]) * 60L + Integer.parseInt(parts[2]);
        return seconds * 1_000_000 + (parts.length < 4 ? 0 : Integer.parseInt((parts[3] + "00000").substring(0, 6)));
    }

    /** A row, or the key of one, in wire format. */
    public byte[] encode(Schema schema, int id, Map<String, String> row) {
        var record = new GenericData.Record(schema);
        for (var field : schema.getFields()) {
            var column = column(ColumnType.columnName(field));
            record.put(field.name(), value(column, row.get(column.name)));
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
