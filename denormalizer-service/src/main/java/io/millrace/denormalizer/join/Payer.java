package io.millrace.denormalizer.join;

/** Emits a document, unless the first build will, or it rests or waits: then it is emitted later. Not thread-safe. */
final class Payer {

    private final Progress progress;
    private final WaitingDocuments waiting;
    private final HeavyDocuments heavy;
    private final Emission emission;
    private final StoredDocument document;
    private final Stage stage;

    /** @param document that the emission reads */
    Payer(Progress progress, WaitingDocuments waiting, HeavyDocuments heavy, Emission emission, StoredDocument document, Stage stage) {
        this.progress = progress;
        this.waiting = waiting;
        this.heavy = heavy;
        this.emission = emission;
        this.document = document;
        this.stage = stage;
    }

    void pay(byte[] rootKey, Documents.Effect effect, Change change) {
        switch (effect) {
            case SUPERSEDED -> stage.superseded();
            case NONE -> { }
            case SHOWN -> show(rootKey, change);
            case GONE -> remove(rootKey, change);
        }
    }

    private void show(byte[] rootKey, Change change) {
        if (!progress.isShown(rootKey) || waiting.holds(rootKey, change.since()) || heavy.holds(rootKey, change)) {
            return;
        }
        long began = System.nanoTime();
        var since = waiting.change(rootKey, change);
        var result = emission.show(rootKey, since);
        settle(rootKey, since, result);
        if (result.isRendered()) {
            heavy.rendered(rootKey, document.size(), System.nanoTime() - began);
        }
    }

    private void remove(byte[] rootKey, Change change) {
        if (progress.isShown(rootKey)) {
            waiting.remove(rootKey);
            emission.remove(rootKey, change);
        }
    }

    /** Emits the document that was read last for the first time. */
    void build(Change change) {
        var rootKey = document.rootKey();
        progress.emitted(rootKey);
        settle(rootKey, change, emission.build(change));
    }

    private void settle(byte[] rootKey, Change change, Emission.Result result) {
        if (result.waitsFor() == null) {
            waiting.remove(rootKey);
        } else {
            waiting.add(rootKey, result.waitsFor(), change);
        }
    }
}
