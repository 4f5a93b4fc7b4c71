package io.millrace.provisioner.source;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.UsedColumns;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The one publication of a source: the tables of its pipelines, the heartbeat and the outbox, with all rows and, where asked
 * so, only the columns that documents use.
 */
public final class SourcePublication implements Step {

    /** What the note of any source's publication was once. */
    private static final String FORMERLY_MADE = "publication";

    private final SourceDatabase database;
    private final boolean usedColumnsOnly;
    private final String name;

    /** @param usedColumnsOnly publish of each table only its key and what documents are made of */
    public SourcePublication(SourceDatabase database, boolean usedColumnsOnly) {
        this.database = database;
        this.usedColumnsOnly = usedColumnsOnly;
        this.name = Topics.publication(database.name());
    }

    @Override
    public String describe() {
        return "source " + database.name() + ": publication " + name + " with " + Counted.of(database.published().size(), "table");
    }

    @Override
    public Check check() {
        var problems = new ArrayList<String>();
        boolean exists = exists();
        if (exists && !database.isTrue("SELECT pubinsert AND pubupdate AND pubdelete AND pubtruncate AND NOT puballtables FROM pg_publication WHERE pubname = ?", name)) {
            problems.add("The publication " + name + " of the source '" + database.name() + "' was not made by Millrace: it publishes all tables or leaves out some kinds of changes;"
                    + " drop it (DROP PUBLICATION " + TableName.quote(name) + ") or give the source another name");
        }
        var missing = missing();
        if (!database.isSuperuser()) {
            if (!exists && !database.isTrue("SELECT has_database_privilege(current_database(), 'CREATE')")) {
                problems.add("Creating the publication " + name + " needs CREATE on the database of the source '" + database.name() + "'; its owner grants it");
            }
            if (exists && !actions().isEmpty() && !database.isTrue("SELECT pg_has_role(pubowner, 'USAGE') FROM pg_publication WHERE pubname = ?", name)) {
                problems.add("Changing the publication " + name + " of the source '" + database.name() + "' needs its owner " + database.text("SELECT pubowner::regrole::text FROM pg_publication WHERE pubname = ?", name)
                        + "; provision with that role or a superuser");
            }
            missing.stream().filter(table -> database.isTrue("SELECT NOT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass(?)", table.sql()))
                    .forEach(table -> problems.add("Publishing the table " + table + " of the source '" + database.name() + "' needs its owner "
                            + database.text("SELECT relowner::regrole::text FROM pg_class WHERE oid = to_regclass(?)", table.sql()) + "; provision with that role or a superuser"));
        }
        return Check.of(problems, actions());
    }

    private boolean exists() {
        return database.isTrue("SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = ?)", name);
    }

    private boolean isPublished(TableName table) {
        return database.isTrue("SELECT EXISTS (SELECT FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname = ? AND r.prrelid = to_regclass(?))", name, table.sql());
    }

    private List<TableName> missing() {
        return database.published().stream().filter(table -> !isPublished(table)).toList();
    }

    /** Published with a row filter, or with other columns: documents would lack rows or fields, or carry more than was agreed. */
    private List<TableName> different() {
        return database.published().stream().filter(this::isPublished).filter(table -> database.isTrue(
                "SELECT r.prqual IS NOT NULL FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname = ? AND r.prrelid = to_regclass(?)", name, table.sql())
                || !publishedColumns(table).equals(columns(table))).toList();
    }

    private SortedSet<String> publishedColumns(TableName table) {
        return new TreeSet<>(database.column("SELECT a.attname FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid JOIN pg_attribute a ON a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)"
                + " WHERE p.pubname = ? AND r.prrelid = to_regclass(?)", name, table.sql()));
    }

    /** The columns to publish by name; empty for all, those of later migrations included. */
    private SortedSet<String> columns(TableName table) {
        var used = UsedColumns.of(database.files().stream().map(PipelineFile::pipeline).toList()).get(table);
        if (!usedColumnsOnly || used == null) {
            return new TreeSet<>();
        }
        var columns = new TreeSet<>(used);
        columns.addAll(database.column("SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) WHERE i.indrelid = to_regclass(?) AND i.indisprimary", table.sql()));
        return columns;
    }

    private List<String> noLongerNeeded() {
        // The view pg_publication_tables would wait for whoever has one of the tables locked, and lists partitions as tables of their own.
        return database.column("SELECT format('%I.%I', n.nspname, c.relname) FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid JOIN pg_class c ON c.oid = r.prrelid"
                + " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.pubname = ?", name).stream()
                .filter(table -> database.published().stream().noneMatch(p -> TableName.parse(table).equals(p))).toList();
    }

    /** Without the tables that inherit from it, which are published where a pipeline names them. Partitions are published with their table all the same. */
    private String entry(TableName table) {
        var columns = columns(table);
        return "ONLY " + table.sql() + (columns.isEmpty() ? "" : " (" + String.join(", ", columns.stream().map(TableName::quote).toList()) + ")");
    }

    private String entries(List<TableName> tables) {
        return String.join(", ", tables.stream().map(this::entry).toList());
    }

    private List<String> actions() {
        if (!exists()) {
            return List.of("CREATE PUBLICATION " + TableName.quote(name) + " FOR TABLE " + entries(missing())
                    + " WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = true)");
        }
        var alter = "ALTER PUBLICATION " + TableName.quote(name);
        var actions = new ArrayList<String>();
        different().forEach(table -> actions.addAll(List.of(alter + " DROP TABLE ONLY " + table.sql(), alter + " ADD TABLE " + entry(table))));
        noLongerNeeded().forEach(table -> actions.add(alter + " DROP TABLE ONLY " + table));
        if (!missing().isEmpty()) {
            actions.add(alter + " ADD TABLE " + entries(missing()));
        }
        return actions;
    }

    @Override
    public void apply() {
        database.execute(actions(), exists() ? List.of() : List.of(made()), List.of());
    }

    private String made() {
        return FORMERLY_MADE + " " + name;
    }

    private boolean isOurs() {
        return database.isMade(made()) || database.isMade(FORMERLY_MADE);
    }

    @Override
    public Check removal() {
        return exists() && isOurs() ? new Check.Needed(List.of("DROP PUBLICATION " + TableName.quote(name))) : new Check.Done();
    }

    @Override
    public void remove() {
        database.execute(List.of("DROP PUBLICATION " + TableName.quote(name)), List.of(), database.neighbours().isEmpty() ? List.of(made(), FORMERLY_MADE) : List.of(made()));
    }

    @Override
    public Check adoption() {
        return exists() && !isOurs() ? new Check.Needed(List.of("take over the publication " + name)) : new Check.Done();
    }

    @Override
    public void adopt() {
        database.execute(List.of(), List.of(made()), List.of());
    }
}
