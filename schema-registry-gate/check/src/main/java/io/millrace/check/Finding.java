package io.millrace.check;

import io.millrace.check.script.Statement;
import io.millrace.pipeline.file.TableName;
import java.util.List;

/**
 * What one statement of a migration does to replication.
 *
 * @param rule which of the rules found it
 * @param level how much it matters
 * @param statement where it stands
 * @param table the table, null where it is about no table
 * @param column the column, null where it is about no column
 * @param message what happens, in one or two sentences
 * @param impacts which pipelines and documents it hits, and how
 * @param safe how to reach the same end without harm
 * @param cost what the slot has to decode, null where that is not the point
 * @param waiver the comment that allows it, null where there is none
 */
public record Finding(Rule rule, Level level, Statement statement, TableName table, String column, String message, List<Impact> impacts, String safe, Cost cost, Waiver waiver) {

    /**
     * A place in a pipeline that is hit.
     *
     * @param pipeline the pipeline's name
     * @param file its file
     * @param line the line in that file
     * @param at the path inside the file
     * @param document the member of the document, such as {@code team.name}; empty for the document itself
     * @param how what becomes of it
     */
    public record Impact(String pipeline, String file, int line, String at, String document, String how) {}

    /**
     * What the slot has to decode.
     *
     * @param rows -1 where nobody knows
     * @param bytes -1 where nobody knows
     */
    public record Cost(long rows, long bytes) {}

    Finding waivedBy(Waiver by) {
        return new Finding(rule, level, statement, table, column, message, impacts, safe, cost, by);
    }
}
