package io.millrace.pipeline.metrics;

import java.util.Map;

/**
 * How long changes took from their commit in Postgres to the end of each stage, all by the documents that an index has. These are the same changes at every stage, so no quantile of them is smaller than that of the
 * stage in front. What the stages measure themselves is of different changes, those of other tables and those that came to no document among them, and over different times.
 */
public final class CommitToStage {

    private CommitToStage() {}

    /**
     * Seconds, of several pipelines and instances the largest; null where nothing was measured of late: a quantile of nothing is told as 0, and no change takes no time.
     *
     * @param indexer what the indexer tells
     * @param stage {@code capture}, {@code gate}, {@code join} or {@code index}; of every other one nothing is known
     * @param quantile such as {@code 0.99}
     */
    public static Double seconds(Samples indexer, String stage, String quantile) {
        var value = switch (stage) {
            // The first step of the way is the way.
            case "capture" -> indexer.max("millrace_hop_seconds", Map.of("to", stage, "quantile", quantile));
            case "gate", "join" -> indexer.max("millrace_way_seconds", Map.of("to", stage, "quantile", quantile));
            case "index" -> indexer.max("millrace_commit_to_stage_seconds", Map.of("stage", stage, "quantile", quantile));
            default -> null;
        };
        return value == null || value == 0 ? null : value;
    }
}
