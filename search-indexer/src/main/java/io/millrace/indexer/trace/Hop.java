package io.millrace.indexer.trace;

/**
 * One step of a change's way.
 *
 * @param stage {@code postgres}, {@code capture}, {@code gate}, {@code join}, {@code index} or {@code search}
 * @param done what had happened at its end
 * @param atMicros when, in microseconds since the epoch, by the clock of that stage
 * @param tookMicros since the step before; negative where two clocks disagree
 */
public record Hop(String stage, String done, long atMicros, long tookMicros) {}
