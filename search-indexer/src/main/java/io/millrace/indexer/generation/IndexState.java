package io.millrace.indexer.generation;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.pipeline.file.Pipeline;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/**
 * An index that stands behind an alias, or was made to, as its target has it.
 *
 * @param number the digits of its name; 0 where it is named otherwise
 * @param history changes when the engine restores it from a snapshot; empty before
 * @param pipeline the one that it belongs to; empty where it bears no name
 * @param replaces the pipelines that one replaces; empty where it bears no name
 * @param serves whether readers see it
 * @param aliases all that stand for it
 * @param which start of which server has it now; empty where the engine's history tells what may be lacking
 * @param settings flat, as {@code index.…}; empty where the target has none
 */
public record IndexState(String index, int number, String uuid, String history, Instant made, String pipeline, List<String> replaces, boolean serves, Set<String> aliases, String incarnation, JsonNode settings) {

    /** An indexer made it before indexes bore names. */
    boolean isNameless() {
        return pipeline.isEmpty() && (aliases.contains(Generation.writeAlias(index)) || aliases.contains(Generation.formerWriteAlias(index)));
    }

    boolean isOf(Pipeline other) {
        return isNameless() ? other.replaces().isEmpty() : pipeline.equals(other.name());
    }

    /** Whether a consumer group of its own writes it, beside the pipeline's main one. */
    public boolean isAside() {
        return aliases.contains(Generation.asideAlias(index));
    }

    /** Whether it is served only when somebody asks for it. */
    public boolean isHeld() {
        return aliases.contains(Generation.heldAlias(index));
    }

    /** Whether it is served also where readers lose something by it. */
    public boolean isUnverified() {
        return aliases.contains(Generation.unverifiedAlias(index));
    }

    /** Whether it is being filled for the first time, without copies and seldom refreshed, because nobody reads it. */
    public boolean isFilling() {
        return !serves && aliases.contains(Generation.fillingAlias(index));
    }

    /** Whether it is the next one to be served, while nobody writes the one that is. */
    public boolean isNext() {
        return !order().isEmpty();
    }

    /** Which hand-over it is the next one by, as nothing else is called; empty where it is not the next one. */
    public String order() {
        var start = Generation.nextAlias(index, "");
        return aliases.stream().filter(alias -> alias.startsWith(start)).map(alias -> alias.substring(start.length())).findFirst().orElse("");
    }

    /** Whether the pipeline's main consumer group may write it. */
    public boolean isWritten() {
        return aliases.contains(Generation.writeAlias(index));
    }
}
