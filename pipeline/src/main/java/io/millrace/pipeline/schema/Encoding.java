package io.millrace.pipeline.schema;

import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;

/** How the values of a Postgres type travel in Avro. */
public enum Encoding {
    INT,
    LONG,
    FLOAT,
    DOUBLE,
    BOOLEAN,
    /** Postgres's own text. */
    STRING,
    BYTES,
    /** Days since the epoch. */
    DATE,
    /** Microseconds since the epoch of a clock without zone. */
    TIMESTAMP,
    /** Microseconds since the epoch. */
    TIMESTAMPTZ,
    /** Microseconds since midnight. */
    TIME;

    /** The encoding of a type by its catalog name; a type that is not known travels as its text. */
    public static Encoding of(String pgType) {
        return switch (pgType) {
            case "int2", "int4" -> INT;
            case "int8", "oid" -> LONG;
            case "float4" -> FLOAT;
            case "float8" -> DOUBLE;
            case "bool" -> BOOLEAN;
            case "bytea" -> BYTES;
            case "date" -> DATE;
            case "timestamp" -> TIMESTAMP;
            case "timestamptz" -> TIMESTAMPTZ;
            case "time" -> TIME;
            default -> STRING;
        };
    }

    /** A new Avro schema of this encoding. */
    public Schema avro() {
        return switch (this) {
            case INT -> Schema.create(Schema.Type.INT);
            case LONG -> Schema.create(Schema.Type.LONG);
            case FLOAT -> Schema.create(Schema.Type.FLOAT);
            case DOUBLE -> Schema.create(Schema.Type.DOUBLE);
            case BOOLEAN -> Schema.create(Schema.Type.BOOLEAN);
            case STRING -> Schema.create(Schema.Type.STRING);
            case BYTES -> Schema.create(Schema.Type.BYTES);
            case DATE -> LogicalTypes.date().addToSchema(Schema.create(Schema.Type.INT));
            case TIMESTAMP -> LogicalTypes.localTimestampMicros().addToSchema(Schema.create(Schema.Type.LONG));
            case TIMESTAMPTZ -> LogicalTypes.timestampMicros().addToSchema(Schema.create(Schema.Type.LONG));
            case TIME -> LogicalTypes.timeMicros().addToSchema(Schema.create(Schema.Type.LONG));
        };
    }
}
