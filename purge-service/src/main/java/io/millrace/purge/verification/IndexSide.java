package io.millrace.purge.verification;

import io.millrace.pipeline.comparison.Json;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** The documents as what readers see has them, an index or a table. Every question may throw {@link IOException}, when that is away or does not let us see it. */
interface IndexSide {

    /** Characters of the documents of one answer, about: memory is meant for no more. */
    int MOST_CHARACTERS = 2_000_000;

    /** Why this pipeline cannot be compared with what readers see, null where it can. */
    String refusal() throws IOException, InterruptedException;

    /** The document as it is now; null where there is none. */
    Json document(String id) throws IOException, InterruptedException;

    /**
     * Documents as they are now; one that is not there is not in it.
     *
     * @param rows what Postgres has of them: of one that it has not, the content is not read, and of the others no more than {@link #MOST_CHARACTERS} at once
     */
    Map<String, Content> contents(Collection<String> ids, Map<String, Content> rows) throws IOException, InterruptedException;

    /** The ids of some more documents, each once; none when all were read. Begins anew after that. */
    List<String> nextIds() throws IOException, InterruptedException;

    /** Forgets what is being read through. */
    void close() throws IOException, InterruptedException;
}
