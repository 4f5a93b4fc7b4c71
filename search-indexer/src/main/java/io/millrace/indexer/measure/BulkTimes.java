package io.millrace.indexer.measure;

import jakarta.inject.Singleton;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.TopicPartition;

/**
 * When the latest batches of each partition were sent and answered, and when searches found them. A record's own headers cannot say it, for nothing is
 * written after the index; kept in memory only, some 100 kB for each partition. Thread-safe.
 */
@Singleton
public final class BulkTimes {

    private static final int MOST = 1_000;

    private final Map<TopicPartition, TreeMap<Long, Bulk>> bulks = new ConcurrentHashMap<>();

    /**
     * One batch, from its first attempt to its last answer.
     *
     * @param first offset of its first record
     * @param last offset of its last record
     * @param sentMicros since the epoch
     * @param answeredMicros since the epoch
     * @param foundMicros since the epoch, when a search had found it; 0 while that is not known
     */
    public record Bulk(long first, long last, long sentMicros, long answeredMicros, long foundMicros) {

        public Bulk(long first, long last, long sentMicros, long answeredMicros) {
            this(first, last, sentMicros, answeredMicros, 0);
        }
    }

    public void add(TopicPartition partition, Bulk bulk) {
        var kept = bulks.computeIfAbsent(partition, p -> new TreeMap<>());
        synchronized (kept) {
            // What is read again is written again.
            kept.tailMap(bulk.first(), true).clear();
            kept.put(bulk.first(), bulk);
            if (kept.size() > MOST) {
                kept.pollFirstEntry();
            }
        }
    }

    /** A search has found the last document of a batch, and so all of that batch, and of those of its topic that were answered before it was sent. */
    public void found(TopicPartition partition, Bulk bulk, long micros) {
        bulks.forEach((other, kept) -> {
            if (!other.topic().equals(partition.topic())) {
                return;
            }
            synchronized (kept) {
                for (var entry : kept.descendingMap().entrySet()) {
                    var before = entry.getValue();
                    if (before.foundMicros() > 0) {
                        return;
                    }
                    if (before.answeredMicros() <= bulk.sentMicros() || other.equals(partition) && before.first() == bulk.first()) {
                        entry.setValue(new Bulk(before.first(), before.last(), before.sentMicros(), before.answeredMicros(), micros));
                    }
                }
            }
        });
    }

    /** Whether a search has found a batch, or it is forgotten. */
    boolean isFound(TopicPartition partition, Bulk bulk) {
        var now = of(partition, bulk.first());
        return now == null || now.foundMicros() > 0;
    }

    /** The batch that a record went with; null where this instance did not send it, or has forgotten. */
    public Bulk of(TopicPartition partition, long offset) {
        var kept = bulks.get(partition);
        if (kept == null) {
            return null;
        }
        synchronized (kept) {
            var found = kept.floorEntry(offset);
            return found == null || found.getValue().last() < offset ? null : found.getValue();
        }
    }
}
