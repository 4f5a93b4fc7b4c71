package io.millrace.check.rehearsal;

import io.millrace.check.scratch.ScratchDatabase.Touch;
import io.millrace.check.script.Migration;
import io.millrace.check.script.Statement;
import io.millrace.pipeline.file.TableName;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What rehearsals of migrations have shown. Filled by {@link Rehearsal}. Not thread-safe. */
public final class Evidence {

    /**
     * Rows of a table that are, after a migration, other than who follows the log has them.
     *
     * @param table its oid
     * @param name its name before
     * @param column in which they differ; null where whole rows are missing, or are there no more
     * @param missing how many rows the log does not tell of
     * @param surplus how many rows are gone and the log does not tell of it
     */
    public record Stale(long table, TableName name, String column, long missing, long surplus) {}

    private final Map<Migration, Map<String, Stale>> stale = new HashMap<>();
    private final Map<Statement, Set<Touch>> writes = new HashMap<>();
    private final Set<Migration> rehearsed = new LinkedHashSet<>();
    private final Set<TableName> empty = new LinkedHashSet<>();

    void rehearsed(Migration migration) {
        rehearsed.add(migration);
    }

    void empty(Set<TableName> tables) {
        empty.addAll(tables);
    }

    void add(Migration migration, Stale found) {
        stale.computeIfAbsent(migration, _ -> new LinkedHashMap<>()).putIfAbsent(found.name() + " " + found.column(), found);
    }

    void add(Statement statement, Touch write) {
        writes.computeIfAbsent(statement, _ -> new LinkedHashSet<>()).add(write);
    }

    /** The rows that a migration changes without an event. */
    public List<Stale> stale(Migration migration) {
        return List.copyOf(stale.getOrDefault(migration, Map.of()).values());
    }

    /** The truncates, and the writes that hit every row of their table, which the log has of a statement. */
    public Set<Touch> writes(Statement statement) {
        return writes.getOrDefault(statement, Set.of());
    }

    /** Whether it ran to its end with rows in the tables. */
    public boolean isRehearsed(Migration migration) {
        return rehearsed.contains(migration);
    }

    /** The tables that took no row. */
    public Set<TableName> emptyTables() {
        return Set.copyOf(empty);
    }
}
