package io.millrace.capture.continuity;

import com.fasterxml.jackson.annotation.JsonInclude;

/**
 * Changes of a table that may be missing downstream, until the table is read again.
 *
 * @param cause what happened to the table, as the end of a sentence that begins with "it"
 * @param from everything before is downstream
 * @param to where it was noticed, or was put right: what is read from here on is whole
 * @param asked whether somebody has asked for the recovery
 * @param unread whether the table was never read, so that nothing of it is downstream yet but what was changed since, and the parts that a reading brought which did not come to its end
 * @param old whether no change is missing, but rows that were there before were changed without one
 */
public record Gap(String cause, Point from, Point to, boolean asked, @JsonInclude(JsonInclude.Include.NON_DEFAULT) boolean unread, @JsonInclude(JsonInclude.Include.NON_DEFAULT) boolean old) {

    /** Of a table that was added while others were captured already. */
    public static Gap ofAdded(Point at) {
        return new Gap("it was added to the pipelines and is read for the first time", at, at, true, true, false);
    }

    Gap until(String cause, Point to) {
        return new Gap(cause, from, to, asked, unread, false);
    }

    /** What was changed without a change in the log is mended by the same reading. */
    public Gap widened(String cause, Point to) {
        return new Gap(old ? cause : this.cause, from, to, asked, unread, old);
    }

    Gap ask() {
        return new Gap(cause, from, to, true, unread, old);
    }
}
