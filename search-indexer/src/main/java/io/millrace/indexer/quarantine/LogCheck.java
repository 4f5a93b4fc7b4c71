package io.millrace.indexer.quarantine;

import io.millrace.indexer.TopicReaders;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.Offsets;
import io.millrace.pipeline.record.Headers;
import jakarta.inject.Singleton;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Finds which parked documents the log still says: the record stands where it stood, and none of its key that is not older by its version comes after it. What compaction took had a later one, be it a delete that is
 * gone as well by now. Thread-safe.
 */
@Singleton
public final class LogCheck {

    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration TURN = Duration.ofSeconds(10);
    /** A shorter retention of deletes is not told from this one. */
    private static final Duration LEAST = Duration.ofMinutes(1);

    private final TopicReaders readers;
    private final Offsets offsets;

    LogCheck(TopicReaders readers, KafkaWatch kafka) {
        this.readers = readers;
        this.offsets = kafka.offsets();
    }

    /**
     * Reads from the first of them to the end of the partition.
     *
     * @param documents the partition that they all came from
     * @param parked one of a key at most
     * @param ended whether nobody wants to know it any more; then it ends as well
     * @param loop of the calling thread
     * @return those that the log still says
     * @throws KafkaException when Kafka does not answer, or the reading took so long that a delete may have gone before it was reached
     */
    public Set<Parked> stated(TopicPartition documents, Collection<Parked> parked, BooleanSupplier ended, Loop loop) throws InterruptedException {
        var kept = offsets.deletesKept(documents.topic());
        long longest = (kept.compareTo(LEAST) < 0 ? LEAST : kept).toNanos();
        var found = new Found(parked);
        try (var consumer = readers.consumer()) {
            loop.waits(TURN);
            consumer.assign(List.of(documents));
            long first = consumer.beginningOffsets(List.of(documents)).get(documents);
            long end = consumer.endOffsets(List.of(documents)).get(documents);
            consumer.seek(documents, Math.clamp(parked.stream().mapToLong(Parked::origin).min().orElse(end), first, end));
            long began = System.nanoTime();
            while (consumer.position(documents) < end && !ended.getAsBoolean()) {
                loop.waits(TURN);
                consumer.poll(POLL).forEach(found::look);
                if (System.nanoTime() - began > longest) {
                    throw new KafkaException("reading " + documents + " took longer than it keeps deletes");
                }
            }
        }
        return found.stated();
    }

    private static final class Found {

        private final Map<ByteBuffer, Parked> byKey = new HashMap<>();
        private final Set<Parked> standing = new HashSet<>();
        private final Set<Parked> later = new HashSet<>();

        Found(Collection<Parked> parked) {
            parked.forEach(one -> byKey.put(ByteBuffer.wrap(one.key()), one));
        }

        void look(ConsumerRecord<byte[], byte[]> record) {
            var one = record.key() == null ? null : byKey.get(ByteBuffer.wrap(record.key()));
            if (one == null) {
                return;
            }
            long version = Headers.number(record.headers(), Headers.VERSION, -1);
            if (record.offset() == one.origin() && version == one.version() && Arrays.equals(record.value(), one.record().value())) {
                standing.add(one);
            } else if (record.offset() > one.origin() && version >= one.version()) {
                later.add(one);
            }
        }

        /** A delete that is gone, with nothing after it, still holds. */
        Set<Parked> stated() {
            var stated = new HashSet<>(standing);
            byKey.values().stream().filter(one -> one.record().value() == null).forEach(stated::add);
            stated.removeAll(later);
            return stated;
        }
    }
}
