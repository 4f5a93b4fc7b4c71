package io.millrace.indexer.quarantine;

import io.millrace.pipeline.record.Headers;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Which documents stand in quarantine, as its records tell one after the other: those that were parked and not settled since. Where an index refused a document more than once, the last time counts. Only places are
 * remembered, and no more than so many, the oldest first. For one thread.
 */
final class Shelf {

    private final int most;
    private final Predicate<Parked> meant;
    private final SequencedMap<Key, Place> standing = new LinkedHashMap<>();
    private boolean more;

    /** A document, in the index that refused it. */
    private record Key(ByteBuffer id, String index) {}

    /** @param ids of documents that are meant; empty for all */
    Shelf(int most, Set<String> ids) {
        this(most, parked -> ids.isEmpty() || ids.contains(parked.id()));
    }

    /** @param meant asked of parked documents, of what was decided about them, and of what came of them */
    Shelf(int most, Predicate<Parked> meant) {
        this.most = most;
        this.meant = meant;
    }

    void take(ConsumerRecord<byte[], byte[]> record) {
        var parked = new Parked(record);
        if (!meant.test(parked)) {
            return;
        }
        var key = new Key(record.key() == null ? ByteBuffer.allocate(0) : ByteBuffer.wrap(record.key()), parked.index());
        if (parked.isSettlement()) {
            standing.computeIfPresent(key, (k, place) -> parked.isAbout(place) ? null : place);
        } else if (parked.isDecision()) {
            standing.computeIfPresent(key, (k, place) -> parked.isAbout(place) && parked.isReplay() ? place.whenAsked() : place);
        } else {
            park(key, parked);
        }
    }

    private void park(Key key, Parked parked) {
        standing.remove(key);
        if (standing.size() < most) {
            standing.put(key, parked.place());
        } else {
            more = true;
        }
    }

    /** Kafka has nothing any more of what stood in a partition before an offset. */
    void forget(int partition, long before) {
        standing.values().removeIf(place -> place.partition() == partition && place.offset() < before);
    }

    int size() {
        return standing.size();
    }

    /** By partition and offset. */
    List<Place> places() {
        return standing.values().stream().sorted(Comparator.comparingInt(Place::partition).thenComparingLong(Place::offset)).toList();
    }

    /** Whether there may be others. */
    boolean isMore() {
        return more;
    }
}
