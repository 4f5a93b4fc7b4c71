package io.millrace.indexer.generation;

import io.millrace.pipeline.file.Pipeline;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The indexes behind a pipeline's alias, by what they are for.
 *
 * @param all the newest first, those of earlier and later pipelines among them
 */
public record Lineup(Pipeline pipeline, List<IndexState> all) {

    /** Names of the pipeline's own indexes. */
    public Set<String> own() {
        return all.stream().filter(state -> state.isOf(pipeline)).map(IndexState::index).collect(Collectors.toSet());
    }

    /** Whether an index belongs to this pipeline, or to one that it replaces or that replaces it. */
    public boolean isRelated(IndexState state) {
        return state.isOf(pipeline) || pipeline.replaces().contains(state.pipeline()) || state.replaces().contains(pipeline.name());
    }

    /** The pipeline's own index that readers see; null where they see none, or another pipeline's. */
    public IndexState served() {
        return all.stream().filter(state -> state.serves() && state.isOf(pipeline)).min(Comparator.comparing(IndexState::isAside)).orElse(null);
    }

    /** The index that is to have the alias where nobody has it: a whole one before one that is being filled, one that may serve before one that is held, and the newest of these; null where there is none. */
    IndexState heir() {
        return all.stream().filter(state -> isRelated(state) && !state.isAside()).min(Comparator.comparing(IndexState::isFilling).thenComparing(IndexState::isHeld)).orElse(null);
    }

    /** The index that readers see, whosever it is; null where they see none. */
    public IndexState serving() {
        return all.stream().filter(IndexState::serves).findFirst().orElse(null);
    }

    /** The pipeline's own indexes that are written beside the main one, the newest first. */
    public List<IndexState> asides() {
        return all.stream().filter(state -> state.isAside() && state.isOf(pipeline)).toList();
    }

    /** The one of them that is to be served next, while nobody writes the one that is; null where there is none. */
    public IndexState next() {
        return asides().stream().filter(IndexState::isNext).findFirst().orElse(null);
    }

    /** @return null where there is none of that name */
    public IndexState named(String index) {
        return all.stream().filter(state -> state.index().equals(index)).findFirst().orElse(null);
    }

    /** The index that the pipeline's main consumer group writes; null where it has to be made. */
    public IndexState main() {
        var served = served();
        return served != null ? served : all.stream().filter(state -> state.isOf(pipeline) && !state.isAside()).findFirst().orElse(null);
    }
}
