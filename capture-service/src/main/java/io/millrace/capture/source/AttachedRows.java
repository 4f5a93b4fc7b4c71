package io.millrace.capture.source;

import io.millrace.pipeline.file.TableName;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;

/**
 * Rows that were in a partition before it became one. No log has them under the partitioned table's name, so nobody is told
 * of them; rows that were written later are in the log. Numbers of transactions do not tell which is which: one that began later may have written earlier, and a
 * subtransaction has a higher number than what stands around it. So rows count as older unless the transaction that made the link wrote them behind it.
 */
final class AttachedRows {

    /** Nothing is captured meanwhile at the start, and a partition that grew while capture was away may be large. */
    private static final int LONGEST_SECONDS = 60;
    private static final String CANCELLED = "57014";

    private final Connection connection;
    private final TableName table;
    private final long relation;

    private AttachedRows(Connection connection, TableName table, long relation) {
        this.connection = connection;
        this.table = table;
        this.relation = relation;
    }

    /**
     * Whether there are some, or may be because nobody may look or looking takes too long.
     *
     * @param before the partitions that are known already
     */
    static boolean stand(Connection connection, TableName table, TableLook seen, Collection<Long> before) throws SQLException {
        var rows = new AttachedRows(connection, table, seen.relation());
        for (var partition : seen.partitions()) {
            if (!before.contains(partition) && !rows.wasMadeAsOne(partition) && (!seen.others().isEmpty() || rows.in(partition))) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether the partition, and each that stands between it and the table, was made as a partition, so that it never had a row before. ATTACH writes all columns' entries in the catalog anew, which
     * {@code CREATE TABLE … PARTITION OF} writes together with that of the row type. An {@code ALTER} of all columns since looks like ATTACH.
     */
    private boolean wasMadeAsOne(long partition) throws SQLException {
        try (var statement = connection.prepareStatement("""
                SELECT NOT EXISTS (
                  SELECT FROM pg_partition_ancestors(?::oid) line WHERE line.relid NOT IN (SELECT relid FROM pg_partition_ancestors(?::oid))
                    AND NOT EXISTS (SELECT FROM pg_type y JOIN pg_attribute a ON a.attrelid = y.typrelid WHERE y.typrelid = line.relid AND a.attnum > 0 AND a.xmin = y.xmin AND a.cmin = y.cmin))""")) {
            statement.setLong(1, partition);
            statement.setLong(2, relation);
            try (var row = statement.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    /** A row may be older than the newest link between partition and table. */
    private boolean in(long partition) throws SQLException {
        try (var statement = connection.prepareStatement("""
                SELECT coalesce(pg_get_partition_constraintdef(?::oid), 'true'), xmin::text, cmin::text FROM pg_inherits
                WHERE inhrelid IN (SELECT relid FROM pg_partition_ancestors(?::oid)) AND inhrelid NOT IN (SELECT relid FROM pg_partition_ancestors(?::oid))
                ORDER BY age(xmin), cmin::text::bigint DESC LIMIT 1""")) {
            statement.setQueryTimeout(LONGEST_SECONDS);
            statement.setLong(1, partition);
            statement.setLong(2, partition);
            statement.setLong(3, relation);
            try (var link = statement.executeQuery()) {
                return link.next() && mayBeOlderThan(link.getString(2), link.getString(3), partition, link.getString(1));
            }
        } catch (SQLException e) {
            if (CANCELLED.equals(e.getSQLState())) {
                return true;
            }
            throw e;
        }
    }

    /** Asked of the partitioned table, which the role may read; its partition's bound keeps the server from reading the others. */
    private boolean mayBeOlderThan(String transaction, String command, long partition, String bound) throws SQLException {
        try (var statement = connection.prepareStatement("SELECT EXISTS (SELECT FROM " + table.sql() + " WHERE (" + bound + ") AND tableoid = ?::oid"
                + " AND NOT (xmin::text = ? AND cmin::text::bigint >= ?::bigint))")) {
            statement.setQueryTimeout(LONGEST_SECONDS);
            statement.setLong(1, partition);
            statement.setString(2, transaction);
            statement.setString(3, command);
            try (var row = statement.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }
}
