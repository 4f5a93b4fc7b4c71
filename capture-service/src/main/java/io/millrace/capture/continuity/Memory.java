package io.millrace.capture.continuity;

import io.millrace.capture.source.TableLook;
import io.millrace.pipeline.file.TableName;
import java.util.Map;
import java.util.TreeMap;

/**
 * What capture remembers of its source.
 *
 * @param mark null where nothing was captured yet, or by a version that left no mark
 * @param tables every table that was read whole once
 */
public record Memory(Mark mark, Map<TableName, Known> tables) {

    /**
     * What a look at the tables is compared with.
     *
     * @param mark of the last look, null where there was none
     */
    public static Map<TableName, TableLook.Before> before(Mark mark, Map<TableName, Known> tables) {
        var before = new TreeMap<TableName, TableLook.Before>();
        tables.forEach((table, known) -> before.put(table, new TableLook.Before(known.partitions(), known.form(), mark == null ? 0 : mark.horizon())));
        return before;
    }
}
