package io.millrace.check.rule;

import io.millrace.check.Rule;
import io.millrace.check.catalog.State;
import io.millrace.check.catalog.Table;
import io.millrace.check.compatibility.Judge.Objection;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.TableSettings;
import io.millrace.pipeline.form.CapturedColumns;
import io.millrace.pipeline.schema.RowSchemas;
import io.millrace.pipeline.topic.Topics;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.avro.Schema;

/** The versions of every replicated table's schemas, from the baseline on. Not thread-safe. */
public final class SchemaHistory {

    private record Version(String subject, TableName table, boolean key, Schema schema) {}

    private final Context context;
    private final Map<String, List<Schema>> versions = new HashMap<>();
    private final Map<List<Object>, List<Objection>> verdicts = new HashMap<>();
    private final Set<List<String>> said = new HashSet<>();

    public SchemaHistory(Context context, State baseline) {
        this.context = context;
        derive(baseline).forEach(this::remember);
    }

    private List<Version> derive(State state) {
        var derived = new ArrayList<Version>();
        for (var name : context.uses().tables()) {
            var table = state.table(name);
            if (table != null) {
                derived.addAll(derive(state, table));
            }
        }
        return derived;
    }

    private List<Version> derive(State state, Table table) {
        var name = table.name();
        var topic = Topics.rows(context.source(), name);
        var value = new Version(Topics.valueSubject(topic), name, false, RowSchemas.value(context.source(), name, CapturedColumns.of(context.form(name), state.captured(table))));
        return table.primaryKey().isEmpty() ? List.of(value)
                : List.of(value, new Version(Topics.keySubject(topic), name, true, RowSchemas.key(context.source(), name, state.capturedKey(table))));
    }

    /**
     * The schemas of this state become versions, as they do when a row of each is written. Of a new table none does before it is
     * published.
     *
     * @param unfinished tables, by oid, that the migration which makes them may still change
     */
    public void remember(State state, Set<Long> unfinished) {
        derive(state).stream().filter(version -> versions.containsKey(version.subject()) || state.publishes(version.table()) && !unfinished.contains(state.table(version.table()).oid()))
                .forEach(this::remember);
    }

    private void remember(Version version) {
        var known = versions.computeIfAbsent(version.subject(), _ -> new ArrayList<>());
        if (!known.contains(version.schema())) {
            known.add(version.schema());
        }
    }

    /** What the registry's rules refuse in this state; what was once reported is not reported again. */
    public List<Draft> judge(State state) {
        var drafts = new ArrayList<Draft>();
        for (var version : derive(state)) {
            var known = versions.get(version.subject());
            if (known != null && !known.getLast().equals(version.schema())) {
                for (var objection : verdict(version, known)) {
                    if (!said.contains(words(version, objection))) {
                        drafts.add(draft(version, objection));
                    }
                }
            }
        }
        return drafts;
    }

    /** Remembers what was reported, so that a later migration is not blamed for it. */
    public void reported(State state) {
        for (var version : derive(state)) {
            var known = versions.get(version.subject());
            if (known != null && !known.getLast().equals(version.schema())) {
                verdict(version, known).forEach(objection -> said.add(words(version, objection)));
            }
        }
    }

    private static List<String> words(Version version, Objection objection) {
        return List.of(version.subject(), String.valueOf(objection.column()), objection.reason());
    }

    private List<Objection> verdict(Version version, List<Schema> known) {
        return verdicts.computeIfAbsent(List.of(version.subject(), known.size(), version.schema()), _ -> {
            var rule = context.files().stream().map(file -> file.pipeline().stated().get(version.table())).filter(Objects::nonNull).findFirst().orElse(TableSettings.DEFAULT).compatibility();
            return context.judge().judge(version.subject(), rule, known, version.schema());
        });
    }

    private Draft draft(Version version, Objection objection) {
        var where = objection.column() == null ? "" : ", column " + objection.column();
        return Draft.of(Rule.SCHEMA_INCOMPATIBLE, version.table(), objection.column(), "The new " + (version.key() ? "key" : "row") + " schema of " + version.table() + " is refused" + where + ": " + objection.reason()
                + ". The gate parks the table from the first such record on.", context.uses().of(version.table(), "waits while the table is parked"));
    }
}
