package io.millrace.indexer.intake;

import io.millrace.indexer.bulk.BulkWriter;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.quarantine.LaterRecords;
import io.millrace.indexer.quarantine.Parked;
import io.millrace.indexer.quarantine.Quarantine;
import io.millrace.indexer.quarantine.Settlement;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.liveness.Loop;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/**
 * Sends documents of one partition that come out of the quarantine, on the thread of its lane and between two of that one's batches: so none is sent after a later one of its id. One that has a later one
 * is not sent at all. Documents are handed in by any thread.
 */
final class Replay {

    private static final Logger LOG = Logger.getLogger(Replay.class);
    /** Then the documents that arrive have their turn. */
    private static final int MOST = 200;

    private final Pipeline pipeline;
    private final TopicPartition documents;
    private final BulkWriter writer;
    private final LaterRecords later;
    private final Quarantine quarantine;
    private final Queue<Parked> waiting = new ConcurrentLinkedQueue<>();

    Replay(Pipeline pipeline, TopicPartition documents, BulkWriter writer, LaterRecords later, Quarantine quarantine) {
        this.pipeline = pipeline;
        this.documents = documents;
        this.writer = writer;
        this.later = later;
        this.quarantine = quarantine;
    }

    void add(Collection<Parked> parked) {
        waiting.addAll(parked);
    }

    boolean isIdle() {
        return waiting.isEmpty();
    }

    /** @return whether it only waits for its next attempt, so that its thread can be interrupted */
    boolean stop() {
        return writer.stop();
    }

    /** Sends some of those that wait; what cannot be settled now waits on. */
    void some(Generation generation, Loop loop) throws InterruptedException {
        if (waiting.isEmpty()) {
            return;
        }
        try {
            var batch = waiting.stream().limit(MOST).toList();
            var superseded = later.of(documents, batch, loop);
            for (var parked : batch) {
                settle(parked, superseded.contains(ByteBuffer.wrap(parked.key())), generation, loop);
                waiting.remove();
            }
        } catch (KafkaException | Quarantine.ParkException e) {
            LOG.warnf("Replaying of %d parked documents of %s waits: %s", waiting.size(), documents, e.getMessage());
        }
    }

    private void settle(Parked parked, boolean superseded, Generation generation, Loop loop) throws InterruptedException {
        if (superseded) {
            quarantine.settled(pipeline, parked, Settlement.SUPERSEDED);
            return;
        }
        writer.write(generation, List.of(parked.document(documents.topic())), loop);
        // Refused again, it stands in quarantine anew, with the reason of now.
        if (writer.parked() == 0) {
            quarantine.settled(pipeline, parked, Settlement.REPLAYED);
        }
    }
}
