package io.millrace.gate.schema;

import java.util.ArrayList;
import java.util.List;
import org.apache.avro.JsonProperties;
import org.apache.avro.Schema;

/** Compares two row schemas field by field, for people to read. Which differences matter, the registry decides. */
final class Difference {

    private Difference() {}

    /** What changed from the older schema to the newer; empty where nothing that matters to bytes did. */
    static List<FieldChange> between(Schema was, Schema is) {
        var changes = new ArrayList<FieldChange>();
        if (was.getType() != Schema.Type.RECORD || is.getType() != Schema.Type.RECORD) {
            if (!was.equals(is)) {
                changes.add(new FieldChange("", type(was), type(is)));
            }
            return changes;
        }
        if (!was.getFullName().equals(is.getFullName())) {
            changes.add(new FieldChange("", "record " + was.getFullName(), "record " + is.getFullName()));
        }
        for (var field : was.getFields()) {
            var now = is.getField(field.name());
            var before = describe(field);
            if (now == null) {
                changes.add(new FieldChange(field.name(), before, null));
            } else if (!before.equals(describe(now))) {
                changes.add(new FieldChange(field.name(), before, describe(now)));
            }
        }
        for (var field : is.getFields()) {
            if (was.getField(field.name()) == null) {
                changes.add(new FieldChange(field.name(), null, describe(field)));
            }
        }
        return changes;
    }

    /** A field's type, the column's type in Postgres, and its default. */
    static String describe(Schema.Field field) {
        var pgType = field.getProp("pg.type");
        return type(field.schema()) + (pgType == null ? "" : " (" + pgType + ")") + (field.hasDefaultValue() ? " default " + defaultOf(field) : "");
    }

    private static String defaultOf(Schema.Field field) {
        return field.defaultVal() == JsonProperties.NULL_VALUE ? "null" : String.valueOf(field.defaultVal());
    }

    private static String type(Schema schema) {
        return switch (schema.getType()) {
            case UNION -> String.join(" or ", schema.getTypes().stream().map(Difference::type).toList());
            case ARRAY -> "array of " + type(schema.getElementType());
            case MAP -> "map of " + type(schema.getValueType());
            case RECORD, ENUM, FIXED -> schema.getType().getName() + " " + schema.getFullName();
            default -> schema.getLogicalType() == null ? schema.getType().getName() : schema.getType().getName() + " " + schema.getLogicalType().getName();
        };
    }
}
