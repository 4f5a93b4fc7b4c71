package io.millrace.pipeline.type;

import java.util.Locale;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;

/**
 * What a column holds, read back from the Avro field that capture made of it.
 *
 * <p>It decides how the denormalizer writes a value as JSON and how the indexer maps the field, so that both follow one
 * table. A Postgres type that is not named here travels as its text.
 *
 * @param kind what the value is
 * @param element the type of the elements where {@code kind} is {@link Kind#ARRAY}, else null
 * @param nullable whether the column may hold null
 */
public record ColumnType(Kind kind, ColumnType element, boolean nullable) {

    /** Property of an Avro field: the Postgres type's name in lower case, an array's with a leading underscore; in quotes where a user's type has a built-in one's name. */
    public static final String PG_TYPE = "pg.type";
    /** Property of an Avro field: the type's declared length or precision. */
    public static final String PG_LENGTH = "pg.length";
    /** Property of an Avro field: the type's declared scale. */
    public static final String PG_SCALE = "pg.scale";

    /** Property of an Avro field whose column has a name that Avro does not take: the column's name in the catalog. */
    public static final String PG_NAME = "pg.name";

    /** The kinds of value; each says how it travels in Avro. */
    public enum Kind {
        /** int2, int4, oid: Avro int or long. */
        INTEGER,
        /** int8: Avro long. */
        BIGINT,
        /** float4: Avro float. */
        FLOAT,
        /** float8: Avro double. */
        DOUBLE,
        /** numeric: Avro string with Postgres's own text, so that no digit is lost. */
        NUMERIC,
        /** bool: Avro boolean. */
        BOOLEAN,
        /** Text that people wrote and search for words in: text, varchar, bpchar, citext, xml. */
        TEXT,
        /** Text that is taken as a whole: uuid, enum, inet, cidr, macaddr, ranges, interval, and whatever is not named here. */
        KEYWORD,
        /** date: Avro int, days since the epoch. */
        DATE,
        /** timestamp and timestamptz: Avro long, microseconds since the epoch in UTC. */
        TIMESTAMP,
        /** time: Avro long, microseconds since midnight. */
        TIME,
        /** json, jsonb: Avro string with the JSON text. */
        JSON,
        /** bytea: Avro bytes. */
        BYTES,
        /** An array of any of these: Avro array of nullable items; deeper dimensions are arrays of arrays. */
        ARRAY,
        /** A point on the globe; a document makes it of two columns, no column has it. */
        GEO_POINT
    }

    /** The type of a column by what {@code format_type} prints for it, without modifiers. */
    public static ColumnType ofCatalog(String type, boolean nullable) {
        if (type.endsWith("[]")) {
            return new ColumnType(Kind.ARRAY, ofCatalog(type.substring(0, type.length() - 2), true), nullable);
        }
        return new ColumnType(switch (type) {
            case "smallint", "integer", "oid" -> Kind.INTEGER;
            case "bigint" -> Kind.BIGINT;
            case "real" -> Kind.FLOAT;
            case "double precision" -> Kind.DOUBLE;
            case "numeric" -> Kind.NUMERIC;
            case "boolean" -> Kind.BOOLEAN;
            case "text", "character varying", "character", "\"char\"", "name", "citext", "xml" -> Kind.TEXT;
            case "date" -> Kind.DATE;
            case "timestamp with time zone", "timestamp without time zone" -> Kind.TIMESTAMP;
            case "time without time zone" -> Kind.TIME;
            case "json", "jsonb" -> Kind.JSON;
            case "bytea" -> Kind.BYTES;
            default -> Kind.KEYWORD;
        }, null, nullable);
    }

    /** The name in the catalog of the column that a row's field holds. */
    public static String columnName(Schema.Field field) {
        var name = field.getProp(PG_NAME);
        return name == null ? field.name() : name;
    }

    /** The type of a row's field. */
    public static ColumnType of(Schema.Field field) {
        var pgType = field.getProp(PG_TYPE);
        return of(field.schema(), pgType == null ? "" : pgType.toLowerCase(Locale.ROOT));
    }

    private static ColumnType of(Schema schema, String pgType) {
        if (schema.getType() == Schema.Type.UNION) {
            var value = schema.getTypes().stream().filter(s -> s.getType() != Schema.Type.NULL).findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("The union " + schema + " has no type but null"));
            var type = of(value, pgType);
            return new ColumnType(type.kind, type.element, schema.isNullable());
        }
        if (schema.getType() == Schema.Type.ARRAY) {
            var elementType = pgType.startsWith("_") ? pgType.substring(1) : pgType;
            return new ColumnType(Kind.ARRAY, of(schema.getElementType(), elementType), false);
        }
        return new ColumnType(kind(schema, pgType), null, false);
    }

    private static Kind kind(Schema schema, String pgType) {
        return switch (schema.getType()) {
            case BOOLEAN -> Kind.BOOLEAN;
            case INT -> schema.getLogicalType() instanceof LogicalTypes.Date ? Kind.DATE : Kind.INTEGER;
            case LONG -> switch (schema.getLogicalType()) {
                case LogicalTypes.TimestampMicros t -> Kind.TIMESTAMP;
                case LogicalTypes.LocalTimestampMicros t -> Kind.TIMESTAMP;
                case LogicalTypes.TimeMicros t -> Kind.TIME;
                case null, default -> pgType.equals("oid") ? Kind.INTEGER : Kind.BIGINT;
            };
            case FLOAT -> Kind.FLOAT;
            case DOUBLE -> Kind.DOUBLE;
            case BYTES, FIXED -> Kind.BYTES;
            case STRING, ENUM -> switch (pgType) {
                case "numeric" -> Kind.NUMERIC;
                case "json", "jsonb" -> Kind.JSON;
                case "text", "varchar", "bpchar", "char", "name", "citext", "xml" -> Kind.TEXT;
                default -> Kind.KEYWORD;
            };
            default -> throw new IllegalArgumentException("A row field cannot be of the Avro type " + schema.getType()
                    + "; capture writes scalars and arrays of scalars");
        };
    }
}
