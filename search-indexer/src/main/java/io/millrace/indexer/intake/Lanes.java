package io.millrace.indexer.intake;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.Pipelines;
import io.millrace.indexer.bulk.BulkWriters;
import io.millrace.indexer.generation.Generations;
import io.millrace.indexer.generation.SearchAwayException;
import io.millrace.indexer.health.Conditions;
import io.millrace.indexer.mark.MarkBook;
import io.millrace.indexer.mark.Standing;
import io.millrace.indexer.measure.BulkTimes;
import io.millrace.indexer.measure.PipelineMeters;
import io.millrace.indexer.measure.SearchProbe;
import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Uni;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import io.smallrye.reactive.messaging.kafka.KafkaConsumer;
import io.smallrye.reactive.messaging.kafka.KafkaConsumerRebalanceListener;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Provider;
import jakarta.inject.Singleton;
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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/**
 * One lane for each assigned partition, and the commits of what the lanes got answered.
 *
 * <p>Partitions come and go on the polling thread; records arrive on another.
 */
@Singleton
@Identifier(DocumentTopics.CHANNEL)
final class Lanes implements KafkaConsumerRebalanceListener {

    private static final Logger LOG = Logger.getLogger(Lanes.class);
    private static final long LEAST_SHARE = 256 * 1024;
    private static final Duration LAST_COMMIT = Duration.ofSeconds(5);

    private final Pipelines pipelines;
    private final Generations generations;
    /** Not before the first assignment: the connector makes this listener before the quarantine's channel exists. */
    private final Provider<BulkWriters> writers;
    private final MarkBook marks;
    private final Conditions conditions;
    private final PipelineMeters meters;
    private final Ledger ledger;
    private final BulkTimes bulks;
    private final SearchProbe probe;
    private final KafkaClientService clients;
    private final IndexerConfig config;
    private final Map<TopicPartition, Lane> lanes = new ConcurrentHashMap<>();
    /** What Kafka acknowledged; for the polling thread. */
    private final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
    private final AtomicBoolean ticking = new AtomicBoolean();
    private final Loops loops;
    private final LoopThread clock;
    /** Of the connector's thread, which comes round while it polls. */
    private final Loop polling;
    /** Null before the first look. */
    private Metric lastPoll;

    Lanes(Pipelines pipelines, Generations generations, Provider<BulkWriters> writers, MarkBook marks, Conditions conditions, PipelineMeters meters, Ledger ledger, BulkTimes bulks, SearchProbe probe, KafkaClientService clients, Loops loops, IndexerConfig config) {
        this.pipelines = pipelines;
        this.generations = generations;
        this.writers = writers;
        this.marks = marks;
        this.conditions = conditions;
        this.meters = meters;
        this.ledger = ledger;
        this.bulks = bulks;
        this.probe = probe;
        this.clients = clients;
        this.config = config;
        this.loops = loops;
        this.clock = loops.thread("commit clock", Thread.ofVirtual(), config.stuckAfter(), this::live);
        this.polling = loops.begin("polling of documents", config.stuckAfter());
    }

    void start(@Observes StartupEvent event) {
        clock.start();
    }

    @PreDestroy
    void stop() {
        clock.interrupt();
        polling.close();
    }

    private void live(Loop loop) throws InterruptedException {
        while (true) {
            loop.waits(config.commitInterval());
            Thread.sleep(config.commitInterval());
            tick();
        }
    }

    /** Records of a partition that is not ours any more are left to whoever has it now. */
    void offer(TopicPartition partition, List<ConsumerRecord<byte[], byte[]>> records, int group) {
        var lane = lanes.get(partition);
        if (lane != null) {
            lane.offer(records, group);
        }
    }

    /** The lanes that know where they began. */
    List<Lane> opened() {
        return lanes.values().stream().filter(Lane::isOpen).toList();
    }

    /** Nothing that is polled arrives here any more. */
    void failed(Throwable cause) {
        polling.ended(cause);
    }

    @Override
    public void onPartitionsAssigned(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        generations.forgetAll();
        // Nothing is polled before the lane knows where to begin.
        consumer.pause(partitions);
        var share = Math.max(LEAST_SHARE, config.buffer().asLongValue() / Math.max(1, partitions.size()));
        for (var partition : partitions) {
            var pipeline = pipelines.ofTopic(partition.topic());
            var who = pipeline.name() + "[" + partition.partition() + "]";
            var lane = new Lane(partition, consumer.groupMetadata().generationId(), pipeline, who, generations, writers.get().writer(pipeline, who), marks,
                    conditions, meters.of(pipeline), ledger, bulks, probe, new PolledPartition(partition), config, loops, share);
            lanes.put(partition, lane);
            lane.start();
        }
    }

    @Override
    public void onPartitionsRevoked(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        polling.waits(config.drainTimeout().plus(LAST_COMMIT));
        var left = partitions.stream().map(lanes::get).filter(lane -> lane != null && lane.isOpen()).toList();
        var answered = end(partitions, config.drainTimeout());
        leave(left);
        if (answered.isEmpty()) {
            return;
        }
        try {
            consumer.commitSync(answered, LAST_COMMIT);
        } catch (KafkaException e) {
            LOG.warnf("The last offsets of %s could not be committed (%s); their documents are written once more, which changes nothing", answered.keySet(), e.toString());
        }
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

    @Override
    public void onPartitionsLost(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        end(partitions, Duration.ZERO);
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

    private KafkaConsumer<byte[], byte[]> consumer() {
        return clients.getConsumer(DocumentTopics.CHANNEL);
    }

    private void tick() {
        var consumer = consumer();
        if (consumer == null || !ticking.compareAndSet(false, true)) {
            return;
        }
        consumer.runOnPollingThread(this::commitAndMeasure).onTermination().invoke(() -> ticking.set(false))
                .subscribe().with(done -> { }, failure -> LOG.warnf("Committing offsets failed (%s); it is tried again", failure.toString()));
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

    /** The thread that carries out what is asked of the consumer may live longer than its polls. */
    private void sign(Consumer<byte[], byte[]> consumer) {
        if (lastPoll == null) {
            lastPoll = consumer.metrics().values().stream().filter(m -> m.metricName().name().equals("last-poll-seconds-ago")).findFirst().orElse(null);
        }
        if (lastPoll != null && lastPoll.metricValue() instanceof Number ago && ago.doubleValue() >= 0 && ago.doubleValue() < config.stuckAfter().toSeconds()) {
            polling.beat();
        }
    }

    private void commitAndMeasure(Consumer<byte[], byte[]> consumer) {
        sign(consumer);
        long now = System.currentTimeMillis();
        var lag = new HashMap<String, Long>();
        var oldest = new HashMap<String, Long>();
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
            lag.merge(lane.pipeline().name(), consumer.currentLag(partition).orElse(0) + lane.waiting(), Long::sum);
            if (lane.oldestMicros() > 0) {
                oldest.merge(lane.pipeline().name(), lane.oldestMicros(), Math::min);
            }
        });
        pipelines.all().forEach(pipeline -> meters.of(pipeline).lag(lag.getOrDefault(pipeline.name(), 0L), oldest.getOrDefault(pipeline.name(), 0L)));
        if (!offsets.isEmpty()) {
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
    }

    private final class PolledPartition implements Lane.Partition {

        private final TopicPartition partition;
        private final Set<TopicPartition> alone;

        PolledPartition(TopicPartition partition) {
            this.partition = partition;
            this.alone = Set.of(partition);
        }

        @Override
        public long open(Standing standing) throws InterruptedException, ExecutionException, TimeoutException {
            var began = new AtomicLong();
            Uni<Void> opened = consumer().runOnPollingThread(polled -> {
                polling.beat();
                if (polled.assignment().contains(partition)) {
                    began.set(begin(polled, standing));
                }
            });
            opened.subscribeAsCompletionStage().get(LONGEST_OPENING.toSeconds(), TimeUnit.SECONDS);
            return began.get();
        }

        private long begin(Consumer<?, ?> polled, Standing standing) {
            var index = standing.generation().uuid();
            var last = polled.committed(alone).get(partition);
            long committed = last == null || !last.metadata().equals(index) ? -1 : last.offset();
            long first = polled.beginningOffsets(alone).get(partition);
            long wanted = standing.from(committed);
            long from = wanted > polled.endOffsets(alone).get(partition) ? first : Math.max(first, wanted);
            polled.seek(partition, from);
            if (last != null && from < last.offset()) {
                LOG.infof("%s is read from offset %d, not from the committed %d, because that is what the index %s is known to have", partition, from, last.offset(), standing.generation().index());
                // Before anybody takes the higher one for what this index has.
                polled.commitSync(Map.of(partition, new OffsetAndMetadata(from, index)), LAST_COMMIT);
            }
            return from;
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
            consumer().runOnPollingThread(polled -> {
                if (polled.assignment().contains(partition)) {
                    action.accept(polled);
                }
            }).subscribe().with(done -> { }, failure -> LOG.warnf("Pausing or resuming %s failed: %s", partition, failure.toString()));
        }
    }
}
