package io.millrace.provisioner.source;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.Step;
import java.util.ArrayList;
import java.util.List;

/**
 * Updates and deletes of every table carry its primary key. A table that says otherwise is changed only where that was allowed:
 * it changes what each of its updates writes to the log, also for other readers of it.
 */
public final class ReplicaIdentity implements Step {

    private static final String NOTE = "replica identity ";
    private static final String ALTER = "ALTER TABLE ";
    private static final String IDENTITY = " REPLICA IDENTITY ";

    private final SourceDatabase database;
    private final boolean allowed;

    public ReplicaIdentity(SourceDatabase database, boolean allowed) {
        this.database = database;
        this.allowed = allowed;
    }

    @Override
    public String describe() {
        return "source " + database.name() + ": updates and deletes carry the primary key";
    }

    @Override
    public Check check() {
        var problems = new ArrayList<String>();
        if (!allowed) {
            unfit().forEach(table -> problems.add("The table " + table + " of the source '" + database.name() + "' has " + identity(table) + ": once published, its updates and deletes would fail, or not say of which row"
                    + " they are. Allow " + change(table) + " with --change-replica-identity, or run it (each update then writes the old key to the log where it changed; readers of the old identity are affected)"));
        }
        if (allowed && !database.isSuperuser()) {
            unfit().stream().filter(table -> database.isTrue("SELECT NOT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass(?)", table.sql()))
                    .forEach(table -> problems.add(change(table) + " on the source '" + database.name() + "' needs the table's owner; provision with that role or a superuser"));
        }
        return Check.of(problems, unfit().stream().map(ReplicaIdentity::change).toList());
    }

    private List<TableName> unfit() {
        return database.tables().stream().filter(table -> database.isTrue("SELECT relkind = 'r' AND (relreplident = 'n' OR relreplident = 'i' AND NOT EXISTS"
                + " (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident AND i.indisprimary)) FROM pg_class c WHERE oid = to_regclass(?)", table.sql())).toList();
    }

    private String identity(TableName table) {
        var index = index(table);
        return index == null ? "REPLICA IDENTITY NOTHING" : "REPLICA IDENTITY USING INDEX " + TableName.quote(index);
    }

    private String index(TableName table) {
        return database.text("SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass(?) AND i.indisreplident", table.sql());
    }

    private static String change(TableName table) {
        return "ALTER TABLE " + table.sql() + " REPLICA IDENTITY DEFAULT";
    }

    @Override
    public void apply() {
        var tables = unfit();
        database.execute(tables.stream().map(ReplicaIdentity::change).toList(), tables.stream().map(table -> NOTE + ALTER + table.sql() + " " + identity(table)).toList(), List.of());
    }

    /** What a table said before is said again, by the last source that publishes it: the updates of another one's would fail. */
    @Override
    public Check removal() {
        return Check.of(List.of(), before(false));
    }

    @Override
    public List<String> staying() {
        return before(true).stream().map(statement -> "REPLICA IDENTITY DEFAULT of " + table(statement) + " stays, because another source publishes the table; its destroy puts the old one back").toList();
    }

    private List<String> before(boolean publishedElsewhere) {
        return database.made(NOTE).stream().filter(statement -> publishedElsewhere == isPublishedElsewhere(table(statement))).toList();
    }

    /** Of a statement as {@link #apply} notes it. */
    private static String table(String statement) {
        return statement.substring(ALTER.length(), statement.lastIndexOf(IDENTITY));
    }

    private boolean isPublishedElsewhere(String table) {
        return database.isTrue("SELECT EXISTS (SELECT FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = to_regclass(?) AND starts_with(p.pubname, ?) AND p.pubname <> ?)",
                table, Topics.publication(""), Topics.publication(database.name()));
    }

    @Override
    public void remove() {
        var before = before(false);
        database.execute(before, List.of(), before.stream().map(statement -> NOTE + statement).toList());
    }
}
