package io.millrace.capture.engine;

import io.millrace.capture.bundle.TableNumbers;
import io.millrace.capture.continuity.Known;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What one run does.
 *
 * @param base what is added to an LSN to make a position
 * @param start the slot's confirmed LSN
 * @param tables what is known of the tables while it runs
 * @param problems what was found of tables that are not sound
 * @param read tables that are read whole first
 * @param reconciled those of them of which Kafka may have rows that are gone
 * @param reread tables that are read while the stream goes on because they are not whole, each with the LSN that the slot must have confirmed first
 * @param streamed tables whose changes are captured then
 * @param whole what is known of the tables once they are read
 * @param troubles what health is to say meanwhile
 * @param due the confirmed LSN at which tables can be read that could not yet, 0 where there are none
 */
record Plan(long base, long start, Map<TableName, Known> tables, Map<TableName, List<String>> problems, Set<TableName> read, Set<TableName> reconciled, Map<TableName, Long> reread, Set<TableName> streamed,
        Map<TableName, Known> whole, List<String> troubles, long due) {

    /** The same stream, with what is known of its tables now, and what is to be read while it goes on. */
    Plan with(Map<TableName, Known> known, Map<TableName, Long> toRead, List<String> other) {
        return new Plan(base, start, known, problems, read, reconciled, toRead, streamed, whole, other, due);
    }

    /** What capture is doing while it streams: tables that were never read are not there yet, though nothing is missing of the others. */
    String phase() {
        long unread = unread();
        return unread == 0 ? "streaming" : "reading " + Counted.of(unread, "table") + " while the others flow";
    }

    int unread() {
        return (int) reread.keySet().stream().filter(table -> !tables.get(table).wasRead()).count();
    }

    /** Tables whose rows were changed without a change in the log, and nothing else. */
    Set<TableName> old() {
        return tables.entrySet().stream().filter(e -> e.getValue().isOld()).map(Map.Entry::getKey).collect(Collectors.toUnmodifiableSet());
    }

    /** The numbers of the tables that are there; what was changed before the end of a gap is brought by the reading that closes it, which does not begin before the table has no problem. */
    TableNumbers numbers() {
        return TableNumbers.of(tables.entrySet().stream().filter(e -> streamed.contains(e.getKey()) && !e.getKey().equals(Topics.HEARTBEAT) && e.getValue().relation() != 0)
                .collect(Collectors.toMap(Map.Entry::getKey, e -> number(e.getKey(), e.getValue()))));
    }

    private TableNumbers.Known number(TableName table, Known known) {
        boolean lacks = known.gap() != null && !known.isOld();
        return new TableNumbers.Known(known.relation(), lacks ? known.gap().to().lsn() : 0, known.partitions() != null || lacks && problems.containsKey(table));
    }

    /** Tables of which changes may be missing, or whose rows hold old values. */
    Set<TableName> missing() {
        return tables.entrySet().stream().filter(e -> e.getValue().gap() != null).map(Map.Entry::getKey).collect(Collectors.toUnmodifiableSet());
    }
}
