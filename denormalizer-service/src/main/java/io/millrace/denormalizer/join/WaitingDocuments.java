package io.millrace.denormalizer.join;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Bytes;

/**
 * Documents that wait for an answer, so that one of many unanswered references is not rendered at each answer: of each,
 * one reference is watched, and the document rests while that has no answer. As the document holds the reference, the
 * answer leads back to it. A document that is not remembered here is only rendered more often. Not thread-safe.
 */
final class WaitingDocuments {

    static final int MOST = 1_000;

    private final Subscriptions subscriptions;
    private final Map<Bytes, Waiting> waiting = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Bytes, Waiting> eldest) {
            return size() > MOST;
        }
    };

    WaitingDocuments(Subscriptions subscriptions) {
        this.subscriptions = subscriptions;
    }

    /** @param cause of the document's last change */
    private record Waiting(Bytes reference, Headers cause) {}

    /** Whether the document still waits. */
    boolean holds(byte[] rootKey) {
        var found = waiting.isEmpty() ? null : waiting.get(Bytes.wrap(rootKey));
        return found != null && subscriptions.isAsked(found.reference.get());
    }

    /** The document waits for a reference that it holds. */
    void add(byte[] rootKey, Bytes reference, Headers cause) {
        waiting.put(Bytes.wrap(rootKey), new Waiting(reference, cause));
    }

    /**
     * The document is rendered, or gone.
     *
     * @return what it waited with, else null
     */
    Headers remove(byte[] rootKey) {
        var found = waiting.isEmpty() ? null : waiting.remove(Bytes.wrap(rootKey));
        return found == null ? null : found.cause;
    }
}
