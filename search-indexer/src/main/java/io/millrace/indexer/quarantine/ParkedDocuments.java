package io.millrace.indexer.quarantine;

import io.millrace.indexer.TopicReaders;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.topic.Topics;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Reads which documents stand in quarantine, and what was decided about them. The topic is the only book of it, and is read each time; what is remembered of it is bounded. Thread-safe.
 */
@Singleton
public final class ParkedDocuments {

    /** How long a reading may take. */
    public static final Duration LONGEST = Duration.ofMinutes(1);
    /** So many places are remembered of one reading. */
    static final int MOST = 10_000;
    private static final long MOST_BYTES = 4 << 20;
    private static final Duration POLL = Duration.ofMillis(500);

    private final TopicReaders readers;
    /** One reader at a time: what it fetches must not crowd the documents out. */
    private final Semaphore one = new Semaphore(1);

    ParkedDocuments(TopicReaders readers) {
        this.readers = readers;
    }

    /**
     * Orders to replay that were not carried out.
     *
     * @param places offsets of the documents in the quarantine's partition
     * @param next where the next reading has to begin
     */
    public record Orders(SortedSet<Long> places, long next) {}

    /**
     * Which of a pipeline's documents stand there, {@value #MOST} at most.
     *
     * @param ids of documents that are meant; empty for all
     * @throws KafkaException when Kafka does not answer, or there are too many to be read in time
     */
    Shelf standing(Pipeline pipeline, Set<String> ids) throws InterruptedException {
        return filled(pipeline, new Shelf(MOST, ids));
    }

    /**
     * The versions of the documents that an index refused and that stand there, by id, {@value #MOST} at most.
     *
     * @throws KafkaException when Kafka does not answer, or there are too many to be read in time
     */
    public Map<String, Long> refusedBy(Pipeline pipeline, String index) throws InterruptedException {
        var places = filled(pipeline, new Shelf(MOST, parked -> parked.index().equals(index))).places().stream().filter(Place::replayable).toList();
        return places.isEmpty() ? Map.of() : heads(pipeline, places).stream().collect(Collectors.toMap(Parked::id, Parked::version, Math::max));
    }

    private Shelf filled(Pipeline pipeline, Shelf shelf) throws InterruptedException {
        var topic = Topics.quarantineDocuments(pipeline.name());
        read(consumer -> partitions(consumer, topic), 0, shelf::take);
        return shelf;
    }

    private static List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> consumer, String topic) {
        var partitions = consumer.partitionsFor(topic);
        if (partitions.isEmpty()) {
            throw new KafkaException("The quarantine cannot be read: the topic " + topic + " is not there; run the provisioner's apply");
        }
        return partitions.stream().map(p -> new TopicPartition(topic, p.partition())).toList();
    }

    /**
     * What was parked at these places, without the documents themselves.
     *
     * @throws KafkaException when Kafka does not answer, or there are too many to be read in time
     */
    List<Parked> heads(Pipeline pipeline, Collection<Place> places) throws InterruptedException {
        return at(pipeline, places, Parked::withoutDocument);
    }

    /**
     * What was parked at these places, as much as fits into some megabytes, one of a partition at least.
     *
     * @throws KafkaException when Kafka does not answer, or there are too many to be read in time
     */
    List<Parked> whole(Pipeline pipeline, Collection<Place> places) throws InterruptedException {
        return at(pipeline, places, UnaryOperator.identity());
    }

    private List<Parked> at(Pipeline pipeline, Collection<Place> places, UnaryOperator<Parked> kept) throws InterruptedException {
        var found = new ArrayList<Parked>();
        var byPartition = places.stream().collect(Collectors.groupingBy(Place::partition, TreeMap::new, Collectors.mapping(Place::offset, Collectors.toCollection(TreeSet::new))));
        for (var partition : byPartition.entrySet()) {
            found.addAll(unsettled(new TopicPartition(Topics.quarantineDocuments(pipeline.name()), partition.getKey()), partition.getValue(), kept));
        }
        return found;
    }

    /**
     * The documents at these places that were not settled, as many as fit into some megabytes, one at least.
     *
     * @param places offsets
     * @throws KafkaException when Kafka does not answer, or there are too many to be read in time
     */
    public List<Parked> unsettled(TopicPartition quarantine, SortedSet<Long> places) throws InterruptedException {
        return unsettled(quarantine, places, UnaryOperator.identity());
    }

    private List<Parked> unsettled(TopicPartition quarantine, SortedSet<Long> places, UnaryOperator<Parked> kept) throws InterruptedException {
        var found = new TreeMap<Long, Parked>();
        var bytes = new long[1];
        read(consumer -> List.of(quarantine), places.first(), record -> {
            var parked = new Parked(record);
            if (parked.isSettlement()) {
                found.remove(parked.about());
            } else if (places.contains(record.offset()) && (found.isEmpty() || bytes[0] < MOST_BYTES)) {
                var one = kept.apply(parked);
                found.put(record.offset(), one);
                bytes[0] += one.bytes();
            }
        });
        return List.copyOf(found.values());
    }

    /**
     * What is still to be replayed of a partition, {@value #MOST} documents at most.
     *
     * @param from the first offset that is looked at
     * @param index whether documents that this index refused are meant
     */
    public Orders orders(TopicPartition quarantine, long from, Predicate<String> index) throws InterruptedException {
        var places = new TreeSet<Long>();
        var next = new long[] {-1};
        long end = read(consumer -> List.of(quarantine), from, record -> {
            var parked = new Parked(record);
            if (parked.isSettlement()) {
                places.remove(parked.about());
            } else if (parked.isDecision() && parked.isReplay() && index.test(parked.index())) {
                if (places.size() < MOST) {
                    places.add(parked.about());
                } else if (next[0] < 0) {
                    next[0] = record.offset();
                }
            }
        });
        return new Orders(places, next[0] < 0 ? end : next[0]);
    }

    /**
     * Gives all records of a partition from an offset on, in their order. Nobody else's reading waits for it; it is for one thread.
     *
     * @return the end of the partition, as it was when this began
     * @throws KafkaException when Kafka does not answer, or there are too many to be read in time; what was read by then was given
     */
    long readOn(TopicPartition quarantine, long from, Consumer<ConsumerRecord<byte[], byte[]>> into) {
        return readAll(consumer -> List.of(quarantine), from, into);
    }

    private interface Which {
        List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> consumer);
    }

    /** @return the end of the first partition, as it was when this began */
    private long read(Which which, long from, Consumer<ConsumerRecord<byte[], byte[]>> into) throws InterruptedException {
        one.acquire();
        try {
            return readAll(which, from, into);
        } finally {
            one.release();
        }
    }

    private long readAll(Which which, long from, Consumer<ConsumerRecord<byte[], byte[]>> into) {
        try (var consumer = readers.consumer()) {
            var partitions = which.partitions(consumer);
            consumer.assign(partitions);
            var starts = consumer.beginningOffsets(partitions);
            var ends = consumer.endOffsets(partitions);
            partitions.forEach(p -> consumer.seek(p, Math.clamp(from, starts.get(p), Math.max(starts.get(p), ends.get(p)))));
            long deadline = System.nanoTime() + LONGEST.toNanos();
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                if (System.nanoTime() > deadline) {
                    throw new KafkaException("the quarantine " + partitions.getFirst().topic() + " could not be read within " + LONGEST.toSeconds() + " s");
                }
                consumer.poll(POLL).forEach(into);
            }
            return ends.get(partitions.getFirst());
        }
    }
}
