package io.millrace.indexer.measure;

import jakarta.inject.Singleton;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.TopicPartition;

/**
 * When the latest batches of each partition were sent and answered. A record's own headers cannot say it, for nothing is
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
     */
    public record Bulk(long first, long last, long sentMicros, long answeredMicros) {}

    public void add(TopicPartition partition, Bulk bulk) {
        var kept = bulks.computeIfAbsent(partition, p -> new TreeMap<>());
        synchronized (kept) {
            kept.put(bulk.first(), bulk);
            if (kept.size() > MOST) {
                kept.pollFirstEntry();
            }
        }
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
