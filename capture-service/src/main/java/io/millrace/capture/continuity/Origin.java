package io.millrace.capture.continuity;

/**
 * The history that LSNs are of.
 *
 * @param system system identifier of the cluster
 * @param database the database's oid in it
 * @param timeline the timeline that is written
 * @param base what is added to an LSN to make a position. 0 in a source's first history; each later one begins above every
 *        position of those before, so that positions rise where LSNs went back
 */
public record Origin(long system, long database, int timeline, long base) {

    /** The same history, written on another timeline since a promotion. */
    Origin onTimeline(int now) {
        return new Origin(system, database, now, base);
    }
}
