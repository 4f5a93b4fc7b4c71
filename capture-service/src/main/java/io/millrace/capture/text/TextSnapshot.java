package io.millrace.capture.text;

import io.debezium.DebeziumException;
import io.debezium.bean.StandardBeanNames;
import io.debezium.bean.spi.BeanRegistry;
import io.debezium.bean.spi.BeanRegistryAware;
import io.debezium.connector.postgresql.connection.PostgresConnection;
import io.debezium.snapshot.spi.SnapshotQuery;
import io.millrace.pipeline.file.TableName;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Reads a table whole with every value as the text that the stream would carry: what the type's output function prints.
 *
 * <p>A plain table is read without the tables that inherit from it, because their changes come under their own names.
 * Found by {@link java.util.ServiceLoader}.
 */
public final class TextSnapshot implements SnapshotQuery, BeanRegistryAware {

    /** What {@code snapshot.query.mode.custom.name} has to be. */
    public static final String NAME = "millrace-text";

    /** Types whose values the driver hands over unchanged, as a number, a uuid or a text. */
    private static final Set<String> UNCHANGED = Set.of("int2", "int4", "int8", "uuid", "text", "varchar");
    /** Types of which a cast to text does what the output function does. Of a bool, a bpchar or an inet it does something else. */
    private static final Set<String> CAST = Set.of("float4", "float8", "numeric", "date", "timestamp", "timestamptz", "time", "timetz", "interval", "json", "jsonb", "bytea");

    private PostgresConnection connection;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public void configure(Map<String, ?> properties) {
        // There is nothing to choose.
    }

    @Override
    public void injectBeanRegistry(BeanRegistry beans) {
        connection = beans.lookupByName(StandardBeanNames.JDBC_CONNECTION, PostgresConnection.class);
    }

    @Override
    public Optional<String> snapshotQuery(String table, List<String> columns) {
        try {
            var types = new HashMap<String, String>();
            var only = connection.prepareQueryAndMap("""
                    SELECT c.relkind = 'p', a.attname, t.typname
                    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                    LEFT JOIN pg_type t ON t.oid = a.atttypid AND t.typnamespace = 'pg_catalog'::regnamespace
                    WHERE c.oid = ?::regclass""", statement -> statement.setString(1, table), rows -> {
                boolean partitioned = false;
                while (rows.next()) {
                    partitioned = rows.getBoolean(1);
                    types.put(TableName.quote(rows.getString(2)), rows.getString(3) == null ? "" : rows.getString(3));
                }
                return partitioned ? "" : "ONLY ";
            });
            return Optional.of(columns.stream().map(c -> expression(c, types.getOrDefault(c, ""))).collect(Collectors.joining(", ", "SELECT ", " FROM " + only + table)));
        } catch (SQLException e) {
            throw new DebeziumException("The catalog cannot be asked for the columns of " + table + " (" + e.getMessage() + ")", e);
        }
    }

    /**
     * SQL for the value as text, under the column's name.
     *
     * @param column its name, quoted
     * @param type its type's name in {@code pg_catalog}, empty for any other
     */
    public static String expression(String column, String type) {
        if (UNCHANGED.contains(type)) {
            return column;
        }
        if (CAST.contains(type)) {
            return column + "::text AS " + column;
        }
        // IS NULL would be true of a composite value whose fields are all null.
        return "CASE num_nulls(" + column + ") WHEN 0 THEN format('%s', " + column + ") END AS " + column;
    }
}
