package io.millrace.provisioner.draft;

import io.millrace.pipeline.file.TableName;
import java.util.List;

/**
 * @param from the table that has it
 * @param columns its columns, in the order of those that they refer to
 * @param to the table that it refers to
 * @param referenced that table's columns
 */
record ForeignKey(TableName from, List<String> columns, TableName to, List<String> referenced) {

    boolean isOfItself() {
        return from.equals(to);
    }
}
