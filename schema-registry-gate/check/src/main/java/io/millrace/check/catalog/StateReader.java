package io.millrace.check.catalog;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.schema.Column;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Reads the catalog in a handful of queries for all tables at once, inside whatever transaction is open.
 *
 * <p>A table that was once of interest stays watched by its oid, so that it is still known after a rename. Not thread-safe.
 */
public final class StateReader {

    private static final String TABLES = """
            SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, c.relreplident, coalesce(pg_relation_filenode(c.oid), 0), c.relispartition,
                   array_to_string(ARRAY(SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = c.oid ORDER BY i.inhseqno), ' '),
                   has_table_privilege(r.oid, c.oid, 'SELECT') AND has_schema_privilege(r.oid, n.oid, 'USAGE'),
                   c.relrowsecurity AND NOT (r.rolsuper OR r.rolbypassrls OR r.oid = c.relowner AND NOT c.relforcerowsecurity)
                     AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('*', 'r')
                                     AND pg_get_expr(p.polqual, p.polrelid) = 'true' AND p.polroles && ARRAY[0::oid, r.oid])
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_roles r ON r.oid = ?
            WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'millrace_check')
            ORDER BY c.oid""";

    private static final String COLUMNS = """
            WITH RECURSIVE domains AS (
              SELECT t.oid AS domain, t.typbasetype AS base, t.typtypmod AS typmod, t.typdefault AS fallback, t.typdefaultbin::text AS tree FROM pg_type t WHERE t.typtype = 'd'
              UNION ALL
              SELECT d.domain, t.typbasetype, CASE WHEN d.typmod = -1 THEN t.typtypmod ELSE d.typmod END, coalesce(d.fallback, t.typdefault), coalesce(d.tree, t.typdefaultbin::text)
              FROM domains d JOIN pg_type t ON t.oid = d.base AND t.typtype = 'd'),
            columns AS (
              SELECT a.attrelid, a.attnum, a.attname, a.attnotnull,
                     a.atthasmissing OR EXISTS (SELECT FROM pg_class p WHERE p.oid = a.attrelid AND p.relkind = 'p') AS prefilled, t.typtype = 'd' AND t.typnotnull AS domain_notnull, a.attgenerated <> '' AS generated, a.attidentity <> '' AS identity,
                     format_type(a.atttypid, a.atttypmod) AS type, format_type(a.atttypid, NULL) AS plain, t.typname, root.oid AS root, root.typinput = 'array_in'::regproc AS is_array,
                     coalesce(d.typmod, a.atttypmod) AS typmod, coalesce(pg_get_expr(f.adbin, f.adrelid), d.fallback) AS fallback, coalesce(f.adbin::text, d.tree) AS tree,
                     CASE WHEN root.typtype = 'e' THEN root.oid WHEN element.typtype = 'e' THEN element.oid ELSE 0 END AS enum
              FROM pg_attribute a
              JOIN pg_type t ON t.oid = a.atttypid
              LEFT JOIN (SELECT d.* FROM domains d JOIN pg_type b ON b.oid = d.base AND b.typtype <> 'd') d ON d.domain = t.oid
              JOIN pg_type root ON root.oid = coalesce(d.base, t.oid)
              LEFT JOIN pg_type element ON element.oid = root.typelem
              LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
              WHERE a.attrelid = ANY (?) AND a.attnum > 0 AND NOT a.attisdropped)
            SELECT attrelid, attnum, attname, attnotnull, domain_notnull, generated, identity, type, plain, typname, root, is_array, typmod, fallback,
                   tree IS NOT NULL AND (tree ~ '\\{(SQLVALUEFUNCTION|NEXTVALUEEXPR)'
                     OR EXISTS (SELECT FROM regexp_matches(tree, ':(?:funcid|opfuncid) (\\d+)', 'g') m JOIN pg_proc p ON p.oid = m[1]::oid AND p.provolatile <> 'i')) AS varying, enum, prefilled
            FROM columns ORDER BY attrelid, attnum""";

    private static final String INDEXES = """
            SELECT i.indrelid, i.indexrelid, c.relname, i.indisprimary AND i.indimmediate, i.indisreplident AND i.indisvalid, i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL,
                   i.indkey::text, i.indnkeyatts
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = ANY (?) AND i.indisunique ORDER BY i.indexrelid""";

    private static final String PUBLICATION = "SELECT pubinsert AND pubupdate AND pubdelete AND pubtruncate, pubviaroot FROM pg_publication WHERE pubname = ?";
    private static final String PUBLISHED = "SELECT schemaname, tablename, attnames, rowfilter FROM pg_publication_tables WHERE pubname = ?";
    /** The scratch database, and those that were made because the migrations name the database. */
    private static final String HERE = "(d.datname = current_database() OR d.datname = ANY (?))";
    private static final String ROLE = """
            SELECT rolname, rolreplication OR rolsuper, rolcanlogin || ' ' || (rolconnlimit = 0) || ' ' || coalesce(rolvaliduntil::text, 'infinity') || ' '
              || (SELECT bool_and(d.datallowconn AND d.datconnlimit <> 0 AND has_database_privilege(r.oid, d.oid, 'CONNECT')) FROM pg_database d WHERE """ + HERE + """
            ) FROM pg_roles r WHERE oid = ?""";

    /** The later ones win, as in a session. */
    private static final String SETTINGS = """
            SELECT lower(name), setting FROM (
              SELECT name, setting, 0 AS rank FROM pg_file_settings WHERE sourcefile LIKE '%postgresql.auto.conf'
              UNION ALL
              SELECT split_part(c, '=', 1), substr(c, strpos(c, '=') + 1), CASE WHEN s.setdatabase = 0 THEN 1 ELSE 2 END + CASE WHEN s.setrole = 0 THEN 0 ELSE 2 END
              FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase CROSS JOIN unnest(s.setconfig) c
              WHERE (s.setdatabase = 0 OR """ + HERE + """
            ) AND s.setrole IN (0, ?)) all_of_them ORDER BY rank""";
    private static final String SLOT = "SELECT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = ?)";
    private static final String ENUMS = "SELECT enumtypid, array_agg(enumlabel::text ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = ANY (?) GROUP BY enumtypid";

    private static final String ENUM_DOMAINS = "SELECT n.nspname || '.' || t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd' AND t.typcategory = 'E'";

    private final Set<TableName> names;
    private final String publication;
    private final String slot;
    private final long role;
    private final Supplier<Set<String>> databases;
    private final Set<Long> watched = new HashSet<>();

    /**
     * @param names the tables of interest; what is published, and what is below them, is added
     * @param publication the source's publication
     * @param slot the source's slot
     * @param role the oid of the replicating role
     */
    public StateReader(Collection<TableName> names, String publication, String slot, long role) {
        this(names, publication, slot, role, Set::of);
    }

    /** @param databases the names under which the migrations speak of the database, beside its own */
    public StateReader(Collection<TableName> names, String publication, String slot, long role, Supplier<Set<String>> databases) {
        this.databases = databases;
        this.names = Set.copyOf(names);
        this.publication = publication;
        this.slot = slot;
        this.role = role;
    }

    /** Goes on from a state that another reader of the same names has read in a copy of this database. */
    public State from(State state) {
        watch(state.tables(), state.publication());
        return state;
    }

    public State read(Connection connection) throws SQLException {
        var published = publication(connection);
        var bare = tables(connection);
        watch(bare, published);
        var ids = connection.createArrayOf("oid", watched.toArray());
        var columns = columns(connection, ids);
        var indexes = indexes(connection, ids);
        var tables = new LinkedHashMap<Long, Table>();
        bare.forEach((oid, t) -> tables.put(oid, !watched.contains(oid) ? t : new Table(oid, t.name(), t.partitioned(), t.persistence(), t.replicaIdentity(), t.filenode(), t.partition(),
                t.parents(), t.readable(), t.hidden(), columns.getOrDefault(oid, List.of()), indexes.getOrDefault(oid, List.of()))));
        return new State(tables, published, role(connection), slot(connection), settings(connection), enums(connection, columns), enumDomains(connection));
    }

    private State.Publication publication(Connection connection) throws SQLException {
        boolean complete;
        boolean viaRoot;
        try (var statement = connection.prepareStatement(PUBLICATION)) {
            statement.setString(1, publication);
            try (var row = statement.executeQuery()) {
                if (!row.next()) {
                    return null;
                }
                complete = row.getBoolean(1);
                viaRoot = row.getBoolean(2);
            }
        }
        var tables = new HashMap<TableName, State.Published>();
        try (var statement = connection.prepareStatement(PUBLISHED)) {
            statement.setString(1, publication);
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    tables.put(new TableName(rows.getString(1), rows.getString(2)), new State.Published(Set.of((String[]) rows.getArray(3).getArray()), rows.getString(4)));
                }
            }
        }
        return new State.Publication(complete, viaRoot, tables);
    }

    private Map<Long, Table> tables(Connection connection) throws SQLException {
        var tables = new LinkedHashMap<Long, Table>();
        try (var statement = connection.prepareStatement(TABLES)) {
            statement.setLong(1, role);
            try (var row = statement.executeQuery()) {
                while (row.next()) {
                    var parents = row.getString(9).isEmpty() ? List.<Long>of() : Arrays.stream(row.getString(9).split(" ")).map(Long::valueOf).toList();
                    var table = new Table(row.getLong(1), new TableName(row.getString(2), row.getString(3)), row.getString(4).equals("p"), row.getString(5).charAt(0),
                            row.getString(6).charAt(0), row.getLong(7), row.getBoolean(8), parents, row.getBoolean(10), row.getBoolean(11), List.of(), List.of());
                    tables.put(table.oid(), table);
                }
            }
        }
        return tables;
    }

    private void watch(Map<Long, Table> tables, State.Publication published) {
        for (var table : tables.values()) {
            if (names.contains(table.name()) || published != null && published.tables().containsKey(table.name())) {
                watched.add(table.oid());
            }
        }
        boolean more = true;
        while (more) {
            more = false;
            for (var table : tables.values()) {
                if (table.parents().stream().anyMatch(watched::contains)) {
                    more |= watched.add(table.oid());
                }
            }
        }
    }

    private static Map<Long, List<Table.Attribute>> columns(Connection connection, java.sql.Array ids) throws SQLException {
        var columns = new HashMap<Long, List<Table.Attribute>>();
        try (var statement = connection.prepareStatement(COLUMNS)) {
            statement.setArray(1, ids);
            try (var row = statement.executeQuery()) {
                while (row.next()) {
                    columns.computeIfAbsent(row.getLong(1), _ -> new ArrayList<>()).add(attribute(row));
                }
            }
        }
        return columns;
    }

    private static Table.Attribute attribute(ResultSet row) throws SQLException {
        boolean notNull = row.getBoolean(4);
        boolean byDomain = row.getBoolean(5);
        var column = Column.ofCatalog(row.getString(3), (int) row.getLong(11), row.getString(10), row.getBoolean(12), row.getInt(13), !(notNull || byDomain));
        return new Table.Attribute(row.getInt(2), column, row.getString(8), row.getString(9), row.getBoolean(6), row.getBoolean(7), row.getString(14), row.getBoolean(15), row.getBoolean(17), row.getLong(16),
                byDomain && !notNull);
    }

    private static Map<Long, List<Table.Index>> indexes(Connection connection, java.sql.Array ids) throws SQLException {
        var indexes = new HashMap<Long, List<Table.Index>>();
        try (var statement = connection.prepareStatement(INDEXES)) {
            statement.setArray(1, ids);
            try (var row = statement.executeQuery()) {
                while (row.next()) {
                    var columns = Arrays.stream(row.getString(7).split(" ")).limit(row.getInt(8)).map(Integer::valueOf).toList();
                    indexes.computeIfAbsent(row.getLong(1), _ -> new ArrayList<>())
                            .add(new Table.Index(row.getLong(2), row.getString(3), row.getBoolean(4), row.getBoolean(5), row.getBoolean(6), columns));
                }
            }
        }
        return indexes;
    }

    private State.Role role(Connection connection) throws SQLException {
        try (var statement = connection.prepareStatement(ROLE)) {
            statement.setArray(1, here(connection));
            statement.setLong(2, role);
            try (var row = statement.executeQuery()) {
                return row.next() ? new State.Role(row.getString(1), row.getBoolean(2), row.getString(3)) : null;
            }
        }
    }

    private java.sql.Array here(Connection connection) throws SQLException {
        return connection.createArrayOf("text", databases.get().toArray());
    }

    private Map<String, String> settings(Connection connection) throws SQLException {
        var settings = new HashMap<String, String>();
        try (var statement = connection.prepareStatement(SETTINGS)) {
            statement.setArray(1, here(connection));
            statement.setLong(2, role);
            try (var row = statement.executeQuery()) {
                while (row.next()) {
                    settings.put(row.getString(1), row.getString(2));
                }
            }
        }
        return settings;
    }

    private boolean slot(Connection connection) throws SQLException {
        try (var statement = connection.prepareStatement(SLOT)) {
            statement.setString(1, slot);
            return isTrue(statement);
        }
    }

    private static boolean isTrue(PreparedStatement statement) throws SQLException {
        try (var row = statement.executeQuery()) {
            return row.next() && row.getBoolean(1);
        }
    }

    private static Map<Long, List<String>> enums(Connection connection, Map<Long, List<Table.Attribute>> columns) throws SQLException {
        var types = new HashSet<Long>();
        columns.values().forEach(of -> of.stream().map(Table.Attribute::enumType).filter(t -> t != 0).forEach(types::add));
        if (types.isEmpty()) {
            return Map.of();
        }
        var enums = new HashMap<Long, List<String>>();
        try (var statement = connection.prepareStatement(ENUMS)) {
            statement.setArray(1, connection.createArrayOf("oid", types.toArray()));
            try (var row = statement.executeQuery()) {
                while (row.next()) {
                    enums.put(row.getLong(1), List.of((String[]) row.getArray(2).getArray()));
                }
            }
        }
        return enums;
    }

    private static Set<String> enumDomains(Connection connection) throws SQLException {
        var domains = new HashSet<String>();
        try (var statement = connection.prepareStatement(ENUM_DOMAINS); var row = statement.executeQuery()) {
            while (row.next()) {
                domains.add(row.getString(1));
            }
        }
        return domains;
    }
}
