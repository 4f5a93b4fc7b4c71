package io.millrace.provisioner.draft;

import io.millrace.pipeline.catalog.Catalog;
import io.millrace.pipeline.file.TableName;
import io.millrace.provisioner.ProvisioningException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A pipeline file for whoever knows the tables: it follows foreign keys from the root (N:1 and 1:1 to objects, 1:N to arrays, N:M through
 * link tables to arrays), takes the columns that documents can show, and says of each that it leaves out why. It is made to be shortened.
 */
public final class PipelineDraft {

    /** A document that shows these by accident is worse than one that lacks them. */
    private static final Pattern SECRET = Pattern.compile("(?i).*(passw|passphrase|secret|token|salt|credential|private_?key|api_?key|iban|card_?number|cvv|ssn).*");
    private static final Pattern PLAIN = Pattern.compile("[a-z_][a-z0-9_]*");
    /** Words that YAML reads as something else. */
    private static final Set<String> YAML_WORDS = Set.of("y", "n", "yes", "no", "on", "off", "true", "false", "null");
    private static final int WIDTH = 130;

    private final Database database;
    private final int depth;
    private final StringBuilder text = new StringBuilder();

    private PipelineDraft(Database database, int depth) {
        this.database = database;
        this.depth = depth;
    }

    /**
     * @param name of the pipeline, and of its index
     * @param source the name of the database in topics and slot
     * @param depth how many foreign keys are followed one after the other; 1 for the root's own
     * @return the file's text
     * @throws ProvisioningException when the root cannot be one
     */
    public static String of(Connection connection, TableName root, String name, String source, int depth) throws SQLException {
        var database = Database.read(connection, root);
        var table = database.table(root);
        if (table == null) {
            throw new ProvisioningException("The database has no table " + root + "; a view cannot be the root, for logical replication carries tables", null);
        }
        if (database.unlogged().contains(root)) {
            throw new ProvisioningException("The table " + root + " cannot be the root: " + database.unfit(root), null);
        }
        if (table.primaryKey().isEmpty()) {
            throw new ProvisioningException("The table " + root + " has no primary key, by which its rows are known; add one: ALTER TABLE " + root.sql() + " ADD PRIMARY KEY (…) (one that is DEFERRABLE does not count, since Postgres takes it for no replica identity)", null);
        }
        var draft = new PipelineDraft(database, depth);
        draft.text.append("""
                # A draft from the foreign keys of %s: take out what the page does not show.
                millrace: 1
                name: %s
                source:
                  name: %s
                  url: {env: MILLRACE_SOURCE_URL}
                  user: {env: MILLRACE_SOURCE_USER}
                  password: {env: MILLRACE_SOURCE_PASSWORD}
                document:
                  root: %s
                """.formatted(root, name, source, text(root)));
        draft.node(table, 1, 1, Set.of(), Set.of(root), true);
        return draft.text.toString();
    }

    /**
     * @param level how deep in the document, the root being 1
     * @param hidden columns that the relation to the parent says already
     * @param above the tables on the way from the root
     * @param arrays whether arrays may stand here
     */
    private void node(Catalog.Table table, int indent, int level, Set<String> hidden, Set<TableName> above, boolean arrays) {
        var ones = level > depth ? List.<ForeignKey>of() : database.of(table.name()).stream().filter(key -> isFollowed(key, above) || key.isOfItself()).filter(key -> !hidden.containsAll(key.columns())).toList();
        var said = new HashSet<>(hidden);
        ones.forEach(key -> said.addAll(key.columns()));
        said.removeAll(level == 1 ? table.primaryKey() : List.of());
        var used = fields(table, indent, said);
        if (level <= depth) {
            database.of(table.name()).stream().filter(key -> !above.contains(key.to())).forEach(key -> leftOut(indent, key.to()));
        }
        var objects = new ArrayList<Runnable>();
        ones.forEach(key -> objects.add(() -> one(key, unique(relationName(key), used), key.columns(), key.referenced(), key.to(), indent, level, above)));
        var lists = new ArrayList<Runnable>();
        if (arrays && level <= depth) {
            for (var key : database.to(table.name())) {
                if (above.contains(key.from())) {
                    continue;
                }
                if (database.unfit(key.from()) != null) {
                    leftOut(indent, key.from());
                } else if (database.beyond(key) != null && database.unfit(database.beyond(key).to()) != null) {
                    leftOut(indent, database.beyond(key).to());
                } else if (database.isUnique(key)) {
                    objects.add(() -> one(key, unique(shortened(key.from(), table.name()), used), key.referenced(), key.columns(), key.from(), indent, level, above));
                } else {
                    lists.add(() -> many(key, unique(arrayName(key, table.name()), used), indent, level, above));
                }
            }
        }
        section("one", objects, indent);
        section("many", lists, indent);
    }

    private void section(String kind, List<Runnable> relations, int indent) {
        if (!relations.isEmpty()) {
            line(indent, kind + ":");
            relations.forEach(Runnable::run);
        }
    }

    private boolean isFollowed(ForeignKey key, Set<TableName> above) {
        return !above.contains(key.to()) && database.unfit(key.to()) == null;
    }

    private void leftOut(int indent, TableName table) {
        var why = database.unfit(table);
        if (why != null) {
            line(indent, "# Left out: " + table + ": " + why);
        }
    }

    private void one(ForeignKey key, String name, List<String> here, List<String> there, TableName to, int indent, int level, Set<TableName> above) {
        line(indent + 1, name(name) + ":");
        line(indent + 2, "table: " + text(to));
        line(indent + 2, "join: " + join(here, there));
        node(database.table(to), indent + 2, key.isOfItself() ? depth + 1 : level + 1, key.from().equals(to) && !key.isOfItself() ? Set.copyOf(there) : Set.of(), with(above, to), false);
    }

    private void many(ForeignKey key, String name, int indent, int level, Set<TableName> above) {
        var beyond = database.beyond(key);
        line(indent + 1, name(name) + ":");
        if (beyond == null) {
            line(indent + 2, "table: " + text(key.from()));
            line(indent + 2, "join: " + join(key.referenced(), key.columns()));
            line(indent + 2, "orderBy: " + list(database.table(key.from()).primaryKey().stream().map(PipelineDraft::name).toList(), indent + 2));
            node(database.table(key.from()), indent + 2, level + 1, Set.copyOf(key.columns()), with(above, key.from()), false);
            listsBelow(key.from(), indent + 2, above);
            return;
        }
        line(indent + 2, "table: " + text(beyond.to()));
        line(indent + 2, "through:");
        line(indent + 3, "table: " + text(key.from()));
        line(indent + 3, "join: " + join(key.referenced(), key.columns()));
        line(indent + 3, "to: " + join(beyond.columns(), beyond.referenced()));
        line(indent + 2, "orderBy: " + list(database.table(beyond.to()).primaryKey().stream().map(PipelineDraft::name).toList(), indent + 2));
        node(database.table(beyond.to()), indent + 2, level + 1, Set.of(), with(with(above, key.from()), beyond.to()), false);
    }

    /** A list in a list is seldom what a page shows, and can make documents very large; who wants one should know of it. */
    private void listsBelow(TableName table, int indent, Set<TableName> above) {
        var below = database.to(table).stream().map(ForeignKey::from).filter(from -> !above.contains(from) && !from.equals(table) && database.unfit(from) == null).map(TableName::toString).distinct().toList();
        if (!below.isEmpty()) {
            line(indent, "# Not drafted, though rows of it lead here: " + String.join(", ", below) + "; a list of them goes under many");
        }
    }

    private static Set<TableName> with(Set<TableName> tables, TableName another) {
        var all = new HashSet<>(tables);
        all.add(another);
        return all;
    }

    /** @return the names that the object has by now */
    private Set<String> fields(Catalog.Table table, int indent, Set<String> said) {
        var shown = new ArrayList<String>();
        var reasons = new ArrayList<String>();
        for (var column : table.columns()) {
            var reason = reason(table, column);
            if (reason != null && !table.primaryKey().contains(column.name())) {
                reasons.add(column.name() + ": " + reason);
            } else if (!said.contains(column.name())) {
                shown.add(column.name());
            }
        }
        if (shown.isEmpty()) {
            shown.addAll(table.primaryKey());
        }
        line(indent, "fields: " + list(shown.stream().map(PipelineDraft::name).toList(), indent));
        reasons.forEach(reason -> line(indent, "# Left out: " + reason));
        return new HashSet<>(shown);
    }

    private String reason(Catalog.Table table, Catalog.Column column) {
        if (database.isGenerated(table.name(), column.name())) {
            return "Postgres computes it, and logical replication does not carry it";
        }
        return switch (column.type()) {
            case "tsvector" -> "made for Postgres's own search";
            case "geometry", "geography" -> "shapes are not carried; write {geo: {lat: COLUMN, lon: COLUMN}} of two columns of numbers for a point";
            case "bytea" -> "bytes can be kept, and not searched";
            default -> SECRET.matcher(column.name()).matches() ? "its name sounds like a secret" : null;
        };
    }

    private static String relationName(ForeignKey key) {
        var column = key.columns().getFirst();
        return key.columns().size() == 1 && column.endsWith("_id") && column.length() > 3 ? column.substring(0, column.length() - 3) : key.to().table();
    }

    /** {@code monitor_recipient} below {@code monitor} is {@code recipient}. */
    private static String shortened(TableName table, TableName parent) {
        var prefix = parent.table() + "_";
        return table.table().startsWith(prefix) && table.table().length() > prefix.length() ? table.table().substring(prefix.length()) : table.table();
    }

    /** A table that refers here more than once says by which column. */
    private String arrayName(ForeignKey key, TableName parent) {
        var beyond = database.beyond(key);
        var name = shortened(beyond == null ? key.from() : beyond.to(), parent);
        return database.to(parent).stream().filter(other -> other.from().equals(key.from())).count() > 1 ? name + "_by_" + key.columns().getLast().replaceAll("_id$", "") : name;
    }

    private static String unique(String wish, Set<String> used) {
        var name = IntStream.iterate(1, n -> n + 1).mapToObj(n -> n == 1 ? wish : wish + "_" + n).filter(candidate -> !used.contains(candidate)).findFirst().orElseThrow();
        used.add(name);
        return name;
    }

    private static String join(List<String> here, List<String> there) {
        return IntStream.range(0, here.size()).mapToObj(i -> name(here.get(i)) + ": " + name(there.get(i))).collect(Collectors.joining(", ", "{", "}"));
    }

    /** A flow sequence, broken where a line would be too long. */
    private static String list(List<String> names, int indent) {
        var lines = new StringBuilder("[");
        int width = 2 * indent + "fields: [".length();
        for (int i = 0; i < names.size(); i++) {
            var part = names.get(i) + (i + 1 < names.size() ? ", " : "]");
            if (i > 0 && width + part.length() > WIDTH) {
                lines.setLength(lines.length() - 1);
                lines.append('\n').append("  ".repeat(indent + 1));
                width = 2 * (indent + 1);
            }
            lines.append(part);
            width += part.length();
        }
        return lines.toString();
    }

    private static String text(TableName table) {
        var name = table.toString();
        return name.contains("\"") ? "'" + name.replace("'", "''") + "'" : name;
    }

    private static String name(String column) {
        return PLAIN.matcher(column).matches() && !YAML_WORDS.contains(column) ? column : "'" + column.replace("'", "''") + "'";
    }

    private void line(int indent, String line) {
        text.append("  ".repeat(indent)).append(line).append('\n');
    }
}
