package io.millrace.pipeline.retention;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.topic.Topics;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Which order a pipeline's documents leave by, as the source database has it: the join makes the same of the same rows. */
public final class Holding {

    private static final String IS_THERE = "SELECT to_regclass('" + Topics.RETENTION_RUN.sql() + "') IS NOT NULL";
    private static final String LAST = "SELECT told FROM " + Topics.RETENTION_RUN.sql() + " WHERE pipeline = ? AND state IN ('ordered', 'carried-out') ORDER BY as_of DESC LIMIT 1";

    private Holding() {}

    /**
     * The order that holds at the moment that the connection's transaction sees: the pipeline's own last one, else that of the pipeline that it replaces.
     *
     * @return null where nothing was ordered
     */
    public static RetentionOrder of(Connection connection, Pipeline pipeline) throws SQLException {
        var names = new ArrayList<>(List.of(pipeline.name()));
        names.addAll(pipeline.replaces());
        try (var look = connection.createStatement(); var isThere = look.executeQuery(IS_THERE)) {
            isThere.next();
            if (!isThere.getBoolean(1)) {
                return null;
            }
        }
        try (var statement = connection.prepareStatement(LAST)) {
            for (var name : names) {
                statement.setString(1, name);
                try (var rows = statement.executeQuery()) {
                    if (rows.next()) {
                        return RetentionOrder.parse(rows.getString(1)).within(pipeline);
                    }
                }
            }
        }
        return null;
    }
}
