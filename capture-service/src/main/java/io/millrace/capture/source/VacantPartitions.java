package io.millrace.capture.source;

import io.millrace.pipeline.file.TableName;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Partitions whose files have no block, so that a new file takes no row away. The statistics only tell which may be such: they are lost in a crash, and
 * late. Postgres locks a partition to tell its size, which is not waited for: one of which it is not known counts as one with rows.
 */
final class VacantPartitions {

    private VacantPartitions() {}

    /** Leaves in the forms of tables only those that have no block. */
    static void find(Connection connection, Map<TableName, TableLook> tables) throws SQLException {
        var files = new HashMap<Long, Long>();
        tables.values().stream().filter(seen -> seen.form() != null).forEach(seen -> seen.form().vacant().keySet().forEach(partition -> files.put(partition, seen.form().files().get(partition))));
        if (files.isEmpty()) {
            return;
        }
        var vacant = vacant(connection, List.copyOf(files.keySet()));
        // A file that the catalog has still, it had as its size was asked for.
        vacant.entrySet().removeIf(one -> !one.getValue().equals(files.get(one.getKey())));
        tables.replaceAll((_, seen) -> seen.form() == null ? seen : seen.withForm(seen.form().vacant(vacant.keySet()), seen.old()));
    }

    /** The files by partition, of which the sizes were asked for before. */
    private static Map<Long, Long> vacant(Connection connection, List<Long> candidates) throws SQLException {
        var vacant = new HashMap<Long, Long>();
        try (var statement = connection.createStatement()) {
            statement.execute("SET lock_timeout = '100ms'");
        }
        try (var sizes = connection.prepareStatement("SELECT array_agg(oid::bigint) FROM unnest(?::oid[]) oid WHERE pg_relation_size(oid) = 0");
                var files = connection.prepareStatement("SELECT oid::bigint, relfilenode::bigint FROM pg_class WHERE oid = ANY (?::oid[])")) {
            sizes.setArray(1, connection.createArrayOf("bigint", candidates.toArray()));
            try (var row = sizes.executeQuery()) {
                row.next();
                files.setArray(1, row.getArray(1));
            }
            try (var row = files.executeQuery()) {
                while (row.next()) {
                    vacant.put(row.getLong(1), row.getLong(2));
                }
            }
        } catch (SQLException e) {
            if (!NewFiles.UNSEEN.contains(String.valueOf(e.getSQLState()))) {
                throw e;
            }
        }
        try (var statement = connection.createStatement()) {
            statement.execute("RESET lock_timeout");
        }
        return vacant;
    }
}
