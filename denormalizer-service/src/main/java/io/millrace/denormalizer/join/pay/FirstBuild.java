package io.millrace.denormalizer.join.pay;

import io.millrace.denormalizer.join.document.DocumentKeys;
import io.millrace.denormalizer.join.document.StoredDocument;
import io.millrace.denormalizer.join.lookup.Subscriptions;
import io.millrace.denormalizer.join.measure.Stage;
import io.millrace.denormalizer.join.message.Change;
import io.millrace.denormalizer.join.owed.Account;
import io.millrace.denormalizer.join.owed.Causes;
import io.millrace.denormalizer.join.owed.Progress;
import io.millrace.denormalizer.join.owed.Progress.Phase;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.Kind;
import io.millrace.pipeline.progress.JoinState;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Owes every document once, as soon as what there was at the beginning is taken in. It ends for good only when its last document is committed; before that a
 * restart begins again. Not thread-safe.
 */
public final class FirstBuild implements Account {

    private static final Bytes LIVE = Kind.meta("live");
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
    public FirstBuild(KeyValueStore<Bytes, byte[]> documents, KeyValueStore<Bytes, byte[]> store, CommitClock.Session clock, Progress progress, StoredDocument document, Subscriptions subscriptions,
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
    public static Progress progress(KeyValueStore<Bytes, byte[]> store) {
        return new Progress(store.get(LIVE) == null ? Phase.HELD : Phase.LIVE);
    }

    /** @param mayBegin whether nothing is under way that would make documents be emitted once more */
    void work(boolean mayBegin, BooleanSupplier hasTime) {
        switch (progress.phase()) {
            case HELD -> {
                if (mayBegin && isCaughtUp.getAsBoolean()) {
                    enter(Phase.SCAN);
                }
            }
            case SCAN -> scan(hasTime);
            case SCANNED, LIVE -> { }
        }
    }

    @Override
    public void settle() {
        if (progress.phase() == Phase.SCANNED && clock.isCommitted(endedAt)) {
            store.put(LIVE, new byte[] {1});
            enter(Phase.LIVE);
        }
    }

    @Override
    public String state() {
        return progress.phase() == Phase.LIVE ? null : JoinState.BUILDING;
    }

    /** No single record is the cause of what it owes. */
    @Override
    public long oldest() {
        return Causes.NONE;
    }

    private void enter(Phase next) {
        progress.enter(next);
        told.phase(next.name());
    }

    private void scan(BooleanSupplier hasTime) {
        var last = progress.emitted();
        var change = Change.owed(new RecordHeaders(), 0);
        try (var all = documents.range(last == null ? DocumentKeys.documents() : DocumentKeys.behindDocument(last), DocumentKeys.behindDocuments())) {
            while (subscriptions.asked() < MOST_ASKED) {
                if (!document.readNext(all)) {
                    endedAt = clock.stamp();
                    enter(Phase.SCANNED);
                    return;
                }
                payer.build(change);
                if (!hasTime.getAsBoolean()) {
                    return;
                }
            }
        }
    }
}
