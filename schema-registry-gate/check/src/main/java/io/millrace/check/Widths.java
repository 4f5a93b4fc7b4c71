package io.millrace.check;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.check.scratch.ScratchDatabase;
import io.millrace.pipeline.file.TableName;
import java.sql.SQLException;

/** Estimates how many bytes of WAL a row takes. */
final class Widths {

    /** Headers of the tuple and of the WAL record around it. */
    private static final int AROUND = 60;
    private static final ObjectMapper JSON = new ObjectMapper();

    private Widths() {}

    /** By the planner's estimate of a row's width; without statistics it goes by the types. */
    static long of(ScratchDatabase database, TableName table) throws SQLException {
        if (database.text("SELECT 1 WHERE to_regclass(?) IS NOT NULL", table.sql()) == null) {
            return AROUND;
        }
        try {
            return AROUND + JSON.readTree(database.text("EXPLAIN (FORMAT JSON) SELECT * FROM " + table.sql())).get(0).get("Plan").get("Plan Width").asLong();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Postgres's plan cannot be read: " + e.getMessage(), e);
        }
    }
}
