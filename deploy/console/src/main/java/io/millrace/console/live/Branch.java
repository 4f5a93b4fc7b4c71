package io.millrace.console.live;

import io.millrace.pipeline.file.Field;
import io.millrace.pipeline.file.Join;
import io.millrace.pipeline.file.Many;
import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.Relation;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A part of a document's shape, as its pipeline file asks for it.
 *
 * @param name in the document; empty for the root
 * @param kind {@code one}, {@code many}, {@code values}, the aggregate's name, such as {@code count}; {@code root} for the root
 * @param table whose rows it shows
 * @param join how its rows are found; empty for the root
 * @param fields names of what is taken from the row, the link's included
 */
public record Branch(String name, String kind, String table, String join, List<String> fields, List<Branch> below) {

    static Branch of(Node root) {
        return new Branch("", "root", root.table().toString(), "", names(root.fields()), below(root));
    }

    private static Branch of(Relation relation) {
        var node = relation.node();
        if (!(relation instanceof Many many)) {
            return new Branch(relation.name(), "one", node.table().toString(), on(relation.on()), names(node.fields()), below(node));
        }
        var kind = switch (many.content()) {
            case Many.Objects _ -> "many";
            case Many.Values _ -> "values";
            case Many.Aggregate aggregate -> aggregate.function().name().toLowerCase(Locale.ROOT);
        };
        var through = many.through();
        var join = on(many.on()) + (through == null ? "" : " of " + through.table() + ", " + on(through.to()));
        var fields = through == null ? names(node.fields()) : Stream.concat(names(node.fields()).stream(), names(through.fields()).stream()).toList();
        return new Branch(many.name(), kind, node.table().toString(), join, fields, below(node));
    }

    private static List<Branch> below(Node node) {
        return node.relations().stream().map(Branch::of).toList();
    }

    private static List<String> names(List<Field> fields) {
        return fields.stream().map(Field::name).toList();
    }

    private static String on(List<Join> joins) {
        return joins.stream().map(j -> j.here() + " = " + j.there()).collect(Collectors.joining(" and "));
    }
}
