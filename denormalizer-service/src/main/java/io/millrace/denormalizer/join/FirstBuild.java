package io.millrace.denormalizer.join;

import io.millrace.denormalizer.join.Progress.Phase;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Owes every document once, as soon as what there was at the beginning is taken in. It ends for good only when its last document is committed; before that a
 * restart begins again. Not thread-safe.
 */
final class FirstBuild {

    private static final Bytes LIVE = Keys.meta("live");
    /** So many references may be without an answer before it rests. */
    private static final int MOST_ASKED = 1_000;

    private final KeyValueStore<Bytes, byte[]> documents;
    private final KeyValueStore<Bytes, byte[]> store;
    private final CommitClock.Session clock;
    private final Progress progress;
    private final StoredDocument document;
    private final Subscriptions subscriptions;
    private final Stage.Partition told;
    private final Payer payer;
    private final BooleanSupplier isCaughtUp;
    private long endedAt;

    /** @param document that the payer pays */
    FirstBuild(KeyValueStore<Bytes, byte[]> documents, KeyValueStore<Bytes, byte[]> store, CommitClock.Session clock, Progress progress, StoredDocument document, Subscriptions subscriptions,
            Stage.Partition told, Payer payer, BooleanSupplier isCaughtUp) {
        this.documents = documents;
        this.store = store;
        this.clock = clock;
        this.progress = progress;
        this.document = document;
        this.subscriptions = subscriptions;
        this.told = told;
        this.payer = payer;
        this.isCaughtUp = isCaughtUp;
        told.phase(progress.phase().name());
    }

    /** The progress with which a partition's life begins. */
    static Progress progress(KeyValueStore<Bytes, byte[]> store) {
        return new Progress(store.get(LIVE) == null ? Phase.HELD : Phase.LIVE);
    }

    /** @param mayBegin whether nothing is under way that would make documents be emitted once more */
    void work(boolean mayBegin, long untilNanos) {
        switch (progress.phase()) {
            case HELD -> {
                if (mayBegin && isCaughtUp.getAsBoolean()) {
                    enter(Phase.SCAN);
                }
            }
            case SCAN -> scan(untilNanos);
            case SCANNED -> {
                if (clock.isCommitted(endedAt)) {
                    store.put(LIVE, new byte[] {1});
                    enter(Phase.LIVE);
                }
            }
            case LIVE -> { }
        }
    }

    private void enter(Phase next) {
        progress.enter(next);
        told.phase(next.name());
    }

    private void scan(long untilNanos) {
        var last = progress.emitted();
        var change = Change.owed(new RecordHeaders(), 0);
        try (var all = documents.range(last == null ? Keys.documents() : Keys.behindDocument(last), Keys.behindDocuments())) {
            while (subscriptions.asked() < MOST_ASKED) {
                if (!document.readNext(all)) {
                    endedAt = clock.stamp();
                    enter(Phase.SCANNED);
                    return;
                }
                payer.build(change);
                if (System.nanoTime() > untilNanos) {
                    return;
                }
            }
        }
    }
}
