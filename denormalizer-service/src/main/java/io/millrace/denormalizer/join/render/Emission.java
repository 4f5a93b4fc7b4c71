package io.millrace.denormalizer.join.render;

import io.millrace.denormalizer.join.JoinSettings;
import io.millrace.denormalizer.join.document.Documents;
import io.millrace.denormalizer.join.document.Head;
import io.millrace.denormalizer.join.document.References;
import io.millrace.denormalizer.join.document.RootFilter;
import io.millrace.denormalizer.join.document.StoredDocument;
import io.millrace.denormalizer.join.lookup.Subscriptions;
import io.millrace.denormalizer.join.message.Change;
import io.millrace.pipeline.record.Position;
import java.util.HashSet;
import java.util.SortedSet;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Bytes;

/** Renders a document as it is stored and sends it out, or deletes it, or sets it aside; it keeps what the document refers to. Not thread-safe. */
public final class Emission {

    private final StoredDocument document;
    private final RootFilter filter;
    private final DocumentBuilder builder;
    private final Documents documents;
    private final References references;
    private final Subscriptions subscriptions;
    private final JoinSettings settings;
    private final Outlet out;

    public Emission(StoredDocument document, RootFilter filter, DocumentBuilder builder, Documents documents, References references, Subscriptions subscriptions, JoinSettings settings, Outlet out) {
        this.document = document;
        this.filter = filter;
        this.builder = builder;
        this.documents = documents;
        this.references = references;
        this.subscriptions = subscriptions;
        this.settings = settings;
        this.out = out;
    }

    /**
     * What came of a document.
     *
     * @param isRendered whether it was to be seen
     * @param waitsFor the reference without whose answer it cannot be emitted; null where it does not wait
     */
    public record Result(boolean isRendered, Bytes waitsFor) {

        private static final Result DONE = new Result(true, null);
        private static final Result UNSEEN = new Result(false, null);
    }

    /** Emits the document as it is now, if it is to be seen. */
    public Result show(byte[] rootKey, Change change) {
        document.read(rootKey);
        var result = showRead(change);
        if (!result.isRendered && documents.mayHaveEnded()) {
            // No change of its row tells. Where nothing but its row decides, it was deleted with that or by the order's walk.
            removeRead(document.head(), change);
        }
        return result;
    }

    /** As {@link #show}, for the document that was read last. */
    private Result showRead(Change change) {
        var head = document.head();
        try {
            return filter.accepts(head) ? emit(head, change, false) : Result.UNSEEN;
        } catch (RootFilter.UndecidedException e) {
            unbuildable(head, change.cause(), e);
            return Result.UNSEEN;
        }
    }

    /** Emits the document that was read last for the first time; one that is not to be seen is deleted, for an earlier attempt at the first build may have emitted it. */
    public Result build(Change change) {
        var result = showRead(change);
        var head = document.head();
        if (!result.isRendered && !head.documentId.isEmpty() && isUnseen(head)) {
            removeRead(head, change);
        }
        return result;
    }

    /**
     * Emits the document that was read last where it shows members that it may not have been emitted with, or does not show some that it was. It has the position that it had: nothing that counts for that is other than before.
     *
     * @return null where nothing of it is, or it is not to be seen
     */
    public Result reshape(Change change) {
        var head = document.head();
        try {
            return filter.accepts(head) ? emit(head, change, true) : null;
        } catch (RootFilter.UndecidedException e) {
            return null;
        }
    }

    private boolean isUnseen(Head head) {
        try {
            return !filter.accepts(head);
        } catch (RootFilter.UndecidedException e) {
            return false;
        }
    }

    /** Deletes the document; its head and the rows of its arrays stay, for the row may come back. */
    public void remove(byte[] rootKey, Change change) {
        document.read(rootKey);
        removeRead(document.head(), change);
    }

    private void removeRead(Head head, Change change) {
        documents.absorbRead(head);
        var decided = documents.decided(head);
        documents.put(document.rootKey(), head);
        var position = refer(head, decided, documents.least(head));
        out.delete(head.documentId, head.root.equals(Position.NONE), position, change.cause());
    }

    /** @param onlyChanged whether it is emitted only where its members are others; null then where they are not */
    private Result emit(Head head, Change change, boolean onlyChanged) {
        byte[] built = null;
        IllegalArgumentException mistake = null;
        try {
            built = builder.build(head, documents.least(head));
        } catch (IllegalArgumentException e) {
            mistake = e;
        }
        if (!builder.unanswered().isEmpty()) {
            return await(head, change);
        }
        if (mistake != null) {
            // What it referred to so far may be where the mistake is: its correction must lead here.
            builder.references().addAll(document.references());
            refer(head, builder.references(), builder.position());
            unbuildable(head, change.cause(), mistake);
            return Result.DONE;
        }
        if (onlyChanged && !builder.isChanged()) {
            return null;
        }
        finish(head, built, refer(head, builder.references(), builder.position()), change.cause());
        return Result.DONE;
    }

    private void finish(Head head, byte[] built, Position position, Headers cause) {
        byte[] content;
        try {
            content = settings.steps().apply(head.documentId, built);
        } catch (DocumentSteps.StepFailedException e) {
            out.quarantine(head.documentId, cause, "document-step-failed", "Finishing the document " + head.documentId + " failed: " + e.getMessage()
                    + ". The index keeps the document's last good state; correct the step, raise its version and build a new generation (a file that replaces this one), or change a row of the document");
            return;
        }
        if (content != null && content.length > settings.maxDocumentBytes()) {
            out.quarantine(head.documentId, cause, "document-too-large", "The document " + head.documentId + " has " + content.length + " bytes, more than the "
                    + settings.maxDocumentBytes() + " that may be written; raise millrace.denormalizer.max-document-bytes and max.message.bytes of the documents' topic, of which the lower counts, and start the join again, or take fewer fields");
            return;
        }
        out.document(head.documentId, content, position, cause);
    }

    /** The document stays as it is until it is known what it refers to. What it referred to before it holds on to, for it may do so again. */
    private Result await(Head head, Change change) {
        var rootKey = document.rootKey();
        var before = new HashSet<>(document.references());
        builder.references().addAll(before);
        refer(head, builder.references(), builder.position());
        for (var reference : builder.unanswered()) {
            if (before.contains(reference)) {
                // Whatever a crash left of the way back, the answer must lead here.
                references.lead(reference, rootKey);
            }
            subscriptions.hold(reference.get(), change);
        }
        return new Result(true, builder.unanswered().getLast());
    }

    private void unbuildable(Head head, Headers cause, Exception why) {
        out.quarantine(head.documentId, cause, "document-unbuildable", "Building the document " + head.documentId + " failed: " + why.getMessage()
                + ". The index keeps the document's last good state; correct the row, and it is built again");
    }

    /**
     * Replaces what the document refers to.
     *
     * @return the position of the document, which is not lower than that of any reference that is dropped
     */
    private Position refer(Head head, SortedSet<Bytes> now, Position position) {
        var behind = references.replace(document, now);
        if (behind == null) {
            return position;
        }
        var highest = position.max(behind);
        if (head.mark.isBefore(highest)) {
            head.mark = highest;
            documents.put(document.rootKey(), head);
        }
        return highest;
    }
}
