package io.millrace.console.live;

import java.util.List;
import java.util.Map;

/**
 * What was seen over the last hours.
 *
 * @param at of each point, milliseconds since the epoch
 * @param figures by name one value for each point, null where nobody gave it: {@code rate.STAGE} in records a second, {@code hop.STEP} the median of a step in seconds, {@code behind}
 *        the age in seconds of the oldest change that is not finished, {@code p50} and {@code p99} seconds from the commit to the index
 * @param marks the oldest first
 */
public record HistoryView(List<Long> at, Map<String, List<Float>> figures, List<Mark> marks) {}
