package io.millrace.capture.source;

import java.util.List;
import java.util.stream.Stream;

/**
 * A table as the catalog has it at one moment.
 *
 * @param relation its oid, 0 where there is no such table
 * @param published identifies how it is published: another text means that it was taken out, put back or changed since, see {@link #isPublishedAs}.
 *        Empty where it is not published
 * @param missing what makes changes of it go missing while it stands
 * @param others what else keeps it from being captured rightly
 * @param canStream whether the stream can carry it at all
 * @param partitions the oids of the tables that hold its rows, in rising order; null where it is not partitioned
 * @param attached whether rows came with a partition that was not known before, and so are in no log
 * @param form null where there is no such table, or its rows go as events
 * @param rows how many it has by the statistics, 0 where they know of none
 * @param old what its rows have now that no change said, see {@link TableForm#since}; null where that is nothing
 */
public record TableLook(long relation, String published, List<Missing> missing, List<String> others, boolean canStream, List<Long> partitions, boolean attached, TableForm form, long rows, String old) {

    /**
     * What is known of a table from earlier.
     *
     * @param partitions null where it is not partitioned
     * @param form null where a version remembered it that did not look
     * @param horizon every transaction below had ended before the last look that saw it so, see {@link SourceLook#horizon}; 0 where that is not known
     */
    public record Before(List<Long> partitions, TableForm form, long horizon) {}

    /**
     * @param cause as the end of a sentence that begins with "it"
     * @param problem a sentence with what to do
     */
    public record Missing(String cause, String problem) {}

    /**
     * Whether it is published as it was. What is published with its schema says behind an {@code @} which transaction last put the table there, or
     * named it: one that leaves the schema and comes back is not published meanwhile, and nothing else of it is another then.
     *
     * @param before what was remembered; a version before this one did not say so
     */
    public boolean isPublishedAs(String before) {
        return before.equals(before.contains("@") ? published : published.replaceAll("@\\d+", ""));
    }

    /** Whether there is such a table. */
    public boolean isThere() {
        return relation != 0;
    }

    TableLook withAttached(boolean attached) {
        return new TableLook(relation, published, missing, others, canStream, partitions, attached, form, rows, old);
    }

    TableLook withForm(TableForm known, String values) {
        return new TableLook(relation, published, missing, others, canStream, partitions, attached, known, rows, values);
    }

    /** The same, where the stream cannot carry it and its changes go missing. */
    public TableLook withMissing(Missing more) {
        return new TableLook(relation, published, Stream.concat(missing.stream(), Stream.of(more)).toList(), others, false, partitions, attached, form, rows, old);
    }

    /** The same, where the stream cannot carry it for another reason. */
    public TableLook withOther(String more) {
        return new TableLook(relation, published, missing, Stream.concat(others.stream(), Stream.of(more)).toList(), false, partitions, attached, form, rows, old);
    }

    /** Every problem, one sentence each. */
    public List<String> problems() {
        return Stream.concat(missing.stream().map(Missing::problem), others.stream()).toList();
    }

    /** Whether it can be read whole now, and be whole from then on. */
    public boolean isSound() {
        return missing.isEmpty() && others.isEmpty();
    }
}
