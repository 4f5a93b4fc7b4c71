package io.millrace.capture.continuity;

/**
 * Changes of a table that may be missing downstream, until the table is read again.
 *
 * @param cause what happened to the table, as the end of a sentence that begins with "it"
 * @param from everything before is downstream
 * @param to where it was noticed, or was put right: what is read from here on is whole
 * @param asked whether somebody has asked for the recovery
 */
public record Gap(String cause, Point from, Point to, boolean asked) {

    Gap until(String cause, Point to) {
        return new Gap(cause, from, to, asked);
    }

    Gap ask() {
        return new Gap(cause, from, to, true);
    }
}
