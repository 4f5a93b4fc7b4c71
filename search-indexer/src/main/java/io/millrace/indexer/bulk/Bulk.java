package io.millrace.indexer.bulk;

import io.millrace.indexer.generation.Generation;
import io.millrace.pipeline.liveness.Loop;
import java.util.Collections;
import java.util.List;

/** Writes documents to the indexes of a target, many in one request. A version never goes back; an equal one writes again. Thread-safe. */
public interface Bulk {

    /** What came of a whole request. */
    sealed interface Answer {

        /**
         * @param verdicts one for each document, in their order
         * @param lastSeqNo the index's sequence number ({@code _seq_no}) of the last document that it applied, -1 where it applied none or counts none
         * @param bytes of the request
         * @param nanos from sending it to its answer
         */
        record Answered(List<Verdict> verdicts, long lastSeqNo, int bytes, long nanos) implements Answer {}

        /** More bytes than the target takes in one request. */
        record TooLarge(String reason) implements Answer {}

        /** No document was answered; whether any was applied is not known. */
        record Unanswered(String reason) implements Answer {}
    }

    /** How many requests may be on their way now, and how large each may be. */
    BulkPermits permits();

    /**
     * Sends documents, each of another id.
     *
     * @param loop gets a sign of life while others have their turn, and the bound of the request
     */
    Answer send(Generation generation, List<Document> documents, Loop loop) throws InterruptedException;

    /**
     * Whether the index takes a write at all, at the places where these documents go: asked by deletes of a document that no pipeline makes.
     *
     * @return for each document, in their order, why its place takes no write; null where it does
     */
    List<String> faults(Generation generation, List<Document> documents, Loop loop) throws InterruptedException;

    /**
     * Why deletes of nobody's document were not carried out.
     *
     * @param count how many there were
     */
    static List<String> faults(Answer answer, int count) {
        return switch (answer) {
            case Answer.Answered answered -> answered.verdicts().stream().map(Bulk::fault).toList();
            case Answer.TooLarge(var reason) -> Collections.nCopies(count, reason);
            case Answer.Unanswered(var reason) -> Collections.nCopies(count, reason);
        };
    }

    private static String fault(Verdict verdict) {
        return switch (verdict) {
            case Verdict.Applied a -> null;
            case Verdict.Superseded s -> null;
            case Verdict.Later(var reason, var busy) -> reason;
            case Verdict.Failed(var reason) -> reason;
            case Verdict.Unmapped(var reason) -> reason;
            case Verdict.Refused(var reason) -> reason;
            case Verdict.Doubtful(var reason) -> reason;
            case Verdict.IndexGone(var reason) -> throw new IndexGoneException(reason);
        };
    }
}
