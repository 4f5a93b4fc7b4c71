package io.millrace.indexer.table;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jboss.logging.Logger;

/**
 * What a team has put on a table or a view that {@code LIKE … INCLUDING ALL} and {@code CREATE OR REPLACE VIEW} leave out: who may see which rows, owners, triggers, foreign keys, options. PostgreSQL says it as statements, which are
 * carried out for another table, or for the view that is made again. For the connection of the caller.
 */
final class TableExtras {

    private static final Logger LOG = Logger.getLogger(TableExtras.class);
    /** Parameters: the table, and what the statements are to name in its place. */
    private static final String OF_TABLE = """
            WITH t AS (SELECT c.*, format('%I.%I', n.nspname, c.relname) AS own FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(?)), other AS (SELECT ?::text AS name)
            SELECT label, statement FROM (
                SELECT 1 AS step, '' AS label, format('ALTER TABLE %s SET (%s)', name, array_to_string(reloptions, ', ')) AS statement FROM t, other WHERE reloptions IS NOT NULL
                UNION ALL SELECT 1, '', format('ALTER TABLE %s SET (%s)', name, (SELECT string_agg('toast.' || o, ', ') FROM unnest(s.reloptions) o)) FROM t JOIN pg_class s ON s.oid = t.reltoastrelid, other WHERE s.reloptions IS NOT NULL
                UNION ALL SELECT 1, '', format('COMMENT ON TABLE %s IS %L', name, obj_description(oid, 'pg_class')) FROM t, other WHERE obj_description(oid, 'pg_class') IS NOT NULL
                UNION ALL SELECT 2, 'row level security', format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name) FROM t, other WHERE relrowsecurity
                UNION ALL SELECT 2, 'forced row level security', format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name) FROM t, other WHERE relforcerowsecurity
                UNION ALL SELECT 3, 'policy ' || polname, format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', polname, name, CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                        CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                        CASE WHEN 0 = ANY (polroles) THEN 'PUBLIC' ELSE (SELECT string_agg(quote_ident(rolname), ', ' ORDER BY rolname) FROM pg_roles r WHERE r.oid = ANY (polroles)) END,
                        ' USING (' || pg_get_expr(polqual, polrelid) || ')', ' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')') FROM pg_policy p JOIN t ON p.polrelid = t.oid, other
                UNION ALL SELECT 4, 'trigger ' || tgname, overlay(def PLACING ' ON ' || name || ' ' FROM position(' ON ' || own || ' ' IN def) FOR length(' ON ' || own || ' '))
                        FROM (SELECT tgname, pg_get_triggerdef(g.oid) AS def, own FROM pg_trigger g JOIN t ON g.tgrelid = t.oid WHERE NOT tgisinternal) d, other
                UNION ALL SELECT 5, 'state of the trigger ' || tgname, format('ALTER TABLE %s %s TRIGGER %I', name, CASE tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, tgname)
                        FROM pg_trigger g JOIN t ON g.tgrelid = t.oid, other WHERE NOT tgisinternal AND tgenabled <> 'O'
                UNION ALL SELECT 5, 'foreign key ' || conname, format('ALTER TABLE %s ADD CONSTRAINT %I %s', name, conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k JOIN t ON k.conrelid = t.oid, other WHERE contype = 'f'
                UNION ALL SELECT 6, 'grant of ' || a.privilege_type || ' to ' || who, format('GRANT %s ON %s TO %s%s', a.privilege_type, name, who, CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                        FROM t, other, aclexplode(relacl) a, LATERAL (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS who) w WHERE a.grantee <> relowner
                UNION ALL SELECT 6, 'grant of ' || a.privilege_type || ' (' || attname || ') to ' || who, format('GRANT %s (%I) ON %s TO %s%s', a.privilege_type, attname, name, who, CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                        FROM t JOIN pg_attribute c ON c.attrelid = t.oid AND NOT attisdropped, other, aclexplode(attacl) a, LATERAL (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS who) w WHERE a.grantee <> relowner
                UNION ALL SELECT 7, 'owner', format('ALTER TABLE %s OWNER TO %I', name, pg_get_userbyid(relowner)) FROM t, other WHERE pg_get_userbyid(relowner) <> current_user
            ) s ORDER BY step, label, statement""";
    /** Parameter: the table. */
    private static final String NOT_OF_ANOTHER = """
            WITH t AS (SELECT oid, relname FROM pg_class WHERE oid = to_regclass(?))
            SELECT 'the rule ' || rulename FROM pg_rewrite JOIN t ON ev_class = t.oid
            UNION ALL SELECT 'the foreign key ' || conname || ' of ' || format('%I.%I', n.nspname, c.relname) FROM pg_constraint JOIN t ON confrelid = t.oid JOIN pg_class c ON c.oid = conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE contype = 'f'
            UNION ALL SELECT 'the publication ' || pubname FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid JOIN t ON r.prrelid = t.oid
            UNION ALL SELECT 'the inheritance with ' || CASE WHEN inhrelid = t.oid THEN inhparent ELSE inhrelid END::regclass FROM pg_inherits JOIN t ON t.oid IN (inhrelid, inhparent)
            UNION ALL SELECT 'the policy ' || polname || ', which asks the table itself' FROM pg_policy JOIN t ON polrelid = t.oid
                WHERE position(quote_ident(relname) IN concat(pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))) > 0
            ORDER BY 1""";
    /** Parameter: the view. */
    private static final String OF_VIEW = """
            WITH v AS (SELECT c.*, format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(?) AND c.relkind = 'v')
            SELECT statement FROM (
                SELECT 1 AS step, format('ALTER VIEW %s SET (%s)', name, array_to_string(reloptions, ', ')) AS statement FROM v WHERE reloptions IS NOT NULL
                UNION ALL SELECT 2, format('GRANT %s ON %s TO %s%s', a.privilege_type, name, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END, CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                        FROM v, aclexplode(relacl) a WHERE a.grantee <> relowner
                UNION ALL SELECT 2, format('GRANT %s (%I) ON %s TO %s%s', a.privilege_type, attname, name, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END, CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                        FROM v JOIN pg_attribute c ON c.attrelid = v.oid AND NOT attisdropped, aclexplode(attacl) a WHERE a.grantee <> relowner
                UNION ALL SELECT 3, format('ALTER VIEW %s OWNER TO %I', name, pg_get_userbyid(relowner)) FROM v WHERE pg_get_userbyid(relowner) <> current_user
            ) s ORDER BY step, statement""";

    private final Tables tables;

    TableExtras(Tables tables) {
        this.tables = tables;
    }

    /** What a table has that cannot be made for another one, in words; empty where there is nothing. */
    List<String> notOfAnother(Connection connection, String table) throws SQLException {
        return texts(connection, NOT_OF_ANOTHER, tables.name(table));
    }

    /** Gives a table what another one has. */
    void copy(Connection connection, String from, String to) throws SQLException {
        try (var statement = tables.prepare(connection, OF_TABLE)) {
            statement.setString(1, tables.name(from));
            statement.setString(2, tables.name(to));
            var rows = statement.executeQuery();
            var statements = new ArrayList<String>();
            while (rows.next()) {
                statements.add(rows.getString(2));
            }
            for (var one : statements) {
                tables.run(connection, one);
            }
        }
    }

    /** In what two tables differ of who may see and write which rows, and of what happens then, in words; empty where in nothing. */
    List<String> differing(Connection connection, String one, String other) throws SQLException {
        var ours = labelled(connection, one);
        var theirs = labelled(connection, other);
        var labels = new TreeSet<>(ours.keySet());
        labels.addAll(theirs.keySet());
        return labels.stream().filter(label -> !label.isEmpty() && !String.valueOf(ours.get(label)).equals(String.valueOf(theirs.get(label)))).toList();
    }

    private Map<String, String> labelled(Connection connection, String table) throws SQLException {
        try (var statement = tables.prepare(connection, OF_TABLE)) {
            statement.setString(1, tables.name(table));
            statement.setString(2, "it");
            var rows = statement.executeQuery();
            var labelled = new LinkedHashMap<String, String>();
            while (rows.next()) {
                labelled.merge(rows.getString(1), rows.getString(2), (a, b) -> a + "; " + b);
            }
            return labelled;
        }
    }

    /** Keeps what a view has, for when somebody takes it away. */
    void remember(Connection connection, String view) throws SQLException {
        if (!tables.isThere(connection, view)) {
            return;
        }
        var statements = texts(connection, OF_VIEW, tables.name(view)).toArray();
        try (var statement = tables.prepare(connection, "INSERT INTO " + tables.views() + " AS v (view, statements) VALUES (?, ?) ON CONFLICT (view) DO UPDATE SET statements = excluded.statements WHERE v.statements <> excluded.statements")) {
            statement.setString(1, view);
            statement.setArray(2, connection.createArrayOf("text", statements));
            statement.executeUpdate();
        }
    }

    /** The options of a view that is there, as they stand behind its name when it is replaced; empty where it has none. */
    String options(Connection connection, String view) throws SQLException {
        var options = texts(connection, "SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = to_regclass(?) AND reloptions IS NOT NULL", tables.name(view));
        return options.isEmpty() ? "" : " WITH (" + options.getFirst() + ")";
    }

    /** Gives a view that was made again what it had; what it cannot have any more, such as for a role that is gone, is logged. */
    void restore(Connection connection, String view) throws SQLException {
        for (var one : texts(connection, "SELECT unnest(statements) FROM " + tables.views() + " WHERE view = ?", view)) {
            var before = connection.setSavepoint();
            try {
                tables.run(connection, one);
                connection.releaseSavepoint(before);
            } catch (SQLException e) {
                connection.rollback(before);
                LOG.warnf("The view %s was made again, and does not have what it had: %s (%s)", view, one, Tables.reason(e));
            }
        }
    }

    private List<String> texts(Connection connection, String sql, String parameter) throws SQLException {
        try (var statement = tables.prepare(connection, sql)) {
            statement.setString(1, parameter);
            var rows = statement.executeQuery();
            var texts = new ArrayList<String>();
            while (rows.next()) {
                texts.add(rows.getString(1));
            }
            return texts;
        }
    }
}
