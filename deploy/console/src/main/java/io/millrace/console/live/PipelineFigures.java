package io.millrace.console.live;

import io.millrace.pipeline.file.Pipeline;
import java.util.List;

/**
 * How one pipeline is at one moment; a figure that nobody gives is null.
 *
 * @param away labels of stages that are not up: what they would tell is not known
 * @param documents of its index
 * @param waiting records that are on their way to the index, over all stages; null where one of the stages does not tell
 * @param p50 seconds that half of the changes take at most from their commit to the index
 * @param p99 seconds that one change in a hundred takes at least
 * @param target seconds that the pipeline file allows it
 * @param parked labels of its tables that are parked; null where a gate does not tell
 * @param verifiedAt when a verification of all its documents ended last, milliseconds since the epoch
 * @param differences documents that the last verification left different, be it of all or of some
 * @param held documents that would leave by time and wait for a person's word
 */
public record PipelineFigures(String name, List<String> away, Long documents, Double waiting, Double p50, Double p99, double target, List<String> parked, Long verifiedAt, Double differences, Double held) {

    /** Seconds that one change in a hundred may take from its commit to the index. */
    static double target(Pipeline pipeline) {
        return pipeline.latency().toMillis() / 1e3;
    }
}
