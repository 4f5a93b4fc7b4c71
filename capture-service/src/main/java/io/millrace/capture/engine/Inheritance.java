package io.millrace.capture.engine;

import io.millrace.capture.source.SourceCheck;
import io.millrace.capture.source.SourceConnection;
import io.millrace.pipeline.file.TableName;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.jboss.logging.Logger;

/** Says which tables inherit from captured ones, whose rows Postgres replicates apart from their parents'. Thread-safe. */
final class Inheritance {

    private static final Logger LOG = Logger.getLogger(Inheritance.class);
    /** A connection of its own for each look is more than the question is worth. */
    private static final int EVERY = 6;

    private final SourceConnection source;
    private final Set<TableName> tables;
    private final Readiness readiness;
    /** Guarded by this. */
    private List<String> said = List.of();
    /** Guarded by this. */
    private int turns;

    Inheritance(SourceConnection source, Set<TableName> tables, Readiness readiness) {
        this.source = source;
        this.tables = tables;
        this.readiness = readiness;
    }

    /** @throws SQLException when the database cannot be asked */
    synchronized void look() throws SQLException {
        var found = SourceCheck.inheriting(source, tables);
        if (found.equals(said)) {
            return;
        }
        said = found;
        var why = found.isEmpty() ? null : "Tables inherit from captured ones: " + String.join(", ", found) + ". Postgres replicates the rows of such a table under its own name only, so they are no rows of its parent here, "
                + "as in SELECT … FROM ONLY; name the tables in a pipeline file, or use partitions";
        readiness.concern(Readiness.Concern.INHERITANCE, why);
        if (why != null) {
            LOG.warn(why);
        }
    }

    /** Looks at every sixth call. A database that cannot be asked is said by whoever looks at the rest of it. */
    synchronized void turn() {
        if (++turns % EVERY == 0) {
            try {
                look();
            } catch (SQLException e) {
                LOG.debugf("The tables that inherit cannot be looked at: %s", e.getMessage());
            }
        }
    }
}
