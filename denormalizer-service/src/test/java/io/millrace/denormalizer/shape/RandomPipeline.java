package io.millrace.denormalizer.shape;

import io.millrace.pipeline.file.TableName;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * A random schema and a random pipeline file over it. The same seed gives the same.
 *
 * <p>Only values that every row allows are asked for: a cast that fails would fail in SQL for the whole query.
 */
final class RandomPipeline {

    private static final List<String> KEY_TYPES = List.of("int", "bigint", "uuid", "text", "numeric", "date", "smallint");
    private static final List<String> TYPES = List.of("int", "bigint", "numeric", "double precision", "real", "boolean", "text", "varchar(20)", "char(4)", "date", "timestamptz", "timestamp", "time", "uuid",
            "inet", "bytea", "jsonb", "text[]", "int[]", "interval", "int4range");
    private static final int DEEPEST = 4;

    private final Random random;
    private final List<Table> tables = new ArrayList<>();
    private final boolean isEnriched;
    private Table root;
    private int names;

    RandomPipeline(long seed) {
        random = new Random(seed);
        // Not drawn, so that a seed makes of everything else what it made before.
        isEnriched = seed % 2 == 0;
        int count = 3 + random.nextInt(4);
        for (int i = 0; i < count; i++) {
            tables.add(table(i));
        }
        for (int i = 0; i < count; i++) {
            for (int r = random.nextInt(3); r >= 0; r--) {
                refer(tables.get(i), pick(tables.subList(0, count)), false);
            }
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            var link = new Table("link" + i, new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), true);
            refer(link, pick(tables.subList(0, count)), true);
            refer(link, pick(tables.subList(0, count)), true);
            link.values.add(new Column("weight", "int"));
            tables.add(link);
        }
    }

    private record Column(String name, String type) {}

    /** {@code columns} of this table stand for {@code to}'s primary key. */
    private record Reference(List<String> columns, Table to) {}

    private record Table(String name, List<Column> key, List<Column> values, List<Reference> references, boolean isLink) {

        List<Column> all() {
            var all = new ArrayList<>(key);
            all.addAll(values);
            return all;
        }
    }

    private Table table(int number) {
        var key = new ArrayList<>(List.of(new Column(name("k"), pick(KEY_TYPES))));
        if (random.nextInt(4) == 0) {
            key.add(new Column(name("K "), pick(List.of("int", "text"))));
        }
        var values = new ArrayList<Column>();
        for (int i = 2 + random.nextInt(4); i > 0; i--) {
            values.add(new Column(name(random.nextInt(6) == 0 ? "Odd " : "v"), pick(TYPES)));
        }
        return new Table((random.nextInt(4) == 0 ? "Table " : "t") + number, key, values, new ArrayList<>(), false);
    }

    private void refer(Table from, Table to, boolean inKey) {
        var columns = new ArrayList<String>();
        for (var key : to.key) {
            var column = new Column(name("r"), key.type);
            (inKey ? from.key : from.values).add(column);
            columns.add(column.name);
        }
        from.references.add(new Reference(columns, to));
    }

    private String name(String prefix) {
        return prefix + names++;
    }

    private <T> T pick(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    private static String sql(String name) {
        return '"' + name + '"';
    }

    /** Of the file that was made before. */
    String ddl() {
        var added = isEnriched ? ";\nCREATE TABLE added (" + root.key.stream().map(c -> sql("of " + c.name) + " " + c.type).collect(Collectors.joining(", ")) + ", fields jsonb NOT NULL, PRIMARY KEY ("
                + root.key.stream().map(c -> sql("of " + c.name)).collect(Collectors.joining(", ")) + "))" : "";
        return tables.stream().map(t -> "CREATE TABLE " + sql(t.name) + " (" + t.all().stream().map(c -> sql(c.name) + " " + c.type).collect(Collectors.joining(", "))
                + ", PRIMARY KEY (" + t.key.stream().map(c -> sql(c.name)).collect(Collectors.joining(", ")) + "))").collect(Collectors.joining(";\n")) + added;
    }

    String yaml() {
        root = pick(tables);
        var enrichment = isEnriched ? "enrichment: {table: public.added, join: " + join(keys(root), keys(root).stream().map(key -> "of " + key).toList()) + ", fields: {any: json}}\n" : "";
        return "millrace: 1\nname: random\nsource: {name: shape, url: {env: U}, user: {env: U}, password: {env: U}}\ndocument: {root: " + table(root) + "}\n" + enrichment;
    }

    /** The same file, where some of the look-up tables are subscribed to. */
    String subscribing(String yaml, Collection<TableName> lookUps) {
        var tables = lookUps.stream().filter(t -> chance(50)).map(t -> quoted(t.toString()) + ": {lookup: " + (chance(85) ? "subscribe" : "broadcast") + "}").collect(Collectors.joining(", "));
        return yaml.replace("\ndocument:", "\ntables: {" + tables + "}\ndocument:");
    }

    /** The node, after its first key. */
    private String table(Table root) {
        return quoted("public." + sql(root.name)) + node(root, 0);
    }

    private String node(Table table, int depth) {
        var filter = where(table, depth == 0 ? 40 : 25);
        return filter + ", fields: [" + fields(table) + "]" + relations(table, depth);
    }

    private String relations(Table table, int depth) {
        if (depth >= DEEPEST) {
            return "";
        }
        int percent = depth == 0 ? 80 : 40 - 5 * depth;
        var ones = table.references.stream().filter(r -> chance(percent)).map(r -> name("one") + ": {table: " + quoted("public." + sql(r.to.name)) + ", join: " + join(r.columns, keys(r.to))
                + (chance(20) ? where(r.to, 25) + ", flatten: " + value(r.to) : (r.to == table && chance(50) ? ", depth: " + (1 + random.nextInt(3)) : "") + node(r.to, depth + 1)) + "}").toList();
        var many = new ArrayList<String>();
        for (var other : tables) {
            for (var reference : other.references) {
                if (reference.to == table && chance(percent)) {
                    many.add(name("many") + ": " + many(other, "join: " + join(keys(table), reference.columns), depth));
                }
                if (reference.to == table && other.isLink && chance(percent)) {
                    many.add(name("many") + ": " + through(table, other, reference, depth));
                }
            }
        }
        return (ones.isEmpty() ? "" : ", one: {" + String.join(", ", ones) + "}") + (many.isEmpty() ? "" : ", many: {" + String.join(", ", many) + "}");
    }

    private String through(Table table, Table link, Reference from, int depth) {
        var to = link.references.get(link.references.get(0) == from ? 1 : 0);
        var fields = chance(40) ? ", fields: [weight]" : "";
        var join = "through: {table: " + quoted("public." + sql(link.name)) + ", join: " + join(keys(table), from.columns) + ", to: " + join(to.columns, keys(to.to)) + where(link, 20);
        var content = random.nextInt(4);
        return "{table: " + quoted("public." + sql(to.to.name)) + ", " + join + (content < 2 ? fields : "") + "}" + content(to.to, content, depth, fields.isEmpty()) + "}";
    }

    private String many(Table table, String join, int depth) {
        return "{table: " + quoted("public." + sql(table.name)) + ", " + join + content(table, random.nextInt(4), depth, true) + "}";
    }

    private String content(Table table, int kind, int depth, boolean plain) {
        return switch (kind) {
            case 0, 1 -> array(table, plain) + node(table, depth + 1);
            case 2 -> array(table, true) + where(table, 30) + ", flatten: " + value(table);
            default -> where(table, 30) + ", aggregate: " + aggregate(table);
        };
    }

    private String array(Table table, boolean distinct) {
        var order = new ArrayList<String>();
        for (var column : table.all()) {
            if (!isAny(column, "jsonb", "text[]", "int[]", "bytea") && chance(20)) {
                order.add(chance(50) ? quoted(column.name) : "{" + quoted(column.name) + ": desc}");
            }
        }
        return (order.isEmpty() ? "" : ", orderBy: [" + String.join(", ", order) + "]") + (chance(25) ? ", limit: " + (1 + random.nextInt(3)) : "") + (distinct && chance(20) ? ", distinct: true" : "");
    }

    private String aggregate(Table table) {
        var column = pick(table.all());
        var options = new ArrayList<>(List.of("count", "exists", "{count: " + quoted(column.name) + "}"));
        if (isAny(column, "int", "bigint", "smallint", "numeric", "double precision", "real")) {
            options.addAll(List.of("{sum: " + quoted(column.name) + "}", "{average: " + quoted(column.name) + "}"));
        }
        if (!isAny(column, "jsonb", "text[]", "int[]", "bytea", "boolean")) {
            options.addAll(List.of("{min: " + quoted(column.name) + "}", "{max: " + quoted(column.name) + "}"));
        }
        return pick(options);
    }

    private static boolean isAny(Column column, String... types) {
        return List.of(types).contains(column.type);
    }

    private String fields(Table table) {
        var fields = new ArrayList<String>();
        table.key.forEach(c -> fields.add(quoted(c.name)));
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
            fields.add("{" + name("f") + ": " + value(table) + "}");
        }
        return String.join(", ", fields);
    }

    /** Some value of a row. */
    private String value(Table table) {
        var column = pick(table.all());
        var name = quoted(column.name);
        var options = new ArrayList<Supplier<String>>();
        options.add(() -> name);
        switch (column.type) {
            case "jsonb" -> {
                options.add(() -> "{json: " + name + ", path: " + pick(List.of("[a]", "[a, city]", "[b, 3]", "[b, -1]", "[0]", "[\"\"]", "[b, 3, deep]")) + "}");
                options.add(() -> "{cast: {json: " + name + ", path: [a, " + pick(List.of("city", "no")) + "]}, to: text}");
                options.add(() -> "{lower: {cast: " + name + ", to: text}}");
            }
            case "text[]", "int[]" -> options.add(() -> "{element: " + name + ", at: " + (1 + random.nextInt(3)) + "}");
            default -> {
                options.add(() -> "{" + pick(List.of("lower", "upper", "trim", "hash")) + ": " + name + "}");
                options.add(() -> "{mask: " + name + ", keep: " + random.nextInt(4) + "}");
                options.add(() -> "{concat: [" + name + ", {value: \"-\"}, " + quoted(pick(table.key).name) + "]}");
                options.add(() -> "{concat: [" + name + ", " + quoted(pick(table.key).name) + ", " + name + "], delimiter: \"" + pick(List.of(", ", "'", "")) + "\"}");
                options.add(() -> "{replace: " + name + ", find: \"" + pick(List.of("a", "1", "00", ".", "-")) + "\", with: \"" + pick(List.of("", "aa", "'")) + "\"}");
                options.add(() -> "{cast: " + name + ", to: text}");
                number(column, name, options);
            }
        }
        options.add(() -> "{value: " + pick(List.of("1.50", "word", "true", "\"7\"")) + "}");
        return pick(options).get();
    }

    private void number(Column column, String name, List<Supplier<String>> options) {
        switch (column.type) {
            case "int", "smallint", "numeric" -> {
                options.add(() -> "{coalesce: [" + name + ", {value: 0.5}]}");
                options.add(() -> "{cast: " + name + ", to: double}");
            }
            case "bigint", "real", "double precision" -> options.add(() -> "{cast: " + name + ", to: numeric}");
            case "timestamp", "timestamptz" -> options.add(() -> "{cast: " + name + ", to: date}");
            case "boolean" -> options.add(() -> "{cast: " + name + ", to: integer}");
            default -> { }
        }
    }

    private String where(Table table, int percent) {
        if (!chance(percent)) {
            return "";
        }
        return ", where: " + (chance(30) ? "[" + conditions(table) + ", " + conditions(table) + "]" : conditions(table));
    }

    private String conditions(Table table) {
        var column = pick(table.all());
        var name = quoted(column.name);
        var tests = new ArrayList<>(List.of("{not: null}"));
        if (!table.key.contains(column)) {
            tests.add("null");
        }
        switch (column.type) {
            case "int", "bigint", "smallint" -> tests.addAll(List.of("2", "[1, 2, 3]", "{not: 3}", "{min: 2, max: 4}", "{above: 1, below: 5}"));
            case "numeric" -> tests.addAll(List.of("2.5", "{not: [1, 4]}", "{min: -3, below: 4}"));
            case "double precision", "real" -> tests.addAll(List.of("{below: 1}", "{min: 0.1}"));
            case "text", "varchar(20)" -> tests.addAll(List.of("alpha", "[alpha, Beta, gämma]", "{not: alpha}", "{above: B}"));
            case "boolean" -> tests.addAll(List.of("true", "{not: true}"));
            case "date" -> tests.addAll(List.of("2026-01-31", "{below: 2026-01-31}", "{not: infinity}"));
            case "timestamptz", "timestamp" -> tests.addAll(List.of("{above: \"2000-01-01T00:00:00Z\"}", "{max: \"2026-03-04T05:06:07Z\"}"));
            case "uuid" -> tests.add("{not: 8c5a1a3e-0000-4000-8000-000000000001}");
            default -> { }
        }
        return "{" + name + ": " + pick(tests) + "}";
    }

    private static List<String> keys(Table table) {
        return table.key.stream().map(Column::name).toList();
    }

    private static String join(List<String> here, List<String> there) {
        var pairs = new ArrayList<String>();
        for (int i = 0; i < here.size(); i++) {
            pairs.add(quoted(here.get(i)) + ": " + quoted(there.get(i)));
        }
        return "{" + String.join(", ", pairs) + "}";
    }

    private static String quoted(String name) {
        return "'" + name + "'";
    }
}
