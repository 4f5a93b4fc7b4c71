package io.millrace.denormalizer.join.owed;

import io.millrace.denormalizer.join.document.DocumentKeys;
import io.millrace.denormalizer.join.document.Documents;
import io.millrace.denormalizer.join.document.Documents.Effect;
import io.millrace.denormalizer.join.document.StoredDocument;
import io.millrace.denormalizer.join.message.Change;
import io.millrace.denormalizer.join.message.Message;
import io.millrace.denormalizer.join.retain.Orders;
import io.millrace.denormalizer.join.state.CommitClock;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Owes an order about retention to the documents that it makes leave, or come back.
 *
 * <p>One walk over all documents finds them. An order that comes while it is under way has it begin once more at its end. Only the orders are stored, until the end is committed: after a restart the walk
 * begins again. Not thread-safe.
 */
public final class Retirements implements Account {

    /** Of documents that are as they should be. */
    private static final int MOST_PASSED = 1_000;

    private final KeyValueStore<Bytes, byte[]> store;
    private final CommitClock.Session clock;
    private final Orders orders;
    private final StoredDocument document;
    private final Documents documents;
    private boolean isWalking;
    /** Whether the walk begins once more. */
    private boolean again;
    /** The root key at which it stands; null at the beginning. */
    private byte[] cursor;
    /** Documents that it has passed. */
    private long passed;
    private long endedAt;
    private Causes causes;
    private Headers cause;

    /** @param document what {@link Documents#retain} is about */
    public Retirements(KeyValueStore<Bytes, byte[]> store, CommitClock.Session clock, Orders orders, StoredDocument document, Documents documents) {
        this.store = store;
        this.clock = clock;
        this.orders = orders;
        this.document = document;
        this.documents = documents;
        this.isWalking = orders.isOwed();
        this.causes = isWalking ? new Causes(0) : null;
        this.cause = StoredCause.read(orders.why());
    }

    public void start(Message.Retain order, Change change) {
        if (!orders.take(order, StoredCause.write(change.cause()))) {
            return;
        }
        cause = change.cause();
        if (causes == null) {
            causes = new Causes(change.since());
        } else {
            causes.add(change.since());
        }
        again = isWalking && cursor != null;
        isWalking = true;
    }

    @Override
    public String state() {
        return orders.isOwed() ? "retiring" : null;
    }

    /** Whether there may be documents that are due. */
    public boolean isUnderWay() {
        return isWalking;
    }

    public int pending() {
        return orders.isOwed() ? 1 : 0;
    }

    /** How many documents the walk has passed since it began; 0 where there is none. */
    public long passed() {
        return passed;
    }

    @Override
    public long oldest() {
        return causes == null ? Causes.NONE : causes.oldest(clock);
    }

    @Override
    public void settle() {
        if (!isWalking && orders.isOwed() && clock.isCommitted(endedAt)) {
            orders.settle();
            causes = null;
        }
    }

    /** Goes on with the walk: up to so many documents that are to leave or to come back. */
    public List<Due> due(int most, BooleanSupplier hasTime) {
        var due = new ArrayList<Due>();
        long since = causes.oldest(clock);
        try (var all = store.range(cursor == null ? DocumentKeys.documents() : DocumentKeys.behindDocument(cursor), DocumentKeys.behindDocuments())) {
            for (int looked = 0; due.size() < most && looked < MOST_PASSED && hasTime.getAsBoolean(); looked++) {
                if (!document.readNext(all)) {
                    comeRound();
                    break;
                }
                cursor = document.rootKey();
                passed++;
                var effect = documents.retain();
                if (effect != Effect.NONE) {
                    due.add(new Due(cursor, effect, cause, since));
                }
            }
        }
        return due;
    }

    private void comeRound() {
        cursor = null;
        passed = 0;
        if (again) {
            again = false;
            causes.roundOut(clock.stamp());
        } else {
            isWalking = false;
            endedAt = clock.stamp();
            causes.out(endedAt);
        }
    }
}
