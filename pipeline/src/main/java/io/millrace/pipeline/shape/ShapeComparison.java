package io.millrace.pipeline.shape;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.UsedColumns;
import io.millrace.pipeline.shape.ShapeChange.Added;
import io.millrace.pipeline.shape.ShapeChange.Gone;
import io.millrace.pipeline.shape.ShapeChange.Other;
import io.millrace.pipeline.shape.ShapeChange.Withdrawn;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.stream.Stream;

/**
 * Compares what the state of a join was built for with what a file describes. A field more, of columns that the stored rows have, is added in place; what was added so can be taken out again; whatever else is different asks for a later
 * generation. Why so stands in the DESIGN.md of denormalizer-service.
 */
public final class ShapeComparison {

    private final DocumentShape base;
    private final Map<TableName, List<String>> columns;
    private final List<ShapeChange> changes = new ArrayList<>();

    private ShapeComparison(DocumentShape base) {
        this.base = base;
        this.columns = base.columns();
    }

    /**
     * Every difference, in the order of the file; empty where there is none.
     *
     * @param base what the state was built for, from which its rows have their columns
     * @param shown what its documents have come to be since, by fields that were added in place
     */
    public static List<ShapeChange> between(DocumentShape base, DocumentShape shown, Pipeline pipeline) {
        var comparison = new ShapeComparison(base);
        comparison.node("document", List.of(), base.document(), shown.document(), Form.read(new DocumentForm().node(pipeline.document()).toString()).getFirst());
        comparison.subscribed(pipeline);
        comparison.retention(pipeline);
        return List.copyOf(comparison.changes);
    }

    private void node(String at, List<String> object, Form before, Form shown, Form now) {
        if (!before.texts().equals(now.texts())) {
            other(at + (object.isEmpty() ? ".root" : ".table"), "rows of " + now.texts().getFirst() + " are other rows than those of " + before.texts().getFirst());
            return;
        }
        same(at + ".where", before.parts("where"), now.parts("where"), "which rows count (where) is something else, so documents, or what is in them, would leave or come");
        fields(at, object, TableName.parse(now.texts().getFirst()), before, shown, now);
        relations(at, object, before, shown, now);
    }

    private void same(String at, List<Form> before, List<Form> now, String because) {
        if (!before.equals(now)) {
            other(at, because);
        }
    }

    private void other(String at, String because) {
        changes.add(new Other(at, because));
    }

    private void fields(String at, List<String> object, TableName table, Form before, Form shown, Form now) {
        var ofState = fields(before);
        var ofDocuments = fields(shown);
        var ofFile = fields(now);
        int number = 0;
        for (var field : ofFile.entrySet()) {
            var here = at + ".fields[" + number++ + "]";
            var known = ofState.getOrDefault(field.getKey(), ofDocuments.get(field.getKey()));
            if (known == null) {
                added(here, object, table, field.getKey(), field.getValue());
            } else if (!known.equals(field.getValue())) {
                other(here, "'" + field.getKey() + "' is there with another value, which may have another type in the index; a field of another name could be added in place");
            }
        }
        ofState.keySet().stream().filter(name -> !ofFile.containsKey(name)).forEach(name -> changes.add(new Gone(at + ".fields", name)));
        ofDocuments.keySet().stream().filter(name -> !ofFile.containsKey(name) && !ofState.containsKey(name)).forEach(name -> changes.add(new Withdrawn(at + ".fields", object, name)));
    }

    private static Map<String, Form> fields(Form node) {
        var fields = new LinkedHashMap<String, Form>();
        node.parts("field").forEach(field -> fields.put(field.texts().getFirst(), field.parts().getFirst()));
        return fields;
    }

    private void added(String at, List<String> object, TableName table, String name, Form value) {
        var lacking = columns(value).filter(column -> !columns.getOrDefault(table, List.of()).contains(column)).distinct().toList();
        if (lacking.isEmpty()) {
            changes.add(new Added(at, object, name));
        } else {
            lacks(at, table, lacking);
        }
    }

    private void lacks(String at, TableName table, List<String> lacking) {
        other(at, "the join keeps of each row what its documents use, so its rows of " + table + " do not have " + String.join(", ", lacking));
    }

    private static Stream<String> columns(Form value) {
        return value.kind().equals("column") ? value.texts().stream() : value.parts().stream().flatMap(ShapeComparison::columns);
    }

    /** Where they stand decides how the state numbers what belongs to them. */
    private void relations(String at, List<String> object, Form before, Form shown, Form now) {
        var ofState = relations(before);
        var ofDocuments = relations(shown);
        var ofFile = relations(now);
        ofFile.forEach((name, relation) -> {
            var here = at + "." + relation.kind() + "." + name;
            if (ofState.containsKey(name)) {
                relation(here, Stream.concat(object.stream(), Stream.of(name)).toList(), ofState.get(name), ofDocuments.get(name), relation);
            } else {
                other(here, "the state knows no rows of the relation '" + name + "', and no way from them to the documents");
            }
        });
        ofState.keySet().stream().filter(name -> !ofFile.containsKey(name)).forEach(name -> other(at, "the relation '" + name + "' is gone from the file, and readers of the index may use it; leave it there"));
        if (ofFile.keySet().equals(ofState.keySet()) && !List.copyOf(ofFile.keySet()).equals(List.copyOf(ofState.keySet()))) {
            other(at, "its relations stand in another order than that by which the state numbers them: " + String.join(", ", ofState.keySet()) + "; put them back into it");
        }
    }

    private static Map<String, Form> relations(Form node) {
        var relations = new LinkedHashMap<String, Form>();
        node.parts().stream().filter(part -> part.kind().equals("one") || part.kind().equals("many")).forEach(part -> relations.put(part.texts().getFirst(), part));
        return relations;
    }

    private void relation(String at, List<String> object, Form before, Form shown, Form now) {
        if (!alone(before).equals(alone(now))) {
            other(at, "how its rows are found, ordered, limited or shown is something else, and what stands in the documents would change or leave");
            return;
        }
        if (now.part("through") != null) {
            fields(at + ".through", object, TableName.parse(now.part("through").texts().getFirst()), before.part("through"), shown.part("through"), now.part("through"));
        }
        node(at, object, before.part("node"), shown.part("node"), now.part("node"));
    }

    /** A relation without the fields that its elements have, and without what is below it. */
    private static Form alone(Form relation) {
        return new Form(relation.kind(), relation.texts(), relation.parts().stream().filter(part -> !part.kind().equals("node"))
                .map(part -> part.kind().equals("through") ? new Form(part.kind(), part.texts(), part.parts().stream().filter(inner -> !inner.kind().equals("field")).toList()) : part).toList());
    }

    private void subscribed(Pipeline pipeline) {
        var ofState = new HashSet<>(base.texts(DocumentShape.SUBSCRIBED));
        var ofFile = new HashSet<>(pipeline.subscribed().stream().map(TableName::toString).toList());
        Stream.concat(ofState.stream(), ofFile.stream()).distinct().sorted().filter(table -> ofState.contains(table) != ofFile.contains(table))
                .forEach(table -> other("tables." + table + ".lookup", "the rows of " + table + " would have to be kept elsewhere"));
    }

    /** A rule that needs a column which nothing else uses. */
    private void retention(Pipeline pipeline) {
        if (pipeline.retention() == null || changes.stream().anyMatch(change -> !change.isInPlace())) {
            return;
        }
        UsedColumns.captured(pipeline).forEach((TableName table, SortedSet<String> used) -> {
            var lacking = used.stream().filter(column -> !columns.getOrDefault(table, List.of()).contains(column)).toList();
            if (!lacking.isEmpty()) {
                lacks("retention", table, lacking);
            }
        });
    }

    /** What a file's documents are built for where there is no state yet; by what it says alone, so without the primary key. */
    public static DocumentShape ofFile(Pipeline pipeline) {
        var columns = new LinkedHashMap<TableName, List<String>>();
        UsedColumns.captured(pipeline).forEach((table, used) -> columns.put(table, List.copyOf(used)));
        return DocumentShape.of(0, pipeline.document(), columns, List.of(), "", pipeline.subscribed().stream());
    }

    /** The objects whose members are others than before, each by the names of the relations from the root to it. */
    public static Set<List<String>> objects(Collection<ShapeChange> changes) {
        var objects = new HashSet<List<String>>();
        changes.forEach(change -> {
            switch (change) {
                case Added added -> objects.add(added.object());
                case Withdrawn withdrawn -> objects.add(withdrawn.object());
                case Gone gone -> { }
                case Other other -> { }
            }
        });
        return objects;
    }
}
