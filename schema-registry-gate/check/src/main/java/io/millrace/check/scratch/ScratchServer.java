package io.millrace.check.scratch;

import io.millrace.check.CheckException;
import io.millrace.pipeline.file.TableName;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * A Postgres server in which checks make and drop databases of their own. One check at a time has it, by an advisory lock;
 * whoever has the lock first drops what a killed one has left. Not thread-safe.
 *
 * <p>Roles and slots belong to the whole server, and migrations may change them, so it must be a server on which nothing else
 * depends.
 */
public final class ScratchServer implements AutoCloseable {

    /** Databases of checks begin with this; the oid of the database in which the lock is held follows. */
    private static final String PREFIX = "millrace_check_";
    /** The comment on a role or a database that a check has caused. */
    public static final String MARK = "made by a millrace check";
    private static final long LOCK = 0x6d696c6c72616365L;
    private static final int OLDEST = 150_000;
    private static final String LOCK_NOT_AVAILABLE = "55P03";
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private final String url;
    private final Properties login;
    private final Connection connection;
    private final String prefix;
    private final Set<String> named = new TreeSet<>();
    /** What is set for the server and its roles before this check. */
    private final Map<String, String> opening;
    private Map<String, String> settings;
    private int made;

    private ScratchServer(String url, Properties login, Connection connection, String prefix) throws SQLException {
        this.url = url;
        this.login = login;
        this.connection = connection;
        this.prefix = prefix;
        this.opening = settings(connection);
        this.settings = opening;
    }

    /**
     * Takes the server for this check, waiting up to ten minutes for another check that has it.
     *
     * @param url a database without tables in it, as a JDBC or a {@code postgresql://} URL
     * @param user null: the one in the URL
     * @param password null: the one in the URL
     * @param progress is told when another check is waited for
     * @throws CheckException when the server is not one to be used so, or is not free in time
     */
    public static ScratchServer open(String url, String user, String password, Consumer<String> progress) {
        return open(url, user, password, PATIENCE, progress);
    }

    /** @param patience how long another check that has the server is waited for */
    public static ScratchServer open(String url, String user, String password, Duration patience, Consumer<String> progress) {
        var login = new Properties();
        var address = PostgresUrl.parse(url, user, password, login);
        try {
            var connection = DriverManager.getConnection(address, login);
            try {
                var server = new ScratchServer(address, login, connection, PREFIX + text(connection, "SELECT oid FROM pg_database WHERE datname = current_database()") + "_");
                server.requireFit();
                server.lock(patience, progress);
                server.sweep();
                return server;
            } catch (SQLException | RuntimeException e) {
                connection.close();
                throw e;
            }
        } catch (SQLException e) {
            throw new CheckException("The scratch server at " + PostgresUrl.shown(address) + " cannot be used: " + e.getMessage().replaceAll("\\.$", "") + "; check the URL, the user and the password", e);
        }
    }

    private void requireFit() throws SQLException {
        var where = "The scratch server at " + PostgresUrl.shown(url);
        if (Integer.parseInt(text(connection, "SHOW server_version_num")) < OLDEST) {
            throw new CheckException(where + " is older than PostgreSQL 15; give a newer one");
        }
        var table = text(connection, """
                SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p', 'f', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' LIMIT 1""");
        if (table != null) {
            throw new CheckException("The database given for scratch, " + PostgresUrl.shown(url) + ", holds tables (" + table + "), so it may be one that somebody needs; give an empty database on a server of its own");
        }
        var slot = text(connection, "SELECT slot_name FROM pg_replication_slots WHERE slot_type = 'logical' AND NOT starts_with(slot_name, '" + PREFIX + "') LIMIT 1");
        if (slot != null) {
            throw new CheckException(where + " is replicated from (slot " + slot + "), and a migration could change its roles and slots; give a server of its own");
        }
        if (!"t".equals(text(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))) {
            throw new CheckException(where + " is entered as a role that is no superuser; migrations and dumps need one. Give a superuser of a server of its own");
        }
    }

    private void lock(Duration patience, Consumer<String> progress) throws SQLException {
        if ("t".equals(text(connection, "SELECT pg_try_advisory_lock(" + LOCK + ")"))) {
            return;
        }
        progress.accept("waiting for another check that uses this scratch server");
        execute("SET lock_timeout = " + Math.max(1, patience.toMillis()));
        try {
            text(connection, "SELECT pg_advisory_lock(" + LOCK + ")");
        } catch (SQLException e) {
            if (LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
                throw new CheckException("Another check has had the scratch server at " + PostgresUrl.shown(url) + " for " + patience.toSeconds() + " s; try again when it is done", e);
            }
            throw e;
        }
        execute("RESET lock_timeout");
    }

    /** Drops what checks have left on the server. */
    private void sweep() throws SQLException {
        for (var name : column("SELECT datname FROM pg_database WHERE starts_with(datname, '" + prefix + "')")) {
            execute("DROP DATABASE IF EXISTS " + TableName.quote(name) + " WITH (FORCE)");
        }
        dropNamed();
        for (var slot : column("SELECT slot_name FROM pg_replication_slots WHERE slot_type = 'physical' AND starts_with(slot_name, 'millrace_') AND NOT active")) {
            text(connection, "SELECT pg_drop_replication_slot('" + slot + "')");
        }
        for (var role : column("SELECT rolname FROM pg_roles WHERE shobj_description(oid, 'pg_authid') = '" + MARK + "'")) {
            execute("DROP ROLE IF EXISTS " + TableName.quote(role));
        }
    }

    /** Makes a database of a name that a migration takes for that of its own, so that it can be spoken of. */
    void name(String database) throws SQLException {
        execute("CREATE DATABASE " + TableName.quote(database) + " TEMPLATE template0");
        execute("COMMENT ON DATABASE " + TableName.quote(database) + " IS '" + MARK + "'");
        named.add(database);
    }

    /** The databases that are there because migrations name them. */
    public Set<String> named() {
        return Set.copyOf(named);
    }

    private void dropNamed() throws SQLException {
        for (var name : column("SELECT datname FROM pg_database WHERE shobj_description(oid, 'pg_database') = '" + MARK + "'")) {
            execute("DROP DATABASE IF EXISTS " + TableName.quote(name) + " WITH (FORCE)");
        }
        named.clear();
    }

    /** Makes an empty database, or a copy of another one of this server that nobody is connected to. */
    public String create(String template) {
        var name = prefix + ++made;
        try {
            execute("CREATE DATABASE " + name + " TEMPLATE " + (template == null ? "template0" : template));
            return name;
        } catch (SQLException e) {
            throw new CheckException("Making a scratch database at " + PostgresUrl.shown(url) + " failed: " + e.getMessage(), e);
        }
    }

    /** Drops a database, and the other ones and the roles that were made after it: they belong to the server, and the next migrations must not meet them. */
    public void drop(String name) {
        try {
            mark();
            var roles = column("SELECT rolname FROM pg_roles WHERE oid > (SELECT oid FROM pg_database WHERE datname = '" + name + "') AND shobj_description(oid, 'pg_authid') = '" + MARK + "'");
            for (var other : column("SELECT datname FROM pg_database WHERE oid > (SELECT oid FROM pg_database WHERE datname = '" + name + "') AND NOT starts_with(datname, '" + PREFIX + "')")) {
                execute("DROP DATABASE IF EXISTS " + TableName.quote(other) + " WITH (FORCE)");
            }
            execute("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
            dropNamed();
            restoreSettings();
            for (var role : roles) {
                execute("DROP ROLE IF EXISTS " + TableName.quote(role));
            }
        } catch (SQLException e) {
            throw new CheckException("Dropping the scratch database " + name + " at " + PostgresUrl.shown(url) + " failed: " + e.getMessage() + "; the next check tries again", e);
        }
    }

    /** What is set for the server and its roles from now on is to be there before each migration. */
    public void keepSettings() throws SQLException {
        settings = settings(connection);
    }

    /** A migration's ALTER SYSTEM, and what it sets for roles, is not to be the next one's. */
    private void restoreSettings() throws SQLException {
        var now = settings(connection);
        for (var name : now.keySet()) {
            if (!settings.containsKey(name)) {
                execute("ALTER " + name.replaceFirst(" SET ", " RESET "));
            }
        }
        for (var setting : settings.entrySet()) {
            if (!setting.getValue().equals(now.get(setting.getKey()))) {
                execute("ALTER " + setting.getKey() + " = '" + setting.getValue().replace("'", "''") + "'");
            }
        }
        if (!now.equals(settings)) {
            text(connection, "SELECT pg_reload_conf()");
        }
    }

    /** By what sets them, without its ALTER and its value. */
    private static Map<String, String> settings(Connection connection) throws SQLException {
        var settings = new TreeMap<String, String>();
        try (var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT 'SYSTEM SET ' || quote_ident(name), setting FROM pg_file_settings WHERE sourcefile LIKE '%postgresql.auto.conf' UNION ALL"
                        + " SELECT format('ROLE %s SET %I', CASE WHEN setrole = 0 THEN 'ALL' ELSE quote_ident(pg_get_userbyid(setrole)) END, split_part(c, '=', 1)), substr(c, strpos(c, '=') + 1)"
                        + " FROM pg_db_role_setting CROSS JOIN unnest(setconfig) c WHERE setdatabase = 0")) {
            while (row.next()) {
                settings.put(row.getString(1), row.getString(2));
            }
        }
        return settings;
    }

    /** Ends whatever runs in the databases of this check, which then fails. May be called by another thread. */
    public void endSessions() {
        try (var own = DriverManager.getConnection(url, login)) {
            text(own, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE starts_with(datname, '" + prefix + "')");
        } catch (SQLException e) {
            throw new CheckException("Ending the check at " + PostgresUrl.shown(url) + " failed: " + e.getMessage(), e);
        }
    }

    /** Whether the log of this server can be read as replication reads it. */
    public boolean decodes() throws SQLException {
        return "logical".equals(text(connection, "SHOW wal_level"));
    }

    public Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(PostgresUrl.with(url, database), login);
    }

    /** The oid of a role, made where it is not there. */
    public long role(String name, String attributes) throws SQLException {
        var oid = text(connection, "SELECT oid FROM pg_roles WHERE rolname = '" + name.replace("'", "''") + "'");
        if (oid == null) {
            execute("CREATE ROLE " + TableName.quote(name) + " " + attributes);
            mark();
            oid = text(connection, "SELECT oid FROM pg_roles WHERE rolname = '" + name.replace("'", "''") + "'");
        }
        return Long.parseLong(oid);
    }

    /** Remembers, also for a later check, which roles were not there when the first database was made. */
    void mark() throws SQLException {
        for (var role : column("SELECT rolname FROM pg_roles WHERE oid > (SELECT max(oid) FROM pg_database WHERE starts_with(datname, '" + prefix + "'))"
                + " AND shobj_description(oid, 'pg_authid') IS NULL AND rolname !~ '^pg_' AND rolname <> current_user")) {
            execute("COMMENT ON ROLE " + TableName.quote(role) + " IS '" + MARK + "'");
        }
    }

    /** Puts slot and role back as a provisioned source has them. */
    public void provision(String slot, long role, String roleName) throws SQLException {
        if (text(connection, "SELECT 1 FROM pg_replication_slots WHERE slot_name = '" + slot + "'") == null) {
            text(connection, "SELECT pg_create_physical_replication_slot('" + slot + "')");
        }
        var now = text(connection, "SELECT rolname FROM pg_roles WHERE oid = " + role);
        if (now != null && !now.equals(roleName)) {
            execute("ALTER ROLE " + TableName.quote(now) + " RENAME TO " + TableName.quote(roleName));
        }
        if (now != null && !"t".equals(text(connection, "SELECT rolsuper FROM pg_roles WHERE oid = " + role))) {
            execute("ALTER ROLE " + TableName.quote(roleName) + " LOGIN REPLICATION CONNECTION LIMIT -1 VALID UNTIL 'infinity'");
        }
    }

    private void execute(String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private List<String> column(String sql) throws SQLException {
        try (var statement = connection.createStatement(); var rows = statement.executeQuery(sql)) {
            var values = new ArrayList<String>();
            while (rows.next()) {
                values.add(rows.getString(1));
            }
            return values;
        }
    }

    private static String text(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement(); var rows = statement.executeQuery(sql)) {
            return rows.next() ? rows.getString(1) : null;
        }
    }

    /** Drops everything that was made and gives the server free. */
    @Override
    public void close() {
        try (connection) {
            settings = opening;
            restoreSettings();
            sweep();
        } catch (SQLException e) {
            throw new CheckException("Cleaning up the scratch server at " + PostgresUrl.shown(url) + " failed: " + e.getMessage() + "; the next check tries again", e);
        }
    }
}
