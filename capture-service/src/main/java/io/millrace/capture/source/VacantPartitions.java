package io.millrace.capture.source;

import io.millrace.pipeline.file.TableName;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Partitions whose files have no block, so that a new file takes no row away. The statistics only tell which may be such. Postgres locks a partition to
 * tell its size, so one that somebody has locked is not asked for: it is taken for what it was while its file is the same.
 */
final class VacantPartitions {

    private VacantPartitions() {}

    /**
     * SQL that stands for how many rows were ever inserted into a partition, by statistics that nobody has reset and that are of one start of one server:
     * a standby counts none of what it replays.
     *
     * @param oid the expression of the partition's oid
     */
    static String counted(String oid) {
        return "hashtextextended(concat_ws(' ', pg_stat_get_tuples_inserted(" + oid + "), pg_stat_get_db_stat_reset_time((SELECT d.oid FROM pg_database d WHERE d.datname = current_database())), pg_postmaster_start_time()), 0)";
    }

    /**
     * Leaves in the forms of tables only those that have no block.
     *
     * @param known what is known of the tables from earlier
     */
    static void find(Connection connection, Map<TableName, TableLook> tables, Map<TableName, TableLook.Before> known) throws SQLException {
        var files = new HashMap<Long, Long>();
        tables.values().stream().filter(seen -> seen.form() != null).forEach(seen -> seen.form().vacant().keySet().forEach(partition -> files.put(partition, seen.form().files().get(partition))));
        if (files.isEmpty()) {
            return;
        }
        var locked = locked(connection, files.keySet());
        var vacant = vacant(connection, files.keySet().stream().filter(partition -> !locked.contains(partition)).toList());
        if (vacant != null) {
            // A file that the catalog has still, it had as its size was asked for.
            vacant.entrySet().removeIf(one -> !one.getValue().equals(files.get(one.getKey())));
        }
        tables.replaceAll((table, seen) -> {
            if (seen.form() == null || seen.form().vacant().isEmpty()) {
                return seen;
            }
            var before = known.get(table);
            var left = new HashMap<Long, Long>();
            seen.form().vacant().forEach((partition, counted) -> {
                if (vacant == null || locked.contains(partition)) {
                    var then = before == null || before.form() == null || !seen.form().files().get(partition).equals(before.form().files().get(partition)) ? null : before.form().vacant().get(partition);
                    if (then != null) {
                        left.put(partition, then);
                    }
                } else if (vacant.containsKey(partition)) {
                    left.put(partition, counted);
                }
            });
            return seen.withForm(seen.form().withVacant(left), seen.old());
        });
    }

    /** Those of the partitions that somebody has locked so that not even their size can be asked for. */
    private static Set<Long> locked(Connection connection, Collection<Long> candidates) throws SQLException {
        return those(connection, candidates, "EXISTS (SELECT FROM pg_locks WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock' AND relation = oid)");
    }

    private static Set<Long> those(Connection connection, Collection<Long> candidates, String condition) throws SQLException {
        try (var statement = connection.prepareStatement("SELECT oid::bigint FROM unnest(?::oid[]) oid WHERE " + condition)) {
            statement.setArray(1, connection.createArrayOf("bigint", candidates.toArray()));
            var those = new HashSet<Long>();
            try (var row = statement.executeQuery()) {
                while (row.next()) {
                    those.add(row.getLong(1));
                }
            }
            return those;
        }
    }

    /** The files by partition, of which the sizes were asked for before; null where one was locked meanwhile. */
    private static Map<Long, Long> vacant(Connection connection, List<Long> candidates) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute("SET lock_timeout = '100ms'");
            try {
                return files(connection, those(connection, candidates, "pg_relation_size(oid) = 0"));
            } catch (SQLException e) {
                if (!NewFiles.UNSEEN.contains(String.valueOf(e.getSQLState()))) {
                    throw e;
                }
                return null;
            } finally {
                statement.execute("RESET lock_timeout");
            }
        }
    }

    private static Map<Long, Long> files(Connection connection, Collection<Long> partitions) throws SQLException {
        try (var statement = connection.prepareStatement("SELECT oid::bigint, relfilenode::bigint FROM pg_class WHERE oid = ANY (?::oid[])")) {
            statement.setArray(1, connection.createArrayOf("bigint", partitions.toArray()));
            var files = new HashMap<Long, Long>();
            try (var row = statement.executeQuery()) {
                while (row.next()) {
                    files.put(row.getLong(1), row.getLong(2));
                }
            }
            return files;
        }
    }
}
