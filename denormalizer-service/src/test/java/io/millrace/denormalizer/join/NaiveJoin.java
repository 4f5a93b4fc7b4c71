package io.millrace.denormalizer.join;

import io.millrace.denormalizer.it.Schema;
import io.millrace.pipeline.file.Expression;
import io.millrace.pipeline.file.Field;
import io.millrace.pipeline.file.Join;
import io.millrace.pipeline.file.Many;
import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.One;
import io.millrace.pipeline.file.Order;
import io.millrace.pipeline.file.TableName;
import io.millrace.values.json.JsonCanon;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Joins rows in memory by nothing but nested loops: what a document should be. */
final class NaiveJoin {

    private final Map<String, ? extends Map<?, Map<String, String>>> tables;

    NaiveJoin(Map<String, ? extends Map<?, Map<String, String>>> tables) {
        this.tables = tables;
    }

    TreeMap<String, String> documents(Node root) {
        var documents = new TreeMap<String, String>();
        for (var row : tables.get(root.table().table()).values()) {
            var key = Schema.TABLES.get(root.table().table()).key().stream().map(row::get).toList();
            var json = object(root, row, null, List.of(), null);
            documents.put(io.millrace.pipeline.record.DocumentId.of(key), new String(JsonCanon.canonical(json), StandardCharsets.UTF_8));
        }
        return documents;
    }

    private String object(Node node, Map<String, String> row, Map<String, String> link, List<Field> linkFields, TableName linkTable) {
        var members = new ArrayList<String>();
        node.fields().forEach(f -> members.add(field(f, row, node.table())));
        linkFields.forEach(f -> members.add(field(f, link, linkTable)));
        for (var relation : node.relations()) {
            var value = switch (relation) {
                case One one -> matching(one.node().table(), one.on(), row).stream().findFirst().map(r -> object(one.node(), r, null, List.of(), null)).orElse("null");
                case Many many -> many(many, row);
            };
            members.add('"' + relation.name() + "\":" + value);
        }
        return "{" + String.join(",", members) + "}";
    }

    private record Element(Map<String, String> row, Map<String, String> link) {}

    private String many(Many many, Map<String, String> row) {
        var elements = new ArrayList<Element>();
        var first = many.through() == null ? many.node().table() : many.through().table();
        for (var found : matching(first, many.on(), row)) {
            if (many.through() == null) {
                elements.add(new Element(found, found));
            } else {
                matching(many.node().table(), many.through().to(), found).forEach(target -> elements.add(new Element(target, found)));
            }
        }
        Comparator<Element> order = (a, b) -> 0;
        for (var by : many.orderBy()) {
            order = order.thenComparing((a, b) -> compare(by, many.node().table(), a.row, b.row));
        }
        for (var key : Schema.TABLES.get(first.table()).key()) {
            order = order.thenComparing((a, b) -> compare(new Order(key, false), first, a.link, b.link));
        }
        elements.sort(order);
        var through = many.through();
        return "[" + String.join(",", elements.stream().map(e -> object(many.node(), e.row,
                through == null ? null : e.link, through == null ? List.of() : through.fields(), through == null ? null : through.table())).toList()) + "]";
    }

    private static int compare(Order by, TableName table, Map<String, String> a, Map<String, String> b) {
        var left = a.get(by.column());
        var right = b.get(by.column());
        if (left == null || right == null) {
            return left == right ? 0 : left == null ? 1 : -1;
        }
        int result = switch (type(table, by.column())) {
            case "int4", "int8", "numeric" -> new BigDecimal(left).compareTo(new BigDecimal(right));
            default -> Arrays.compareUnsigned(left.getBytes(StandardCharsets.UTF_8), right.getBytes(StandardCharsets.UTF_8));
        };
        return by.descending() ? -result : result;
    }

    private static String type(TableName table, String column) {
        return Schema.TABLES.get(table.table()).column(column).type();
    }

    private List<Map<String, String>> matching(TableName table, List<Join> joins, Map<String, String> row) {
        return tables.get(table.table()).values().stream()
                .<Map<String, String>>map(r -> r)
                .filter(r -> joins.stream().allMatch(j -> row.get(j.here()) != null && row.get(j.here()).equals(r.get(j.there())))).toList();
    }

    private static String field(Field field, Map<String, String> row, TableName table) {
        var column = ((Expression.Column) field.value()).name();
        var value = row.get(column);
        var out = new io.millrace.values.bytes.ByteWriter(16);
        if (value == null) {
            out.putAscii("null");
        } else {
            switch (type(table, column)) {
                case "int4", "int8", "numeric", "bool", "jsonb", "float8" -> out.putUtf8(value);
                default -> JsonCanon.string(value, out);
            }
        }
        return '"' + field.name() + "\":" + new String(out.toBytes(), StandardCharsets.UTF_8);
    }
}
