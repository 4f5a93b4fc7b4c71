package io.millrace.capture.bundle;

import io.millrace.pipeline.file.TableName;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Which table has which number. A table may give its name away and take it back between two looks at the catalog; then only the log
 * tells, which describes each table under the name that it had. Immutable.
 */
public final class TableNumbers {

    /** By source: Debezium makes what reads the stream by its class's name. */
    private static final Map<String, TableNumbers> FOLLOWED = new ConcurrentHashMap<>();
    private static final TableNumbers NONE = of(Map.of());

    private final Map<Integer, TableName> byNumber;
    private final Map<TableName, Known> byName;

    private TableNumbers(Map<TableName, Known> byName) {
        this.byName = Map.copyOf(byName);
        this.byNumber = byName.entrySet().stream().collect(Collectors.toUnmodifiableMap(one -> one.getValue().number(), Map.Entry::getKey));
    }

    /**
     * What is known of a table.
     *
     * @param oid of the table
     * @param covered the LSN up to which a reading brings what may be missing of it, 0 where nothing is
     * @param excused whether it is of no matter here that its changes do not say which rows they are of: the table is partitioned, so what the log says of
     *        its replica identity is not that of its partitions; or something is missing of it already, and it cannot be read before the identity is another
     */
    public record Known(long oid, long covered, boolean excused) {

        private int number() {
            return (int) oid;
        }
    }

    /** @param tables each with another oid */
    public static TableNumbers of(Map<TableName, Known> tables) {
        return new TableNumbers(tables);
    }

    /** Those of a source from now on, for whatever reads its stream. */
    public void follow(String source) {
        FOLLOWED.put(source, this);
    }

    /** Those of a source as they are now. */
    public static TableNumbers of(String source) {
        return FOLLOWED.getOrDefault(source, NONE);
    }

    /** The name of a described table now, whatever it was then: Postgres may not describe it again when it has that back. */
    TableName name(Description described) {
        return byNumber.getOrDefault(described.number(), described.name());
    }

    /** Whether an unknown table has the name of a known one. */
    boolean isTaken(Description described) {
        return byName.containsKey(described.name()) && !byNumber.containsKey(described.number());
    }

    /** Whether a reading brings whatever of a known table was committed so early; false for one that is known no more. */
    boolean isCovered(TableName table, long commit) {
        var known = byName.get(table);
        return known != null && Long.compareUnsigned(commit, known.covered()) <= 0;
    }

    /** Whether a change of a table that does not say which row it is of leaves something missing that no reading brings. */
    boolean isLost(TableName table, long commit) {
        var known = byName.get(table);
        return known != null && !known.excused() && !isCovered(table, commit);
    }

    /**
     * Tables of which changes may be missing, because this one had another name then, or the name of one of them; each with the cause as the end of
     * a sentence that begins with "it".
     *
     * @param commit the LSN at which the change is committed that is described
     */
    Map<TableName, String> lent(Description described, long commit) {
        var lent = new TreeMap<TableName, String>();
        var own = byNumber.get(described.number());
        if (own != null && !own.equals(described.name()) && !isCovered(own, commit)) {
            lent.put(own, "it was changed while its name was " + described.name());
        }
        var known = byName.get(described.name());
        if (known != null && known.number() != described.number() && !isCovered(described.name(), commit)) {
            lent.put(described.name(), "another table had its name and was changed");
        }
        return lent;
    }
}
