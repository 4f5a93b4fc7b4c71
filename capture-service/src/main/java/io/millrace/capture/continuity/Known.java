package io.millrace.capture.continuity;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.millrace.capture.source.TableForm;
import io.millrace.capture.source.TableLook;
import java.util.List;

/**
 * What is remembered of a table that was read whole once.
 *
 * @param relation its oid: another one is another table of the same name
 * @param published how it is published, see {@link io.millrace.capture.source.TableLook#published()}
 * @param partitions the oids of the tables that hold its rows; null where it is not partitioned, or a version remembered it that did not look
 * @param form in which its rows are known; null where a version remembered it that did not look
 * @param events whether its rows went as events, and not to a topic of the table's own
 * @param rows about how many it had by the statistics when nothing was missing of it, 0 where that is not known
 * @param gap what may be missing of it, null where nothing may
 */
@JsonIgnoreProperties(Known.FORM)
public record Known(long relation, String published, @JsonInclude(JsonInclude.Include.NON_NULL) List<Long> partitions, TableForm form,
        @JsonInclude(JsonInclude.Include.NON_DEFAULT) boolean events, @JsonInclude(JsonInclude.Include.NON_DEFAULT) long rows, Gap gap) {

    /** It is remembered apart, since it is large and rarely another. */
    static final String FORM = "form";

    /** A table as it is seen now, of which nothing is missing and every row was read. */
    public static Known whole(TableLook seen) {
        return seen(seen).read();
    }

    /** A table as it is seen now, of which nothing is missing. */
    static Known seen(TableLook seen) {
        return new Known(seen.relation(), seen.published(), seen.partitions(), seen.form(), seen.isThere() && seen.form() == null, about(0, seen.rows()), null);
    }

    /** The same, with every row read in the form in which it is known. */
    public Known read() {
        return new Known(relation, published, partitions, form == null ? null : form.read(), events, rows, null);
    }

    public Known withGap(Gap other) {
        return new Known(relation, published, partitions, form, events, rows, other);
    }

    /** Whether it was read whole once. */
    public boolean wasRead() {
        return gap == null || !gap.unread();
    }

    /** The gap that {@code cause} makes, or widens. */
    public Known missing(String cause, Point from, Point to) {
        return withGap(gap == null ? new Gap(cause, from, to, false, false, false) : gap.until(cause, to));
    }

    /** The gap that rows make which were changed without a change in the log; one in which changes are missing is only widened. */
    Known old(String cause, Point from, Point to) {
        return withGap(gap == null ? new Gap(cause, from, to, false, false, true) : gap.widened(cause, to));
    }

    /** The same, with its rows known in another form. */
    public Known in(TableForm other) {
        return new Known(relation, published, partitions, other, events, rows, gap);
    }

    /** The same, with another number of rows. */
    Known having(long other) {
        return new Known(relation, published, partitions, form, events, other, gap);
    }

    /** The same, with as many rows as it has now; what is remembered is another number only where it is another by a tenth. */
    Known counted(long now) {
        return having(about(rows, now));
    }

    private static long about(long before, long now) {
        return before == 0 || Math.abs(now - before) > before / 10 ? now : before;
    }

    /** Whether nothing is missing of it but what its rows have that no change said. */
    public boolean isOld() {
        return gap != null && gap.old();
    }

    public Known asked() {
        return gap == null ? this : withGap(gap.ask());
    }
}
