package io.millrace.indexer.table;

import io.agroal.api.AgroalDataSource;
import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.generation.SearchAwayException;
import io.quarkus.agroal.DataSource;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * The database of the tables, and its book: which tables there are, and what each of them is for. Who writes a table holds a lock of its view for as long as that transaction lasts, shared with other writers; who
 * changes what tables are for holds it alone. So nobody writes after his right was taken. Thread-safe.
 */
@Singleton
final class Tables {

    static final String UNDEFINED_TABLE = "42P01";
    private static final String DENIED = "42501";
    private static final String RECOVERING = "55000";
    private static final String LOCKED = "55P03";
    private static final String STANDBY = "; the address leads to a server that takes no writes, such as a standby";
    private static final String LOCK = "hashtextextended('millrace ' || ?, 0)";
    private static final String OF_ALL = "*";
    private static final Duration BEYOND = Duration.ofSeconds(2);
    /** Of what those ask who look after all pipelines in turn, of both targets: one must not keep the other waiting. */
    private static final Duration LOOK = Duration.ofSeconds(5);

    private final Instance<AgroalDataSource> database;
    private final IndexerConfig config;
    private final String schema;

    Tables(@DataSource("documents") Instance<AgroalDataSource> database, IndexerConfig config) {
        this.database = database;
        this.config = config;
        this.schema = config.tableSchema();
    }

    /** What is done in one transaction. */
    interface Work<T> {
        T on(Connection connection) throws SQLException;
    }

    String schema() {
        return schema;
    }

    /** A name of the schema as SQL has it. */
    String name(String relation) {
        return quoted(schema) + "." + quoted(relation);
    }

    String book() {
        return name("millrace_index");
    }

    String marks() {
        return name("millrace_mark");
    }

    /** What the views have that are not made by a definition alone. */
    String views() {
        return name("millrace_view");
    }

    private static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    /** The name of the view that a table is made for. */
    static String viewOf(String table) {
        return table.substring(0, table.lastIndexOf('-'));
    }

    /** Does something as a whole or not at all, within the time that a request may take. */
    <T> T transaction(Work<T> work) throws SQLException {
        return transaction(work, config.requestTimeout());
    }

    /** Does something small as a whole or not at all, and soon or not at all. */
    <T> T look(Work<T> work) throws SQLException {
        return transaction(work, config.requestTimeout().compareTo(LOOK) < 0 ? config.requestTimeout() : LOOK);
    }

    private <T> T transaction(Work<T> work, Duration most) throws SQLException {
        try (var connection = connect(most)) {
            connection.setAutoCommit(false);
            try {
                bound(connection, most);
                var result = work.on(connection);
                connection.commit();
                return result;
            } catch (SQLException | RuntimeException e) {
                rollBack(connection, e);
                throw e;
            }
        }
    }

    private static void rollBack(Connection connection, Exception cause) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    /** The server ends what takes longer as well: of a node that is lost nothing is heard, and its locks would stay. */
    private void bound(Connection connection, Duration most) throws SQLException {
        try (var statement = prepare(connection, "SELECT set_config('statement_timeout', ?, true), set_config('idle_in_transaction_session_timeout', ?, true)")) {
            var millis = Long.toString(most.toMillis());
            statement.setString(1, millis);
            statement.setString(2, millis);
            statement.execute();
        }
    }

    private Connection connect(Duration most) throws SQLException {
        if (config.tableUrl().isEmpty()) {
            throw new SQLException("No database is set for pipelines with the target postgres; set millrace.indexer.table-url", "08001");
        }
        var connection = database.get().getConnection();
        try {
            // A server that is gone without a word would keep the thread for hours.
            connection.setNetworkTimeout(Runnable::run, Math.toIntExact(most.plus(BEYOND).toMillis()));
            return connection;
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }

    /** @throws SQLException when it takes longer than a request may */
    PreparedStatement prepare(Connection connection, String sql) throws SQLException {
        var statement = connection.prepareStatement(sql);
        statement.setQueryTimeout(Math.toIntExact(Math.max(1, config.requestTimeout().toSeconds())));
        return statement;
    }

    void execute(Connection connection, String sql) throws SQLException {
        try (var statement = prepare(connection, sql)) {
            statement.execute();
        }
    }

    /** Carries out what PostgreSQL itself has written, in which a question mark is an operator. */
    void run(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.setQueryTimeout(Math.toIntExact(Math.max(1, config.requestTimeout().toSeconds())));
            statement.execute(sql);
        }
    }

    /** Until the transaction ends, what this view's tables are for does not change. */
    void share(Connection connection, String view) throws SQLException {
        lock(connection, "SELECT pg_advisory_xact_lock_shared(" + LOCK + ")", view);
    }

    /**
     * Until the transaction ends, nobody else writes this view's tables or changes what they are for. Whoever reads the view or a table in a longer transaction is waited for during a second, if that has to be replaced
     * or dropped: writers wait meanwhile, and so does every reader who comes later.
     */
    void own(Connection connection, String view) throws SQLException {
        lock(connection, "SELECT pg_advisory_xact_lock(" + LOCK + ")", view);
        execute(connection, "SET LOCAL lock_timeout = '1s'");
    }

    private void lock(Connection connection, String sql, String view) throws SQLException {
        try (var statement = prepare(connection, sql)) {
            statement.setString(1, schema + "." + view);
            statement.execute();
        }
    }

    /** Makes schema, book, marks and what is kept of views where they are missing. */
    void open(Connection connection) throws SQLException {
        if (isThere(connection, "millrace_index") && isThere(connection, "millrace_mark") && isThere(connection, "millrace_view")) {
            return;
        }
        own(connection, OF_ALL);
        if (!hasSchema(connection)) {
            execute(connection, "CREATE SCHEMA " + quoted(schema));
        }
        execute(connection, "CREATE TABLE IF NOT EXISTS " + book() + " (name text PRIMARY KEY, view text NOT NULL, number int NOT NULL, uuid uuid NOT NULL DEFAULT gen_random_uuid(), made timestamptz NOT NULL DEFAULT now(),"
                + " pipeline text NOT NULL, replaces text[] NOT NULL, aliases text[] NOT NULL)");
        execute(connection, "CREATE TABLE IF NOT EXISTS " + marks() + " (id text PRIMARY KEY, mark jsonb NOT NULL)");
        execute(connection, "CREATE TABLE IF NOT EXISTS " + views() + " (view text PRIMARY KEY, statements text[] NOT NULL)");
    }

    private boolean hasSchema(Connection connection) throws SQLException {
        try (var statement = prepare(connection, "SELECT 1 FROM pg_namespace WHERE nspname = ?")) {
            statement.setString(1, schema);
            return statement.executeQuery().next();
        }
    }

    boolean isThere(Connection connection, String relation) throws SQLException {
        try (var statement = prepare(connection, "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relname = ?")) {
            statement.setString(1, schema);
            statement.setString(2, relation);
            return statement.executeQuery().next();
        }
    }

    /** What failed, with the way back. */
    SearchAwayException away(String attempted, SQLException cause) {
        return new SearchAwayException(attempted + " in the schema " + schema + " of " + address() + " failed: " + why(cause), cause);
    }

    /** Without what may be secret in its parameters. */
    private String address() {
        return config.tableUrl().map(url -> url.replaceFirst("\\?.*", "")).orElse("no database");
    }

    /** What a request failed of, and what to do. */
    String why(SQLException failure) {
        var state = failure.getSQLState() == null ? "" : failure.getSQLState();
        return reason(failure) + switch (state.length() < 2 ? "" : state.substring(0, 2)) {
            case "", "08", "57" -> "; check millrace.indexer.table-url, and that the database is up";
            case "28" -> "; check millrace.indexer.table-user and millrace.indexer.table-password";
            case "53" -> "; free disk, memory or connections there";
            case "25" -> STANDBY;
            case "42" -> state.equals(DENIED) ? "; give the user of millrace.indexer.table-user the rights that this service's DESIGN.md lists" : "";
            case "55" -> switch (state) {
                case RECOVERING -> STANDBY;
                case LOCKED -> "; somebody else's transaction holds the view or a table of it: pg_stat_activity shows it, let it end";
                default -> "";
            };
            default -> "";
        };
    }

    /** What the server says, without the values of a row, which it tells beside it. */
    static String reason(SQLException failure) {
        var said = said(failure);
        return coded(failure, said == null ? failure.getMessage() : said.getMessage());
    }

    /** All that the server says, for those who may read the quarantine. */
    static String detail(SQLException failure) {
        var said = said(failure);
        return reason(failure) + (said == null || said.getDetail() == null ? "" : "; " + said.getDetail());
    }

    private static String coded(SQLException failure, String text) {
        return failure.getSQLState() == null ? text : "SQLSTATE " + failure.getSQLState() + ": " + text;
    }

    private static ServerErrorMessage said(SQLException failure) {
        return failure instanceof PSQLException own ? own.getServerErrorMessage() : null;
    }
}
