package io.millrace.capture.continuity;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.millrace.capture.source.TableForm;

/**
 * A table that is read before the stream begins, and how far it is.
 *
 * @param from the slot's confirmed LSN, as of which it is read: what was read as of another one counts for nothing
 * @param blocks of its files, counted from their beginnings, whose rows are in Kafka
 * @param rows that were read
 * @param stale whether Kafka may have rows of a reading as of another LSN, which may be gone since
 * @param known what was known of the table when its reading began: rows that were read then are as it was then
 * @param form the form of that, which is remembered apart from it
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Loaded(long from, long blocks, long rows, boolean stale, Known known, TableForm form) {

    public Loaded(long from, long blocks, long rows, boolean stale, Known known) {
        this(from, blocks, rows, stale, known, known.form());
    }

    /** What was known of the table when its reading began, whole. */
    public Known begun() {
        return known.in(form);
    }
}
