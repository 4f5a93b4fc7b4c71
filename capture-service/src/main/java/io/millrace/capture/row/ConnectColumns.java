package io.millrace.capture.row;

import io.millrace.capture.column.ColumnConverter;
import io.millrace.pipeline.schema.Column;
import io.millrace.pipeline.schema.Encoding;
import io.millrace.pipeline.type.ColumnType;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Date;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Time;
import org.apache.kafka.connect.data.Timestamp;

/**
 * Reads the columns of a row back from its Connect schema.
 *
 * <p>A field that capture made names its Postgres type. A field that a transform made or changed does not, or names one
 * that it no longer fits: then the nearest Postgres type of what it is now is taken.
 */
final class ConnectColumns {

    private ConnectColumns() {}

    static List<Column> of(Schema row) {
        return row.fields().stream().map(ConnectColumns::column).toList();
    }

    /** The schema of rows of these columns. */
    static Schema struct(List<Column> columns) {
        var builder = SchemaBuilder.struct().optional();
        columns.forEach(column -> builder.field(column.name(), ColumnConverter.schema(column).build()));
        return builder.build();
    }

    private static Column column(Field field) {
        var schema = field.schema();
        var parameters = schema.parameters() == null ? Map.<String, String>of() : schema.parameters();
        var declared = parameters.get(ColumnType.PG_TYPE);
        if (declared != null && fits(schema, declared)) {
            boolean array = schema.type() == Schema.Type.ARRAY;
            return new Column(field.name(), array ? declared.substring(1) : declared, array,
                    Integer.parseInt(parameters.getOrDefault(ColumnType.PG_LENGTH, "0")),
                    Integer.parseInt(parameters.getOrDefault(ColumnType.PG_SCALE, "0")), !parameters.containsKey(ColumnConverter.NOT_NULL));
        }
        return schema.type() == Schema.Type.ARRAY
                ? new Column(field.name(), nearest(field, schema.valueSchema()), true, 0, 0, schema.isOptional())
                : new Column(field.name(), nearest(field, schema), false, 0, 0, schema.isOptional());
    }

    private static boolean fits(Schema schema, String declared) {
        if (schema.type() == Schema.Type.ARRAY) {
            return declared.startsWith("_") && schema.valueSchema().type() == Schema.Type.STRING;
        }
        return schema.name() == null && schema.type() == switch (Encoding.of(declared)) {
            case INT, DATE -> Schema.Type.INT32;
            case LONG, TIMESTAMP, TIMESTAMPTZ, TIME -> Schema.Type.INT64;
            case FLOAT -> Schema.Type.FLOAT32;
            case DOUBLE -> Schema.Type.FLOAT64;
            case BOOLEAN -> Schema.Type.BOOLEAN;
            case STRING -> Schema.Type.STRING;
            case BYTES -> Schema.Type.BYTES;
        };
    }

    private static String nearest(Field field, Schema schema) {
        if (schema.name() != null) {
            switch (schema.name()) {
                case Timestamp.LOGICAL_NAME:
                    return "timestamptz";
                case Date.LOGICAL_NAME:
                    return "date";
                case Time.LOGICAL_NAME:
                    return "time";
                case Decimal.LOGICAL_NAME:
                    return "numeric";
                default:
            }
        }
        return switch (schema.type()) {
            case INT8, INT16, INT32 -> "int4";
            case INT64 -> "int8";
            case FLOAT32 -> "float4";
            case FLOAT64 -> "float8";
            case BOOLEAN -> "bool";
            case STRING -> "text";
            case BYTES -> "bytea";
            case ARRAY, MAP, STRUCT -> throw new IllegalArgumentException("the field '" + field.name() + "' is of the type " + schema.type()
                    + ", which no column of a row can be; change the transforms of this table in the pipeline file");
        };
    }
}
