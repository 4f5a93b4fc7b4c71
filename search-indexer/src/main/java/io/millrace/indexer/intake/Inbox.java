package io.millrace.indexer.intake;

import io.millrace.indexer.bulk.Document;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The records of one partition that wait for their bulk request, bounded by bytes. The bound is soft: it says when to
 * pause, and what is polled until then still goes in. Thread-safe.
 */
final class Inbox {

    /** What a record with its headers takes on the heap beside key and value. */
    private static final int RECORD = 1_024;
    /** In the place of a key that is missing; such records go to no request. */
    private static final byte[] NO_ID = {};

    private final long bound;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    /** Guarded by lock. */
    private final ArrayDeque<ConsumerRecord<byte[], byte[]>> records = new ArrayDeque<>();
    /** Guarded by lock; on the heap. */
    private long bytes;
    /** Guarded by lock; in requests. */
    private long weight;
    /** Guarded by lock. */
    private boolean full;
    /** Guarded by lock. */
    private boolean closed;
    /** Guarded by lock; whoever takes next waits for nothing. */
    private boolean woken;

    Inbox(long bound) {
        this.bound = bound;
    }

    /** @return whether the inbox became full by it */
    boolean offer(List<ConsumerRecord<byte[], byte[]>> more) {
        lock.lock();
        try {
            if (closed) {
                return false;
            }
            for (var record : more) {
                records.add(record);
                bytes += size(record);
                weight += Document.weight(record);
            }
            arrived.signal();
            if (bytes > bound && !full) {
                full = true;
                return true;
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until there are records, and until the given time unless they are enough to be taken at once; then takes the
     * first of them, at least one. Of several records of one document a request has one, so they are counted as one, and of a document that changes all the time as many are taken as are there, up to half of the bound.
     *
     * @param mostDocuments of a request
     * @param mostBytes of a request
     * @param notBefore a time of {@link System#nanoTime()}
     * @param patience how long to wait for the first record
     * @return empty when none came in that time, or the inbox was closed, or somebody woke whoever waits
     */
    List<ConsumerRecord<byte[], byte[]>> take(int mostDocuments, long mostBytes, long notBefore, Duration patience) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = patience.toNanos();
            while (records.isEmpty() && !closed && !woken) {
                if (left <= 0) {
                    return List.of();
                }
                left = arrived.awaitNanos(left);
            }
            woken = false;
            long wait = records.isEmpty() ? 0 : notBefore - System.nanoTime();
            while (wait > 0 && !closed && records.size() < mostDocuments && weight < mostBytes) {
                wait = arrived.awaitNanos(wait);
            }
            return first(mostDocuments, mostBytes);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until all records before an offset are there, and takes whatever is there then. What is left in a topic before an offset may be fewer records than offsets, so it waits no longer than a stated time for the next one; nor
     * when it is full.
     *
     * @param offset the one behind the last that is waited for
     * @param gap how long to wait for the next record, once there is one
     * @param patience how long to wait in all
     * @return empty when none came in that time, or the inbox was closed, or somebody woke whoever waits
     */
    List<ConsumerRecord<byte[], byte[]>> takeBefore(long offset, Duration gap, Duration patience) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long end = System.nanoTime() + patience.toNanos();
            long left = patience.toNanos();
            while (left > 0 && !closed && !woken && !full && (records.isEmpty() || records.peekLast().offset() < offset - 1)) {
                int before = records.size();
                long waited = records.isEmpty() ? left : Math.min(left, gap.toNanos());
                if (arrived.awaitNanos(waited) <= 0 && records.size() == before) {
                    break;
                }
                left = end - System.nanoTime();
            }
            if (woken) {
                woken = false;
                return List.of();
            }
            var taken = List.copyOf(records);
            records.clear();
            bytes = 0;
            weight = 0;
            return taken;
        } finally {
            lock.unlock();
        }
    }

    private List<ConsumerRecord<byte[], byte[]>> first(int mostDocuments, long mostBytes) {
        var taken = new ArrayList<ConsumerRecord<byte[], byte[]>>(Math.min(mostDocuments, records.size()));
        var documents = HashMap.<ByteBuffer, Integer>newHashMap(Math.min(mostDocuments, records.size()));
        long mostHeld = Math.max(bound / 2, mostBytes);
        long held = 0;
        long request = 0;
        while (!records.isEmpty()) {
            var record = records.peek();
            var id = ByteBuffer.wrap(record.key() == null ? NO_ID : record.key());
            var known = documents.get(id);
            int before = known == null ? 0 : known;
            int own = Math.max(before, Document.weight(record));
            boolean fits = (before > 0 || documents.size() < mostDocuments) && request - before + own <= mostBytes && held + size(record) <= mostHeld;
            if (!fits && !taken.isEmpty()) {
                break;
            }
            documents.put(id, own);
            request += own - before;
            held += size(record);
            weight -= Document.weight(record);
            taken.add(records.poll());
        }
        bytes -= held;
        return taken;
    }

    /** Whether a full inbox has room again since this was asked last. */
    boolean drained() {
        lock.lock();
        try {
            if (full && bytes <= bound / 2) {
                full = false;
                return true;
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    boolean isFull() {
        lock.lock();
        try {
            return full;
        } finally {
            lock.unlock();
        }
    }

    /** The record that waits longest, null where none waits. */
    ConsumerRecord<byte[], byte[]> first() {
        lock.lock();
        try {
            return records.peek();
        } finally {
            lock.unlock();
        }
    }

    int size() {
        lock.lock();
        try {
            return records.size();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until it is closed, or so long. */
    void awaitClose(Duration atMost) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = atMost.toNanos();
            while (!closed && left > 0) {
                left = arrived.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** Whoever waits for records waits no longer. */
    void wake() {
        lock.lock();
        try {
            woken = true;
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void close() {
        lock.lock();
        try {
            closed = true;
            records.clear();
            bytes = 0;
            weight = 0;
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private static long size(ConsumerRecord<byte[], byte[]> record) {
        return RECORD + Math.max(0, record.serializedKeySize()) + Math.max(0, record.serializedValueSize());
    }
}
