package io.millrace.capture.source;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Asks a source database whether it can be captured, and says what to do where it cannot. */
public final class SourceCheck {

    private static final String IS_NO_LOGIN = "28";

    private final Connection connection;
    private final String source;
    private final String user;
    private final List<String> problems = new ArrayList<>();

    private SourceCheck(Connection connection, String source, String user) {
        this.connection = connection;
        this.source = source;
        this.user = user;
    }

    /**
     * Everything that stands in the way, one sentence each; empty where capture can start.
     *
     * @param source the source's name, after which slot and publication are named
     * @param tables every table that is captured, Millrace's own included
     */
    public static List<String> problems(SourceConnection connection, String source, Collection<TableName> tables) {
        try (var open = connection.open()) {
            var check = new SourceCheck(open, source, connection.user());
            check.server();
            check.role();
            var there = check.tables(tables);
            check.publication(there);
            check.slot();
            return check.problems;
        } catch (SQLException e) {
            return List.of(explain(connection, e));
        }
    }

    /** The tables that inherit from the captured ones without being partitions, as {@code child of parent}. */
    public static List<String> inheriting(SourceConnection connection, Collection<TableName> tables) throws SQLException {
        try (var open = connection.open(); var statement = open.prepareStatement("""
                SELECT i.inhrelid::regclass || ' of ' || i.inhparent::regclass FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent
                WHERE c.relkind = 'r' AND i.inhparent = ANY (SELECT to_regclass(name) FROM unnest(?::text[]) AS name) ORDER BY 1""")) {
            statement.setArray(1, open.createArrayOf("text", tables.stream().map(TableName::sql).toArray()));
            var found = new ArrayList<String>();
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    found.add(rows.getString(1));
                }
            }
            return found;
        }
    }

    /** Why the database cannot be asked. */
    public static String explain(SourceConnection connection, SQLException e) {
        var state = e.getSQLState() == null ? "" : e.getSQLState();
        if (state.startsWith(IS_NO_LOGIN)) {
            return "Postgres refuses the login at " + connection + " (" + e.getMessage() + "); correct the user or the password that the pipeline file refers to";
        }
        if (state.equals("3D000")) {
            return "Postgres has no such database at " + connection + " (" + e.getMessage() + "); correct the URL that the pipeline file refers to";
        }
        return "Postgres cannot be asked at " + connection + " (" + e.getMessage() + "); check that it runs and that the URL is right; trying again";
    }

    private void server() throws SQLException {
        var level = text("SHOW wal_level");
        if (!"logical".equals(level)) {
            problems.add("Postgres runs with wal_level = " + level + ", which carries no row changes; run ALTER SYSTEM SET wal_level = logical and restart it");
        }
    }

    private void role() throws SQLException {
        // Amazon's Postgres gives the right through membership, not through the role's own flag.
        boolean replicates = "true".equals(text("""
                SELECT bool_or(rolname = current_user AND (rolreplication OR rolsuper)
                               OR rolname = 'rds_replication' AND pg_has_role(current_user, oid, 'member'))::text
                FROM pg_roles"""));
        if (!replicates) {
            problems.add("The role " + user + " may not replicate; run ALTER ROLE " + TableName.quote(user) + " REPLICATION as a superuser");
        }
    }

    private List<TableName> tables(Collection<TableName> tables) throws SQLException {
        var there = new ArrayList<TableName>();
        try (var statement = connection.prepareStatement("""
                SELECT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p'),
                       has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(c.relnamespace, 'USAGE'),
                       row_security_active(c.oid)
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = ? AND c.relname = ? AND c.relkind IN ('r', 'p')""")) {
            for (var table : tables) {
                try (var row = query(statement, table.schema(), table.table())) {
                    if (!row.next()) {
                        problems.add("The database has no table " + table + "; create it"
                                + (table.schema().equals(Topics.OWN_SCHEMA) ? " by provisioning the source" : ", or correct the pipeline file"));
                        continue;
                    }
                    there.add(table);
                    if (!row.getBoolean(1)) {
                        problems.add("The table " + table + " has no primary key, by which its rows are known; run ALTER TABLE " + table.sql() + " ADD PRIMARY KEY (…)");
                    }
                    if (!row.getBoolean(2)) {
                        problems.add("The role " + user + " may not read the table " + table + "; run GRANT USAGE ON SCHEMA " + TableName.quote(table.schema())
                                + " TO " + TableName.quote(user) + "; GRANT SELECT ON " + table.sql() + " TO " + TableName.quote(user));
                    }
                    if (row.getBoolean(3)) {
                        problems.add("Row level security hides rows of the table " + table + " from the role " + user + ", which would be missing downstream; run ALTER ROLE "
                                + TableName.quote(user) + " BYPASSRLS as a superuser, or ALTER TABLE " + table.sql() + " DISABLE ROW LEVEL SECURITY");
                    }
                }
            }
        }
        return there;
    }

    private void publication(List<TableName> tables) throws SQLException {
        var publication = Topics.publication(source);
        try (var statement = connection.prepareStatement("""
                SELECT pubinsert AND pubupdate AND pubdelete AND pubtruncate FROM pg_publication WHERE pubname = ?""");
                var row = query(statement, publication)) {
            if (!row.next()) {
                problems.add("The database has no publication " + publication + "; create it by provisioning the source");
                return;
            }
            if (!row.getBoolean(1)) {
                problems.add("The publication " + publication + " leaves some operations out; run ALTER PUBLICATION " + publication
                        + " SET (publish = 'insert, update, delete, truncate')");
            }
        }
        Set<TableName> published = new HashSet<>();
        try (var statement = connection.prepareStatement("SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = ?");
                var rows = query(statement, publication)) {
            while (rows.next()) {
                published.add(new TableName(rows.getString(1), rows.getString(2)));
            }
        }
        for (var table : tables) {
            if (!published.contains(table)) {
                problems.add("The publication " + publication + " lacks the table " + table + "; run ALTER PUBLICATION " + publication + " ADD TABLE " + table.sql());
            }
        }
    }

    private void slot() throws SQLException {
        var slot = Topics.slot(source);
        try (var statement = connection.prepareStatement("""
                SELECT plugin, database = current_database(), active_pid, wal_status FROM pg_replication_slots WHERE slot_name = ?""");
                var row = query(statement, slot)) {
            if (!row.next()) {
                free();
                return;
            }
            if (!"pgoutput".equals(row.getString(1)) || !row.getBoolean(2)) {
                problems.add("The replication slot " + slot + " belongs to another plug-in or database; drop it, or give the source another name in the pipeline file");
            } else if (row.getString(3) != null) {
                problems.add("The replication slot " + slot + " is in use by the server process " + row.getString(3)
                        + ": another capture of this source runs, or its connection has not ended yet; stop the other one; trying again");
            } else if ("lost".equals(row.getString(4))) {
                problems.add("The replication slot " + slot + " has lost WAL that it still needed (max_slot_wal_keep_size); changes are missing for good: drop the slot with "
                        + "SELECT pg_drop_replication_slot('" + slot + "') and set millrace.capture.lost-slot=snapshot to read the tables again");
            }
        }
    }

    private void free() throws SQLException {
        int slots = Integer.parseInt(text("SELECT count(*) FROM pg_replication_slots"));
        int most = Integer.parseInt(text("SHOW max_replication_slots"));
        if (slots >= most) {
            problems.add("Postgres has no free replication slot, all " + most + " are taken; drop one that nobody needs (SELECT * FROM pg_replication_slots), or raise max_replication_slots and restart it");
        }
    }

    private String text(String sql) throws SQLException {
        try (var statement = connection.createStatement(); var row = statement.executeQuery(sql)) {
            return row.next() ? row.getString(1) : null;
        }
    }

    private static ResultSet query(PreparedStatement statement, String... values) throws SQLException {
        for (int i = 0; i < values.length; i++) {
            statement.setString(i + 1, values[i]);
        }
        return statement.executeQuery();
    }
}
