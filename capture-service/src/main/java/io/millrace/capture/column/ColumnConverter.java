package io.millrace.capture.column;

import io.debezium.connector.postgresql.UnchangedToastedReplicationMessageColumn;
import io.debezium.spi.converter.CustomConverter;
import io.debezium.spi.converter.RelationalColumn;
import io.millrace.pipeline.schema.Column;
import io.millrace.pipeline.schema.Encoding;
import io.millrace.pipeline.schema.PgTypes;
import io.millrace.pipeline.type.ColumnType;
import java.nio.charset.StandardCharsets;
import java.sql.Types;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;

/**
 * Takes every column's conversion out of Debezium's hands.
 *
 * <p>Debezium's own converters write instants as text, know some arrays only and have no form for infinity; ours keep
 * every value and cost less. They are given Postgres's text, from the stream and from a snapshot. Debezium makes an
 * instance by name for each engine.
 */
public final class ColumnConverter implements CustomConverter<SchemaBuilder, RelationalColumn> {

    /**
     * What stands in a row for a stored-out-of-line value that the WAL does not carry. Compared by identity, so no
     * value of a user's can be taken for it.
     */
    public static final String MISSING = new String("millrace: the WAL does not carry this value");
    /** {@link #MISSING} of a {@code bytea} column. */
    public static final byte[] MISSING_BYTES = MISSING.getBytes(StandardCharsets.UTF_8);
    /** {@link #MISSING} of an array column. */
    public static final List<String> MISSING_ELEMENTS = List.of(MISSING);

    /** Parameter of a Connect field whose column takes no null. */
    public static final String NOT_NULL = "pg.notnull";

    /** What a default may be for its text to be Postgres's. */
    private static final Set<Class<?>> SIMPLE = Set.of(String.class, Boolean.class, Short.class, Integer.class, Long.class);
    private static final Set<String> WITH_LENGTH = Set.of("varchar", "bpchar", "bit", "varbit", "numeric");
    /** The catalog's declared lengths end here; what Debezium reports beyond stands for "none declared". */
    private static final int LONGEST = 10_485_760;
    private static final int MOST_DIGITS = 1000;

    @Override
    public void configure(Properties properties) {
        // There is nothing to choose.
    }

    @Override
    public void converterFor(RelationalColumn field, ConverterRegistration<SchemaBuilder> registration) {
        boolean array = field.jdbcType() == Types.ARRAY || PgTypes.isArray(field.nativeType());
        var pgType = PgTypes.name(field.nativeType(), field.typeName(), array);
        int length = WITH_LENGTH.contains(pgType) ? declared(field.length().orElse(0), pgType) : 0;
        int scale = pgType.equals("numeric") && length > 0 ? field.scale().orElse(0) : 0;
        var column = new Column(field.name(), pgType, array, length, scale, field.isOptional());
        var values = new ColumnValue(column);
        var unusableDefault = unusableDefault(field, values);
        registration.register(schema(column), value -> {
            if (value != null && value == unusableDefault) {
                return null;
            }
            return UnchangedToastedReplicationMessageColumn.isUnchangedToastedValue(value) ? missing(column) : values.of(value, field.dataCollection());
        });
    }

    private static int declared(int length, String pgType) {
        int most = pgType.equals("numeric") ? MOST_DIGITS : LONGEST;
        return length > most ? 0 : length;
    }

    /** The default of a column never reaches a record, but Debezium parses and converts it: one that cannot be converted must not stop it. */
    private static Object unusableDefault(RelationalColumn field, ColumnValue values) {
        if (!field.hasDefaultValue() || field.defaultValue() == null) {
            return null;
        }
        if (!SIMPLE.contains(field.defaultValue().getClass())) {
            return field.defaultValue();
        }
        try {
            values.of(field.defaultValue());
            return null;
        } catch (RuntimeException _) {
            return field.defaultValue();
        }
    }

    /** The placeholder in the column of a row whose value the WAL does not carry. */
    public static Object missing(Column column) {
        if (column.array()) {
            return MISSING_ELEMENTS;
        }
        return column.encoding() == Encoding.BYTES ? MISSING_BYTES : MISSING;
    }

    /** The value of a row for what Postgres prints for it, null for null. */
    public static Object fromText(Column column, String text) {
        return new ColumnValue(column).of(text);
    }

    /** Whether a value of a row is one of the placeholders. */
    public static boolean isMissing(Object value) {
        return value == MISSING || value == MISSING_BYTES || value == MISSING_ELEMENTS;
    }

    /** The Connect schema of the column's values in a row. */
    public static SchemaBuilder schema(Column column) {
        var builder = column.array() ? SchemaBuilder.array(Schema.OPTIONAL_STRING_SCHEMA) : switch (column.encoding()) {
            case INT, DATE -> SchemaBuilder.int32();
            case LONG, TIMESTAMP, TIMESTAMPTZ, TIME -> SchemaBuilder.int64();
            case FLOAT -> SchemaBuilder.float32();
            case DOUBLE -> SchemaBuilder.float64();
            case BOOLEAN -> SchemaBuilder.bool();
            case STRING -> SchemaBuilder.string();
            case BYTES -> SchemaBuilder.bytes();
        };
        // The image of a deleted row has nulls in all columns but the key's, so Connect must allow them everywhere.
        builder.optional();
        builder.parameter(ColumnType.PG_TYPE, column.catalogType());
        if (!column.nullable()) {
            builder.parameter(NOT_NULL, "true");
        }
        if (column.length() > 0) {
            builder.parameter(ColumnType.PG_LENGTH, Integer.toString(column.length()));
        }
        if (column.scale() != 0) {
            builder.parameter(ColumnType.PG_SCALE, Integer.toString(column.scale()));
        }
        return builder;
    }
}
