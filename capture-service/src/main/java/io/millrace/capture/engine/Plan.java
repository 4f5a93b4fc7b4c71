package io.millrace.capture.engine;

import io.millrace.capture.continuity.Known;
import io.millrace.pipeline.file.TableName;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What one run does.
 *
 * @param base what is added to an LSN to make a position
 * @param start the slot's confirmed LSN
 * @param tables what is known of the tables while it runs
 * @param problems what was found of tables that are not sound
 * @param read tables that are read whole first
 * @param reconciled those of them of which Kafka may have rows that are gone
 * @param streamed tables whose changes are captured then
 * @param whole what is known of the tables once they are read
 * @param troubles what health is to say meanwhile
 * @param due the confirmed LSN at which tables can be read that could not yet, 0 where there are none
 */
record Plan(long base, long start, Map<TableName, Known> tables, Map<TableName, List<String>> problems, Set<TableName> read, Set<TableName> reconciled, Set<TableName> streamed,
        Map<TableName, Known> whole, List<String> troubles, long due) {}
