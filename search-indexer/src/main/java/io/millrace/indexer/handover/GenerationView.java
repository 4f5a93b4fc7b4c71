package io.millrace.indexer.handover;

import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;

/**
 * One index behind a pipeline's alias.
 *
 * @param pipeline the one that it belongs to; empty where it bears no name
 * @param made when the search engine made it
 * @param documents how many searches find in it; null where they cannot be counted now
 * @param estimated whether that is estimated, as of a large table
 * @param behind how many records its topic has after those that are in it; null where that is not known here
 * @param held whether it is served only when somebody asks for it
 * @param waits why it is not served yet, or who should see to it; null where nobody waits for it
 * @param losses what readers would lose if it were served, as the last comparison by this instance found; null where they would lose nothing, or where it was not compared
 */
@RegisterForReflection
public record GenerationView(String index, String pipeline, Role role, Instant made, Long documents, boolean estimated, Long behind, boolean held, String waits, String losses) {

    /** What an index is there for. */
    public enum Role {
        /** Readers see it. */
        SERVES,
        /** It is served next, as soon as it has the last documents; the one that serves stands still for that. */
        TAKES_OVER,
        /** It is written beside the one that serves. */
        ASIDE,
        /** It belongs to a pipeline that is replaced by the one that serves, or is to replace it. */
        OTHER
    }
}
