package io.millrace.capture.continuity;

/**
 * What is remembered of a table that was read whole once.
 *
 * @param relation its oid: another one is another table of the same name
 * @param published how it is published, see {@link io.millrace.capture.source.TableLook#published()}
 * @param gap what may be missing of it, null where nothing may
 */
public record Known(long relation, String published, Gap gap) {

    public Known withGap(Gap other) {
        return new Known(relation, published, other);
    }

    /** The gap that {@code cause} makes, or widens. */
    Known missing(String cause, Point from, Point to) {
        return withGap(gap == null ? new Gap(cause, from, to, false) : gap.until(cause, to));
    }

    public Known asked() {
        return gap == null ? this : withGap(gap.ask());
    }
}
