package io.millrace.provisioner.source;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Millrace's own schema and tables in the source database. */
public final class OwnTables implements Step {

    private static final Map<TableName, String> COLUMNS = columns();

    private final SourceDatabase database;

    public OwnTables(SourceDatabase database) {
        this.database = database;
    }

    private static Map<TableName, String> columns() {
        var columns = new LinkedHashMap<TableName, String>();
        columns.put(Topics.HEARTBEAT, "id int PRIMARY KEY, beat timestamptz");
        columns.put(Topics.OUTBOX, "id uuid PRIMARY KEY, aggregatetype varchar(255) NOT NULL, aggregateid varchar(512) NOT NULL, type varchar(255) NOT NULL,"
                + " \"timestamp\" timestamptz NOT NULL, payload varchar(8000), tracingspancontext varchar(256)");
        columns.put(Topics.PURGE_AUDIT, "id uuid PRIMARY KEY, pipeline text NOT NULL, document_id text NOT NULL, requested_by text NOT NULL, reason text NOT NULL,"
                + " requested_at timestamptz NOT NULL, idempotency_key text UNIQUE");
        columns.put(Topics.PURGE_OUTCOME, "erasure uuid PRIMARY KEY, version bigint NOT NULL, seen_at timestamptz NOT NULL");
        return columns;
    }

    @Override
    public String describe() {
        return "source " + database.name() + ": schema " + Topics.OWN_SCHEMA + " with " + COLUMNS.keySet().stream().map(TableName::table).toList();
    }

    @Override
    public Check check() {
        var problems = new ArrayList<String>();
        var actions = actions();
        boolean schemaExists = schemaExists();
        if (!schemaExists && !database.isTrue("SELECT has_database_privilege(current_database(), 'CREATE')")) {
            problems.add(missing("CREATE on the database", "GRANT CREATE ON DATABASE " + TableName.quote(database.text("SELECT current_database()")) + " TO " + TableName.quote(database.text("SELECT current_user"))));
        }
        if (schemaExists && !actions.isEmpty() && !database.isTrue("SELECT has_schema_privilege(?, 'CREATE')", Topics.OWN_SCHEMA)) {
            problems.add(missing("CREATE on the schema " + Topics.OWN_SCHEMA, "GRANT CREATE ON SCHEMA " + Topics.OWN_SCHEMA + " TO " + TableName.quote(database.text("SELECT current_user"))));
        }
        return Check.of(problems, actions);
    }

    private String missing(String right, String statement) {
        return "Creating Millrace's own tables in the source '" + database.name() + "' needs " + right + "; the database's owner runs " + statement;
    }

    private boolean schemaExists() {
        return database.isTrue("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = ?)", Topics.OWN_SCHEMA);
    }

    private List<String> actions() {
        var actions = new ArrayList<String>();
        if (!schemaExists()) {
            actions.add("CREATE SCHEMA " + Topics.OWN_SCHEMA);
        }
        COLUMNS.forEach((table, columns) -> {
            if (!database.exists(table)) {
                actions.add("CREATE TABLE " + table + " (" + columns + ")");
            }
        });
        return actions;
    }

    @Override
    public void apply() {
        database.execute(actions());
    }
}
