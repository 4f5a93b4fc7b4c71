package io.millrace.pipeline.file;

import io.millrace.pipeline.file.Yaml.Document;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Turns the text of one pipeline file into a {@link Pipeline}; says everything that is wrong with its form. */
final class PipelineReader {

    private static final Duration DEFAULT_REFRESH = Duration.ofMillis(500);

    private PipelineReader() {}

    /** The pipeline; null where the document has problems that leave nothing to build. */
    static Pipeline read(Document document, Path folder, String text) {
        var root = Yaml.parse(document, text);
        if (root == null) {
            return null;
        }
        var version = root.need("millrace");
        if (version != null && version.number(1) != 1) {
            version.problem("this Millrace reads version 1 of the pipeline file");
        }
        var name = text(root.need("name"));
        var source = root.need("source");
        var rule = root.get("compatibility");
        var compatibility = rule == null ? null : rule.oneOf(Compatibility.class, null);
        var tables = root.get("tables");
        var node = root.need("document");
        var index = root.get("index");
        var pipeline = new Pipeline(
                name,
                source == null ? null : source(source, folder),
                compatibility,
                tables == null ? Map.of() : tables(tables, compatibility == null ? TableSettings.DEFAULT.compatibility() : compatibility),
                node == null ? null : node(node, "root"),
                index(index, name));
        root.done();
        return pipeline;
    }

    private static String text(Yaml yaml) {
        return yaml == null ? null : yaml.text();
    }

    private static Source source(Yaml yaml, Path folder) {
        var source = new Source(
                text(yaml.need("name")),
                reference(yaml.need("url"), folder, true),
                reference(yaml.need("user"), folder, true),
                reference(yaml.need("password"), folder, false));
        yaml.done();
        return source;
    }

    static Reference reference(Yaml yaml, Path folder, boolean literal) {
        if (yaml == null) {
            return null;
        }
        if (yaml.isText()) {
            if (!literal) {
                yaml.problem("a secret is never written here; refer to it with {env: NAME} or {file: PATH}");
                return null;
            }
            return new Reference.Literal(yaml.text());
        }
        var env = text(yaml.get("env"));
        var file = text(yaml.get("file"));
        yaml.done();
        if ((env == null) == (file == null)) {
            yaml.problem("needs exactly one of {env: NAME} and {file: PATH}");
            return null;
        }
        return env != null ? new Reference.Environment(env) : new Reference.FromFile(folder.resolve(file));
    }

    private static Map<TableName, TableSettings> tables(Yaml yaml, Compatibility otherwise) {
        var tables = new LinkedHashMap<TableName, TableSettings>();
        yaml.members((key, value) -> {
            try {
                if (tables.put(TableName.parse(key), settings(value, otherwise)) != null) {
                    value.problem("the table " + key + " is there twice");
                }
            } catch (IllegalArgumentException e) {
                value.problem(e.getMessage());
            }
            return null;
        });
        return tables;
    }

    private static TableSettings settings(Yaml yaml, Compatibility otherwise) {
        var compatibility = yaml.get("compatibility");
        var transforms = yaml.get("transforms");
        var rules = yaml.get("rules");
        var settings = new TableSettings(
                compatibility == null ? otherwise : compatibility.oneOf(Compatibility.class, otherwise),
                transforms == null ? List.of() : transforms.elements(PipelineReader::transform),
                rules == null ? List.of() : rules.elements(PipelineReader::rule));
        yaml.done();
        return settings;
    }

    private static RowRule rule(Yaml yaml) {
        var notNull = yaml.get("notNull");
        var min = yaml.get("min");
        var max = yaml.get("max");
        var pattern = yaml.get("pattern");
        var oneOf = yaml.get("enum");
        var maxLength = yaml.get("maxLength");
        var breach = yaml.get("breach");
        var rule = new RowRule(
                text(yaml.need("column")),
                notNull != null && notNull.truth(),
                text(min),
                text(max),
                text(pattern),
                oneOf == null ? List.of() : oneOf.elements(Yaml::text),
                maxLength == null ? null : Integer.valueOf(maxLength.number(0)),
                breach == null ? RowRule.Breach.QUARANTINE : breach(breach));
        yaml.done();
        if (!rule.notNull() && rule.min() == null && rule.max() == null && rule.pattern() == null && rule.oneOf().isEmpty() && rule.maxLength() == null) {
            yaml.problem("a rule needs at least one of notNull: true, min, max, pattern, enum, maxLength");
        }
        if (rule.min() != null && rule.max() != null && isGreater(rule.min(), rule.max())) {
            yaml.problem("the min " + rule.min() + " is greater than the max " + rule.max());
        }
        refuseUnreadable(pattern, rule.pattern());
        return rule;
    }

    private static boolean isGreater(String min, String max) {
        try {
            return new BigDecimal(min).compareTo(new BigDecimal(max)) > 0;
        } catch (NumberFormatException e) {
            // Dates of one form are ordered as their texts are.
            return min.compareTo(max) > 0;
        }
    }

    private static void refuseUnreadable(Yaml yaml, String pattern) {
        try {
            if (pattern != null) {
                Pattern.compile(pattern);
            }
        } catch (PatternSyntaxException e) {
            yaml.problem("'" + pattern + "' is no regular expression of Java: " + e.getDescription() + " at " + e.getIndex());
        }
    }

    private static RowRule.Breach breach(Yaml yaml) {
        var text = yaml.text();
        if (!"quarantine".equals(text) && !"count".equals(text)) {
            yaml.problem("'" + text + "' is not known; allowed: quarantine, count");
        }
        return "count".equals(text) ? RowRule.Breach.COUNT : RowRule.Breach.QUARANTINE;
    }

    private static Transform transform(Yaml yaml) {
        var options = yaml.get("options");
        var values = new LinkedHashMap<String, String>();
        if (options != null) {
            options.members((key, value) -> values.put(key, value.text()));
        }
        var transform = new Transform(text(yaml.need("type")), values);
        yaml.done();
        return transform;
    }

    /** @param tableKey the key that names the table: {@code root} for the document itself, {@code table} below it */
    private static Node node(Yaml yaml, String tableKey) {
        var node = nodeOf(yaml, tableKey);
        yaml.done();
        return node;
    }

    private static Node nodeOf(Yaml yaml, String tableKey) {
        var table = yaml.need(tableKey);
        var fields = yaml.need("fields");
        var one = yaml.get("one");
        var many = yaml.get("many");
        var relations = new ArrayList<Relation>();
        if (one != null) {
            relations.addAll(one.members(PipelineReader::one));
        }
        if (many != null) {
            relations.addAll(many.members(PipelineReader::many));
        }
        var node = new Node(table == null ? null : table.table(), fields == null ? List.of() : fields.elements(PipelineReader::field), relations);
        refuseTwice(yaml, node.fields(), relations);
        return node;
    }

    private static void refuseTwice(Yaml yaml, List<Field> fields, List<Relation> relations) {
        var names = new HashSet<String>();
        for (var field : fields) {
            if (!names.add(field.name())) {
                yaml.problem("the name '" + field.name() + "' is there twice; rename one: {other_name: " + field.name() + "}");
            }
        }
        for (var relation : relations) {
            if (!names.add(relation.name())) {
                yaml.problem("the name '" + relation.name() + "' is there twice among fields and relations");
            }
        }
    }

    private static Field field(Yaml yaml) {
        if (yaml.isText()) {
            var column = yaml.text();
            return column == null ? null : new Field(column, new Field.Column(column));
        }
        var renamed = yaml.members((name, column) -> {
            var text = column.text();
            return text == null ? null : new Field(name, new Field.Column(text));
        });
        if (renamed.size() != 1) {
            yaml.problem("a field is a column's name, or {name in the document: column}");
            return null;
        }
        return renamed.getFirst();
    }

    private static One one(String name, Yaml yaml) {
        var on = yaml.need("join");
        return new One(name, on == null ? List.of() : joins(on), node(yaml, "table"));
    }

    private static Many many(String name, Yaml yaml) {
        var through = yaml.get("through");
        var on = through == null ? yaml.need("join") : through.need("join");
        var orderBy = yaml.get("orderBy");
        return new Many(
                name,
                on == null ? List.of() : joins(on),
                through == null ? null : through(through),
                orderBy == null ? List.of() : orderBy.elements(PipelineReader::order),
                node(yaml, "table"));
    }

    private static Through through(Yaml yaml) {
        var to = yaml.need("to");
        var fields = yaml.get("fields");
        var table = yaml.need("table");
        var through = new Through(
                table == null ? null : table.table(),
                to == null ? List.of() : joins(to),
                fields == null ? List.of() : fields.elements(PipelineReader::field));
        yaml.done();
        return through;
    }

    private static List<Join> joins(Yaml yaml) {
        return yaml.members((here, there) -> {
            var column = there.text();
            return column == null ? null : new Join(here, column);
        });
    }

    private static Order order(Yaml yaml) {
        if (yaml.isText()) {
            return new Order(yaml.text(), false);
        }
        var orders = yaml.members((column, direction) -> {
            var text = direction.text();
            if (!"asc".equals(text) && !"desc".equals(text)) {
                direction.problem("'" + text + "' is not known; allowed: asc, desc");
            }
            return new Order(column, "desc".equals(text));
        });
        if (orders.size() != 1) {
            yaml.problem("an order is a column's name, or {column: desc}");
            return null;
        }
        return orders.getFirst();
    }

    private static Index index(Yaml yaml, String pipeline) {
        if (yaml == null) {
            return new Index(pipeline, 1, 0, DEFAULT_REFRESH, List.of(), Map.of(), Map.of());
        }
        var name = yaml.get("name");
        var shards = yaml.get("shards");
        var replicas = yaml.get("replicas");
        var refresh = yaml.get("refresh");
        var nested = yaml.get("nested");
        var mappings = yaml.get("mappings");
        var settings = yaml.get("settings");
        var index = new Index(
                name == null ? pipeline : name.text(),
                shards == null ? 1 : shards.number(1),
                replicas == null ? 0 : replicas.number(0),
                refresh == null ? DEFAULT_REFRESH : refresh.duration(DEFAULT_REFRESH),
                nested == null ? List.of() : nested.elements(Yaml::text),
                mappings == null ? Map.of() : mappings(mappings),
                settings == null ? Map.of() : plainMap(settings));
        yaml.done();
        return index;
    }

    private static Map<String, Map<String, Object>> mappings(Yaml yaml) {
        var mappings = new LinkedHashMap<String, Map<String, Object>>();
        yaml.members((path, mapping) -> mappings.put(path, plainMap(mapping)));
        return mappings;
    }

    private static Map<String, Object> plainMap(Yaml yaml) {
        var map = new LinkedHashMap<String, Object>();
        yaml.members((key, value) -> map.put(key, value.plain()));
        return map;
    }
}
