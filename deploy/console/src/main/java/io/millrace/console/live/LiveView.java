package io.millrace.console.live;

import java.util.List;
import java.util.Map;

/**
 * @param at milliseconds since the epoch
 * @param parked tables that are parked
 * @param hops seconds of each step of the way, the median; by the stage at its end
 * @param documents how many each index has; null where it does not answer
 * @param slow pipelines that take longer than their file allows
 */
public record LiveView(long at, List<StageView> stages, List<String> parked, Map<String, Double> hops, Map<String, Long> documents, List<Slow> slow) {

    /**
     * @param p99 seconds that one change in a hundred takes at least from its commit to the index
     * @param target seconds that the pipeline file allows it
     */
    public record Slow(String pipeline, double p99, double target) {}
}
