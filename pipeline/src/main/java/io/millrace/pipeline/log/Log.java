package io.millrace.pipeline.log;

/**
 * A partition's log as Kafka had it when it was asked.
 *
 * @param start the first offset that is still kept
 * @param end the offset that the next record will have
 * @param compacted whether records go when a later one has their key, and deletions after a time
 * @param kept for how many milliseconds what a reader must not miss is kept at least: every record, or in a compacted topic each
 *     deletion; {@link #FOR_EVER} where it is not removed by time or where that cannot be asked for
 */
record Log(LogId id, long start, long end, boolean compacted, long kept) {

    static final long FOR_EVER = Long.MAX_VALUE;
}
