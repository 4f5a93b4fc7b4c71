package io.millrace.check.scratch;

import io.millrace.check.script.Statement;
import io.millrace.pipeline.file.TableName;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.postgresql.copy.CopyManager;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;
import org.postgresql.util.PSQLException;

/**
 * A session in a scratch database, in which statements are run one by one. Roles and databases that a statement names and that
 * are not there are made, since no dump has them. Not thread-safe.
 */
public final class ScratchDatabase implements AutoCloseable {

    private static final Pattern NAMES_ROLES = Pattern.compile("\\b(DATABASE|GRANT|REVOKE|OWNER|OWNED|ROLE|USER|GROUP|AUTHORIZATION|POLICY|PRIVILEGES)\\b", Pattern.CASE_INSENSITIVE);
    private static final Pattern MISSING_ROLE = Pattern.compile("[\"“«„](.+)[\"”»“]");
    private static final String UNDEFINED_OBJECT = "42704";
    private static final String DUPLICATE_OBJECT = "42710";
    private static final String UNDEFINED_DATABASE = "3D000";
    /** What SET ROLE says of a role that is not there. */
    private static final String INVALID_VALUE = "22023";
    private static final int MOST_ROLES = 50;

    /**
     * Triggers on rows fire for each statement also when it meets none, so they see what functions do in a database without rows; as internal
     * ones they are spared by DISABLE TRIGGER USER. Triggers on events see DDL inside functions, and tables that are written anew.
     */
    private static final String WATCH = """
            GRANT SELECT ON pg_file_settings TO PUBLIC;
            GRANT EXECUTE ON FUNCTION pg_show_all_file_settings() TO PUBLIC;
            CREATE SCHEMA IF NOT EXISTS millrace_check;
            CREATE OR REPLACE FUNCTION millrace_check.note(what text) RETURNS void LANGUAGE sql AS $f$
              SELECT pg_catalog.set_config('millrace_check.touched', coalesce(pg_catalog.current_setting('millrace_check.touched', true), '') || what || ' ', false);
            $f$;
            CREATE OR REPLACE FUNCTION millrace_check.touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$
            BEGIN PERFORM millrace_check.note(TG_OP || ' ' || TG_RELID); RETURN NULL; END $f$;
            CREATE OR REPLACE FUNCTION millrace_check.ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$
            BEGIN PERFORM millrace_check.note('DDL 0'); END $f$;
            CREATE OR REPLACE FUNCTION millrace_check.rewrite() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$
            BEGIN
              IF pg_catalog.pg_event_trigger_table_rewrite_reason() & 4 <> 0 THEN
                PERFORM millrace_check.note('CONVERT ' || pg_catalog.pg_event_trigger_table_rewrite_oid());
              END IF;
            END $f$;
            DO $d$
            DECLARE watched record;
            BEGIN
              IF NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'millrace_check_ddl') THEN
                CREATE EVENT TRIGGER millrace_check_ddl ON ddl_command_end EXECUTE FUNCTION millrace_check.ddl();
                CREATE EVENT TRIGGER millrace_check_drop ON sql_drop EXECUTE FUNCTION millrace_check.ddl();
                CREATE EVENT TRIGGER millrace_check_rewrite ON table_rewrite EXECUTE FUNCTION millrace_check.rewrite();
                ALTER EVENT TRIGGER millrace_check_ddl ENABLE ALWAYS;
                ALTER EVENT TRIGGER millrace_check_drop ENABLE ALWAYS;
                ALTER EVENT TRIGGER millrace_check_rewrite ENABLE ALWAYS;
              END IF;
              FOR watched IN SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, g.tgname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                LEFT JOIN pg_trigger g ON g.tgrelid = c.oid AND g.tgname = 'millrace_check_touch'
                WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'millrace_check')
                  AND g.tgenabled IS DISTINCT FROM 'A'
              LOOP
                IF watched.tgname IS NULL THEN
                  EXECUTE 'CREATE TRIGGER millrace_check_touch AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ' || watched.name || ' FOR EACH STATEMENT EXECUTE FUNCTION millrace_check.touch()';
                  UPDATE pg_trigger SET tgisinternal = true WHERE tgrelid = watched.oid AND tgname = 'millrace_check_touch';
                END IF;
                EXECUTE 'ALTER TABLE ' || watched.name || ' ENABLE ALWAYS TRIGGER millrace_check_touch';
              END LOOP;
            END $d$""";

    /**
     * What a statement did, whatever did it inside the database.
     *
     * @param operation INSERT, UPDATE, DELETE or TRUNCATE; CONVERT where a table is written anew because a column is converted; DDL
     * @param table the table's oid; 0 for DDL
     */
    public record Touch(String operation, long table) {}

    private final ScratchServer server;
    private final Connection connection;
    private final Set<String> madeRoles = new HashSet<>();

    private ScratchDatabase(ScratchServer server, Connection connection) {
        this.server = server;
        this.connection = connection;
    }

    /** @throws SQLException when the database cannot be entered */
    public static ScratchDatabase open(ScratchServer server, String name) throws SQLException {
        var connection = server.connect(name);
        try (var statement = connection.createStatement()) {
            // What a migration costs in a database without rows says nothing; the disk need not be waited for.
            statement.execute("SET synchronous_commit = off");
        }
        return new ScratchDatabase(server, connection);
    }

    public Connection connection() {
        return connection;
    }

    /**
     * Runs a statement.
     *
     * @return how many rows it wrote
     */
    public long run(Statement statement) throws SQLException {
        boolean namesRoles = NAMES_ROLES.matcher(statement.text()).find();
        boolean guarded = namesRoles && isInTransaction();
        for (int roles = 0; ; roles++) {
            if (guarded) {
                execute("SAVEPOINT millrace_check");
            }
            try {
                long rows = send(statement);
                if (guarded && isInTransaction()) {
                    execute("RELEASE SAVEPOINT millrace_check");
                }
                if (namesRoles && !isInTransaction()) {
                    server.mark();
                }
                return rows;
            } catch (SQLException e) {
                if (roles == MOST_ROLES || !guarded && isInTransaction() || !namesRoles) {
                    throw e;
                }
                if (guarded) {
                    execute("ROLLBACK TO SAVEPOINT millrace_check");
                }
                if (!helped(e)) {
                    throw e;
                }
            }
        }
    }

    /** Makes a role or database that is missing; moves one out of the way that was made so and that a migration makes itself. */
    private boolean helped(SQLException e) throws SQLException {
        var name = MISSING_ROLE.matcher(e instanceof PSQLException p && p.getServerErrorMessage() != null ? p.getServerErrorMessage().getMessage() : "");
        if (!name.find()) {
            return false;
        }
        var role = name.group(1);
        if (UNDEFINED_DATABASE.equals(e.getSQLState())) {
            server.name(role);
            return true;
        }
        if ((UNDEFINED_OBJECT.equals(e.getSQLState()) || INVALID_VALUE.equals(e.getSQLState())) && e.getMessage().contains("role")) {
            // In this session, because another one's would not be seen before the next lock. It may do what the owner of the tables may.
            execute("CREATE ROLE " + TableName.quote(role));
            execute("GRANT " + TableName.quote(text("SELECT session_user")) + " TO " + TableName.quote(role));
            madeRoles.add(role);
            return true;
        }
        if (DUPLICATE_OBJECT.equals(e.getSQLState()) && madeRoles.remove(role)) {
            execute("ALTER ROLE " + TableName.quote(role) + " RENAME TO " + TableName.quote("millrace_aside_" + System.nanoTime()));
            return true;
        }
        return false;
    }

    private long send(Statement statement) throws SQLException {
        if (statement.data() != null) {
            try {
                return new CopyManager(connection.unwrap(BaseConnection.class)).copyIn(statement.text(), new StringReader(statement.data()));
            } catch (IOException e) {
                throw new UncheckedIOException("Reading the rows of a COPY failed", e);
            }
        }
        try (var jdbc = connection.createStatement()) {
            jdbc.setEscapeProcessing(false);
            jdbc.execute(statement.text());
            return jdbc.getUpdateCount();
        }
    }

    public void execute(String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(sql);
        }
    }

    public boolean isInTransaction() throws SQLException {
        return connection.unwrap(BaseConnection.class).getTransactionState() != TransactionState.IDLE;
    }

    /** Sets a watch on every table that has none; outside a transaction only. */
    public void watch() throws SQLException {
        execute(WATCH);
        touched();
    }

    /** Switches those watches on again that a statement has switched off. */
    private void rearm() throws SQLException {
        execute("""
                DO $d$
                DECLARE watched text;
                BEGIN
                  FOR watched IN SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'millrace_check_touch' AND tgenabled <> 'A' LOOP
                    EXECUTE 'ALTER TABLE ' || watched || ' ENABLE ALWAYS TRIGGER millrace_check_touch';
                  END LOOP;
                END $d$""");
    }

    /** What was done since the last call. */
    public List<Touch> touched() throws SQLException {
        var touches = noted();
        if (touches.stream().anyMatch(t -> t.operation().equals("DDL")) && text("SELECT 1 FROM pg_trigger WHERE tgname = 'millrace_check_touch' AND tgenabled <> 'A' LIMIT 1") != null) {
            rearm();
            noted();
        }
        return touches;
    }

    private List<Touch> noted() throws SQLException {
        var touches = new ArrayList<Touch>();
        try (var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT current_setting('millrace_check.touched', true), set_config('millrace_check.touched', '', false)")) {
            row.next();
            var text = row.getString(1);
            if (text != null && !text.isBlank()) {
                var parts = text.strip().split(" ");
                for (int i = 0; i < parts.length; i += 2) {
                    touches.add(new Touch(parts[i], Long.parseLong(parts[i + 1])));
                }
            }
        }
        return touches;
    }

    /** Forgets what a migration has set for its session. */
    public void reset() throws SQLException {
        if (isInTransaction()) {
            execute("ROLLBACK");
        }
        execute("DISCARD ALL");
        execute("SET synchronous_commit = off");
        server.mark();
    }

    /** The first column of the first row, null where there is none; question marks stay what they are. */
    String plain(String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            try (var row = statement.executeQuery(sql)) {
                return row.next() ? row.getString(1) : null;
            }
        }
    }

    /** The first column of the first row, null where there is none. */
    public String text(String sql, Object... values) throws SQLException {
        try (var statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            try (var row = statement.executeQuery()) {
                return row.next() ? row.getString(1) : null;
            }
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
