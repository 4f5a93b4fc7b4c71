package io.millrace.provisioner.source;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The rights of the replicating role: reading exactly the pipelines' tables, writing Millrace's own. Rights it has beyond are left alone. */
public final class Grants implements Step {

    private final SourceDatabase database;

    public Grants(SourceDatabase database) {
        this.database = database;
    }

    @Override
    public String describe() {
        return "source " + database.name() + ": role " + database.role() + " may read " + database.tables().size() + " tables";
    }

    private Map<TableName, List<String>> wanted() {
        var wanted = new LinkedHashMap<TableName, List<String>>();
        database.tables().forEach(table -> wanted.put(table, List.of("SELECT")));
        wanted.put(Topics.HEARTBEAT, List.of("SELECT", "INSERT", "UPDATE"));
        wanted.put(Topics.OUTBOX, List.of("SELECT", "INSERT"));
        wanted.put(Topics.PURGE_AUDIT, List.of("SELECT", "INSERT"));
        wanted.put(Topics.PURGE_OUTCOME, List.of("SELECT", "INSERT"));
        return wanted;
    }

    @Override
    public Check check() {
        var problems = new ArrayList<String>();
        if (!database.isSuperuser()) {
            missingSchemas().stream().filter(s -> database.isTrue("SELECT NOT has_schema_privilege(oid, 'USAGE WITH GRANT OPTION') FROM pg_namespace WHERE nspname = ?", s))
                    .forEach(s -> problems.add(refusal(usage(s), "the owner of the schema " + s)));
            missingTables().forEach((table, rights) -> {
                var grantable = rights.stream().map(r -> r + " WITH GRANT OPTION").toList();
                if (grantable.stream().anyMatch(right -> database.isTrue("SELECT NOT has_table_privilege(to_regclass(?), ?)", table.sql(), right))) {
                    problems.add(refusal(grant(table, rights), "the owner of the table " + table));
                }
            });
        }
        return Check.of(problems, actions());
    }

    private String refusal(String statement, String who) {
        return "Granting rights to the role " + database.role() + " of the source '" + database.name() + "': " + database.text("SELECT current_user") + " may not run "
                + statement + "; " + who + " or a superuser runs it first";
    }

    private List<String> missingSchemas() {
        var schemas = new TreeSet<String>();
        wanted().keySet().forEach(table -> schemas.add(table.schema()));
        boolean noRole = !database.roleExists();
        return schemas.stream().filter(schema -> noRole
                || !database.isTrue("SELECT has_schema_privilege(?, oid, 'USAGE') FROM pg_namespace WHERE nspname = ?", database.role(), schema)).toList();
    }

    private Map<TableName, List<String>> missingTables() {
        var missing = new LinkedHashMap<TableName, List<String>>();
        boolean noRole = !database.roleExists();
        wanted().forEach((table, rights) -> {
            var lacking = rights.stream().filter(right -> noRole || !database.isTrue("SELECT has_table_privilege(?, to_regclass(?), ?)", database.role(), table.sql(), right)).toList();
            if (!lacking.isEmpty()) {
                missing.put(table, lacking);
            }
        });
        return missing;
    }

    private String usage(String schema) {
        return "GRANT USAGE ON SCHEMA " + TableName.quote(schema) + " TO " + TableName.quote(database.role());
    }

    private String grant(TableName table, List<String> rights) {
        return "GRANT " + String.join(", ", rights) + " ON " + table.sql() + " TO " + TableName.quote(database.role());
    }

    private List<String> actions() {
        var actions = new ArrayList<String>();
        missingSchemas().forEach(schema -> actions.add(usage(schema)));
        missingTables().forEach((table, rights) -> actions.add(grant(table, rights)));
        return actions;
    }

    @Override
    public void apply() {
        database.execute(actions());
    }
}
