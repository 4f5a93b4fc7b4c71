package io.millrace.denormalizer.join.pay;

import io.millrace.denormalizer.join.document.Documents;
import io.millrace.denormalizer.join.document.StoredDocument;
import io.millrace.denormalizer.join.measure.Stage;
import io.millrace.denormalizer.join.message.Change;
import io.millrace.denormalizer.join.owed.HeldDocuments;
import io.millrace.denormalizer.join.owed.Progress;
import io.millrace.denormalizer.join.render.Emission;

/** Emits a document, unless the first build will, or it rests or waits: then it is emitted later. Not thread-safe. */
public final class Payer {

    private final Progress progress;
    private final HeldDocuments held;
    private final Emission emission;
    private final StoredDocument document;
    private final Stage stage;

    /** @param document that the emission reads */
    public Payer(Progress progress, HeldDocuments held, Emission emission, StoredDocument document, Stage stage) {
        this.progress = progress;
        this.held = held;
        this.emission = emission;
        this.document = document;
        this.stage = stage;
    }

    public void pay(byte[] rootKey, Documents.Effect effect, Change change) {
        switch (effect) {
            case SUPERSEDED -> stage.superseded();
            case NONE -> { }
            case SHOWN -> show(rootKey, change);
            case GONE -> remove(rootKey, change);
        }
    }

    private void show(byte[] rootKey, Change change) {
        if (!progress.isShown(rootKey) || held.holds(rootKey, change)) {
            return;
        }
        long began = System.nanoTime();
        var since = held.change(rootKey, change);
        var result = emission.show(rootKey, since);
        settle(rootKey, since, result);
        if (result.isRendered()) {
            held.rendered(rootKey, document.size(), System.nanoTime() - began);
        }
    }

    private void remove(byte[] rootKey, Change change) {
        if (progress.isShown(rootKey)) {
            held.release(rootKey);
            emission.remove(rootKey, change);
        }
    }

    /** Emits the document that was read last for the first time. */
    void build(Change change) {
        var rootKey = document.rootKey();
        progress.emitted(rootKey);
        settle(rootKey, change, emission.build(change));
    }

    /**
     * Emits the document that was read last where it shows members that it may not have been emitted with, or does not show some that it was.
     *
     * @return whether it does
     */
    boolean reshape(Change change) {
        var rootKey = document.rootKey();
        if (held.holds(rootKey, change)) {
            return false;
        }
        var since = held.change(rootKey, change);
        var result = emission.reshape(since);
        if (result != null) {
            settle(rootKey, since, result);
        }
        return result != null;
    }

    private void settle(byte[] rootKey, Change change, Emission.Result result) {
        if (result.waitsFor() == null) {
            held.release(rootKey);
        } else {
            held.await(rootKey, result.waitsFor(), change);
        }
    }
}
