package io.millrace.capture.continuity;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.millrace.capture.subject.Reading;
import io.millrace.pipeline.file.TableName;
import java.util.List;

/**
 * A table that is to be read, and how far it is.
 *
 * @param table its name as {@link TableName#parse} reads it
 * @param where SQL that chooses its rows; null for all of them, and then those that are gone are taken away in the end
 * @param required whether capture itself needs it, because the table is not whole without; nobody can cancel it then
 * @param notBefore the LSN that the slot must have confirmed before the first chunk is read, 0 for any
 * @param from the LSN that it had confirmed before the first chunk was read; 0 while none is. Every chunk has a higher position, and no
 *        change before it comes again
 * @param after the key of the last row that was looked at, as Postgres prints it; null before the first
 * @param rows that were read
 * @param estimate how many there are by the planner, 0 while it was not asked
 * @param erasing which rows it reads because a subject was erased or came back; null where somebody else wants it
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Resnapshot(String table, String where, boolean required, long notBefore, long from, List<String> after, long rows, long estimate, Reading erasing) {

    public static Resnapshot of(TableName table, String where, boolean required, long notBefore, long estimate) {
        return new Resnapshot(table.toString(), where, required, notBefore, 0, null, 0, estimate, null);
    }

    public static Resnapshot of(Reading reading) {
        return new Resnapshot(reading.table().toString(), reading.where(), false, 0, 0, null, 0, 0, reading);
    }

    @JsonIgnore
    public TableName name() {
        return TableName.parse(table);
    }

    /**
     * The next state, with a chunk in Kafka.
     *
     * @param last the key of the last row that was looked at
     * @param more rows that it had
     */
    public Resnapshot with(List<String> last, int more) {
        return new Resnapshot(table, where, required, notBefore, from, last, rows + more, Math.max(estimate, rows + more), erasing);
    }

    /** The state before the first chunk. */
    public Resnapshot begun(long confirmed, long planned) {
        return new Resnapshot(table, where, required, notBefore, confirmed, after, rows, planned, erasing);
    }

    /** Whether it reads the whole table, from no sooner than an LSN on. */
    public boolean covers(long lsn) {
        return where == null && required && Long.compareUnsigned(notBefore, lsn) >= 0;
    }
}
