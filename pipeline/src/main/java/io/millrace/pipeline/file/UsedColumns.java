package io.millrace.pipeline.file;

import java.util.Collection;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The columns of the tables by which documents are joined, ordered, filled and kept, and those that the forms of their rows name. */
public final class UsedColumns {

    private final Map<TableName, SortedSet<String>> columns = new TreeMap<>();

    private UsedColumns() {}

    /** Those of several pipelines together, by table; behind the tables' transforms, which may give rows other names, they are named as the rows have them. */
    public static Map<TableName, SortedSet<String>> of(Collection<Pipeline> pipelines) {
        var used = new UsedColumns();
        pipelines.forEach(used::pipeline);
        pipelines.forEach(pipeline -> used.columns.forEach((table, columns) -> formed(pipeline.settings(table).form(), columns)));
        pipelines.forEach(pipeline -> used.columns.forEach((table, columns) -> pipeline.erasing(table).values().forEach(place -> erased(place, columns))));
        return used.columns;
    }

    /** Those of the rows that one pipeline reads, by table: with the columns that the file makes, and without those that it makes them of. */
    public static Map<TableName, SortedSet<String>> captured(Pipeline pipeline) {
        var used = new UsedColumns();
        used.pipeline(pipeline);
        return used.columns;
    }

    private void pipeline(Pipeline pipeline) {
        node(pipeline.document());
        if (pipeline.retention() != null) {
            pipeline.retention().rules().forEach(rule -> rule(pipeline, rule));
        }
    }

    /** Of a column that the file makes those are used that it is made of. */
    private static void formed(RowForm form, SortedSet<String> columns) {
        columns.removeIf(column -> form.columns().get(column) instanceof ColumnForm.Made);
        columns.addAll(form.needed());
    }

    private static void erased(Subject.Place place, SortedSet<String> columns) {
        columns.add(place.column());
        columns.addAll(place.redacted().keySet());
    }

    private void node(Node node) {
        add(node.table(), fields(node.fields()));
        add(node.table(), node.where());
        for (var relation : node.relations()) {
            add(node.table(), relation.on().stream().map(Join::here));
            var there = relation.on().stream().map(Join::there);
            switch (relation) {
                case One one -> {
                    add(one.node().table(), there);
                    add(one.node().table(), one.value() == null ? Stream.empty() : one.value().columns());
                }
                case Many many when many.through() == null -> add(many.node().table(), there);
                case Many many -> {
                    add(many.through().table(), there);
                    add(many.through().table(), fields(many.through().fields()));
                    add(many.through().table(), many.through().where());
                    add(many.through().table(), many.through().to().stream().map(Join::here));
                    add(many.node().table(), many.through().to().stream().map(Join::there));
                }
            }
            if (relation instanceof Many many) {
                add(many.node().table(), many.orderBy().stream().map(Order::column));
                add(many.node().table(), switch (many.content()) {
                    case Many.Objects() -> Stream.empty();
                    case Many.Values(var of) -> of.columns();
                    case Many.Aggregate(var function, var of) -> of == null ? Stream.empty() : of.columns();
                });
            }
            node(relation.node());
        }
    }

    private void rule(Pipeline pipeline, RetentionRule rule) {
        add(pipeline.document().table(), Stream.of(rule.column()));
        add(pipeline.document().table(), rule.when());
        if (rule.override() != null) {
            add(rule.override().one() == null ? pipeline.document().table() : pipeline.one(rule.override()).node().table(), Stream.of(rule.override().column()));
        }
    }

    private static Stream<String> fields(Collection<Field> fields) {
        return fields.stream().flatMap(field -> field.value().columns());
    }

    private void add(TableName table, Where where) {
        add(table, where == null ? Stream.empty() : where.columns());
    }

    private void add(TableName table, Stream<String> names) {
        names.forEach(columns.computeIfAbsent(table, t -> new TreeSet<>())::add);
    }
}
