package io.millrace.tests.bench.report;

import java.time.Instant;

/**
 * A part as it was measured.
 *
 * @param machine where, and of what
 * @param quick whether it was measured in haste
 * @param at when it was through
 * @param loadAverage of the machine before it began
 * @param monitors of the demo
 * @param asked how long and at which rates, as the plan says it
 * @param seconds that it took
 * @param ends what was counted
 */
public record Measured<T>(Machine machine, boolean quick, Instant at, double loadAverage, int monitors, String asked, double seconds, T figures, Ends ends) {}
