package io.millrace.capture.source;

import java.util.List;

/**
 * A table as the catalog has it at one moment.
 *
 * @param relation its oid, 0 where there is no such table
 * @param published identifies how it is published: another text means that it was taken out, put back or changed since. Empty
 *        where it is not published
 * @param missing what makes changes of it go missing while it stands
 * @param others what else keeps it from being captured rightly
 * @param canStream whether the stream can carry it at all
 * @param partitions the oids of the tables that hold its rows, in rising order; null where it is not partitioned
 * @param attached whether rows came with a partition that was not known before, and so are in no log
 */
public record TableLook(long relation, String published, List<Missing> missing, List<String> others, boolean canStream, List<Long> partitions, boolean attached) {

    /**
     * @param cause as the end of a sentence that begins with "it"
     * @param problem a sentence with what to do
     */
    public record Missing(String cause, String problem) {}

    TableLook withAttached(boolean rows) {
        return new TableLook(relation, published, missing, others, canStream, partitions, rows);
    }

    /** Every problem, one sentence each. */
    public List<String> problems() {
        return java.util.stream.Stream.concat(missing.stream().map(Missing::problem), others.stream()).toList();
    }

    /** Whether it can be read whole now, and be whole from then on. */
    public boolean isSound() {
        return missing.isEmpty() && others.isEmpty();
    }
}
