package io.millrace.provisioner.source;

import io.millrace.pipeline.file.Field;
import io.millrace.pipeline.file.Join;
import io.millrace.pipeline.file.Many;
import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.One;
import io.millrace.pipeline.file.Order;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.TableName;
import java.util.Collection;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The columns by which documents are joined, ordered and filled. */
final class UsedColumns {

    private final Map<TableName, SortedSet<String>> columns = new TreeMap<>();

    private UsedColumns() {}

    static Map<TableName, SortedSet<String>> of(Collection<PipelineFile> files) {
        var used = new UsedColumns();
        files.forEach(file -> used.node(file.pipeline().document()));
        return used.columns;
    }

    private void node(Node node) {
        add(node.table(), fields(node.fields()));
        for (var relation : node.relations()) {
            add(node.table(), relation.on().stream().map(Join::here));
            var there = relation.on().stream().map(Join::there);
            switch (relation) {
                case One one -> add(one.node().table(), there);
                case Many many when many.through() == null -> add(many.node().table(), there);
                case Many many -> {
                    add(many.through().table(), there);
                    add(many.through().table(), fields(many.through().fields()));
                    add(many.through().table(), many.through().to().stream().map(Join::here));
                    add(many.node().table(), many.through().to().stream().map(Join::there));
                }
            }
            if (relation instanceof Many many) {
                add(many.node().table(), many.orderBy().stream().map(Order::column));
            }
            node(relation.node());
        }
    }

    private static Stream<String> fields(Collection<Field> fields) {
        return fields.stream().map(field -> switch (field.value()) {
            case Field.Column(var name) -> name;
        });
    }

    private void add(TableName table, Stream<String> names) {
        names.forEach(columns.computeIfAbsent(table, t -> new TreeSet<>())::add);
    }
}
