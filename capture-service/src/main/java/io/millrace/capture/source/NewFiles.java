package io.millrace.capture.source;

import io.millrace.pipeline.file.TableName;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Partitions of a table that hold their rows in another file than before. A truncate of a partition by its own name is not in the log under the
 * table's, and neither is what is written while it is unlogged; both give it a new file. So do a truncate of the table, which comes in the stream,
 * a rewrite that keeps its rows, and {@code ALTER TABLE}. What none of these explains is said.
 */
final class NewFiles {

    /** What explains them. */
    enum Verdict {
        /** Nothing went without a word in the log. */
        EXPLAINED,
        /** The stream, the statistics or whoever has a partition locked may still explain them. */
        AWAITED,
        /** Rows went, or came, of which no log tells. */
        UNEXPLAINED
    }

    /** The question was cancelled, or somebody has the table locked for longer than anybody here waits. */
    static final Set<String> UNSEEN = Set.of("57014", "55P03");
    private static final int LONGEST_SECONDS = 10;
    /** How long whoever has a partition locked is waited for. */
    private static final Duration LOCKED = Duration.ofSeconds(60);
    /** A session that has nothing more to do tells the statistics of its rows 10 s after its transaction. */
    private static final Duration COUNTED = Duration.ofSeconds(15);
    /** Numbers of transactions are compared in a circle. */
    private static final long HALF_CIRCLE = 1L << 31;

    private final Looking looking;
    private final TableName table;
    private final TableLook seen;
    private final TableLook.Before before;

    private NewFiles(Looking looking, TableName table, TableLook seen, TableLook.Before before) {
        this.looking = looking;
        this.table = table;
        this.seen = seen;
        this.before = before;
    }

    /**
     * @param transaction that wrote the partition's entry in the catalog last
     * @param counted stands for the statistics of its rows, see {@link VacantPartitions#counted}
     */
    private record File(int transaction, long counted) {}

    /** @param before what is known of the table; both have a form */
    static Verdict of(Looking looking, TableName table, TableLook seen, TableLook.Before before) throws SQLException {
        var rewritten = seen.partitions() == null ? List.<Long>of() : seen.form().rewritten(before.form());
        return rewritten.isEmpty() ? Verdict.EXPLAINED : new NewFiles(looking, table, seen, before).of(rewritten);
    }

    private Verdict of(List<Long> rewritten) throws SQLException {
        var files = new TreeMap<Long, File>();
        long end = files(rewritten, files);
        boolean behind = looking.truncates().isBehind(table, looking.confirmed(), end);
        files.values().removeIf(file -> looking.truncates().has(table, file.transaction));
        if (files.isEmpty()) {
            return Verdict.EXPLAINED;
        }
        if (behind) {
            return Verdict.AWAITED;
        }
        if (!seen.others().isEmpty()) {
            return Verdict.UNEXPLAINED;
        }
        try {
            var verdict = Verdict.EXPLAINED;
            for (var file : files.entrySet()) {
                switch (of(file.getKey(), file.getValue())) {
                    case UNEXPLAINED -> {
                        return Verdict.UNEXPLAINED;
                    }
                    case AWAITED -> verdict = Verdict.AWAITED;
                    case EXPLAINED -> {}
                }
            }
            return verdict;
        } catch (SQLException e) {
            if (UNSEEN.contains(String.valueOf(e.getSQLState()))) {
                return looking.truncates().isWithin(table, LOCKED) ? Verdict.AWAITED : Verdict.UNEXPLAINED;
            }
            throw e;
        }
    }

    /** Fills in what the catalog has of them, without a lock. Returns the LSN at the end of the log. */
    private long files(List<Long> partitions, Map<Long, File> files) throws SQLException {
        long end = 0;
        try (var statement = looking.connection().prepareStatement("SELECT oid::bigint, xmin::text::bigint, " + VacantPartitions.counted("oid") + ", pg_current_wal_insert_lsn() - '0/0' FROM pg_class WHERE oid = ANY (?::oid[])")) {
            statement.setArray(1, looking.connection().createArrayOf("bigint", partitions.toArray()));
            try (var row = statement.executeQuery()) {
                while (row.next()) {
                    files.put(row.getLong(1), new File((int) row.getLong(2), row.getLong(3)));
                    end = row.getLong(4);
                }
            }
        }
        return end;
    }

    private Verdict of(long partition, File file) throws SQLException {
        var bound = bound(partition);
        if (has(partition, bound, kept())) {
            return Verdict.EXPLAINED;
        }
        boolean empty = !has(partition, bound, "true");
        if (!empty && isAltered(file)) {
            return Verdict.EXPLAINED;
        }
        var counted = before.form().vacant().get(partition);
        if (empty && counted != null && counted == file.counted) {
            return looking.truncates().isWithin(table, COUNTED) ? Verdict.AWAITED : Verdict.EXPLAINED;
        }
        return Verdict.UNEXPLAINED;
    }

    /** Whether {@code ALTER TABLE} rewrote it for a column, which takes its rows along and gives them a transaction of its own. */
    private boolean isAltered(File file) {
        return seen.form().columns().stream().anyMatch(column -> (int) column.touched() == file.transaction);
    }

    /**
     * The condition of rows that were in the file of before. {@code VACUUM FULL} and {@code CLUSTER} leave a row its transaction, and whatever is
     * loaded or written anew has a later one than those that had ended when that file was last seen.
     */
    private String kept() {
        long age = looking.horizon() - before.horizon();
        return before.horizon() == 0 || age < 0 || age >= HALF_CIRCLE ? "false" : "age(xmin) > age('" + (before.horizon() & 0xffffffffL) + "'::xid)";
    }

    /** The condition that keeps the server from reading the other partitions. */
    private String bound(long partition) throws SQLException {
        try (var statement = looking.connection().prepareStatement("SELECT coalesce(pg_get_partition_constraintdef(?::oid), 'true')")) {
            statement.setQueryTimeout(LONGEST_SECONDS);
            statement.setLong(1, partition);
            try (var row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }

    /** Whether the partition has such a row. Asked of the partitioned table, which the role may read. */
    private boolean has(long partition, String bound, String condition) throws SQLException {
        try (var statement = looking.connection().prepareStatement("SELECT EXISTS (SELECT FROM " + table.sql() + " WHERE (" + bound + ") AND tableoid = ?::oid AND " + condition + ")")) {
            statement.setQueryTimeout(LONGEST_SECONDS);
            statement.setLong(1, partition);
            try (var row = statement.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }
}
