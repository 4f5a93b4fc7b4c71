package io.millrace.check.catalog;

import io.millrace.check.Baseline;
import io.millrace.check.CheckException;
import io.millrace.check.Finding.Cost;
import io.millrace.check.scratch.PostgresUrl;
import io.millrace.check.script.Migration;
import io.millrace.check.script.Statement;
import io.millrace.pipeline.file.TableName;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * Reads a live database's schema in one read-only transaction, as statements that make it anew: schemas, extensions, types,
 * tables with keys and indexes, functions, views, triggers, publications, grants on tables. Postgres prints each definition itself, so no
 * program of its version is needed. Rows are not read; their estimated numbers are.
 */
public final class LiveSchema {

    private static final String USERS = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'millrace_check')";
    private static final String NO_EXTENSION = "NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = %s AND e.classid = '%s'::regclass AND e.deptype = 'e')";

    /** In the order in which they are most likely to work; what comes too early is tried again. */
    private static final List<String> DEFINITIONS = List.of(
            "SELECT format('CREATE SCHEMA IF NOT EXISTS %I', n.nspname) FROM pg_namespace n WHERE " + USERS + " AND n.nspname <> 'public'",
            "SELECT format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA %I', e.extname, n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql'",
            "SELECT format('CREATE TYPE %I.%I AS ENUM (%s)', n.nspname, t.typname, (SELECT string_agg(quote_literal(l.enumlabel), ', ' ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid = t.oid))"
                    + " FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'e' AND " + USERS + " AND " + NO_EXTENSION.formatted("t.oid", "pg_type"),
            "SELECT format('CREATE TYPE %I.%I AS (%s)', n.nspname, t.typname, (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)"
                    + " FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)) FROM pg_class c JOIN pg_type t ON t.oid = c.reltype JOIN pg_namespace n ON n.oid = t.typnamespace"
                    + " WHERE c.relkind = 'c' AND " + USERS + " AND " + NO_EXTENSION.formatted("c.oid", "pg_class"),
            "SELECT format('CREATE TYPE %I.%I AS RANGE (SUBTYPE = %s)', n.nspname, t.typname, format_type(r.rngsubtype, NULL)) FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid"
                    + " JOIN pg_namespace n ON n.oid = t.typnamespace WHERE " + USERS + " AND " + NO_EXTENSION.formatted("t.oid", "pg_type"),
            "SELECT format('CREATE DOMAIN %I.%I AS %s%s%s%s', n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod), ' DEFAULT ' || t.typdefault, CASE WHEN t.typnotnull THEN ' NOT NULL' END,"
                    + " (SELECT string_agg(format(' CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), '') FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'))"
                    + " FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd' AND " + USERS + " AND " + NO_EXTENSION.formatted("t.oid", "pg_type") + " ORDER BY t.oid",
            "SELECT format('CREATE SEQUENCE %I.%I AS %s', n.nspname, c.relname, format_type(s.seqtypid, NULL)) FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
                    + " WHERE " + USERS + " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('i', 'e'))",
            "SELECT pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prokind IN ('f', 'p') AND " + USERS + " AND " + NO_EXTENSION.formatted("p.oid", "pg_proc") + " ORDER BY p.oid",
            """
            SELECT CASE WHEN c.relispartition THEN format('CREATE TABLE %I.%I PARTITION OF %s %s', n.nspname, c.relname, (SELECT format('%I.%I', pn.nspname, pc.relname) FROM pg_inherits i
                     JOIN pg_class pc ON pc.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = pc.relnamespace WHERE i.inhrelid = c.oid), pg_get_expr(c.relpartbound, c.oid))
                   ELSE format('CREATE %sTABLE %I.%I (%s)%s', CASE WHEN c.relpersistence = 'u' THEN 'UNLOGGED ' END, n.nspname, c.relname,
                     (SELECT string_agg(format('%I %s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
                        CASE WHEN a.attgenerated = 's' THEN format(' GENERATED ALWAYS AS (%s) STORED', pg_get_expr(f.adbin, f.adrelid)) WHEN a.attgenerated = 'v' THEN format(' GENERATED ALWAYS AS (%s) VIRTUAL', pg_get_expr(f.adbin, f.adrelid))
                             WHEN f.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(f.adbin, f.adrelid) END,
                        CASE a.attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY' WHEN 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY' END,
                        CASE WHEN a.attnotnull THEN ' NOT NULL' END), ', ' ORDER BY a.attnum)
                      FROM pg_attribute a LEFT JOIN pg_attrdef f ON f.adrelid = c.oid AND f.adnum = a.attnum WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attislocal),
                     (SELECT format(' INHERITS (%s)', string_agg(format('%I.%I', pn.nspname, pc.relname), ', ' ORDER BY i.inhseqno)) FROM pg_inherits i JOIN pg_class pc ON pc.oid = i.inhparent
                      JOIN pg_namespace pn ON pn.oid = pc.relnamespace WHERE i.inhrelid = c.oid HAVING count(*) > 0)) END
                   || CASE WHEN c.relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) ELSE '' END
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND """ + " " + USERS + " AND " + NO_EXTENSION.formatted("c.oid", "pg_class") + " ORDER BY c.oid",
            "SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
                    + " WHERE k.contype IN ('p', 'u', 'c', 'x', 'f') AND k.conparentid = 0 AND k.conislocal AND " + USERS + " AND " + NO_EXTENSION.formatted("c.oid", "pg_class") + " ORDER BY array_position(ARRAY['p', 'u', 'c', 'x', 'f'], k.contype::text)",
            "SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class x ON x.oid = i.indexrelid"
                    + " WHERE c.relkind IN ('r', 'p') AND NOT x.relispartition AND " + USERS + " AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))",
            "SELECT format('CREATE VIEW %I.%I AS %s', n.nspname, c.relname, pg_get_viewdef(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v' AND " + USERS + " AND " + NO_EXTENSION.formatted("c.oid", "pg_class") + " ORDER BY c.oid",
            "SELECT format('CREATE MATERIALIZED VIEW %I.%I AS %s', n.nspname, c.relname, rtrim(pg_get_viewdef(c.oid), ';')) || ' WITH NO DATA' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' AND " + USERS + " ORDER BY c.oid",
            "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND " + USERS,
            "SELECT format('ALTER TABLE %I.%I REPLICA IDENTITY %s', n.nspname, c.relname, CASE c.relreplident WHEN 'n' THEN 'NOTHING' WHEN 'f' THEN 'FULL' ELSE (SELECT format('USING INDEX %I', x.relname) FROM pg_index i JOIN pg_class x"
                    + " ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisreplident) END) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND c.relreplident <> 'd' AND " + USERS,
            "SELECT format('CREATE PUBLICATION %I %s WITH (publish = %L, publish_via_partition_root = %s)', p.pubname, CASE WHEN p.puballtables THEN 'FOR ALL TABLES' ELSE (SELECT 'FOR TABLE ' || string_agg(format('%I.%I%s%s', n.nspname, c.relname,"
                    + " (SELECT format(' (%s)', string_agg(quote_ident(a.attname), ', ')) FROM unnest(r.prattrs::int2[]) k JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k HAVING count(*) > 0),"
                    + " ' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')'), ', ') FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.prpubid = p.oid) END,"
                    + " concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END), p.pubviaroot::text) FROM pg_publication p",
            "SELECT format('GRANT %s ON %I.%I TO %s', g.privilege_type, n.nspname, c.relname, CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                    + " CROSS JOIN LATERAL aclexplode(c.relacl) g WHERE c.relkind IN ('r', 'p') AND g.privilege_type = 'SELECT' AND g.grantee <> c.relowner AND " + USERS,
            "SELECT format('GRANT USAGE ON SCHEMA %I TO %s', n.nspname, CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END) FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) g"
                    + " WHERE g.privilege_type = 'USAGE' AND g.grantee <> n.nspowner AND n.nspowner <> 'pg_database_owner'::regrole AND " + USERS);

    private static final String COUNTS = "SELECT n.nspname, c.relname, c.reltuples::bigint, pg_table_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND c.reltuples >= 0 AND " + USERS;

    private LiveSchema() {}

    /**
     * Reads the schema of the database at a URL.
     *
     * @throws CheckException when it cannot be read
     */
    public static Baseline read(String url) {
        var login = new Properties();
        var address = PostgresUrl.parse(url, null, null, login);
        login.setProperty("readOnly", "true");
        try (var connection = DriverManager.getConnection(address, login)) {
            connection.setReadOnly(true);
            connection.setAutoCommit(false);
            try (var path = connection.createStatement()) {
                // Definitions are printed with schemas where the search path does not have them.
                path.execute("SELECT set_config('search_path', '', true)");
            }
            var statements = new ArrayList<Statement>();
            statements.add(statement("SET check_function_bodies = off", 1));
            statements.add(statement("SELECT set_config('search_path', '', false)", 2));
            for (var definition : DEFINITIONS) {
                for (var sql : column(connection, definition)) {
                    statements.add(statement(sql, statements.size() + 1));
                }
            }
            return new Baseline(List.of(new Migration("live schema", Migration.Runner.PLAIN, statements, List.of())), counts(connection), true, "the schema of " + PostgresUrl.shown(address));
        } catch (SQLException e) {
            throw new CheckException("Reading the schema of the database at " + PostgresUrl.shown(address) + " failed: " + e.getMessage() + "; check the URL, the user and the password", e);
        }
    }

    private static Statement statement(String sql, int line) {
        return new Statement("live schema", line, line, sql, null);
    }

    private static List<String> column(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement(); var rows = statement.executeQuery(sql)) {
            var values = new ArrayList<String>();
            while (rows.next()) {
                values.add(rows.getString(1));
            }
            return values;
        }
    }

    private static Map<TableName, Cost> counts(Connection connection) throws SQLException {
        var counts = new HashMap<TableName, Cost>();
        try (var statement = connection.createStatement(); var row = statement.executeQuery(COUNTS)) {
            while (row.next()) {
                counts.put(new TableName(row.getString(1), row.getString(2)), new Cost(row.getLong(3), row.getLong(4)));
            }
        }
        return counts;
    }
}
