package io.millrace.indexer.handover;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.Pipelines;
import io.millrace.indexer.generation.IndexState;
import io.millrace.indexer.mark.MarkBook;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.Offsets;
import io.millrace.pipeline.topic.Topics;
import jakarta.inject.Singleton;
import java.util.List;

/** How far indexes are in their topics. Thread-safe. */
@Singleton
final class Progress {

    private final Pipelines pipelines;
    private final MarkBook marks;
    private final Offsets offsets;
    private final IndexerConfig config;

    Progress(Pipelines pipelines, MarkBook marks, KafkaWatch kafka, IndexerConfig config) {
        this.pipelines = pipelines;
        this.marks = marks;
        this.offsets = kafka.offsets();
        this.config = config;
    }

    /** The pipeline that an index belongs to; null where it is not among the files of this service. */
    Pipeline pipeline(IndexState state) {
        return pipelines.all().stream().filter(p -> p.name().equals(state.pipeline())).findFirst().orElse(null);
    }

    /** Whether the documents of an index come by way of this service. */
    boolean isHere(IndexState state) {
        return pipeline(state) != null;
    }

    /**
     * How many records its topic has after those that are in an index. The one that its pipeline's main group writes has the offsets that were committed, every other one its marks.
     *
     * @return null where its pipeline is not here
     */
    Long behind(IndexState state) throws InterruptedException {
        if (!isHere(state)) {
            return null;
        }
        var partitions = offsets.partitions(List.of(Topics.documents(state.pipeline())));
        if (!state.isAside()) {
            return offsets.lag(config.group(), partitions);
        }
        var ends = offsets.ends(partitions);
        var has = marks.offsets(state, Topics.documents(state.pipeline()), ends.keySet());
        return ends.entrySet().stream().mapToLong(end -> Math.max(0, end.getValue() - has.getOrDefault(end.getKey(), 0L))).sum();
    }

    /** How many records its topic ever had; 0 where its pipeline is not here. */
    long came(IndexState state) throws InterruptedException {
        return isHere(state) ? offsets.ends(offsets.partitions(List.of(Topics.documents(state.pipeline())))).values().stream().mapToLong(Long::longValue).sum() : 0;
    }
}
