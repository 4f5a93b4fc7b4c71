package io.millrace.provisioner.source;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.Step;
import java.util.ArrayList;
import java.util.List;

/** The one publication of a source: the tables of its pipelines, the heartbeat and the outbox. */
public final class SourcePublication implements Step {

    private final SourceDatabase database;
    private final String name;

    public SourcePublication(SourceDatabase database) {
        this.database = database;
        this.name = Topics.publication(database.name());
    }

    @Override
    public String describe() {
        return "source " + database.name() + ": publication " + name + " with " + database.published().size() + " tables";
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
            if (exists && !missing.isEmpty() && !database.isTrue("SELECT pg_has_role(pubowner, 'USAGE') FROM pg_publication WHERE pubname = ?", name)) {
                problems.add("Adding tables to the publication " + name + " needs its owner " + database.text("SELECT pubowner::regrole::text FROM pg_publication WHERE pubname = ?", name)
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

    private List<TableName> missing() {
        return database.published().stream().filter(table -> !database.isTrue(
                "SELECT EXISTS (SELECT FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE p.pubname = ? AND r.prrelid = to_regclass(?))", name, table.sql())).toList();
    }

    private List<String> actions() {
        var missing = missing();
        var tables = String.join(", ", missing.stream().map(TableName::sql).toList());
        if (!exists()) {
            return List.of("CREATE PUBLICATION " + TableName.quote(name) + " FOR TABLE " + tables
                    + " WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = true)");
        }
        return missing.isEmpty() ? List.of() : List.of("ALTER PUBLICATION " + TableName.quote(name) + " ADD TABLE " + tables);
    }

    @Override
    public void apply() {
        database.execute(actions());
    }
}
