package io.millrace.console.live;

import io.millrace.pipeline.metrics.Samples;
import java.util.List;
import java.util.Map;

/** How old the changes are that wait, by the metrics of the stages. */
final class Behind {

    /** Those that tell how old a change is which they have not finished; capture tells for how long Postgres was silent as well. */
    static final List<String> STAGES = List.of("gate", "join", "index");

    private Behind() {}

    /** Seconds that the oldest change is old; null where a stage does not tell, and where something waits of which nobody knows the age yet. */
    static Double seconds(Samples samples, String stage) {
        var labels = Map.of("stage", stage);
        var age = samples.max("millrace_lag_seconds", labels);
        return age != null && age == 0 && waits(samples, stage) ? null : age;
    }

    /**
     * Seconds that the oldest change is old which waits for one of the stages behind capture; 0 where none waits. Null where a stage does not tell and none of the others has one, and while tables are read, whose rows are old by themselves.
     *
     * @param stages what each of them said of one pipeline, capture included
     */
    static Double oldest(Map<String, Samples> stages) {
        if (Boolean.TRUE.equals(reads(stages.get("capture")))) {
            return null;
        }
        double oldest = 0;
        boolean isKnown = true;
        for (var stage : STAGES) {
            var age = age(stages.get(stage), stage);
            isKnown &= age != null;
            oldest = age == null ? oldest : Math.max(oldest, age);
        }
        return oldest > 0 || isKnown ? oldest : null;
    }

    /** An age where nothing waits is that of what was finished last. */
    private static Double age(Samples samples, String stage) {
        if (samples.sum("millrace_lag_records", Map.of("stage", stage)) == null) {
            return null;
        }
        return waits(samples, stage) ? seconds(samples, stage) : Double.valueOf(0);
    }

    /** Whether tables are read, before the stream or beside it; null where nobody tells. */
    static Boolean reads(Samples capture) {
        var before = capture.sum("millrace_snapshot_rows_remaining", Map.of());
        var beside = capture.sum("millrace_resnapshot_rows_remaining", Map.of());
        return before == null && beside == null ? null : Boolean.valueOf(some(before) || some(beside));
    }

    private static boolean waits(Samples samples, String stage) {
        return some(samples.sum("millrace_lag_records", Map.of("stage", stage)));
    }

    private static boolean some(Double count) {
        return count != null && count > 0;
    }
}
