package io.millrace.capture.engine;

import io.millrace.capture.source.SourceLook;
import io.millrace.capture.source.TableForm.Column;
import io.millrace.capture.source.TableLook;
import io.millrace.pipeline.file.TableName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Tables that Debezium cannot carry. What it fails at ends the stream of all tables, so these are kept from it: each has a problem of its own, as one has that the publication lacks. Thread-safe.
 */
final class LeftOut {

    private static final Duration FIRST_PAUSE = Duration.ofMinutes(1);
    private static final Duration LONGEST_PAUSE = Duration.ofHours(1);

    private final Map<TableName, Failing> tables = new ConcurrentHashMap<>();
    /** How often each was left out. */
    private final Map<TableName, Integer> times = new ConcurrentHashMap<>();

    /**
     * @param problem a sentence with what to do
     * @param lsn where the log has what cannot be read
     * @param notBefore by {@link System#nanoTime()}, when it is tried again by itself at the earliest
     */
    private record Failing(String problem, long lsn, long notBefore) {}

    /** Leaves a table out from now on. */
    void add(TableName table, String problem, long lsn) {
        int before = times.merge(table, 1, Integer::sum) - 1;
        // Each attempt that fails ends the stream of the others a few times.
        long pause = before == 0 ? 0 : Math.min(LONGEST_PAUSE.toNanos(), FIRST_PAUSE.toNanos() << Math.min(before - 1, 10));
        tables.put(table, new Failing(problem, lsn, System.nanoTime() + pause));
    }

    /** All of them. */
    Set<TableName> all() {
        return new TreeSet<>(tables.keySet());
    }

    /**
     * Those that may be tried again, because the stream has passed what could not be read.
     *
     * @param confirmed the LSN up to which Kafka has everything
     */
    Set<TableName> passed(long confirmed) {
        long now = System.nanoTime();
        return tables.entrySet().stream().filter(one -> Long.compareUnsigned(confirmed, one.getValue().lsn()) > 0 && now - one.getValue().notBefore() >= 0).map(Map.Entry::getKey).collect(Collectors.toCollection(TreeSet::new));
    }

    /** Takes tables in again. */
    void takeBack(Set<TableName> back) {
        tables.keySet().removeAll(back);
    }

    /** What a look found, with the problems of the tables that cannot be carried. */
    SourceLook over(SourceLook look) {
        var seen = new TreeMap<TableName, TableLook>();
        look.tables().forEach((table, one) -> seen.put(table, over(table, one)));
        return look.with(seen);
    }

    private TableLook over(TableName table, TableLook seen) {
        var alike = seen.form() == null ? List.<String>of() : alike(seen.form().columns().stream().map(Column::name).toList());
        var looked = alike.isEmpty() ? seen : seen.withMissing(new TableLook.Missing("it had columns whose names differ in case only", "The columns " + alike + " of the table " + table
                + " have names that differ in case only, which Debezium takes for one column; give one of them another name (ALTER TABLE " + table.sql() + " RENAME COLUMN …). Until then the table is not captured, and the others are"));
        var failing = tables.get(table);
        return failing == null ? looked : looked.withOther(failing.problem());
    }

    /** Names that differ from others in case only. */
    private static List<String> alike(Collection<String> names) {
        var byCase = new TreeMap<String, List<String>>();
        names.forEach(name -> byCase.computeIfAbsent(name.toLowerCase(Locale.ROOT), _ -> new ArrayList<>()).add(name));
        return byCase.values().stream().filter(same -> same.size() > 1).flatMap(List::stream).toList();
    }
}
