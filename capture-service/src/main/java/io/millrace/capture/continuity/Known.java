package io.millrace.capture.continuity;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.millrace.capture.source.TableLook;
import java.util.List;

/**
 * What is remembered of a table that was read whole once.
 *
 * @param relation its oid: another one is another table of the same name
 * @param published how it is published, see {@link io.millrace.capture.source.TableLook#published()}
 * @param partitions the oids of the tables that hold its rows; null where it is not partitioned, or a version remembered it that did not look
 * @param gap what may be missing of it, null where nothing may
 */
public record Known(long relation, String published, @JsonInclude(JsonInclude.Include.NON_NULL) List<Long> partitions, Gap gap) {

    /** A table as it is seen now, of which nothing is missing. */
    public static Known whole(TableLook seen) {
        return new Known(seen.relation(), seen.published(), seen.partitions(), null);
    }

    public Known withGap(Gap other) {
        return new Known(relation, published, partitions, other);
    }

    /** Whether it was read whole once. */
    public boolean wasRead() {
        return gap == null || !gap.unread();
    }

    /** The gap that {@code cause} makes, or widens. */
    public Known missing(String cause, Point from, Point to) {
        return withGap(gap == null ? new Gap(cause, from, to, false, false) : gap.until(cause, to));
    }

    public Known asked() {
        return gap == null ? this : withGap(gap.ask());
    }
}
