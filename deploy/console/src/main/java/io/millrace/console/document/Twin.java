package io.millrace.console.document;

import io.millrace.pipeline.file.Expression;
import io.millrace.pipeline.file.Field;
import io.millrace.pipeline.file.Join;
import io.millrace.pipeline.file.Many;
import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.One;
import io.millrace.pipeline.file.Order;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.Relation;
import io.millrace.pipeline.file.TableName;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Asks Postgres for one document of a pipeline, by a join made of the pipeline's file. For one document; not thread-safe. */
final class SqlJoin {

    /** Types whose JSON is what the documents have. */
    private static final List<String> AS_IT_IS = List.of("int2", "int4", "int8", "oid", "numeric", "float4", "float8", "bool", "json", "jsonb");

    private final Connection connection;
    private final Map<TableName, Map<String, String>> types = new HashMap<>();
    private final Map<TableName, List<String>> keys = new HashMap<>();
    private int aliases;

    SqlJoin(Connection connection) {
        this.connection = connection;
    }

    /** The document as Postgres has it now; null where there is no such row. */
    String read(Pipeline pipeline, String id) throws SQLException {
        var root = pipeline.document();
        var alias = alias();
        var object = object(root, alias, new LinkedHashMap<>());
        var key = keys(root.table());
        var parts = key.size() == 1 ? List.of(id) : List.of(id.split("\\|", -1));
        if (parts.size() != key.size()) {
            return null;
        }
        var columnTypes = types(root.table());
        var where = key.stream().map(column -> column(alias, column) + " = CAST(? AS " + columnTypes.get(column) + ")").collect(Collectors.joining(" AND "));
        try (var statement = connection.prepareStatement("SELECT (" + object + ")::text FROM " + root.table().sql() + " " + alias + " WHERE " + where)) {
            for (int i = 0; i < parts.size(); i++) {
                statement.setString(i + 1, parts.get(i));
            }
            try (var row = statement.executeQuery()) {
                return row.next() ? row.getString(1) : null;
            }
        }
    }

    /** What a document's shape has that this join does not make; empty where it makes all of it. */
    static Set<String> strange(Node node) {
        var found = new TreeSet<String>();
        if (node.where() != null) {
            found.add("rows left out by where");
        }
        fieldsOf(node).filter(f -> !(f.value() instanceof Expression.Column)).forEach(f -> found.add("the derived field " + f.name()));
        for (var relation : node.relations()) {
            if (relation instanceof Many many) {
                if (many.distinct() || many.limit() != null || !(many.content() instanceof Many.Objects)) {
                    found.add("what " + many.name() + " makes of its rows");
                }
                if (many.through() != null && many.through().where() != null) {
                    found.add("rows left out by where");
                }
            }
            found.addAll(strange(relation.node()));
        }
        return found;
    }

    private static Stream<Field> fieldsOf(Node node) {
        return Stream.concat(node.fields().stream(), node.relations().stream().filter(r -> r instanceof Many many && many.through() != null).flatMap(r -> ((Many) r).through().fields().stream()));
    }

    private String alias() {
        return "t" + aliases++;
    }

    /** @param members what is in the object beside the node's own, by name */
    private String object(Node node, String alias, Map<String, String> members) throws SQLException {
        fields(node.table(), node.fields(), alias, members);
        for (Relation relation : node.relations()) {
            members.put(relation.name(), switch (relation) {
                case One one -> one(one, alias);
                case Many many -> many(many, alias);
            });
        }
        return "json_build_object(" + members.entrySet().stream().map(m -> literal(m.getKey()) + ", " + m.getValue()).collect(Collectors.joining(", ")) + ")";
    }

    private void fields(TableName table, List<Field> fields, String alias, Map<String, String> members) throws SQLException {
        for (var field : fields) {
            if (field.value() instanceof Expression.Column(var name)) {
                members.put(field.name(), value(table, name, alias));
            }
        }
    }

    private String one(One one, String parent) throws SQLException {
        var alias = alias();
        return "(SELECT " + object(one.node(), alias, new LinkedHashMap<>()) + " FROM " + one.node().table().sql() + " " + alias + " WHERE " + joined(one.on(), parent, alias) + " LIMIT 1)";
    }

    private String many(Many many, String parent) throws SQLException {
        var alias = alias();
        var members = new LinkedHashMap<String, String>();
        if (many.through() == null) {
            var order = order(many.orderBy(), many.node().table(), alias, many.node().table(), alias);
            return array(object(many.node(), alias, members), order, many.node().table().sql() + " " + alias, joined(many.on(), parent, alias));
        }
        var link = alias();
        fields(many.through().table(), many.through().fields(), link, members);
        var object = object(many.node(), alias, members);
        var from = many.through().table().sql() + " " + link + " JOIN " + many.node().table().sql() + " " + alias + " ON " + joined(many.through().to(), link, alias);
        return array(object, order(many.orderBy(), many.node().table(), alias, many.through().table(), link), from, joined(many.on(), parent, link));
    }

    private static String array(String object, String order, String from, String where) {
        return "(SELECT coalesce(json_agg(" + object + " ORDER BY " + order + "), '[]'::json) FROM " + from + " WHERE " + where + ")";
    }

    private String order(List<Order> orders, TableName table, String alias, TableName tieTable, String tieAlias) throws SQLException {
        var terms = new ArrayList<String>();
        for (var order : orders) {
            terms.add(sortable(table, order.column(), alias) + (order.descending() ? " DESC" : "") + " NULLS LAST");
        }
        for (var column : keys(tieTable)) {
            terms.add(sortable(tieTable, column, tieAlias));
        }
        return String.join(", ", terms);
    }

    private String sortable(TableName table, String column, String alias) throws SQLException {
        var type = types(table).getOrDefault(column, "text");
        var plain = AS_IT_IS.contains(type) || type.startsWith("timestamp") || type.equals("date") || type.equals("uuid");
        return plain ? column(alias, column) : column(alias, column) + "::text COLLATE \"C\"";
    }

    private String value(TableName table, String column, String alias) throws SQLException {
        var type = types(table).getOrDefault(column, "text");
        var at = column(alias, column);
        if (AS_IT_IS.contains(type) || type.startsWith("_")) {
            return at;
        }
        return switch (type) {
            case "timestamptz" -> "to_char(" + at + " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
            case "timestamp" -> "to_char(" + at + ", 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
            case "date" -> "to_char(" + at + ", 'YYYY-MM-DD')";
            case "time" -> "to_char(" + at + ", 'HH24:MI:SS.US')";
            case "bytea" -> "replace(encode(" + at + ", 'base64'), E'\\n', '')";
            default -> at + "::text";
        };
    }

    private static String joined(List<Join> on, String here, String there) {
        return on.stream().map(j -> column(there, j.there()) + " = " + column(here, j.here())).collect(Collectors.joining(" AND "));
    }

    private static String column(String alias, String name) {
        return alias + "." + TableName.quote(name);
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    /** The catalog's type names by column. */
    private Map<String, String> types(TableName table) throws SQLException {
        var known = types.get(table);
        if (known == null) {
            known = new HashMap<>();
            try (var statement = connection.prepareStatement("""
                    SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                    WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped""")) {
                statement.setString(1, table.sql());
                try (var rows = statement.executeQuery()) {
                    while (rows.next()) {
                        known.put(rows.getString(1), rows.getString(2));
                    }
                }
            }
            types.put(table, known);
        }
        return known;
    }

    private List<String> keys(TableName table) throws SQLException {
        var known = keys.get(table);
        if (known == null) {
            known = new ArrayList<>();
            try (var statement = connection.prepareStatement("""
                    SELECT a.attname FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k(n, place) JOIN pg_attribute a ON a.attnum = k.n
                    WHERE i.indrelid = to_regclass(?) AND i.indisprimary AND a.attrelid = i.indrelid ORDER BY k.place""")) {
                statement.setString(1, table.sql());
                try (var rows = statement.executeQuery()) {
                    while (rows.next()) {
                        known.add(rows.getString(1));
                    }
                }
            }
            keys.put(table, known);
        }
        return known;
    }
}
