package io.millrace.capture.source;

import io.millrace.pipeline.file.TableName;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Truncates of whole tables that came in the stream. Only they tell whether a partition lost its rows with its table or by its own name, and the
 * catalog shows its new file before the stream has come there. Used by several threads.
 */
public final class Truncates {

    /** The last one of a table is all that its partitions show; the stream may be a few ahead of a look. */
    private static final int MOST = 100;

    private final Map<TableName, Set<Integer>> came = new ConcurrentHashMap<>();
    private final Map<TableName, Awaited> awaited = new ConcurrentHashMap<>();

    /**
     * New files that are not explained yet.
     *
     * @param end LSN at the end of the log when they were first seen
     * @param nanos when that was, by {@link System#nanoTime()}
     */
    private record Awaited(long end, long nanos) {}

    /** A truncate of the table came in the stream. */
    public void came(TableName table, long transaction) {
        came.compute(table, (_, before) -> {
            var transactions = before == null ? new LinkedHashSet<Integer>() : new LinkedHashSet<>(before);
            if (transactions.add((int) transaction) && transactions.size() > MOST) {
                transactions.removeFirst();
            }
            return transactions;
        });
    }

    /** Whether that transaction truncated the whole table, as far as the stream has come. */
    boolean has(TableName table, int transaction) {
        return came.getOrDefault(table, Set.of()).contains(transaction);
    }

    /**
     * Whether the stream has yet to come to where the table's new files were first seen.
     *
     * @param confirmed LSN up to which the slot is confirmed
     * @param end LSN at the end of the log, which holds whatever made them
     */
    boolean isBehind(TableName table, long confirmed, long end) {
        return Long.compareUnsigned(confirmed, awaited.computeIfAbsent(table, _ -> new Awaited(end, System.nanoTime())).end) < 0;
    }

    /** Whether new files that were seen, and not settled since, were first seen less than this ago. */
    boolean isWithin(TableName table, Duration time) {
        var seen = awaited.get(table);
        return seen != null && System.nanoTime() - seen.nanos < time.toNanos();
    }

    /** The table's files are explained, or known not to be. */
    void settled(TableName table) {
        awaited.remove(table);
    }

    /** Whether the files of some table are not explained yet. */
    public boolean isAwaiting() {
        return !awaited.isEmpty();
    }

    /** Other tables are not looked at any more. */
    void keep(Collection<TableName> tables) {
        awaited.keySet().retainAll(tables);
    }

    /** What is seen from now on may be of another history. */
    public void begin() {
        awaited.clear();
    }
}
