package io.millrace.pipeline.catalog;

import io.millrace.pipeline.file.ColumnForm;
import io.millrace.pipeline.file.Enrichment;
import io.millrace.pipeline.file.Expression;
import io.millrace.pipeline.file.Field;
import io.millrace.pipeline.file.Join;
import io.millrace.pipeline.file.Many;
import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.One;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.Problem;
import io.millrace.pipeline.file.RetentionRule;
import io.millrace.pipeline.file.RowForm;
import io.millrace.pipeline.file.RowRule;
import io.millrace.pipeline.file.Subject;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.Target;
import io.millrace.pipeline.file.Where;
import io.millrace.pipeline.type.ColumnType;
import io.millrace.pipeline.type.Literal;
import io.millrace.pipeline.type.Typing;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Holds a pipeline file against the catalog of its source: tables, columns, keys and the types on both sides of a join. */
public final class CatalogCheck {

    private static final Map<String, String> COMPARABLE = Map.ofEntries(
            Map.entry("smallint", "integer"), Map.entry("integer", "integer"), Map.entry("bigint", "integer"),
            Map.entry("text", "text"), Map.entry("character varying", "text"), Map.entry("character", "text"));

    /** Types that have a least and a most. */
    private static final Set<String> ORDERED = Set.of("smallint", "integer", "bigint", "real", "double precision", "numeric", "date",
            "timestamp without time zone", "timestamp with time zone");
    /** Types that certainly have none; of a domain or a type of the user's own only the rows' schema tells. */
    private static final Set<String> PLAIN = Set.of("text", "character varying", "character", "boolean", "uuid", "json", "jsonb", "bytea");

    private static final Set<String> TIMES = Set.of("date", "timestamp without time zone", "timestamp with time zone");
    private static final Set<String> COUNTS = Set.of("smallint", "integer");

    private static final Set<String> TEXTS = Set.of("text", "character varying");
    private static final SequencedSet<String> SUBJECT_KEYS = Collections.unmodifiableSequencedSet(new LinkedHashSet<>(List.of("smallint", "integer", "bigint", "uuid", "text", "character varying")));

    private final PipelineFile file;
    /** What the tables have. */
    private final Catalog stored;
    /** What their rows have once they are captured. */
    private final Catalog catalog;
    private final List<Problem> problems = new ArrayList<>();

    private CatalogCheck(PipelineFile file, Catalog catalog) {
        this.file = file;
        this.stored = catalog;
        this.catalog = catalog.captured(file.pipeline());
    }

    /** Everything that is wrong; empty where the pipeline can run. */
    public static List<Problem> check(PipelineFile file, Catalog catalog) {
        var check = new CatalogCheck(file, catalog);
        file.pipeline().tableNames().forEach(check::form);
        check.node(file.pipeline().document(), "document", "root");
        check.retention();
        file.pipeline().subjects().forEach(check::subject);
        for (var table : file.pipeline().tables().keySet()) {
            if (!file.pipeline().tableNames().contains(table)) {
                check.problem("tables." + table, "the document does not use the table " + table + "; take the entry out or correct its name");
            } else {
                check.rules(file.pipeline().settings(table).rules(), catalog.tables().get(table), "tables." + table + ".rules");
            }
        }
        if (file.pipeline().target() == Target.OPENSEARCH) {
            IndexLimits.exceeded(file.pipeline(), check::type).forEach(problem -> check.problem("document", problem));
        }
        return check.problems;
    }

    /** Null where there is no such column. */
    private ColumnType type(TableName table, String column) {
        var known = catalog.tables().get(table);
        var there = known == null ? null : known.column(column);
        return there == null ? null : ColumnType.ofCatalog(there.type(), there.nullable());
    }

    /** A relation that repeats itself is checked at each depth, but stands in the file once. */
    private void problem(String at, String message) {
        var problem = file.problem(at, message);
        if (problems.stream().noneMatch(p -> p.line() == problem.line() && p.message().equals(message))) {
            problems.add(problem);
        }
    }

    private void form(TableName name) {
        var table = stored.tables().get(name);
        if (table == null) {
            return;
        }
        var form = file.pipeline().settings(name).form();
        form.columns().forEach((column, made) -> {
            var at = "tables." + name + ".columns." + column;
            if (table.primaryKey().contains(column)) {
                problem(at, "the column '" + column + "' is part of the primary key of " + name + ", by which its rows are known everywhere; it goes as it is");
            }
            switch (made) {
                case ColumnForm.LeftOut() -> there(table, column, at);
                case ColumnForm.Hashed hashed -> expression(new Expression.Text(Expression.Text.Function.HASH, new Expression.Column(column)), table, at);
                case ColumnForm.Made(var value) -> expression(new Expression.Cast(value, Expression.Cast.Type.TEXT), table, at);
            }
        });
        where(form.rows(), table, "tables." + name + ".rows");
        privately(table, form);
    }

    private void privately(Catalog.Table table, RowForm form) {
        var at = "tables." + table.name() + ".private";
        for (var column : file.pipeline().settings(table.name()).privateColumns()) {
            if (table.primaryKey().contains(column)) {
                problem(at, "the column '" + column + "' is part of the primary key of " + table.name() + ", by which its rows and documents are named in topics, logs and traces; it cannot be private. Give the rows a key that says nothing, and take the column out");
            } else if (!form.columns().containsKey(column)) {
                there(table, column, at);
            }
        }
    }

    private ColumnForm form(Catalog.Table table, String column) {
        return file.pipeline().settings(table.name()).form().columns().get(column);
    }

    private void node(Node node, String at, String tableKey) {
        var table = table(node.table(), at + "." + tableKey);
        if (table != null) {
            fields(node.fields(), table, at + ".fields");
            where(node.where(), table, at + ".where");
        }
        for (var relation : node.relations()) {
            var kind = relation instanceof One ? "one" : "many";
            if (relation instanceof One one && one.own()) {
                enrichment(one, table);
                continue;
            }
            var below = at + "." + kind + "." + relation.name();
            switch (relation) {
                case One one -> one(one, table, below);
                case Many many -> many(many, table, below);
            }
            node(relation.node(), below, "table");
        }
    }

    private Catalog.Table table(TableName name, String at) {
        var table = catalog.tables().get(name);
        if (catalog.unfit().containsKey(name)) {
            problem(at, catalog.unfit().get(name));
        } else if (table == null) {
            problem(at, "the database has no table " + name + suggestion(name.toString(), catalog.tables().keySet().stream().map(TableName::toString).toList()));
        } else if (table.primaryKey().isEmpty()) {
            problem(at, "the table " + name + " has no primary key, by which its rows are known; add one: ALTER TABLE " + name.sql() + " ADD PRIMARY KEY (…) (one that is DEFERRABLE does not count, since Postgres takes it for no replica identity)");
        }
        return table;
    }

    private void fields(List<Field> fields, Catalog.Table table, String at) {
        int i = 0;
        for (var field : fields) {
            expression(field.value(), table, at + "[" + i++ + "]");
        }
    }

    private void expression(Expression expression, Catalog.Table table, String at) {
        if (expression.columns().map(c -> column(table, c, at)).filter(Objects::isNull).count() == 0) {
            fits(at, () -> Typing.of(expression, types(table)));
        }
    }

    private void aggregate(Many.Aggregate aggregate, Catalog.Table table, String at) {
        if (aggregate.of() != null && aggregate.of().columns().map(c -> column(table, c, at)).filter(Objects::isNull).count() == 0) {
            fits(at, () -> Typing.of(aggregate, types(table)));
        }
    }

    private void fits(String at, Runnable rule) {
        try {
            rule.run();
        } catch (IllegalArgumentException e) {
            problem(at, e.getMessage());
        }
    }

    private static Function<String, ColumnType> types(Catalog.Table table) {
        return name -> ColumnType.ofCatalog(table.column(name).type(), table.column(name).nullable());
    }

    private void where(Where where, Catalog.Table table, String at) {
        if (where == null || table == null) {
            return;
        }
        for (var condition : where.any().stream().flatMap(List::stream).toList()) {
            var below = at + "." + condition.column();
            var column = column(table, condition.column(), below);
            if (column != null) {
                var kind = ColumnType.ofCatalog(column.type(), true).kind();
                condition.values().forEach(value -> fits(below, () -> Literal.parse(kind, value)));
            }
        }
    }

    private void retention() {
        var retention = file.pipeline().retention();
        var root = catalog.tables().get(file.pipeline().document().table());
        for (int i = 0; retention != null && root != null && i < retention.rules().size(); i++) {
            var rule = retention.rules().get(i);
            var at = file.lines().containsKey("retention.rules") ? "retention.rules[" + i + "]" : "retention";
            var time = column(root, rule.column(), at + ".column");
            if (time != null && !TIMES.contains(time.type())) {
                problem(at + ".column", "documents are kept by a time, and " + root.name() + "." + time.name() + " is " + time.type() + "; name a column of timestamp with time zone, timestamp without time zone or date");
            }
            where(rule.when(), root, at + ".when");
            if (rule.override() != null) {
                override(rule.override(), root, at + ".override");
            }
        }
    }

    private void override(RetentionRule.Stated override, Catalog.Table root, String at) {
        var one = override.one() == null ? null : file.pipeline().one(override);
        var table = override.one() == null ? root : one == null ? null : catalog.tables().get(one.node().table());
        var column = table == null ? null : column(table, override.column(), at + ".column");
        if (column != null && !COUNTS.contains(column.type())) {
            problem(at + ".column", "an override is a number of " + override.unit().word() + ", and " + table.name() + "." + column.name() + " is " + column.type() + "; name a column of smallint or integer");
        }
    }

    private void subject(String name, Subject subject) {
        var at = "subjects." + name;
        var own = stored.tables().get(subject.table());
        var key = own == null ? null : column(own, subject.column(), at + ".key");
        if (key != null) {
            subjectKey(key, own, at + ".key");
        }
        subject.places().forEach((tableName, place) -> {
            var table = stored.tables().get(tableName);
            var below = at + ".places." + tableName;
            var column = table == null ? null : column(table, place.column(), below + ".column");
            if (column != null) {
                subjectKey(column, table, below + ".column");
            }
            if (column != null && key != null && !family(column.type()).equals(family(key.type()))) {
                problem(below + ".column", "cannot compare " + tableName + "." + column.name() + " (" + column.type() + ") with " + subject.table() + "." + key.name() + " (" + key.type() + "); both sides need the same type");
            }
            if (table != null) {
                place.redacted().forEach((redacted, value) -> redacted(table, redacted, value, below + ".erase"));
            }
        });
    }

    /** Of the others equal values may have several texts, and so several hashes. */
    private void subjectKey(Catalog.Column column, Catalog.Table table, String at) {
        if (!SUBJECT_KEYS.contains(column.type())) {
            problem(at, table.name() + "." + column.name() + " is " + column.type() + ", and a subject is known by a column of " + String.join(", ", SUBJECT_KEYS));
        }
    }

    private boolean isFiltered(TableName table, String column) {
        var rows = file.pipeline().settings(table).form().rows();
        return rows != null && rows.columns().anyMatch(column::equals);
    }

    private void redacted(Catalog.Table table, String name, String value, String at) {
        var column = column(table, name, at);
        var of = table.name() + "." + name;
        if (column == null) {
            return;
        }
        if (table.primaryKey().contains(name)) {
            problem(at, of + " is part of the primary key, by which its rows are known everywhere; name other columns, or let the row go: erase: row");
        } else if (value == null && !column.nullable()) {
            problem(at, of + " may not be null; give it a text, or let the row go: erase: row");
        } else if (value != null && !TEXTS.contains(column.type())) {
            problem(at, of + " is " + column.type() + ", and only a text takes the place of a text; write null");
        } else if (isFiltered(table.name(), name)) {
            problem(at, "tables." + table.name() + ".rows chooses rows by " + name + ", so that a row might come or go when it gets another value; leave the column out here, or let the row go: erase: row");
        } else if (file.pipeline().settings(table.name()).rules().stream().anyMatch(rule -> rule.column().equals(name) && rule.breach() == RowRule.Breach.QUARANTINE)) {
            problem(at, "tables." + table.name() + ".rules has a rule for " + name + " that might park the table when it gets another value; leave the column out here, or let the rule only count: breach: count");
        }
    }

    private void rules(List<RowRule> rules, Catalog.Table table, String at) {
        for (int i = 0; table != null && i < rules.size(); i++) {
            var rule = rules.get(i);
            var column = column(table, rule.column(), at + "[" + i + "]");
            if (column == null) {
                continue;
            }
            var of = "; " + table.name() + "." + column.name() + " is " + column.type();
            if (!ORDERED.contains(column.type()) && PLAIN.contains(column.type()) && (rule.min() != null || rule.max() != null)) {
                problem(at + "[" + i + "]", "min and max are for numbers, dates and timestamps" + of);
            }
            if (ORDERED.contains(column.type()) && (rule.pattern() != null || rule.maxLength() != null)) {
                problem(at + "[" + i + "]", "pattern and maxLength are for texts" + of);
            }
        }
    }

    private Catalog.Column column(Catalog.Table table, String name, String at) {
        var column = there(table, name, at);
        if (column != null && catalog.generated().getOrDefault(table.name(), Set.of()).contains(name)) {
            problem(at, "the column '" + name + "' of " + table.name() + " is generated, and the log does not carry it; take the columns that it is made of, or keep a plain column up to date by a trigger");
        }
        return column;
    }

    private Catalog.Column there(Catalog.Table table, String name, String at) {
        var column = table.column(name);
        if (column == null && form(table, name) instanceof ColumnForm.LeftOut && stored.tables().get(table.name()).column(name) != null) {
            problem(at, "the rows of " + table.name() + " go without the column '" + name + "', because tables." + table.name() + ".columns leaves it out");
        } else if (column == null) {
            var names = table.columns().stream().map(Catalog.Column::name).toList();
            problem(at, "the table " + table.name() + " has no column '" + name + "'" + suggestion(name, names));
        }
        return column;
    }

    private void one(One one, Catalog.Table here, String at) {
        var there = catalog.tables().get(one.node().table());
        joins(one.on(), here, there, at + ".join");
        needKey(one.on().stream().map(Join::there).toList(), there, at + ".join", "one");
        if (one.value() != null && there != null) {
            expression(one.value(), there, at + ".flatten");
        }
    }

    private void enrichment(One one, Catalog.Table root) {
        var name = one.node().table();
        if (root != null && !catalog.tables().containsKey(name)) {
            problem("enrichment.table", "the database has no table " + name + "; make it with a migration: " + enriching(one, root));
            return;
        }
        var table = table(name, "enrichment.table");
        joins(one.on(), root, table, "enrichment.join");
        if (root == null || table == null || table.primaryKey().isEmpty()) {
            return;
        }
        isKey(one.on().stream().map(Join::here).toList(), root);
        isKey(one.on().stream().map(Join::there).toList(), table);
        var column = column(table, Enrichment.COLUMN, "enrichment.table");
        if (column != null && (!column.type().equals("jsonb") || column.nullable())) {
            problem("enrichment.table", name + "." + column.name() + " is " + column.type() + (column.nullable() ? " and may be null" : "") + "; it needs to be jsonb NOT NULL");
        }
    }

    /** The root's document and the row find each other by nothing else. */
    private void isKey(List<String> columns, Catalog.Table table) {
        if (!new HashSet<>(columns).equals(new HashSet<>(table.primaryKey()))) {
            problem("enrichment.join", "the join needs to be of both primary keys, and that of " + table.name() + " is " + String.join(", ", table.primaryKey()));
        }
    }

    /** The root's row takes the other along when it is deleted. */
    private static String enriching(One one, Catalog.Table root) {
        var columns = one.on().stream().map(join -> root.column(join.here()) == null ? null : TableName.quote(join.there()) + " " + root.column(join.here()).type()).filter(Objects::nonNull).toList();
        var here = one.on().stream().map(join -> TableName.quote(join.here())).collect(Collectors.joining(", "));
        var there = one.on().stream().map(join -> TableName.quote(join.there())).collect(Collectors.joining(", "));
        return "CREATE TABLE " + one.node().table().sql() + " (" + String.join(", ", columns) + ", " + Enrichment.COLUMN + " jsonb NOT NULL, PRIMARY KEY (" + there + "), FOREIGN KEY (" + there + ") REFERENCES " + root.name().sql() + " (" + here + ") ON DELETE CASCADE)";
    }

    private void many(Many many, Catalog.Table here, String at) {
        var there = catalog.tables().get(many.node().table());
        if (many.through() == null) {
            joins(many.on(), here, there, at + ".join");
        } else {
            var link = table(many.through().table(), at + ".through.table");
            joins(many.on(), here, link, at + ".through.join");
            joins(many.through().to(), link, there, at + ".through.to");
            needKey(many.through().to().stream().map(Join::there).toList(), there, at + ".through.to", "many through a link table");
            if (link != null) {
                fields(many.through().fields(), link, at + ".through.fields");
                where(many.through().where(), link, at + ".through.where");
            }
        }
        needKey(many.on().stream().map(Join::here).toList(), here, at + (many.through() == null ? ".join" : ".through.join"), "many");
        if (there != null) {
            switch (many.content()) {
                case Many.Objects() -> { }
                case Many.Values(var of) -> expression(of, there, at + ".flatten");
                case Many.Aggregate aggregate -> aggregate(aggregate, there, at + ".aggregate");
            }
            int i = 0;
            for (var order : many.orderBy()) {
                column(there, order.column(), at + ".orderBy[" + i++ + "]");
            }
        }
    }

    private void needKey(List<String> columns, Catalog.Table table, String at, String relation) {
        if (table == null || table.primaryKey().isEmpty() || columns.stream().anyMatch(c -> table.column(c) == null)) {
            return;
        }
        Set<String> joined = new HashSet<>(columns);
        boolean isKey = joined.equals(new HashSet<>(table.primaryKey()))
                || table.uniqueKeys().stream().anyMatch(key -> joined.equals(new HashSet<>(key)));
        if (!isKey) {
            problem(at, "the relation has no usable key: '" + relation + "' needs columns of " + table.name() + " that are its primary key or unique, "
                    + String.join(", ", new TreeSet<>(joined)) + (joined.size() == 1 ? " is" : " are") + " neither; its primary key is " + String.join(", ", table.primaryKey()));
        }
    }

    private void joins(List<Join> joins, Catalog.Table here, Catalog.Table there, String at) {
        for (var join : joins) {
            var left = here == null ? null : column(here, join.here(), at + "." + join.here());
            var right = there == null ? null : column(there, join.there(), at + "." + join.here());
            if (left != null && right != null && !isSame(form(here, left.name()), form(there, right.name()))) {
                problem(at + "." + join.here(), "cannot compare " + here.name() + "." + left.name() + " with " + there.name() + "." + right.name()
                        + " in the form that tables.… gives them; rows are joined by columns that go as they are, or that are hashed with one key on both sides");
            } else if (left != null && right != null && !family(left.type()).equals(family(right.type()))) {
                problem(at + "." + join.here(), "cannot compare " + here.name() + "." + left.name() + " (" + left.type() + ") with "
                        + there.name() + "." + right.name() + " (" + right.type() + "); both sides need the same type");
            } else if (left != null && right != null && !isKey(left)) {
                problem(at + "." + join.here(), here.name() + "." + left.name() + " (" + left.type() + ") cannot be a key: values of this type that are equal may be written in several ways; join by another column");
            }
        }
    }

    private static boolean isSame(ColumnForm left, ColumnForm right) {
        return Objects.equals(left, right) && !(left instanceof ColumnForm.Made);
    }

    private static boolean isKey(Catalog.Column column) {
        return switch (ColumnType.ofCatalog(column.type(), true).kind()) {
            case JSON, ARRAY -> false;
            default -> true;
        };
    }

    private static String family(String type) {
        return COMPARABLE.getOrDefault(type, type);
    }

    private static String suggestion(String name, List<String> known) {
        var near = known.stream().filter(k -> distance(k, name) <= Math.max(2, name.length() / 3)).sorted((a, b) -> distance(a, name) - distance(b, name)).findFirst();
        return near.map(n -> "; did you mean " + n + "?").orElseGet(() -> known.isEmpty() ? "" : "; there are: " + String.join(", ", known.stream().sorted().limit(20).toList()));
    }

    /** Edit distance, Levenshtein 1966. */
    private static int distance(String a, String b) {
        var row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int above = row[j];
                row[j] = Math.min(Math.min(row[j], row[j - 1]) + 1, diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1));
                diagonal = above;
            }
        }
        return row[b.length()];
    }
}
