package io.millrace.console.live;

import java.util.List;
import java.util.Map;

/**
 * @param at milliseconds since the epoch
 * @param parked by table, whether it is parked; those of which no gate tells are not in it
 * @param refused by pipeline, how many documents stand in quarantine; those of which nobody tells are not in it
 * @param beside by pipeline, what becomes of another index that is written beside the one that serves: {@code built} or {@code held}, empty where there is none; those of which nobody tells are not in it
 * @param hops seconds of each step of the way, the median; by the stage at its end
 * @param documents how many each index has; null where it does not answer. Those that go to a table are not in it
 * @param slow pipelines of which changes take, or wait for, longer than their file allows
 * @param wal what Postgres keeps for the slot that has the least room; null where nobody tells
 * @param oldest seconds that the oldest change is old which waits for a stage behind capture, 0 where none does; null where that is not known, and while tables are read
 * @param reads whether capture reads tables, whose rows are no changes; null where nobody tells
 */
public record LiveView(long at, List<StageView> stages, Map<String, Boolean> parked, Map<String, Long> refused, Map<String, String> beside, Map<String, Double> hops, Map<String, Long> documents, List<Slow> slow, Wal wal,
        Double oldest, Boolean reads) {

    /**
     * @param kept bytes of WAL that Postgres keeps for the slot
     * @param safe bytes that may still be written before it gives the slot up; null where it sets no limit
     */
    public record Wal(String slot, Double kept, Double safe) {}

    /**
     * @param p99 seconds that one change in a hundred takes at least from its commit to the index; null where nothing was measured of late
     * @param oldest seconds that the oldest change is old which waits for a stage behind capture, 0 where none does; null where that is not known, and while tables are read
     * @param target seconds that the pipeline file allows it
     */
    public record Slow(String pipeline, Double p99, Double oldest, double target) {

        /** Null where a pipeline is as fast as its file asks for. */
        static Slow of(String pipeline, Double p99, Double oldest, double target) {
            return p99 != null && p99 > target || oldest != null && oldest > target ? new Slow(pipeline, p99, oldest, target) : null;
        }
    }
}
