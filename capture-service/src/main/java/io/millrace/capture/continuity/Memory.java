package io.millrace.capture.continuity;

import io.millrace.pipeline.file.TableName;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What capture remembers of its source.
 *
 * @param mark null where nothing was captured yet, or by a version that left no mark
 * @param tables every table that was read whole once
 */
public record Memory(Mark mark, Map<TableName, Known> tables) {

    /** The partitions that are known of each partitioned table. */
    public static Map<TableName, List<Long>> partitions(Map<TableName, Known> tables) {
        var partitions = new TreeMap<TableName, List<Long>>();
        tables.forEach((table, known) -> {
            if (known.partitions() != null) {
                partitions.put(table, known.partitions());
            }
        });
        return partitions;
    }
}
