package io.millrace.pipeline.file;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The paths of a pipeline's documents, by which {@code index.mappings} and {@code index.nested} name fields. */
final class IndexPaths {

    private final Set<String> all = new LinkedHashSet<>();
    /** Of arrays of objects. */
    private final Set<String> lists = new LinkedHashSet<>();

    private IndexPaths(Pipeline pipeline) {
        node(pipeline.document(), List.of(), "");
        if (pipeline.enrichment() != null) {
            pipeline.enrichment().fields().keySet().forEach(field -> all.add(Enrichment.MEMBER + "." + field));
        }
    }

    /** What names no field would change nothing, and nobody would be told. */
    static void refuseUnknown(Pipeline pipeline, Yaml index) {
        var paths = new IndexPaths(pipeline);
        var mappings = index.get("mappings");
        if (mappings != null) {
            var copies = new LinkedHashSet<String>();
            mappings.members((path, mapping) -> copies.addAll(copies(mapping)) ? path : null);
            var mapped = mappings.members((path, mapping) -> path);
            mappings.members((path, mapping) -> {
                if (!copies.contains(path) || path.contains(".")) {
                    paths.refuseUnknown(path, mapping);
                }
                copies(mapping).stream().filter(copy -> !paths.all.contains(copy) && !mapped.contains(copy)).forEach(copy -> mapping.problem(
                        "it is copied to '" + copy + "', which is no field of the documents; say what it is as well, such as index.mappings." + copy + ": {type: text}"));
                return null;
            });
        }
        var nested = index.get("nested");
        if (nested != null) {
            nested.elements(element -> {
                if (!paths.lists.contains(element.text())) {
                    element.problem("the documents have no list of objects at '" + element.text() + "'; " + (paths.lists.isEmpty() ? "none of their relations is one" : "they have " + String.join(", ", paths.lists)));
                }
                return null;
            });
        }
    }

    private static List<String> copies(Yaml mapping) {
        var copies = mapping.get("copy_to");
        return copies == null ? List.of() : copies.isList() ? copies.elements(Yaml::text) : List.of(copies.text());
    }

    private void refuseUnknown(String path, Yaml mapping) {
        if (all.contains(path)) {
            return;
        }
        var around = path;
        while (!around.isEmpty() && !all.contains(around)) {
            around = around.substring(0, Math.max(0, around.lastIndexOf('.')));
        }
        mapping.problem("the documents have no field '" + path + "'; " + (around.isEmpty() ? "a field is named by its path in the document, such as team.name"
                : "they have " + around + ": what is inside of its values is mapped under properties of index.mappings." + around));
    }

    private void node(Node node, List<Field> more, String path) {
        more.forEach(field -> all.add(path + field.name()));
        node.fields().forEach(field -> all.add(path + field.name()));
        for (var relation : node.relations()) {
            var at = path + relation.name();
            all.add(at);
            switch (relation) {
                case One one when one.value() == null -> node(one.node(), List.of(), at + ".");
                case Many many when many.content() instanceof Many.Objects -> {
                    lists.add(at);
                    node(many.node(), many.through() == null ? List.of() : many.through().fields(), at + ".");
                }
                default -> { }
            }
        }
    }
}
