package io.millrace.capture.text;

import io.debezium.DebeziumException;
import io.debezium.connector.postgresql.PostgresConnectorTask;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.jdbc.JdbcConnection;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import org.postgresql.core.QueryExecutor;
import org.postgresql.jdbc.PgConnection;

/**
 * Takes the expressions of defaults out of the driver's question for the columns of tables. Postgres locks a table to print them, so a table that
 * somebody has locked would keep Debezium from its columns, and with it all tables from their stream. No default reaches a record.
 */
final class UnlockedColumns {

    private static final String EXPRESSION = "pg_catalog.pg_get_expr(def.adbin, def.adrelid)";
    private static final Field CONNECTION = field(PostgresConnectorTask.class, "jdbcConnection");
    private static final Field FACTORY = field(JdbcConnection.class, "factory");
    private static final Field EXECUTOR = field(PgConnection.class, "queryExecutor");

    private UnlockedColumns() {}

    /** Over the connection by which a task learns of tables, and over whichever that makes in its place. */
    static void in(PostgresConnectorTask task) {
        try {
            var connection = (PostgresConnection) CONNECTION.get(task);
            var made = (JdbcConnection.ConnectionFactory) FACTORY.get(connection);
            FACTORY.set(connection, (JdbcConnection.ConnectionFactory) config -> asking(made.connect(config)));
            asking(connection.connection());
        } catch (SQLException e) {
            throw new DebeziumException(e);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The driver hands every statement's text to what is put before its executor here. */
    private static Connection asking(Connection connection) throws SQLException {
        var own = connection.unwrap(PgConnection.class);
        var made = own.getQueryExecutor();
        try {
            EXECUTOR.set(own, Proxy.newProxyInstance(UnlockedColumns.class.getClassLoader(), new Class<?>[] {QueryExecutor.class}, (_, method, arguments) -> {
                if (arguments != null && arguments[0] instanceof String sql) {
                    arguments[0] = sql.replace(EXPRESSION, "NULL::text");
                }
                try {
                    return method.invoke(made, arguments);
                } catch (InvocationTargetException e) {
                    throw e.getCause();
                }
            }));
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
        return connection;
    }

    private static Field field(Class<?> type, String name) {
        try {
            var field = type.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        } catch (NoSuchFieldException e) {
            throw new IllegalStateException(type.getName() + " has no field '" + name + "' as in Debezium 3.6 and version 42.7 of the driver; capture needs the versions that it was built with", e);
        }
    }
}
