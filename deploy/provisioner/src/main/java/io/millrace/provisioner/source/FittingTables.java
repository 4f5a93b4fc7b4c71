package io.millrace.provisioner.source;

import io.millrace.pipeline.catalog.CatalogCheck;
import io.millrace.pipeline.file.Problem;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.Step;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** The tables, columns and keys that the pipeline files name are in the database; never applied. */
public final class FittingTables implements Step {

    private final SourceDatabase database;

    public FittingTables(SourceDatabase database) {
        this.database = database;
    }

    @Override
    public String describe() {
        return "source " + database.name() + ": the pipeline files fit the database";
    }

    @Override
    public Check check() {
        var problems = new ArrayList<String>();
        try {
            var catalog = CatalogReader.read(database.connection(), database.tables());
            for (var file : database.files()) {
                CatalogCheck.check(file, catalog).stream().map(Problem::toString).forEach(problems::add);
            }
        } catch (SQLException e) {
            throw database.failed("Reading the catalog", e);
        }
        for (var table : database.tables()) {
            if (database.isTrue("SELECT relpersistence <> 'p' FROM pg_class WHERE oid = to_regclass(?)", table.sql())) {
                problems.add("The table " + table + " is unlogged or temporary, so its changes are not in the log that Millrace reads; run ALTER TABLE " + table.sql() + " SET LOGGED");
            }
            if (database.isTrue("SELECT relreplident = 'n' FROM pg_class WHERE oid = to_regclass(?)", table.sql())) {
                problems.add("The table " + table + " has REPLICA IDENTITY NOTHING: once published, its updates and deletes would fail; run ALTER TABLE " + table.sql() + " REPLICA IDENTITY DEFAULT");
            }
        }
        return Check.of(problems, List.of());
    }

    @Override
    public void apply() {
        throw new IllegalStateException("The tables of the source are checked, never changed");
    }
}
