package io.millrace.pipeline.catalog;

import io.millrace.pipeline.file.Enrichment;
import io.millrace.pipeline.file.Field;
import io.millrace.pipeline.file.Many;
import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.One;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.type.ColumnType;
import io.millrace.pipeline.type.Typing;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/** What the search engine's limits on mappings refuse of a pipeline's documents. It counts as the engine does: texts are two fields. */
final class IndexLimits {

    private record Limit(String setting, long usual) {}

    private static final Limit FIELDS = new Limit("mapping.total_fields.limit", 1_000);
    private static final Limit DEPTH = new Limit("mapping.depth.limit", 20);
    private static final Limit NESTED = new Limit("mapping.nested_fields.limit", 50);

    private final Pipeline pipeline;
    private final BiFunction<TableName, String, ColumnType> types;
    private long fields;
    private long depth;

    private IndexLimits(Pipeline pipeline, BiFunction<TableName, String, ColumnType> types) {
        this.pipeline = pipeline;
        this.types = types;
    }

    /** @param types of a table's column, null where there is no such column */
    static List<String> exceeded(Pipeline pipeline, BiFunction<TableName, String, ColumnType> types) {
        var limits = new IndexLimits(pipeline, types);
        limits.node(pipeline.document(), "", 1);
        var exceeded = new ArrayList<String>();
        limits.hold(FIELDS, limits.fields, "the documents have %d fields in the index (a text is two, a relation is one)", exceeded);
        limits.hold(DEPTH, limits.depth, "the documents are %d levels deep", exceeded);
        limits.hold(NESTED, pipeline.index().nested().size(), "index.nested names %d relations", exceeded);
        return exceeded;
    }

    private void hold(Limit limit, long found, String what, List<String> exceeded) {
        long most = setting(pipeline.index().settings(), limit.setting(), limit.usual());
        if (found > most) {
            exceeded.add(what.formatted(found) + ", and the search engine takes " + most + "; take fewer, or set index.settings: {" + limit.setting() + ": " + found + "}");
        }
    }

    /** Settings may be nested or flat, with {@code index.} before them or without. */
    private static long setting(Map<?, ?> settings, String key, long usual) {
        for (var entry : settings.entrySet()) {
            var name = entry.getKey().toString();
            if (name.equals(key)) {
                return Long.parseLong(entry.getValue().toString());
            }
            if (entry.getValue() instanceof Map<?, ?> below && key.startsWith(name + ".")) {
                return setting(below, key.substring(name.length() + 1), usual);
            }
            if (name.equals("index") && entry.getValue() instanceof Map<?, ?> below) {
                return setting(below, key, usual);
            }
            if (name.equals("index." + key)) {
                return Long.parseLong(entry.getValue().toString());
            }
        }
        return usual;
    }

    private void node(Node node, String path, int level) {
        depth = Math.max(depth, level);
        fields(node.fields(), node.table(), path);
        for (var relation : node.relations()) {
            var at = path + relation.name();
            switch (relation) {
                case One one when one.own() -> added(pipeline.enrichment(), at, level);
                case One one when one.value() != null -> field(at, () -> Typing.of(one.value(), column -> types.apply(one.node().table(), column)));
                case One one -> object(one.node(), at, level);
                case Many many -> {
                    switch (many.content()) {
                        case Many.Objects() -> {
                            if (many.through() != null) {
                                fields(many.through().fields(), many.through().table(), at + ".");
                            }
                            object(many.node(), at, level);
                        }
                        case Many.Values(var of) -> field(at, () -> Typing.of(of, column -> types.apply(many.node().table(), column)));
                        case Many.Aggregate aggregate -> fields++;
                    }
                }
            }
        }
    }

    private void added(Enrichment enrichment, String at, int level) {
        fields++;
        depth = Math.max(depth, level + 1);
        enrichment.fields().forEach((name, type) -> {
            var own = pipeline.index().mappings().get(at + "." + name);
            fields += own == null ? type == Enrichment.Type.TEXT ? 2 : 1 : own(own);
        });
    }

    private static int own(Map<String, Object> mapping) {
        return 1 + (mapping.get("fields") instanceof Map<?, ?> more ? more.size() : 0);
    }

    private void object(Node node, String at, int level) {
        fields++;
        node(node, at + ".", level + 1);
    }

    private void fields(List<Field> more, TableName table, String path) {
        more.forEach(field -> field(path + field.name(), () -> Typing.of(field.value(), column -> types.apply(table, column))));
    }

    /** What cannot be typed is a problem of its own. */
    private void field(String at, Supplier<ColumnType> typing) {
        var own = pipeline.index().mappings().get(at);
        if (own != null) {
            fields += own(own);
            return;
        }
        try {
            fields += isText(typing.get()) ? 2 : 1;
        } catch (IllegalArgumentException e) {
            fields++;
        }
    }

    private static boolean isText(ColumnType type) {
        return type != null && (type.kind() == ColumnType.Kind.TEXT || type.kind() == ColumnType.Kind.ARRAY && isText(type.element()));
    }
}
