package io.millrace.capture.source;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.source.SourceTrouble;
import io.millrace.pipeline.topic.Topics;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

/** Asks a source database whether it can be captured, and says what to do where it cannot. */
public final class SourceCheck {

    private static final String IS_NO_LOGIN = "28";

    private final Connection connection;
    private final String source;
    private final String user;
    private final List<String> problems = new ArrayList<>();
    /** Who reads the slot, null where nobody does. */
    private String inUse;

    private SourceCheck(Connection connection, String source, String user) {
        this.connection = connection;
        this.source = source;
        this.user = user;
    }

    /**
     * What stands in the way of every table, one sentence each.
     *
     * @param problems what somebody must put right; empty where nothing is
     * @param inUse that another process reads the slot, which may be over by itself; null where none does
     */
    public record Found(List<String> problems, String inUse) {

        /** All of it. */
        public List<String> all() {
            return inUse == null ? problems : Stream.concat(problems.stream(), Stream.of(inUse)).toList();
        }
    }

    /**
     * Asks for everything that stands in the way of every table.
     *
     * @param source the source's name, after which slot and publication are named
     */
    public static Found look(SourceConnection connection, String source) {
        try (var open = connection.open()) {
            var check = new SourceCheck(open, source, connection.user());
            check.server();
            check.role();
            check.publication();
            check.types();
            check.slot();
            check.senders();
            return new Found(check.problems, check.inUse);
        } catch (SQLException e) {
            return new Found(List.of(explain(connection, e)), null);
        }
    }

    /** The tables that inherit from the captured ones without being partitions, and are not captured themselves, as {@code child of parent}. */
    public static List<String> inheriting(SourceConnection connection, Collection<TableName> tables) throws SQLException {
        try (var open = connection.open(); var statement = open.prepareStatement("""
                WITH captured AS (SELECT to_regclass(name)::oid AS oid FROM unnest(?::text[]) AS name)
                SELECT i.inhrelid::regclass || ' of ' || i.inhparent::regclass FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent
                WHERE c.relkind = 'r' AND i.inhparent IN (SELECT oid FROM captured) AND NOT EXISTS (SELECT FROM captured WHERE captured.oid = i.inhrelid) ORDER BY 1""")) {
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
        var advice = SourceTrouble.advice(e, connection.url(), connection.password());
        if (state.startsWith(IS_NO_LOGIN)) {
            return "Postgres refuses the login at " + connection + " (" + e.getMessage() + "); " + advice;
        }
        if (state.equals("3D000")) {
            return "Postgres has no such database at " + connection + " (" + e.getMessage() + "); " + advice;
        }
        return "Postgres cannot be asked at " + connection + " (" + e.getMessage() + "); " + advice + "; trying again";
    }

    private void server() throws SQLException {
        if ("t".equals(text("SELECT pg_is_in_recovery()"))) {
            problems.add("Postgres is a standby or still recovering, where capture can write no heartbeat; give the primary's address in the pipeline file; trying again");
        }
        var level = text("SHOW wal_level");
        if (!"logical".equals(level)) {
            problems.add("Postgres runs with wal_level = " + level + ", which carries no row changes; run ALTER SYSTEM SET wal_level = logical and restart it");
        }
        // The server converts from every other encoding.
        if ("SQL_ASCII".equals(text("SHOW server_encoding"))) {
            problems.add("The database has the encoding SQL_ASCII, in which nobody knows what its bytes above 127 mean; move it to one with ENCODING 'UTF8' (pg_dump with --encoding, the one that its clients write)");
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

    private void publication() throws SQLException {
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
    }

    /** Debezium reads all types of the database before anything else, and expects labels of whatever counts as an enum. */
    private void types() throws SQLException {
        var types = text("""
                SELECT string_agg(CASE t.typtype WHEN 'd' THEN 'the domain ' || t.oid::regtype || ' over the enum ' || t.typbasetype::regtype ELSE 'the enum ' || t.oid::regtype || ', which has no label' END
                                  || coalesce(' (' || (SELECT string_agg(a.attrelid::regclass || '.' || a.attname, ', ') FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') WHERE a.atttypid = t.oid AND NOT a.attisdropped) || ')', ''), '; ')
                FROM pg_type t WHERE t.typcategory = 'E' AND NOT EXISTS (SELECT FROM pg_enum e WHERE e.enumtypid = t.oid)""");
        if (types != null) {
            problems.add("Debezium cannot read the types of this database, whatever table uses them, because of " + types + "; give the columns of such a domain the enum itself (ALTER TABLE … ALTER COLUMN … TYPE …) and drop it,"
                    + " give an enum a label (ALTER TYPE … ADD VALUE …) or drop it; trying again");
        }
    }

    private void slot() throws SQLException {
        var slot = Topics.slot(source);
        try (var statement = connection.prepareStatement("SELECT coalesce(plugin, 'none'), coalesce(database, 'none'), current_database() FROM pg_replication_slots WHERE slot_name = ?"); var row = query(statement, slot)) {
            if (!row.next()) {
                free();
            } else if (!row.getString(2).equals(row.getString(3))) {
                problems.add("This is the database " + row.getString(3) + ", and the replication slot " + slot + " is of the database " + row.getString(2)
                        + " on the same server: the URL leads to another database than the one that is captured, or two sources have the same name; correct the URL, or the source's name in the pipeline file."
                        + " Drop the slot only if nobody captures " + row.getString(2) + " any more");
            } else if (!"pgoutput".equals(row.getString(1))) {
                problems.add("The replication slot " + slot + " belongs to the plug-in " + row.getString(1) + " and not to pgoutput; drop it, or give the source another name in the pipeline file");
            }
        }
        var state = new Slot(null, source).state(connection);
        if (state != null && state.usedBy() != null) {
            inUse = "The replication slot " + slot + " is in use by the server " + state.usedBy()
                    + ": it is no capture of this version that has the source's lock, or its connection has not ended yet; end it if it does not end by itself; trying again";
        }
    }

    private void free() throws SQLException {
        int slots = Integer.parseInt(text("SELECT count(*) FROM pg_replication_slots"));
        int most = Integer.parseInt(text("SHOW max_replication_slots"));
        if (slots >= most) {
            problems.add("Postgres has no free replication slot, all " + most + " are taken; drop one that nobody needs (SELECT * FROM pg_replication_slots), or raise max_replication_slots and restart it");
        }
    }

    /** Whoever has a connection for replication is counted, whether a slot belongs to it or not; but whoever reads this slot leaves it to whoever waits for that. */
    private void senders() throws SQLException {
        int senders = 0;
        try (var statement = connection.prepareStatement("SELECT count(*) FROM pg_stat_replication WHERE pid IS DISTINCT FROM (SELECT active_pid FROM pg_replication_slots WHERE slot_name = ?)");
                var row = query(statement, Topics.slot(source))) {
            row.next();
            senders = row.getInt(1);
        }
        int most = Integer.parseInt(text("SHOW max_wal_senders"));
        if (senders >= most) {
            problems.add("Postgres has no free connection for replication, all " + most + " are taken; end one that nobody needs (SELECT * FROM pg_stat_replication), or raise max_wal_senders and restart it");
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
