package io.millrace.purge.verification;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.List;

/**
 * What a verification has found so far.
 *
 * @param phase what it does
 * @param documents read from the database and compared with the index
 * @param indexed ids of the index that were looked up in the database
 * @param candidates documents that differed at the first look, most of them because they were on their way
 * @param missing documents that the index lacks for good
 * @param orphaned documents of the index that no row calls for
 * @param different documents with another content
 * @param repaired of these, those that were emitted anew and agree since
 * @param unrepaired those that differ still, though a repair was asked for
 * @param erased documents that the index lacks because somebody asked to erase them
 * @param undecided documents of which it could not be told, because they changed all the time or the index did not reach the database
 * @param notes what a person should know of it
 * @param finishedAt null while it runs
 * @param found the first documents that differ
 */
@RegisterForReflection
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Report(String phase, long documents, long indexed, long candidates, long missing, long orphaned, long different, long repaired, long unrepaired, long erased, long undecided, List<String> notes,
        Instant finishedAt, List<Found> found) {

    static final Report NONE = new Report("beginning", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, List.of(), null, List.of());

    /** Documents that differ now. */
    public long differences() {
        return missing + orphaned + different - repaired;
    }

    /** The same without what is in the documents. */
    Report withoutFound() {
        return new Report(phase, documents, indexed, candidates, missing, orphaned, different, repaired, unrepaired, erased, undecided, notes, finishedAt, null);
    }
}
