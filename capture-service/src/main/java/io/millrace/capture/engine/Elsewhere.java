package io.millrace.capture.engine;

import io.millrace.capture.send.Progress;
import io.millrace.capture.source.Slot;
import io.millrace.pipeline.record.Position;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Tells whether the process that has the source writes to the Kafka that this one knows. A capture leaves a mark in its Kafka before it confirms
 * anything to Postgres, so a slot that has confirmed more than the mark says is read by one that writes elsewhere. Used by one thread.
 */
final class Elsewhere {

    private static final long PACE_NANOS = Duration.ofSeconds(10).toNanos();
    /** A slot that was made a moment ago has no mark yet. */
    private static final int MOST = 2;

    private final Slot slot;
    private final Progress progress;
    private long lookedAt = System.nanoTime() - PACE_NANOS;
    private int times;
    private String found;

    Elsewhere(Slot slot, Progress progress) {
        this.slot = slot;
        this.progress = progress;
    }

    /**
     * What speaks against it, as the end of a sentence; null where nothing does.
     *
     * @throws SQLException when the database cannot be asked
     */
    String look() throws SQLException, InterruptedException {
        long now = System.nanoTime();
        if (now - lookedAt < PACE_NANOS) {
            return found;
        }
        lookedAt = now;
        // Before the mark, which may only have moved on since.
        var state = slot.state();
        progress.create();
        progress.claim().standBy();
        var mark = progress.memory().mark();
        long acknowledged = mark == null ? 0 : mark.acknowledged().lsn();
        times = state != null && Long.compareUnsigned(state.confirmed(), acknowledged) > 0 ? times + 1 : 0;
        found = times < MOST ? null : "writes to another Kafka: the replication slot " + slot.name() + " has confirmed " + Position.lsnText(state.confirmed()) + ", and "
                + (mark == null ? "this Kafka has nothing of the source" : "this Kafka has its changes until " + Position.lsnText(acknowledged) + " only");
        return found;
    }
}
