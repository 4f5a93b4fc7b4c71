package io.millrace.check.compatibility;

import io.millrace.pipeline.file.Compatibility;
import io.millrace.pipeline.type.ColumnType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.Incompatibility;

/** Evaluates the rules by Avro's own schema resolution, as the registry does; knows only the versions that it is given. */
public final class LocalJudge implements Judge {

    private static final Pattern FIELD = Pattern.compile("/fields/(\\d+).*");

    @Override
    public List<Objection> judge(String subject, Compatibility rule, List<Schema> versions, Schema next) {
        var earlier = switch (rule) {
            case NONE -> List.<Schema>of();
            case BACKWARD, FORWARD, FULL -> List.of(versions.getLast());
            case BACKWARD_TRANSITIVE, FORWARD_TRANSITIVE, FULL_TRANSITIVE -> versions;
        };
        Map<String, Objection> objections = new LinkedHashMap<>();
        for (var version : earlier) {
            if (backward(rule)) {
                add(objections, next, version, "the new schema cannot read earlier rows");
            }
            if (forward(rule)) {
                add(objections, version, next, "readers with the earlier schema cannot read new rows");
            }
        }
        return new ArrayList<>(objections.values());
    }

    private static boolean backward(Compatibility rule) {
        return switch (rule) {
            case BACKWARD, BACKWARD_TRANSITIVE, FULL, FULL_TRANSITIVE -> true;
            case NONE, FORWARD, FORWARD_TRANSITIVE -> false;
        };
    }

    private static boolean forward(Compatibility rule) {
        return switch (rule) {
            case FORWARD, FORWARD_TRANSITIVE, FULL, FULL_TRANSITIVE -> true;
            case NONE, BACKWARD, BACKWARD_TRANSITIVE -> false;
        };
    }

    private static void add(Map<String, Objection> objections, Schema reader, Schema writer, String direction) {
        for (var difference : SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getResult().getIncompatibilities()) {
            var column = column(reader, difference);
            objections.merge(String.valueOf(column), new Objection(column, direction + " (" + words(difference) + ")"),
                    (a, b) -> a.reason().contains(b.reason()) ? a : new Objection(column, a.reason() + "; " + b.reason()));
        }
    }

    private static String column(Schema reader, Incompatibility difference) {
        var field = FIELD.matcher(difference.getLocation());
        return field.matches() ? ColumnType.columnName(reader.getFields().get(Integer.parseInt(field.group(1)))) : null;
    }

    private static String words(Incompatibility difference) {
        return switch (difference.getType()) {
            case READER_FIELD_MISSING_DEFAULT_VALUE -> "the field has no default to take where it is missing";
            case MISSING_UNION_BRANCH -> "null or the type is not allowed on the other side: " + difference.getMessage();
            case TYPE_MISMATCH -> difference.getMessage();
            case NAME_MISMATCH, FIXED_SIZE_MISMATCH, MISSING_ENUM_SYMBOLS -> difference.getType() + ": " + difference.getMessage();
        };
    }

    @Override
    public String describe() {
        return "evaluated locally by Avro's schema resolution, against the baseline's schemas and this run's; the registry was not asked";
    }
}
