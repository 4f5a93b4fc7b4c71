package io.millrace.pipeline.source;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Which of the rights that a service needs in the source database its role has. Immutable. */
public final class SourceRights {

    /** A table is looked up in the catalog: asked for by its name, one in a schema that may not be used is an error. */
    private static final String LACKING = """
            SELECT w.schema, w.name, w.privilege, c.oid IS NULL
            FROM unnest(?::text[], ?::text[], ?::text[]) WITH ORDINALITY w(schema, name, privilege, place)
            LEFT JOIN pg_namespace n ON n.nspname = w.schema LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
            WHERE c.oid IS NULL OR NOT has_schema_privilege(n.oid, 'USAGE')
               OR NOT CASE w.privilege WHEN 'DELETE' THEN has_table_privilege(c.oid, w.privilege) ELSE has_any_column_privilege(c.oid, w.privilege) END
            ORDER BY w.place""";

    private final List<Right> needed = new ArrayList<>();

    /** @param pipelines all of one source */
    public SourceRights(SourceUser user, Collection<Pipeline> pipelines) {
        SourceUser.rights(List.of(user), pipelines).forEach((table, rights) -> rights.forEach(right -> needed.add(new Right(table, right))));
    }

    /** @param privilege as PostgreSQL calls it */
    private record Right(TableName table, String privilege) {}

    /**
     * What is lacking.
     *
     * @param isThere whether there is such a table
     */
    public record Lack(TableName table, String privilege, boolean isThere) {

        @Override
        public String toString() {
            return isThere ? "no right to " + privilege + " on " + table : table + " is missing";
        }
    }

    /**
     * Asks the database.
     *
     * @param connection of the service's role
     * @return in the order in which they are needed; empty where all are there
     */
    public List<Lack> lacking(Connection connection) throws SQLException {
        try (var statement = connection.prepareStatement(LACKING)) {
            statement.setArray(1, connection.createArrayOf("text", needed.stream().map(right -> right.table.schema()).toArray()));
            statement.setArray(2, connection.createArrayOf("text", needed.stream().map(right -> right.table.table()).toArray()));
            statement.setArray(3, connection.createArrayOf("text", needed.stream().map(Right::privilege).toArray()));
            var lacking = new ArrayList<Lack>();
            try (var rows = statement.executeQuery()) {
                while (rows.next()) {
                    lacking.add(new Lack(new TableName(rows.getString(1), rows.getString(2)), rows.getString(3), !rows.getBoolean(4)));
                }
            }
            return lacking;
        }
    }
}
