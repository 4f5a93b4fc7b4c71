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
 * @param gap what may be missing of it, null where nothing may
 */
@JsonIgnoreProperties(Known.FORM)
public record Known(long relation, String published, @JsonInclude(JsonInclude.Include.NON_NULL) List<Long> partitions, TableForm form,
        @JsonInclude(JsonInclude.Include.NON_DEFAULT) boolean events, Gap gap) {

    /** It is remembered apart, since it is large and rarely another. */
    static final String FORM = "form";

    /** A table as it is seen now, of which nothing is missing and every row was read. */
    public static Known whole(TableLook seen) {
        return seen(seen).read();
    }

    /** A table as it is seen now, of which nothing is missing. */
    static Known seen(TableLook seen) {
        return new Known(seen.relation(), seen.published(), seen.partitions(), seen.form(), seen.isThere() && seen.form() == null, null);
    }

    /** The same, with every row read in the form in which it is known. */
    public Known read() {
        return new Known(relation, published, partitions, form == null ? null : form.read(), events, null);
    }

    public Known withGap(Gap other) {
        return new Known(relation, published, partitions, form, events, other);
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
        return new Known(relation, published, partitions, other, events, gap);
    }

    /** Whether nothing is missing of it but what its rows have that no change said. */
    public boolean isOld() {
        return gap != null && gap.old();
    }

    public Known asked() {
        return gap == null ? this : withGap(gap.ask());
    }
}
