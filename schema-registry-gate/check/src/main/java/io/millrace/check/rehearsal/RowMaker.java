package io.millrace.check.rehearsal;

import io.millrace.check.scratch.ScratchDatabase;
import io.millrace.pipeline.file.TableName;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Makes a few rows for tables: of each variant one, with values that show what a conversion does to them, and that the
 * constraints allow. A row that the table does not take is tried again with plainer values, then left out. Used once.
 */
final class RowMaker {

    /** Usual values; nulls wherever they are allowed; digits and empty texts; long texts. */
    static final int VARIANTS = 4;
    private static final int NULLS = 1;
    private static final int DIGITS = 2;
    private static final int LONG = 3;
    private static final int DEEPEST = 8;
    private static final Pattern LITERAL = Pattern.compile("'((?:[^']|'')*)'|(?<![\\w.'])(-?\\d+(?:\\.\\d+)?)(?![\\w'])");

    private static final String COLUMNS = """
            WITH RECURSIVE base AS (
              SELECT oid AS type, oid AS base, -1 AS typmod, NULL::oid AS domain FROM pg_type WHERE typtype <> 'd'
              UNION ALL
              SELECT t.oid, b.base, CASE WHEN b.typmod = -1 THEN t.typtypmod ELSE b.typmod END, t.oid FROM pg_type t JOIN base b ON b.type = t.typbasetype WHERE t.typtype = 'd')
            SELECT c.oid, n.nspname, c.relname, a.attname, t.typname, t.typtype, t.typcategory, a.attnotnull OR EXISTS (SELECT FROM pg_type d WHERE d.oid = a.atttypid AND d.typnotnull) AS required,
                   CASE WHEN a.atttypmod = -1 THEN b.typmod ELSE a.atttypmod END AS typmod,
                   (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels,
                   (SELECT element.typname FROM pg_type element WHERE element.oid = t.typelem AND t.typcategory = 'A') AS element,
                   (SELECT string_agg(pg_get_constraintdef(k.oid), ' ') FROM pg_constraint k WHERE k.contype = 'c' AND (k.conrelid = c.oid AND a.attnum = ANY (k.conkey) OR k.contypid = a.atttypid)) AS checks,
                   (SELECT pg_get_expr(leaf.relpartbound, leaf.oid) FROM pg_partitioned_table p JOIN pg_inherits i ON i.inhparent = c.oid JOIN pg_class leaf ON leaf.oid = i.inhrelid
                     WHERE p.partrelid = c.oid AND p.partattrs[0] = a.attnum ORDER BY leaf.oid LIMIT 1) AS bound,
                   f.confrelid, (SELECT r.attname FROM pg_attribute r WHERE r.attrelid = f.confrelid AND r.attnum = f.confkey[array_position(f.conkey, a.attnum)]) AS referenced,
                   EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.oid AND x.indisunique AND a.attnum = ANY (x.indkey::int2[])) AS is_unique
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
            JOIN base b ON b.type = a.atttypid JOIN pg_type t ON t.oid = b.base
            LEFT JOIN LATERAL (SELECT k.* FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey) ORDER BY k.oid LIMIT 1) f ON true
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'millrace_check')
            ORDER BY c.oid, a.attnum""";

    private record Column(String name, String type, char kind, char category, boolean required, int typmod, List<String> labels, String element, List<String> allowed, long references,
            String referenced, boolean unique) {}

    private record Table(TableName name, List<Column> columns) {}

    private final Map<Long, Table> tables = new LinkedHashMap<>();

    private RowMaker() {}

    /**
     * Fills tables that are empty, and what they refer to.
     *
     * @param wanted the tables that matter
     * @param variants which rows
     * @return the tables that stay empty
     */
    static Set<TableName> fill(ScratchDatabase database, Collection<TableName> wanted, Collection<Integer> variants) throws SQLException {
        var maker = new RowMaker();
        maker.read(database.connection());
        var empty = new TreeSet<TableName>();
        // Triggers that work on rows, and the order in which references come, are no matter here.
        database.execute("SET session_replication_role = replica");
        for (var entry : maker.needed(wanted)) {
            if (!maker.fill(database, entry, variants)) {
                empty.add(entry.name());
            }
        }
        database.execute("RESET session_replication_role");
        return empty;
    }

    private void read(Connection connection) throws SQLException {
        try (var statement = connection.createStatement(); var row = statement.executeQuery(COLUMNS)) {
            while (row.next()) {
                var labels = row.getArray("labels");
                var column = new Column(row.getString("attname"), row.getString("typname"), row.getString("typtype").charAt(0), row.getString("typcategory").charAt(0), row.getBoolean("required"),
                        row.getInt("typmod"), labels == null ? List.of() : Arrays.asList((String[]) labels.getArray()), row.getString("element"),
                        row.getString("bound") != null ? literals(row.getString("bound")) : literals(row.getString("checks")), row.getLong("confrelid"), row.getString("referenced"),
                        row.getBoolean("is_unique"));
                tables.computeIfAbsent(row.getLong("oid"), _ -> table(row)).columns().add(column);
            }
        }
    }

    private static Table table(java.sql.ResultSet row) {
        try {
            return new Table(new TableName(row.getString("nspname"), row.getString("relname")), new ArrayList<>());
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> literals(String text) {
        return text == null ? List.of() : LITERAL.matcher(text).results().map(m -> m.group(1) == null ? m.group(2) : m.group(1).replace("''", "'")).toList();
    }

    private List<Table> needed(Collection<TableName> wanted) {
        var needed = new LinkedHashMap<TableName, Table>();
        tables.values().stream().filter(t -> wanted.contains(t.name())).forEach(t -> need(t, needed));
        return List.copyOf(needed.values());
    }

    private void need(Table table, Map<TableName, Table> needed) {
        if (needed.putIfAbsent(table.name(), table) == null) {
            table.columns().stream().map(c -> tables.get(c.references())).filter(t -> t != null).forEach(t -> need(t, needed));
        }
    }

    private boolean fill(ScratchDatabase database, Table table, Collection<Integer> variants) throws SQLException {
        if (database.text("SELECT 1 FROM " + table.name().sql() + " LIMIT 1") != null) {
            return true;
        }
        boolean any = false;
        try (var statement = database.connection().createStatement()) {
            statement.setEscapeProcessing(false);
            for (int variant : variants) {
                any |= insert(statement, table, variant);
            }
        }
        return any;
    }

    /** Values of the constraints first, then plain ones; then the same for those columns only that must have a value. */
    private boolean insert(Statement statement, Table table, int variant) throws SQLException {
        for (int attempt = 0; attempt < 4; attempt++) {
            boolean allowed = attempt % 2 == 0;
            boolean onlyRequired = attempt >= 2;
            var columns = table.columns().stream().filter(c -> c.required() || !onlyRequired && variant != NULLS).toList();
            var names = columns.stream().map(c -> TableName.quote(c.name())).collect(Collectors.joining(", "));
            var values = columns.stream().map(c -> literal(value(c, variant, allowed, 0))).collect(Collectors.joining(", "));
            try {
                statement.execute("INSERT INTO " + table.name().sql() + (columns.isEmpty() ? " DEFAULT VALUES" : " (" + names + ") OVERRIDING SYSTEM VALUE VALUES (" + values + ")"));
                return true;
            } catch (SQLException e) {
                // The next attempt is plainer; a table that takes none of them is told of.
                continue;
            }
        }
        return false;
    }

    private static String literal(String value) {
        return value == null ? "NULL" : "'" + value.replace("'", "''") + "'";
    }

    private String value(Column column, int variant, boolean allowed, int depth) {
        var there = column.references() == 0 || depth > DEEPEST ? null : tables.get(column.references());
        if (there != null) {
            var other = there.columns().stream().filter(c -> c.name().equals(column.referenced())).findFirst();
            if (other.isPresent() && other.get() != column) {
                return value(other.get(), variant, allowed, depth + 1);
            }
        }
        if (allowed && !column.allowed().isEmpty()) {
            return column.allowed().get(column.allowed().size() == 1 ? 0 : variant % column.allowed().size());
        }
        return !column.labels().isEmpty() ? column.labels().get(variant % column.labels().size()) : plain(column, column.type(), variant);
    }

    private static String plain(Column column, String type, int variant) {
        int n = variant + 1;
        return switch (type) {
            case "int2", "int4", "int8", "oid" -> Integer.toString(n);
            case "numeric" -> number(column.typmod(), n);
            case "float4", "float8", "money" -> n + ".25";
            case "bool" -> variant % 2 == 0 ? "true" : "false";
            case "text", "varchar", "bpchar", "citext", "name" -> word(column, n, variant);
            case "date" -> "2024-0%d-1%d".formatted(n, n);
            case "timestamp", "timestamptz" -> "2024-0%d-1%d 0%d:30:15.123456".formatted(n, n, n);
            case "time", "timetz" -> "0%d:30:15.123456".formatted(n);
            case "interval" -> n + " days 01:02:03";
            case "uuid" -> "00000000-0000-4000-8000-00000000000" + n;
            case "json", "jsonb" -> "{\"b\": %d, \"a\": \" Mixed Case \"}".formatted(n);
            case "xml" -> "<a>" + n + "</a>";
            case "bytea" -> "\\x0" + n + "ff";
            case "inet", "cidr" -> "10.0.0." + n;
            case "macaddr" -> "08:00:2b:01:02:0" + n;
            case "bit" -> "1".repeat(Math.max(1, column.typmod()));
            case "varbit" -> "1";
            case "point" -> "(%d,1)".formatted(n);
            case "tsvector", "hstore" -> "";
            default -> column.category() == 'A' ? array(column, n, variant) : column.category() == 'R' ? "empty" : null;
        };
    }

    private static String array(Column column, int n, int variant) {
        var element = plain(new Column(column.name(), column.element(), 'b', 'S', true, -1, List.of(), null, List.of(), 0, null, false), column.element(), variant == LONG ? 0 : variant);
        return element == null ? "{}" : "{\"" + element.replace("\\", "\\\\").replace("\"", "\\\"") + "\"" + (variant == DIGITS ? "" : ",NULL") + "}";
    }

    private static String number(int typmod, int n) {
        if (typmod < 0) {
            return n + ".375";
        }
        int scale = typmod - 4 & 0x7FF;
        int whole = (typmod - 4 >> 16 & 0xFFFF) - scale;
        return (whole > 0 ? Integer.toString(n) : "0") + (scale > 0 ? "." + "37512".substring(0, Math.min(5, scale)) : "");
    }

    /** Upper and lower case, blanks around, digits only, nothing, more than it may be cut to. */
    private static String word(Column column, int n, int variant) {
        int most = column.typmod() < 0 ? Integer.MAX_VALUE : column.typmod() - 4;
        var word = switch (variant) {
            case DIGITS -> column.unique() ? "7" + n : "1" + n;
            case LONG -> column.unique() ? n + " Long ".repeat(50) : "";
            default -> " aB-" + n + " Ünd, 'x'; ";
        };
        return most < 4 ? (n + "Ab").substring(0, most) : word.length() > most ? (n + word).substring(0, most) : word;
    }
}
