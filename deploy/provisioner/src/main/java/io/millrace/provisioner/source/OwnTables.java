package io.millrace.provisioner.source;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.Step;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Millrace's own schema and tables in the source database. */
public final class OwnTables implements Step {

    private static final String SCHEMA = "schema";
    private static final String TABLE = "table ";
    private static final Map<TableName, String> COLUMNS = columns();
    private static final String TAKEN = "pipeline text NOT NULL, topic text NOT NULL, partition integer NOT NULL, next_offset bigint NOT NULL, PRIMARY KEY (pipeline, topic, partition)";
    /** Each delete of a document is looked up there. */
    private static final TableName AUDIT_INDEX = new TableName(Topics.OWN_SCHEMA, "purge_audit_document");
    /** Each document that a verification lacks, and each that is enriched, is looked up there. */
    private static final TableName ERASURE_INDEX = new TableName(Topics.OWN_SCHEMA, "outboxevent_erasure");

    private final SourceDatabase database;
    private final Map<TableName, String> columns;

    public OwnTables(SourceDatabase database) {
        this.database = database;
        this.columns = new LinkedHashMap<>(COLUMNS);
        if (!database.enriching().isEmpty()) {
            columns.put(Topics.ENRICHMENT_TAKEN, TAKEN);
        }
    }

    private static Map<TableName, String> columns() {
        var columns = new LinkedHashMap<TableName, String>();
        columns.put(SourceDatabase.MADE, "what text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now()");
        columns.put(Topics.HEARTBEAT, "id int PRIMARY KEY, beat timestamptz");
        columns.put(Topics.OUTBOX, "id uuid PRIMARY KEY, aggregatetype varchar(255) NOT NULL, aggregateid varchar(512) NOT NULL, type varchar(255) NOT NULL,"
                + " \"timestamp\" timestamptz NOT NULL, payload varchar(8000), tracingspancontext varchar(256)");
        columns.put(Topics.PURGE_AUDIT, "id uuid PRIMARY KEY, pipeline text NOT NULL, document_id text NOT NULL, requested_by text NOT NULL, reason text NOT NULL,"
                + " requested_at timestamptz NOT NULL, idempotency_key text UNIQUE");
        columns.put(Topics.PURGE_OUTCOME, "erasure uuid PRIMARY KEY, version bigint NOT NULL, seen_at timestamptz NOT NULL");
        columns.put(Topics.VERIFICATION, "id uuid PRIMARY KEY, pipeline text NOT NULL, requested_by text NOT NULL, requested_at timestamptz NOT NULL, repair boolean NOT NULL, sample double precision NOT NULL,"
                + " state text NOT NULL, report text NOT NULL, seen_at timestamptz NOT NULL");
        columns.put(Topics.RETENTION_RUN, "id uuid PRIMARY KEY, pipeline text NOT NULL, as_of timestamptz NOT NULL, told text NOT NULL, shown bigint NOT NULL, leaving bigint NOT NULL, returned bigint NOT NULL,"
                + " state text NOT NULL, requested_by text NOT NULL, requested_at timestamptz NOT NULL, decided_by text, reason text, decided_at timestamptz, seen_at timestamptz");
        columns.put(Topics.SUBJECT_ERASURE, "id uuid PRIMARY KEY, subject text NOT NULL, key_hash text NOT NULL, requested_by text NOT NULL, reason text NOT NULL, requested_at timestamptz NOT NULL, idempotency_key text NOT NULL UNIQUE,"
                + " found text NOT NULL, hidden_at timestamptz, proof text, records_until timestamptz, ended_at timestamptz, ended_by text, EXCLUDE (subject WITH =, key_hash WITH =) WHERE (ended_at IS NULL)");
        return columns;
    }

    @Override
    public String describe() {
        return "source " + database.name() + ": schema " + Topics.OWN_SCHEMA + " with " + columns.keySet().stream().map(TableName::table).toList();
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
        if (!database.isMade(database.standing())) {
            actions.add("INSERT INTO " + SourceDatabase.MADE + " (what) VALUES ('" + database.standing() + "')");
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
        columns.forEach((table, sql) -> {
            if (!database.exists(table)) {
                actions.add("CREATE TABLE " + table + " (" + sql + ")");
            }
        });
        if (database.isTrue("SELECT to_regclass(?) IS NULL", AUDIT_INDEX.sql())) {
            actions.add("CREATE INDEX " + AUDIT_INDEX.table() + " ON " + Topics.PURGE_AUDIT + " (pipeline, document_id)");
        }
        if (database.isTrue("SELECT to_regclass(?) IS NULL", ERASURE_INDEX.sql())) {
            actions.add("CREATE INDEX " + ERASURE_INDEX.table() + " ON " + Topics.OUTBOX + " (aggregateid, aggregatetype) WHERE type = 'erase'");
        }
        return actions;
    }

    @Override
    public void apply() {
        var made = new ArrayList<>(List.of(database.standing()));
        if (!schemaExists()) {
            made.add(SCHEMA);
        }
        columns.keySet().stream().filter(table -> !database.exists(table)).forEach(table -> made.add(TABLE + table));
        database.execute(actions(), made, List.of());
    }

    /** The notes of what was made go last of all, with the tables whose making they record; all of it goes with the last source that stands on the database. */
    @Override
    public Check removal() {
        var actions = new ArrayList<String>();
        if (isShared()) {
            if (database.isMade(database.standing())) {
                actions.add(forgetting());
            }
            return Check.of(List.of(), actions);
        }
        database.made(TABLE).stream().map(TableName::parse).filter(database::exists).forEach(table -> actions.add("DROP TABLE " + table.sql()));
        if (database.isMade(SCHEMA) && schemaExists()) {
            actions.add("DROP SCHEMA " + Topics.OWN_SCHEMA);
        }
        return Check.of(othersInSchema(), actions);
    }

    private boolean isShared() {
        return !database.neighbours().isEmpty();
    }

    private String forgetting() {
        return "DELETE FROM " + SourceDatabase.MADE + " WHERE what = '" + database.standing() + "'";
    }

    @Override
    public List<String> staying() {
        return isShared() && schemaExists() ? List.of("The schema " + Topics.OWN_SCHEMA + " stays with its tables, because " + database.neighbours() + " stands on the same database; it goes with the last one's destroy") : List.of();
    }

    /** What somebody else has put into our schema would be in the way of its end. */
    private List<String> othersInSchema() {
        if (!database.isMade(SCHEMA)) {
            return List.of();
        }
        var own = Stream.concat(columns.keySet().stream(), Stream.of(Topics.ENRICHMENT_TAKEN)).map(TableName::table).toList();
        return database.column("SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(?) AND relkind IN ('r', 'v', 'm', 'p', 'f', 'S')", Topics.OWN_SCHEMA).stream()
                .filter(name -> !own.contains(name))
                .map(name -> "Taking away the schema " + Topics.OWN_SCHEMA + " of the source '" + database.name() + "': somebody made " + Topics.OWN_SCHEMA + "." + name + " in it; drop it or move it first").toList();
    }

    @Override
    public void remove() {
        if (removal() instanceof Check.Needed(var actions)) {
            database.execute(actions);
        }
    }

    @Override
    public Check adoption() {
        var actions = new ArrayList<String>();
        if (schemaExists() && !database.isMade(SCHEMA)) {
            actions.add("take over the schema " + Topics.OWN_SCHEMA);
        }
        columns.keySet().stream().filter(table -> database.exists(table) && !database.isMade(TABLE + table)).forEach(table -> actions.add("take over the table " + table));
        return Check.of(List.of(), actions);
    }

    @Override
    public void adopt() {
        var made = new ArrayList<>(List.of(SCHEMA, database.standing()));
        var actions = database.exists(SourceDatabase.MADE) ? List.<String>of() : List.of("CREATE TABLE " + SourceDatabase.MADE + " (" + columns.get(SourceDatabase.MADE) + ")");
        columns.keySet().stream().filter(table -> database.exists(table) || table.equals(SourceDatabase.MADE)).forEach(table -> made.add(TABLE + table));
        database.execute(actions, made, List.of());
    }
}
