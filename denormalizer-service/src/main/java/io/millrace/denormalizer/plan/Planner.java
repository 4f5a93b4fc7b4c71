package io.millrace.denormalizer.plan;

import io.millrace.pipeline.file.Expression;
import io.millrace.pipeline.file.Field;
import io.millrace.pipeline.file.Join;
import io.millrace.pipeline.file.Many;
import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.One;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.UsedColumns;
import io.millrace.pipeline.shape.DocumentShape;
import io.millrace.pipeline.topic.Topics;
import io.millrace.values.bytes.ByteWriter;
import io.millrace.values.json.JsonCanon;
import io.millrace.values.row.Filter;
import io.millrace.values.row.Formula;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Makes a {@link Plan} from a pipeline file.
 *
 * <p>Arrays below the root, and arrays below those, are the spine, and so is what others add to a document: their rows travel to the document's partition. What an
 * object relation leads to, and everything below that, is look-up data, which every partition has, or subscribes to by
 * the key. For an array through a link table the link is on the spine and the related table is looked up.
 */
public final class Planner {

    /** Raised when the stored form of keys, rows or messages changes. */
    private static final int FORMAT = 2;

    private final Pipeline pipeline;
    private final List<String> rootKey;
    private final Map<TableName, TablePlan> tables = new LinkedHashMap<>();
    private final List<SpineNode> spine = new ArrayList<>();
    private final Map<String, SpineNode> nodes = new HashMap<>();
    private final Map<String, LookupIndex> indexes = new LinkedHashMap<>();

    private final String steps;
    /** Those that documents may have been emitted with other members of. */
    private final Set<List<String>> changed;

    private Planner(Pipeline pipeline, List<String> rootKey, String steps, Set<List<String>> changed) {
        this.pipeline = pipeline;
        this.rootKey = rootKey;
        this.steps = steps;
        this.changed = changed;
    }

    /** @param rootKey the root table's primary key columns, in the order of the key */
    public static Plan plan(Pipeline pipeline, List<String> rootKey) {
        return plan(pipeline, rootKey, "");
    }

    /** @param steps what differs where a user's code makes something else of finished documents; empty without such code */
    public static Plan plan(Pipeline pipeline, List<String> rootKey, String steps) {
        return new Planner(pipeline, rootKey, steps, Set.of()).plan();
    }

    /**
     * The same plan for state that is there, whose rows keep the places of their columns.
     *
     * @param base what the state was built for, of which the file differs by fields alone
     * @param changed the objects with fields that documents may have been emitted without or with, each by the names of the relations from the root to it
     */
    public static Plan plan(Plan fresh, DocumentShape base, Set<List<String>> changed) {
        var planner = new Planner(fresh.file(), fresh.rootKey(), String.join("", fresh.fingerprint().shape().texts(DocumentShape.STEPS)), changed);
        base.columns().forEach((name, columns) -> columns.forEach(planner.table(name)::slot));
        return planner.plan();
    }

    private Plan plan() {
        var document = pipeline.document();
        var root = new SpineNode(0, table(document.table()), null, new int[0], new int[0], false);
        spine.add(root);
        root.table().nodes().add(root);
        var shape = shape(document, List.of(), root.table(), null, root, List.of());
        var filter = Filter.of(document.where(), root.table()::slot);
        return new Plan(pipeline, pipeline.name(), pipeline.trace(), pipeline.events(), pipeline.source().name(), List.copyOf(tables.values()), List.copyOf(spine), List.copyOf(indexes.values()), shape, filter, retaining(root.table()), rootKey, fingerprint());
    }

    /** Last of all, so that columns which the document has anyway keep their places. */
    private Retaining retaining(TablePlan root) {
        var names = new ArrayList<>(List.of(pipeline.name()));
        names.addAll(pipeline.replaces());
        var ones = new LinkedHashMap<String, Retaining.One>();
        for (var relation : pipeline.document().relations()) {
            if (relation instanceof One one && !one.own() && !table(one.node().table()).isSubscribed()) {
                var target = table(one.node().table());
                var joins = sorted(one.on());
                ones.put(one.name(), new Retaining.One(index(target, joins), here(joins, root), Filter.of(one.node().where(), target::slot)));
            }
        }
        if (pipeline.retention() != null) {
            // In an order of their own: rules that change places ask for no other state.
            UsedColumns.captured(pipeline).forEach((table, columns) -> columns.forEach(table(table)::slot));
        }
        return new Retaining(List.copyOf(names), root, Map.copyOf(ones));
    }

    private Fingerprint fingerprint() {
        return Fingerprint.of(FORMAT, pipeline.document(), tables.values(), rootKey, steps, pipeline.subscribed());
    }

    private TablePlan table(TableName name) {
        return tables.computeIfAbsent(name, n -> new TablePlan(tables.size(), n, Topics.rows(pipeline.source().name(), n), pipeline.subscribed().contains(n)));
    }

    /**
     * @param link the link table whose columns {@code linkFields} are; null without one
     * @param on the spine node whose row the node is; null where it is look-up data
     * @param path the names of the relations from the root to it
     */
    private Shape shape(Node node, List<Field> linkFields, TablePlan table, TablePlan link, SpineNode on, List<String> path) {
        var members = new HashMap<String, Shape.Member>();
        for (var field : node.fields()) {
            members.put(field.name(), new Shape.Member(prefix(field.name()), false, value(field, table)));
        }
        for (var field : linkFields) {
            members.put(field.name(), new Shape.Member(prefix(field.name()), true, value(field, link)));
        }
        for (var relation : node.relations()) {
            var below = Stream.concat(path.stream(), Stream.of(relation.name())).toList();
            var value = switch (relation) {
                case One one when one.own() -> ownValue(one, on);
                case One one -> one(one, table, below);
                case Many many when on != null -> spineArray(many, on, below);
                case Many many -> lookupArray(many, table, below);
            };
            members.put(relation.name(), new Shape.Member(prefix(relation.name()), false, value));
        }
        return new Shape(members.entrySet().stream()
                .sorted(Comparator.comparing(e -> e.getKey().codePoints().toArray(), Arrays::compare))
                .map(Map.Entry::getValue).toList(), changed.contains(path));
    }

    private static byte[] prefix(String name) {
        var out = new ByteWriter(name.length() + 3);
        JsonCanon.string(name, out);
        return out.put(':').toBytes();
    }

    private static Shape.Value value(Field field, TablePlan table) {
        return switch (field.value()) {
            case Expression.Column(var column) -> new Shape.ColumnValue(table.slot(column));
            case Expression computed -> new Shape.Computed(Formula.of(computed, table::slot));
        };
    }

    private Shape.Value one(One one, TablePlan table, List<String> path) {
        var target = table(one.node().table());
        var joins = sorted(one.on());
        return new Shape.OneValue(index(target, joins), here(joins, table), Filter.of(one.node().where(), target::slot), shape(one.node(), List.of(), target, null, null, path),
                one.value() == null ? null : Formula.of(one.value(), target::slot));
    }

    private Shape.Value lookupArray(Many many, TablePlan table, List<String> path) {
        var first = many.through() == null ? many.node().table() : many.through().table();
        var joins = sorted(many.on());
        var rows = table(first);
        return new Shape.LookupArray(index(rows, joins), here(joins, table), elements(many, rows, null, path));
    }

    private Shape.Value ownValue(One one, SpineNode root) {
        var rows = table(one.node().table());
        return new Shape.OwnValue(spineNode(one.on(), root, rows), Formula.of(one.value(), rows::slot));
    }

    private Shape.Value spineArray(Many many, SpineNode parent, List<String> path) {
        var rows = table(many.through() == null ? many.node().table() : many.through().table());
        var node = spineNode(many.on(), parent, rows);
        return new Shape.SpineArray(node, elements(many, rows, node, path));
    }

    private SpineNode spineNode(List<Join> on, SpineNode parent, TablePlan rows) {
        boolean direct = parent.isRoot() && on.size() == rootKey.size()
                && new HashSet<>(on.stream().map(Join::here).toList()).equals(new HashSet<>(rootKey));
        var joins = direct
                ? on.stream().sorted(Comparator.comparingInt(j -> rootKey.indexOf(j.here()))).toList()
                : sorted(on);
        int[] here = here(joins, parent.table());
        int[] there = there(joins, rows);
        return nodes.computeIfAbsent(parent.id() + Arrays.toString(here) + rows.id() + Arrays.toString(there), k -> {
            var made = new SpineNode(spine.size(), rows, parent, here, there, direct);
            spine.add(made);
            parent.children().add(made);
            rows.nodes().add(made);
            rows.isJoinedBy(there);
            parent.table().isJoinedBy(here);
            return made;
        });
    }

    private Elements elements(Many many, TablePlan rows, SpineNode on, List<String> path) {
        int limit = many.limit() == null ? Integer.MAX_VALUE : many.limit();
        if (many.through() == null) {
            return new Elements(Filter.of(many.node().where(), rows::slot), null, order(many, rows), many.distinct(), limit, content(many, rows, null, on, path));
        }
        var target = table(many.node().table());
        var joins = sorted(many.through().to());
        return new Elements(
                Filter.of(many.through().where(), rows::slot),
                new Elements.Target(index(target, joins), here(joins, rows), Filter.of(many.node().where(), target::slot)),
                order(many, target),
                many.distinct(),
                limit,
                content(many, target, rows, null, path));
    }

    private Elements.Content content(Many many, TablePlan table, TablePlan link, SpineNode on, List<String> path) {
        return switch (many.content()) {
            case Many.Objects() -> new Elements.Objects(shape(many.node(), link == null ? List.of() : many.through().fields(), table, link, on, path));
            case Many.Values(var of) -> new Elements.Values(Formula.of(of, table::slot));
            case Many.Aggregate(var function, var of) -> new Elements.Aggregate(function, of == null ? null : Formula.of(of, table::slot));
        };
    }

    private static List<Elements.OrderKey> order(Many many, TablePlan related) {
        return many.orderBy().stream().map(o -> new Elements.OrderKey(related.slot(o.column()), o.descending())).toList();
    }

    private LookupIndex index(TablePlan table, List<Join> joins) {
        var columns = there(joins, table);
        return indexes.computeIfAbsent(table.id() + Arrays.toString(columns), k -> {
            var index = new LookupIndex(indexes.size(), table, columns);
            table.indexes().add(index);
            table.isJoinedBy(columns);
            return index;
        });
    }

    private static List<Join> sorted(List<Join> joins) {
        return joins.stream().sorted(Comparator.comparing(Join::there)).toList();
    }

    private static int[] here(List<Join> joins, TablePlan table) {
        return joins.stream().mapToInt(j -> table.slot(j.here())).toArray();
    }

    private static int[] there(List<Join> joins, TablePlan table) {
        return joins.stream().mapToInt(j -> table.slot(j.there())).toArray();
    }
}
