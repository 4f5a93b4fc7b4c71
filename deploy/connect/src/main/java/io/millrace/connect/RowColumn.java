package io.millrace.connect;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.avro.Schema.Type;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;

/**
 * What a column of a row becomes in Connect. Names of schemas are those that Debezium gives to its own rows, since its sink and others know them. A value for which they have no lossless form stays the
 * text that Postgres prints.
 *
 * @param name the column's in the catalog
 * @param convert makes the value of one that is not null
 */
record RowColumn(String name, Schema schema, UnaryOperator<Object> convert) {

    /** By which Debezium's sink finds a type of its database, in capital letters. */
    private static final String SOURCE_TYPE = "__debezium.source.column.type";
    /** A schema's name by which Debezium's sink makes a column of the type that {@link #SOURCE_TYPE} names, whichever that is, and casts text to it. It has no form of its own for times as text. */
    private static final String CAST_OF_THE_SINK = "TSRANGE";
    /** Types of which the sink makes columns that read their own text. */
    private static final Set<String> KNOWN_TO_THE_SINK = Set.of("inet", "cidr", "macaddr", "macaddr8", "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange");

    /** A schema without its optionality, and how its values are made. */
    private record Form(SchemaBuilder schema, UnaryOperator<Object> convert) {}

    static RowColumn of(org.apache.avro.Schema.Field field, boolean optional) {
        var pgType = field.getProp("pg.type") == null ? "" : field.getProp("pg.type").toLowerCase(Locale.ROOT);
        var name = field.getProp("pg.name") == null ? field.name() : field.getProp("pg.name");
        var avro = notNull(field.schema());
        var form = avro.getType() == Type.ARRAY ? array(notNull(avro.getElementType())) : form(avro, pgType);
        return new RowColumn(name, optional ? form.schema().optional().build() : form.schema().build(), form.convert());
    }

    private static org.apache.avro.Schema notNull(org.apache.avro.Schema schema) {
        return schema.isUnion() ? schema.getTypes().stream().filter(type -> type.getType() != Type.NULL).findFirst().orElseThrow() : schema;
    }

    /** Sinks give an array's elements to the driver as they are: none is a number that stands for a time, or a list of bytes, which the driver does not take. */
    private static Form array(org.apache.avro.Schema element) {
        var elements = element.getType() == Type.BYTES ? new Form(SchemaBuilder.string(), value -> "\\x" + HexFormat.of().formatHex(bytes((ByteBuffer) value)))
                : element.getLogicalType() == null ? plain(element) : new Form(SchemaBuilder.string(), value -> Times.text(element.getLogicalType().getName(), (Number) value));
        return new Form(SchemaBuilder.array(elements.schema().optional().build()), value -> {
            var converted = new ArrayList<>();
            ((List<?>) value).forEach(each -> converted.add(each == null ? null : elements.convert().apply(each)));
            return converted;
        });
    }

    private static Form form(org.apache.avro.Schema avro, String pgType) {
        if (avro.getLogicalType() != null) {
            var type = avro.getLogicalType().getName();
            return new Form(SchemaBuilder.string().name(CAST_OF_THE_SINK).parameter(SOURCE_TYPE, Times.sourceType(type)), value -> Times.text(type, (Number) value));
        }
        return switch (pgType) {
            case "int2" -> new Form(SchemaBuilder.int16(), value -> ((Integer) value).shortValue());
            case "uuid" -> new Form(SchemaBuilder.string().name("io.debezium.data.Uuid"), Object::toString);
            case "json", "jsonb" -> new Form(SchemaBuilder.string().name("io.debezium.data.Json").parameter(SOURCE_TYPE, pgType.toUpperCase(Locale.ROOT)), Object::toString);
            default -> KNOWN_TO_THE_SINK.contains(pgType) ? new Form(SchemaBuilder.string().parameter(SOURCE_TYPE, pgType.toUpperCase(Locale.ROOT)), Object::toString) : plain(avro);
        };
    }

    private static Form plain(org.apache.avro.Schema avro) {
        return switch (avro.getType()) {
            case INT -> new Form(SchemaBuilder.int32(), UnaryOperator.identity());
            case LONG -> new Form(SchemaBuilder.int64(), UnaryOperator.identity());
            case FLOAT -> new Form(SchemaBuilder.float32(), UnaryOperator.identity());
            case DOUBLE -> new Form(SchemaBuilder.float64(), UnaryOperator.identity());
            case BOOLEAN -> new Form(SchemaBuilder.bool(), UnaryOperator.identity());
            case STRING, ENUM -> new Form(SchemaBuilder.string(), Object::toString);
            case BYTES -> new Form(SchemaBuilder.bytes(), value -> bytes((ByteBuffer) value));
            default -> throw new IllegalArgumentException("a column cannot be of the Avro type " + avro.getType());
        };
    }

    private static byte[] bytes(ByteBuffer buffer) {
        var bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }
}
