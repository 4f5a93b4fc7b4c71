package io.millrace.indexer.intake;

import io.millrace.indexer.bulk.BulkWriter;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.quarantine.Parked;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.record.Headers;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Sends documents of one partition that come out of the quarantine, between two of the batches of their lane, a few at a time. The lane writes; whether the log still says a document is found out by another thread
 * meanwhile. What passes the lane from the moment on at which that may begin is noted, so that between them they have seen the whole partition when the document is sent.
 */
final class Replay {

    private final String topic;
    private final BulkWriter writer;
    /** Null while there is nothing to do. */
    private volatile Batch batch;

    Replay(String topic, BulkWriter writer) {
        this.topic = topic;
        this.writer = writer;
    }

    /** How far a batch is. */
    enum State {
        /** There is none. */
        IDLE,
        /** The lane has to note what passes it first. */
        BEGUN,
        /** The lane notes what passes; the log may be read. */
        WATCHED,
        /** The lane has to send what the log still says. */
        CHECKED,
        /** What came of it may be kept. */
        SENT
    }

    private static final class Batch {
        final List<Parked> parked;
        final Map<ByteBuffer, Parked> byKey = new HashMap<>();
        /** Only for the lane's thread. */
        final Set<Parked> passed = new HashSet<>();
        /** Set before {@link State#CHECKED}. */
        Set<Parked> stated = Set.of();
        /** Set before {@link State#SENT}. */
        Set<Parked> sent = Set.of();
        /** Set before {@link State#SENT}. */
        Set<Parked> refused = Set.of();
        volatile State state = State.BEGUN;

        Batch(List<Parked> parked) {
            this.parked = parked;
            parked.forEach(one -> byKey.put(ByteBuffer.wrap(one.key()), one));
        }
    }

    State state() {
        var current = batch;
        return current == null ? State.IDLE : current.state;
    }

    /** @param parked one of a key at most */
    void begin(List<Parked> parked) {
        batch = new Batch(parked);
    }

    /** Those that were handed in. */
    List<Parked> parked() {
        return batch.parked;
    }

    /** @param stated those that the log still says, read up to its end after they were {@link State#WATCHED} */
    void checked(Set<Parked> stated) {
        batch.stated = stated;
        batch.state = State.CHECKED;
    }

    /** Those that the index was sent; only when they were. */
    Set<Parked> sent() {
        return batch.sent;
    }

    /** Those of them that the index refused again; they stand in quarantine anew. */
    Set<Parked> refused() {
        return batch.refused;
    }

    void end() {
        batch = null;
    }

    /** @return whether it only waits for its next attempt, so that its thread can be interrupted */
    boolean stop() {
        return writer.stop();
    }

    /** The lane's index has these by now; on the lane's thread. */
    void passed(Collection<ConsumerRecord<byte[], byte[]>> records) {
        var current = batch;
        if (current == null || current.state == State.BEGUN) {
            return;
        }
        for (var record : records) {
            var one = record.key() == null ? null : current.byKey.get(ByteBuffer.wrap(record.key()));
            if (one != null && record.offset() > one.origin() && Headers.number(record.headers(), Headers.VERSION, -1) >= one.version()) {
                current.passed.add(one);
            }
        }
    }

    /** Does what is the lane's part now; on its thread, between two batches. */
    void advance(Generation generation, Loop loop) throws InterruptedException {
        var current = batch;
        if (current == null) {
            return;
        }
        if (current.state == State.BEGUN) {
            current.state = State.WATCHED;
        } else if (current.state == State.CHECKED) {
            send(current, generation, loop);
            current.state = State.SENT;
        }
    }

    private void send(Batch current, Generation generation, Loop loop) throws InterruptedException {
        var sent = new HashSet<>(current.stated);
        sent.removeAll(current.passed);
        if (!sent.isEmpty()) {
            writer.write(generation, sent.stream().map(one -> one.document(topic)).toList(), loop);
        }
        var refused = new HashSet<>(sent);
        refused.removeIf(one -> !writer.parked().contains(one.origin()));
        current.sent = sent;
        current.refused = refused;
    }
}
