package io.millrace.console.live;

import io.millrace.pipeline.metrics.Samples;
import java.util.List;
import java.util.Map;

/** How old the changes are that wait, by the metrics of the stages. */
final class Behind {

    /** Those that tell how old a change is which they have not finished; capture tells for how long Postgres was silent as well. */
    private static final List<String> STAGES = List.of("gate", "join", "index");

    private Behind() {}

    /** Seconds that the oldest change is old; null where a stage does not tell, and where something waits of which nobody knows the age yet. */
    static Double seconds(Samples samples, String stage) {
        var labels = Map.of("stage", stage);
        var age = samples.max("millrace_lag_seconds", labels);
        return age != null && age == 0 && waits(samples, stage) ? null : age;
    }

    /**
     * Seconds that the oldest change is old which waits for one of the stages behind capture; null where none waits that anybody tells of, and while a load goes on, whose rows are old by themselves.
     *
     * @param stages what each of them said of one pipeline, capture included
     */
    static Double oldest(Map<String, Samples> stages) {
        if (reads(stages.get("capture"))) {
            return null;
        }
        Double oldest = null;
        for (var stage : STAGES) {
            var samples = stages.get(stage);
            var age = waits(samples, stage) ? seconds(samples, stage) : null;
            oldest = age == null || oldest != null && oldest > age ? oldest : age;
        }
        return oldest;
    }

    private static boolean reads(Samples capture) {
        return some(capture.sum("millrace_snapshot_rows_remaining", Map.of())) || some(capture.sum("millrace_resnapshot_rows_remaining", Map.of()));
    }

    private static boolean waits(Samples samples, String stage) {
        return some(samples.sum("millrace_lag_records", Map.of("stage", stage)));
    }

    private static boolean some(Double count) {
        return count != null && count > 0;
    }
}
