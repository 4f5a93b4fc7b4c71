package io.millrace.denormalizer.join.pay;

import io.millrace.denormalizer.join.document.DocumentKeys;
import io.millrace.denormalizer.join.document.StoredDocument;
import io.millrace.denormalizer.join.measure.Stage;
import io.millrace.denormalizer.join.message.Change;
import io.millrace.denormalizer.join.owed.Account;
import io.millrace.denormalizer.join.owed.Causes;
import io.millrace.denormalizer.join.owed.Progress;
import io.millrace.denormalizer.join.state.CommitClock;
import io.millrace.denormalizer.join.state.StoredShape;
import io.millrace.pipeline.progress.JoinState;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Owes each document that shows a field more, or less, than it was emitted with, since the file has added it or taken it out again.
 *
 * <p>One walk over all documents finds them, in the order of their root keys. Up to where all is out and committed is stored, so a restart goes on there. Whatever is emitted while it is under way has the new shape already. Not
 * thread-safe.
 */
public final class Reshaping implements Account {

    /** Of documents that are as they should be. */
    private static final int MOST_PASSED = 1_000;

    private final KeyValueStore<Bytes, byte[]> documents;
    private final StoredShape shape;
    private final CommitClock.Session clock;
    private final StoredDocument document;
    private final Stage.Partition told;
    private final Payer payer;
    private boolean isOwed;
    private boolean isWalking;
    /** The root key at which it stands; null at the beginning. */
    private byte[] cursor;
    /** Where it stood when {@link #stamp} was taken; null where nothing is to be stored. */
    private byte[] sent;
    private long stamp;
    private long passed;
    /** Behind the record that was taken in last; 0 before the first. */
    private long taken;
    /** Behind one of those before, and when that was: once it is committed, what came of them is out. */
    private long settling;
    private long settlingSince;
    private long settled;

    /**
     * @param document that the payer pays
     * @param isOwed whether documents may be out in another shape
     */
    public Reshaping(KeyValueStore<Bytes, byte[]> documents, StoredShape shape, CommitClock.Session clock, StoredDocument document, Stage.Partition told, Payer payer, boolean isOwed) {
        this.documents = documents;
        this.shape = shape;
        this.clock = clock;
        this.document = document;
        this.told = told;
        this.payer = payer;
        this.isOwed = isOwed;
        this.isWalking = isOwed;
        this.settlingSince = clock.stamp();
        if (isOwed) {
            told.phase("RESHAPING");
        }
    }

    /** Where the last life of the task stood. Only once what is stored is about this shape. */
    public void resume() {
        cursor = shape.reshaped();
    }

    @Override
    public String state() {
        return isOwed ? JoinState.RESHAPING : null;
    }

    /** A record of the exchange was taken in. */
    void taken(long offset) {
        taken = offset + 1;
    }

    /** No record is the cause of what it owes; those that are not known to be committed are left. */
    @Override
    public long oldest() {
        return isOwed ? settled : Causes.NONE;
    }

    /** Whether there may be documents that are due. */
    boolean isUnderWay() {
        return isWalking;
    }

    /** How many documents the walk has passed in this life of the task; 0 where there is none. */
    long passed() {
        return isOwed ? passed : 0;
    }

    @Override
    public void settle() {
        if (!isOwed) {
            return;
        }
        if (clock.isCommitted(settlingSince)) {
            settled = settling;
            settling = taken;
            settlingSince = clock.stamp();
        }
        if (sent != null && clock.isCommitted(stamp)) {
            shape.reshaped(sent);
            sent = null;
            if (!isWalking) {
                isOwed = false;
                shape.end();
                told.phase(Progress.Phase.LIVE.name());
            }
        }
    }

    /** Goes on with the walk, up to so many documents that are to be emitted. */
    int work(int most, BooleanSupplier hasTime) {
        var change = Change.owed(new RecordHeaders(), Causes.NONE);
        int emitted = 0;
        try (var all = documents.range(cursor == null ? DocumentKeys.documents() : DocumentKeys.behindDocument(cursor), DocumentKeys.behindDocuments())) {
            for (int looked = 0; emitted < most && looked < MOST_PASSED && hasTime.getAsBoolean(); looked++) {
                if (!document.readNext(all)) {
                    isWalking = false;
                    note();
                    return emitted;
                }
                cursor = document.rootKey();
                passed++;
                emitted += payer.reshape(change) ? 1 : 0;
            }
        }
        if (sent == null) {
            note();
        }
        return emitted;
    }

    private void note() {
        sent = cursor == null ? new byte[0] : cursor;
        stamp = clock.stamp();
    }
}
