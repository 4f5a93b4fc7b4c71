package io.millrace.indexer.reconcile;

import io.millrace.indexer.generation.Generation;
import io.millrace.pipeline.liveness.Loop;
import java.io.IOException;
import java.util.List;

/** What the indexes of a target hold, and how it is taken out of them. Thread-safe. */
public interface Holdings {

    /** Somewhere to put what is read. */
    interface Sink {
        void put(Known known) throws IOException;
    }

    /**
     * Gives every document that an index has when this begins.
     *
     * @param loop of the calling thread
     * @throws IOException when the target fails
     */
    void each(Generation generation, Sink to, Loop loop) throws IOException;

    /**
     * Deletes documents, where nobody has written them since.
     *
     * @return how many
     * @throws IndexGoneMeanwhileException when the index cannot be written any more by its alias
     * @throws IOException when the target fails
     */
    int delete(Generation generation, List<Known> documents) throws IOException;
}
