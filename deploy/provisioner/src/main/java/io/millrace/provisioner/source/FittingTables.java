package io.millrace.provisioner.source;

import io.millrace.pipeline.catalog.CatalogCheck;
import io.millrace.pipeline.file.Problem;
import io.millrace.pipeline.file.TableName;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.Step;
import java.util.ArrayList;
import java.util.List;

/** The tables, columns and keys that the pipeline files name are in the database, and their rows can be replicated; never applied. */
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
        var catalog = database.catalog();
        database.files().forEach(file -> CatalogCheck.check(file, catalog).stream().map(Problem::toString).forEach(problems::add));
        outbox(problems);
        for (var role : database.roles()) {
            database.tables().forEach(table -> hiddenRows(table, role, problems));
        }
        return Check.of(problems, List.of());
    }

    private void outbox(List<String> problems) {
        var outbox = database.outbox();
        if (outbox == null) {
            return;
        }
        var missing = new ArrayList<>(outbox.columns());
        missing.removeAll(database.column("SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''", outbox.table().sql()));
        if (!missing.isEmpty()) {
            problems.add("The outbox " + outbox.table() + " of the source '" + database.name() + "' has no columns " + missing + ", of which events are made; create them, or name others under source.outbox in the pipeline files");
        }
        if (!is(outbox.table(), "EXISTS (SELECT FROM pg_constraint WHERE conrelid = pg_class.oid AND contype = 'p')")) {
            problems.add("The outbox " + outbox.table() + " of the source '" + database.name() + "' has no primary key; run ALTER TABLE " + outbox.table().sql() + " ADD PRIMARY KEY (…)");
        }
    }

    private boolean is(TableName table, String condition) {
        return database.isTrue("SELECT " + condition + " FROM pg_class WHERE oid = to_regclass(?)", table.sql());
    }

    /** The log has every row, the first reading only those that the role may see: without an error, documents would be missing. */
    private void hiddenRows(TableName table, SourceRole role, List<String> problems) {
        boolean hidden = database.isTrue("""
                SELECT c.relrowsecurity
                  AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = ? AND (r.rolsuper OR r.rolbypassrls OR r.oid = c.relowner AND NOT c.relforcerowsecurity))
                  AND NOT EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = ? AND p.tablename = ? AND p.permissive = 'PERMISSIVE'
                                  AND p.cmd IN ('ALL', 'SELECT') AND p.qual = 'true' AND p.roles && ARRAY[?, 'public']::name[])
                FROM pg_class c WHERE c.oid = to_regclass(?)""", role.name(), table.schema(), table.table(), role.name(), table.sql());
        if (hidden) {
            problems.add("The table " + table + " of the source '" + database.name() + "' has row security, so the role " + role.name() + " would read only some of its rows; its owner runs CREATE POLICY " + role.sql() + " ON "
                    + table.sql() + " FOR SELECT TO " + role.sql() + " USING (true), or a superuser ALTER ROLE " + role.sql() + " BYPASSRLS (create the role first, where it is not there)");
        }
    }

    @Override
    public void apply() {
        throw new IllegalStateException("The tables of the source are checked, never changed");
    }
}
