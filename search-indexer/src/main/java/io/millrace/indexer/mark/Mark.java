package io.millrace.indexer.mark;

/**
 * What one index has of one partition.
 *
 * @param index the engine's id of the index
 * @param history changes when the engine restores the index from a snapshot; empty before
 * @param topic Kafka's id of the topic in which the offset counts
 * @param offset every document before it is in the index
 * @param wholeAt when these were all that Kafka had, milliseconds since the epoch
 * @param ahead how many offsets short of this one the topic was once seen to end, 0 where it never was; it grows past it again, and would then look whole
 * @param life of the join whose documents the index has; the later ones are written to it again
 */
public record Mark(String index, String history, String topic, long offset, long wholeAt, long ahead, long life) {}
