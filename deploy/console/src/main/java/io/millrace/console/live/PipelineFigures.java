package io.millrace.console.live;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.metrics.Samples;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * How one pipeline is at one moment; a figure that nobody gives is null.
 *
 * @param away labels of stages that are not up: what they would tell is not known
 * @param documents of its index
 * @param waiting records that are on their way to the index, over all stages; null where one of the stages does not tell
 * @param p50 seconds that half of the changes take at most from their commit to the index
 * @param p99 seconds that one change in a hundred takes at least
 * @param target seconds that the pipeline file allows it
 * @param oldest seconds that the oldest change is old which waits for a stage behind capture, 0 where none does; null where that is not known, and while tables are read
 * @param parked by the labels of its tables, whether one is parked; those of which no gate tells are not in it
 * @param verifiedAt when a verification of all its documents ended last, milliseconds since the epoch
 * @param differences documents that the last verification left different, be it of all or of some
 * @param held documents that would leave by time and wait for a person's word
 * @param troubles what else needs a person
 */
public record PipelineFigures(String name, List<String> away, Long documents, Double waiting, Double p50, Double p99, double target, Double oldest, Map<String, Boolean> parked, Long verifiedAt, Double differences, Double held, Troubles troubles) {

    /**
     * What the stages count that should be 0; null where a stage does not tell.
     *
     * @param missing tables of its source of which changes may be missing downstream
     * @param old tables of its source of which old rows hold old values since a migration
     * @param held partitions that gate and join do not read on in, since what their offsets stand on is not whole
     * @param waiting partitions that the indexer does not advance in
     * @param gaps records that are missing, came twice or out of order, over all stages
     * @param refused documents that were refused and stand in quarantine now
     */
    public record Troubles(Double missing, Double old, Double held, Double waiting, Double gaps, Double refused) {

        /** @param stages what each of them said of one pipeline */
        static Troubles of(Map<String, Samples> stages) {
            var capture = stages.get("capture");
            var index = stages.get("index");
            return new Troubles(capture.max("millrace_tables_incomplete", Map.of("why", "missing")), capture.max("millrace_tables_incomplete", Map.of("why", "old")), sum(stages, List.of("gate", "join"), "millrace_partitions_held", Map.of()),
                    index.sum("millrace_partitions_waiting", Map.of()), sum(stages, List.of("gate", "join", "index"), "millrace_ledger_gaps", Map.of()), index.max("millrace_refused_documents", Map.of()));
        }

        private static Double sum(Map<String, Samples> stages, List<String> of, String name, Map<String, String> labels) {
            return of.stream().map(stage -> stages.get(stage).sum(name, labels)).filter(Objects::nonNull).reduce(Double::sum).orElse(null);
        }
    }

    /** Seconds that one change in a hundred may take from its commit to the index. */
    static double target(Pipeline pipeline) {
        return pipeline.latency().toMillis() / 1e3;
    }
}
