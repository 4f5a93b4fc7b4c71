package io.millrace.indexer.intake;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.generation.SearchAwayException;
import io.millrace.indexer.mark.MarkBook;
import io.millrace.indexer.mark.Standing;
import io.millrace.pipeline.liveness.Loop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/**
 * One lane for each partition that a consumer has, and the commits of what the lanes got answered.
 *
 * <p>Partitions come and go on the polling thread; records arrive on any.
 */
final class Lanes {

    private static final Logger LOG = Logger.getLogger(Lanes.class);
    private static final long LEAST_SHARE = 256 * 1024;
    private static final Duration LAST_COMMIT = Duration.ofSeconds(5);

    /** What says where a partition is read from. */
    enum Basis {
        /** The group's committed offset, and the index's mark. */
        COMMITS,
        /** The index's mark alone; nothing is committed. */
        MARKS
    }

    /** Makes a lane. */
    interface Maker {

        /**
         * @param groupGeneration of the consumer group
         * @param share bytes of documents that may wait in it
         */
        Lane lane(TopicPartition partition, int groupGeneration, Lane.Partition consumer, long share);
    }

    private final Basis basis;
    private final Maker maker;
    private final PollingThread polling;
    /** Of the polling thread. */
    private final Loop loop;
    private final MarkBook marks;
    private final IndexerConfig config;
    private final long buffer;
    private final Map<TopicPartition, Lane> lanes = new ConcurrentHashMap<>();
    /** What Kafka acknowledged; for the polling thread. */
    private final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();

    /** @param buffer bytes of documents that may wait in all of them */
    Lanes(Basis basis, Maker maker, PollingThread polling, Loop loop, MarkBook marks, IndexerConfig config, long buffer) {
        this.basis = basis;
        this.maker = maker;
        this.polling = polling;
        this.loop = loop;
        this.marks = marks;
        this.config = config;
        this.buffer = buffer;
    }

    /** Records of a partition that is not ours any more are left to whoever has it now. */
    void offer(TopicPartition partition, List<ConsumerRecord<byte[], byte[]>> records, int group) {
        var lane = lanes.get(partition);
        if (lane != null) {
            lane.offer(records, group);
        }
    }

    Collection<Lane> all() {
        return lanes.values();
    }

    /** The lanes that know where they began. */
    List<Lane> opened() {
        return lanes.values().stream().filter(Lane::isOpen).toList();
    }

    /** On the polling thread. */
    void assigned(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        // Nothing is polled before the lane knows where to begin.
        consumer.pause(partitions);
        var share = Math.max(LEAST_SHARE, buffer / Math.max(1, partitions.size()));
        for (var partition : partitions) {
            var lane = maker.lane(partition, consumer.groupMetadata().generationId(), new PolledPartition(partition), share);
            lanes.put(partition, lane);
            lane.start();
        }
    }

    /** On the polling thread; what the lanes got answered is committed. */
    void revoked(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        loop.waits(config.drainTimeout().plus(LAST_COMMIT));
        var left = partitions.stream().map(lanes::get).filter(lane -> lane != null && lane.isOpen()).toList();
        var answered = end(partitions, config.drainTimeout());
        leave(left);
        if (answered.isEmpty() || basis == Basis.MARKS) {
            return;
        }
        try {
            consumer.commitSync(answered, LAST_COMMIT);
        } catch (KafkaException e) {
            LOG.warnf("The last offsets of %s could not be committed (%s); their documents are written once more, which changes nothing", answered.keySet(), e.toString());
        }
    }

    /** On the polling thread; somebody else may have the partitions already. */
    void lost(Collection<TopicPartition> partitions) {
        end(partitions, Duration.ZERO);
    }

    /** With its marks, so that nothing is written twice after a rebalance or a stop. */
    private void leave(List<Lane> left) {
        if (left.isEmpty()) {
            return;
        }
        var leaving = Thread.ofVirtual().name("last marks").start(() -> {
            try {
                if (!marks.isReplaced(left.stream().collect(Collectors.toMap(Lane::partition, Lane::standing)))) {
                    marks.keep(left.stream().collect(Collectors.toMap(Lane::partition, lane -> new MarkBook.Place(lane.standing(), lane.done()))), Duration.ofDays(1));
                }
            } catch (SearchAwayException e) {
                LOG.debugf("The last marks are not written: %s", e.getMessage());
            }
        });
        try {
            leaving.join(LAST_COMMIT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Map<TopicPartition, OffsetAndMetadata> end(Collection<TopicPartition> partitions, Duration patience) {
        var ended = new ArrayList<TopicPartition>(partitions);
        ended.retainAll(lanes.keySet());
        ended.forEach(partition -> lanes.get(partition).stop());
        var deadline = System.nanoTime() + patience.toNanos();
        var answered = new HashMap<TopicPartition, OffsetAndMetadata>();
        for (var partition : ended) {
            var lane = lanes.remove(partition);
            lane.awaitEnd(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
            committed.remove(partition);
            if (lane.answered() != null) {
                answered.put(partition, lane.answered());
            }
        }
        return answered;
    }

    /** The lane is asked here, on the polling thread: so the last of several adjustments sees what holds, however they overtook each other. */
    private void adjust(Consumer<byte[], byte[]> consumer, TopicPartition partition) {
        var lane = lanes.get(partition);
        if (lane != null && consumer.assignment().contains(partition) && lane.takes() == consumer.paused().contains(partition)) {
            if (lane.takes()) {
                consumer.resume(Set.of(partition));
            } else {
                consumer.pause(Set.of(partition));
            }
        }
    }

    /**
     * Has each lane look how far it is, and commits what is new; on the polling thread.
     *
     * @return whether nothing waits in a lane or for its commit
     */
    boolean advance(Consumer<byte[], byte[]> consumer) {
        long now = System.currentTimeMillis();
        // Before what is answered is looked at: a document leaves the one for the other.
        boolean rests = lanes.values().stream().allMatch(lane -> lane.isOpen() && lane.waiting() == 0);
        var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
        lanes.forEach((partition, lane) -> {
            var answered = lane.answered();
            if (consumer.assignment().contains(partition)) {
                consumer.currentLag(partition).ifPresent(behind -> lane.look(consumer.position(partition), consumer.position(partition) + behind, now));
            }
            // Once more, in case an adjustment was lost.
            adjust(consumer, partition);
            if (answered != null && !answered.equals(committed.get(partition))) {
                offsets.put(partition, answered);
            }
        });
        if (!offsets.isEmpty() && basis == Basis.COMMITS) {
            consumer.commitAsync(offsets, (done, failure) -> {
                if (failure == null) {
                    done.forEach((partition, offset) -> {
                        if (lanes.containsKey(partition)) {
                            committed.put(partition, offset);
                        }
                    });
                } else {
                    LOG.debugf("Offsets of %s were not committed (%s); the next commit has them", done.keySet(), failure.toString());
                }
            });
        }
        return rests && offsets.isEmpty();
    }

    /** Has all partitions of the group assigned anew, and so every lane opened anew. */
    void reassign() {
        polling.run(polled -> polled.enforceRebalance("another index is written")).exceptionally(failure -> {
            LOG.warnf("Having all partitions assigned anew failed: %s", failure.toString());
            return null;
        });
    }

    private final class PolledPartition implements Lane.Partition {

        private final TopicPartition partition;
        private final Set<TopicPartition> alone;

        PolledPartition(TopicPartition partition) {
            this.partition = partition;
            this.alone = Set.of(partition);
        }

        @Override
        public Lane.Span open(Standing standing) throws InterruptedException, ExecutionException, TimeoutException {
            var span = new AtomicReference<Lane.Span>();
            polling.run(polled -> {
                loop.beat();
                if (polled.assignment().contains(partition)) {
                    span.set(begin(polled, standing));
                }
            }).toCompletableFuture().get(LONGEST_OPENING.toSeconds(), TimeUnit.SECONDS);
            return span.get();
        }

        private Lane.Span begin(Consumer<?, ?> polled, Standing standing) {
            var index = standing.generation().uuid();
            var last = basis == Basis.COMMITS ? polled.committed(alone).get(partition) : null;
            long committed = last == null || !last.metadata().equals(index) ? -1 : last.offset();
            long first = polled.beginningOffsets(alone).get(partition);
            long wanted = standing.from(committed);
            long end = polled.endOffsets(alone).get(partition);
            long from = wanted > end ? first : Math.max(first, wanted);
            polled.seek(partition, from);
            if (last != null && from < last.offset()) {
                LOG.infof("%s is read from offset %d, not from the committed %d, because that is what the index %s is known to have", partition, from, last.offset(), standing.generation().index());
            }
            if (last != null && (from < last.offset() || !last.metadata().equals(index))) {
                // Before anybody takes the higher one for what this index has; and where no document comes, nothing else would say which index is written.
                polled.commitSync(Map.of(partition, new OffsetAndMetadata(from, index)), LAST_COMMIT);
            }
            return new Lane.Span(from, standing.isUnwritten(committed) ? from : end);
        }

        @Override
        public void adjust() {
            onPollingThread(polled -> Lanes.this.adjust(polled, partition));
        }

        @Override
        public void reassign() {
            onPollingThread(polled -> polled.enforceRebalance("an index was made again"));
        }

        private void onPollingThread(java.util.function.Consumer<Consumer<byte[], byte[]>> action) {
            polling.run(polled -> {
                if (polled.assignment().contains(partition)) {
                    action.accept(polled);
                }
            }).exceptionally(failure -> {
                LOG.warnf("Pausing or resuming %s failed: %s", partition, failure.toString());
                return null;
            });
        }
    }
}
