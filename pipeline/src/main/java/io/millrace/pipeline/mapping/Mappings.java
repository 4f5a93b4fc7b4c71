package io.millrace.pipeline.mapping;

import io.millrace.pipeline.file.Enrichment;
import io.millrace.pipeline.file.Field;
import io.millrace.pipeline.file.Many;
import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.One;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.type.ColumnType;
import io.millrace.pipeline.type.ColumnType.Kind;
import io.millrace.pipeline.type.Typing;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The strict mapping of a pipeline's documents; the DESIGN.md of search-indexer has it as a table.
 *
 * <p>A column that the registry does not know yet has no mapping: the first document that carries it makes the mapping
 * grow.
 */
public final class Mappings {

    public static final String PROPERTIES = "properties";
    public static final String TEMPLATES = "dynamic_templates";

    /** Lucene takes terms up to 32,766 bytes, and a character has up to four. */
    /** Postgres's years have up to seven digits, and ISO 8601's four; each number of digits is a format of its own. */
    private static final String DAYS = "strict_date_optional_time||uuuuu-MM-dd||uuuuuu-MM-dd||uuuuuuu-MM-dd";
    private static final String MOMENTS = "strict_date_optional_time||uuuuu-MM-dd'T'HH:mm:ss.SSSSSSX||uuuuuu-MM-dd'T'HH:mm:ss.SSSSSSX";
    private static final int LONGEST_KEYWORD = 8_191;
    private static final int LONGEST_SORTABLE_TEXT = 1_024;

    private final Pipeline pipeline;
    /** The file's own mappings by path. */
    private final Map<String, Map<String, Object>> own;
    private final Function<TableName, Map<String, ColumnType>> columns;

    private Mappings(Pipeline pipeline, Map<String, Map<String, Object>> own, Function<TableName, Map<String, ColumnType>> columns) {
        this.pipeline = pipeline;
        this.own = own;
        this.columns = columns;
    }

    /** @param columns gives a table's column types by name, without those that are not known */
    public static Map<String, Object> of(Pipeline pipeline, Function<TableName, Map<String, ColumnType>> columns) {
        return of(pipeline, pipeline.index().mappings(), columns);
    }

    /**
     * The same with some of the file's own mappings.
     *
     * @param own by path, in the place of {@code index.mappings}
     */
    public static Map<String, Object> of(Pipeline pipeline, Map<String, Map<String, Object>> own, Function<TableName, Map<String, ColumnType>> columns) {
        var mapping = new LinkedHashMap<String, Object>();
        mapping.put("dynamic", "strict");
        var properties = new Mappings(pipeline, own, columns).properties(pipeline.document(), List.of(), null, "");
        // What no value of a document is called is filled by copy_to.
        own.forEach((path, field) -> {
            if (!path.contains(".")) {
                properties.putIfAbsent(path, field);
            }
        });
        mapping.put(PROPERTIES, properties);
        if (!pipeline.index().templates().isEmpty()) {
            mapping.put(TEMPLATES, pipeline.index().templates());
        }
        return mapping;
    }

    private Map<String, Object> properties(Node node, List<Field> linkFields, TableName link, String path) {
        var properties = new LinkedHashMap<String, Object>();
        fields(linkFields, link, path, properties);
        fields(node.fields(), node.table(), path, properties);
        for (var relation : node.relations()) {
            var at = path + relation.name();
            properties.put(relation.name(), overridden(at, switch (relation) {
                case One one when one.own() -> added(pipeline.enrichment(), at);
                case One one when one.value() != null -> mapped(() -> Typing.of(one.value(), columns.apply(one.node().table())::get));
                case One one -> object("object", properties(one.node(), List.of(), null, at + "."));
                case Many many -> many(many, at);
            }));
        }
        properties.values().removeIf(Objects::isNull);
        return properties;
    }

    /** Fields that the file does not name, which somebody wrote past the service, are kept and not searched. */
    private Map<String, Object> added(Enrichment enrichment, String at) {
        var properties = new LinkedHashMap<String, Object>();
        enrichment.fields().forEach((name, type) -> properties.put(name, overridden(at + "." + name, mapping(type))));
        return Map.of("type", "object", "dynamic", false, PROPERTIES, properties);
    }

    private static Map<String, Object> mapping(Enrichment.Type type) {
        return switch (type) {
            case KEYWORD -> mapping(Kind.KEYWORD);
            case TEXT -> mapping(Kind.TEXT);
            case LONG -> mapping(Kind.BIGINT);
            case DOUBLE -> mapping(Kind.DOUBLE);
            case BOOLEAN -> mapping(Kind.BOOLEAN);
            case DATE -> mapping(Kind.DATE);
            case JSON -> mapping(Kind.JSON);
        };
    }

    private static Map<String, Object> mapping(Kind kind) {
        return mapping(new ColumnType(kind, null, true));
    }

    /** Null where it follows from a column that is not known. */
    private Map<String, Object> many(Many many, String at) {
        return switch (many.content()) {
            case Many.Objects() -> object(pipeline.index().nested().contains(at) ? "nested" : "object", many.through() == null
                    ? properties(many.node(), List.of(), null, at + ".")
                    : properties(many.node(), many.through().fields(), many.through().table(), at + "."));
            case Many.Values(var of) -> mapped(() -> Typing.of(of, columns.apply(many.node().table())::get));
            case Many.Aggregate aggregate -> mapped(() -> Typing.of(aggregate, columns.apply(many.node().table())::get));
        };
    }

    /** A type that no longer fits the expression has no mapping; the documents that show it say so. */
    private static Map<String, Object> mapped(Supplier<ColumnType> typing) {
        try {
            var type = typing.get();
            return type == null ? null : mapping(type);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private void fields(List<Field> fields, TableName table, String path, Map<String, Object> into) {
        for (var field : fields) {
            var at = path + field.name();
            var mapping = overridden(at, mapped(() -> Typing.of(field.value(), columns.apply(table)::get)));
            if (mapping != null) {
                into.put(field.name(), mapping);
            }
        }
    }

    private Map<String, Object> overridden(String path, Map<String, Object> derived) {
        return own.getOrDefault(path, derived);
    }

    private static Map<String, Object> object(String type, Map<String, Object> properties) {
        return Map.of("type", type, PROPERTIES, properties);
    }

    /** Infinity is a date in Postgres and none here: the document keeps it, and the field is not searchable. */
    private static Map<String, Object> date(String format) {
        return Map.of("type", "date", "format", format, "ignore_malformed", true);
    }

    private static Map<String, Object> mapping(ColumnType type) {
        return switch (type.kind()) {
            case INTEGER, BIGINT -> Map.of("type", "long");
            // NaN and infinity are numbers in Postgres and none here: the document keeps them, the field is not searchable.
            case FLOAT, DOUBLE, NUMERIC -> Map.of("type", "double", "ignore_malformed", true);
            case BOOLEAN -> Map.of("type", "boolean");
            case TEXT -> Map.of("type", "text", "fields", Map.of("keyword", Map.of("type", "keyword", "ignore_above", LONGEST_SORTABLE_TEXT)));
            case KEYWORD, TIME -> Map.of("type", "keyword", "ignore_above", LONGEST_KEYWORD);
            case DATE -> date(DAYS);
            case TIMESTAMP -> date(MOMENTS);
            case JSON -> Map.of("type", "object", "enabled", false);
            case BYTES -> Map.of("type", "binary");
            case ARRAY -> mapping(type.element());
            case GEO_POINT -> Map.of("type", "geo_point", "ignore_malformed", true);
        };
    }
}
