package io.millrace.capture.resnapshot;

import io.millrace.capture.row.Captured;
import io.millrace.capture.row.Change;
import io.millrace.capture.source.PgSnapshot;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.record.WireFormat;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Where a chunk and the stream meet. One thread reads the chunk; the one that writes the stream says what passes, and writes
 * the chunk between two of its batches, without the rows that were changed meanwhile. Thread-safe.
 *
 * <p>The <b>low watermark</b> of a chunk is a commit that came in the stream after the window was opened: its LSN is the
 * chunk's position. Everything that came before it in the stream has a lower position and is seen by the chunk's
 * transaction; everything behind it has a higher one, and its keys are noted.
 */
public final class Window {

    /** Transactions that are remembered to have come: more than can have ended without being seen yet. */
    private static final int TRANSACTIONS = 1 << 14;
    /** A chunk in whose time more keys are changed is read again. */
    private static final int MOST_KEYS = 200_000;

    /** What the writer of the stream has to do for a table. */
    public sealed interface Step {

        /**
         * Rows of a chunk.
         *
         * @param position an LSN
         */
        record Rows(long position, List<Change> rows) implements Step {}

        /**
         * The table was read whole, and what was not brought since is gone.
         *
         * @param position below which nothing of the reading stands, an LSN
         * @param rows that the reading brought
         */
        record End(TableName table, long position, boolean reconciled, long rows) implements Step {}
    }

    private boolean streaming;
    private long base;
    /** The last commit that came in the stream. */
    private long commit;
    private final int[] transactions = new int[TRANSACTIONS];
    private long transactionsSeen;
    /** Null while no window is open. */
    private Open open;

    private static final class Open {
        private final String topic;
        private final long since;
        private final long notBefore;
        private long low;
        private long transactionsBefore;
        private final Set<ByteBuffer> keys = new HashSet<>();
        private boolean spoiled;
        private Step step;
        /** Null until the step is done. */
        private Boolean done;

        private Open(String topic, long since, long notBefore) {
            this.topic = topic;
            this.since = since;
            this.notBefore = notBefore;
        }
    }

    /**
     * The stream begins.
     *
     * @param start the LSN of the last commit before it
     * @param base what is added to an LSN to make a position; another one is another history, with other transactions
     */
    public synchronized void begin(long start, long base) {
        if (this.base != base) {
            transactionsSeen = 0;
        }
        this.base = base;
        streaming = true;
        commit = start;
        open = null;
        notifyAll();
    }

    /** The stream has ended; a chunk that is not written yet is not written. */
    public synchronized void end() {
        streaming = false;
        open = null;
        notifyAll();
    }

    /**
     * A change passes in the stream.
     *
     * @param before the LSN of the last commit before it
     * @param transaction its transaction's id, 0 where it has none
     * @param isKnown whether the stream is known to be the remembered one
     */
    public synchronized void passes(long before, long transaction, boolean isKnown) {
        commit = Math.max(commit, before);
        if (isKnown && open != null && open.low == 0 && before > open.since && before >= open.notBefore) {
            open.low = before;
            open.transactionsBefore = transactionsSeen;
            notifyAll();
        }
        int id = (int) transaction;
        if (id != 0 && (transactionsSeen == 0 || transactions[slot(transactionsSeen - 1)] != id)) {
            transactions[slot(transactionsSeen++)] = id;
        }
    }

    private static int slot(long at) {
        return (int) (at & TRANSACTIONS - 1);
    }

    /** These records are in Kafka. */
    public synchronized void wrote(Collection<Captured> batch) {
        if (open == null || open.low == 0) {
            return;
        }
        for (var captured : batch) {
            var record = captured.record();
            if (record.topic().equals(open.topic) && Headers.position(record.headers()).commit() >= base + open.low) {
                note(record.key());
            }
        }
    }

    /** A truncate, and a change whose key is not known, are of rows that cannot be told. */
    private void note(byte[] key) {
        if (!WireFormat.is(key) || open.keys.size() >= MOST_KEYS) {
            open.spoiled = true;
            open.keys.clear();
        } else if (!open.spoiled) {
            open.keys.add(ByteBuffer.wrap(key));
        }
    }

    /** What is to be done between two batches, null for nothing. */
    public synchronized Step step() {
        return open == null || open.done != null ? null : open.step;
    }

    /**
     * Leaves the rows of a chunk that were not changed since its low watermark.
     *
     * @return false where the chunk is of no use, because it cannot be told which these are
     */
    public synchronized boolean sift(List<Captured> rows) {
        if (open == null || open.spoiled) {
            return false;
        }
        // Keys of another schema are written otherwise, so that equal ones would not be found.
        var schemas = new HashSet<Integer>();
        open.keys.forEach(key -> schemas.add(WireFormat.schemaId(key.array())));
        // One without a key is no row, but says that there is one which cannot be written.
        if (!schemas.isEmpty() && !rows.stream().map(row -> row.record().key()).allMatch(key -> !WireFormat.is(key) || schemas.equals(Set.of(WireFormat.schemaId(key))))) {
            return false;
        }
        rows.removeIf(row -> open.keys.contains(ByteBuffer.wrap(row.record().key())));
        return true;
    }

    /** The step is done, or is of no use. */
    public synchronized void done(boolean well) {
        if (open != null) {
            open.done = well;
            notifyAll();
        }
    }

    /** Waits for a stream; false where none begins in time. */
    synchronized boolean awaitStream(long millis) throws InterruptedException {
        if (!streaming) {
            wait(millis);
        }
        return streaming;
    }

    /** @param notBefore the lowest low watermark that will do, 0 for any */
    synchronized void open(String topic, long notBefore) throws StreamEndedException {
        if (!streaming) {
            throw new StreamEndedException();
        }
        open = new Open(topic, commit, notBefore);
    }

    /** The low watermark, 0 where it has not come within a while. */
    synchronized long low(long millis) throws InterruptedException, StreamEndedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (current().low == 0 && deadline - System.nanoTime() > 0) {
            wait(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
        }
        return current().low;
    }

    /** Whether a snapshot sees every transaction that came in the stream up to the low watermark. */
    synchronized boolean sees(PgSnapshot snapshot) {
        if (open == null) {
            return false;
        }
        for (long at = Math.max(0, transactionsSeen - TRANSACTIONS); at < open.transactionsBefore; at++) {
            if (!snapshot.sees(transactions[slot(at)])) {
                return false;
            }
        }
        return true;
    }

    /** Hands over what is to be done between two batches. */
    synchronized void hand(Step step) throws StreamEndedException {
        current().step = step;
    }

    /** Whether the step was done; empty where it was not within a while. */
    synchronized Optional<Boolean> handled(long millis) throws InterruptedException, StreamEndedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (current().done == null && deadline - System.nanoTime() > 0) {
            wait(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
        }
        return Optional.ofNullable(current().done);
    }

    private Open current() throws StreamEndedException {
        if (open == null) {
            throw new StreamEndedException();
        }
        return open;
    }

    /** Whether a chunk waits for what the stream brings. */
    public synchronized boolean isOpen() {
        return open != null;
    }

    synchronized void close() {
        open = null;
    }
}
