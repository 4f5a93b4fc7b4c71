package io.millrace.indexer.intake;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.Pipelines;
import io.millrace.indexer.bulk.BulkWriter.Applied;
import io.millrace.indexer.bulk.BulkWriters;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.generation.Generations;
import io.millrace.indexer.health.Conditions;
import io.millrace.indexer.mark.MarkBook;
import io.millrace.indexer.measure.BulkTimes;
import io.millrace.indexer.measure.Meters;
import io.millrace.indexer.measure.PipelineMeters;
import io.millrace.indexer.measure.SearchProbe;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import io.smallrye.reactive.messaging.kafka.KafkaConsumer;
import io.smallrye.reactive.messaging.kafka.KafkaConsumerRebalanceListener;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Provider;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/** The lanes of the service's consumer group: those to the index of each pipeline that is served, or that waits to be because its pipeline replaces another one. */
@Singleton
@Identifier(DocumentTopics.CHANNEL)
final class MainLanes implements KafkaConsumerRebalanceListener {

    private static final Logger LOG = Logger.getLogger(MainLanes.class);
    /** How long the lanes are left alone while nothing waits in them or for its commit. A record that comes ends it. */
    private static final Duration REST = Duration.ofSeconds(1);

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
    private final AtomicBoolean ticking = new AtomicBoolean();
    /** Has a permit once a record has come. */
    private final Semaphore busy = new Semaphore(0);
    /** As the lanes were when they were last looked at. */
    private volatile boolean resting;
    private final Loops loops;
    private final LoopThread clock;
    /** Of the connector's thread, which comes round while it polls. */
    private final Loop polling;
    private final Lanes lanes;
    /** Null before the first look. */
    private Metric lastPoll;

    MainLanes(Pipelines pipelines, Generations generations, Provider<BulkWriters> writers, MarkBook marks, Conditions conditions, PipelineMeters meters, Ledger ledger, BulkTimes bulks, SearchProbe probe, KafkaClientService clients, Loops loops, IndexerConfig config) {
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
        this.lanes = new Lanes(Lanes.Basis.COMMITS, this::lane, this::run, polling, marks, config, config.buffer().asLongValue());
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
            boolean rests = resting;
            var pause = rests ? REST : config.commitInterval();
            loop.waits(pause);
            if (rests) {
                busy.tryAcquire(pause.toMillis(), TimeUnit.MILLISECONDS);
            } else {
                Thread.sleep(pause);
            }
            tick();
        }
    }

    void offer(TopicPartition partition, List<ConsumerRecord<byte[], byte[]>> records, int group) {
        lanes.offer(partition, records, group);
        busy.drainPermits();
        busy.release();
    }

    /** The lanes that know where they began. */
    List<Lane> opened() {
        return lanes.opened();
    }

    /** Has every lane of the group opened anew. */
    void reassign() {
        lanes.reassign();
    }

    /** Nothing that is polled arrives here any more. */
    void failed(Throwable cause) {
        polling.ended(cause);
    }

    @Override
    public void onPartitionsAssigned(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        generations.forgetAll();
        lanes.assigned(consumer, partitions);
    }

    @Override
    public void onPartitionsRevoked(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        lanes.revoked(consumer, partitions);
    }

    @Override
    public void onPartitionsLost(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        lanes.lost(partitions);
    }

    private Lane lane(TopicPartition partition, int groupGeneration, Lane.Partition consumer, long share) {
        var pipeline = pipelines.ofTopic(partition.topic());
        var who = pipeline.name() + "[" + partition.partition() + "]";
        var writing = writers.get();
        return new Lane(partition, groupGeneration, pipeline, who, () -> generations.of(pipeline), writing.writer(pipeline, who), new Replay(partition.topic(), writing.replay(pipeline, who)), marks, conditions, ledger, new Measured(pipeline), consumer, config, loops, share);
    }

    /** Measures what comes to the index that readers see. */
    private final class Measured implements Arrivals {

        private final Pipeline pipeline;
        private final Meters own;

        Measured(Pipeline pipeline) {
            this.pipeline = pipeline;
            this.own = meters.of(pipeline);
        }

        @Override
        public void taken(long bytes) {
            own.taken(bytes);
        }

        @Override
        public void answered(Generation generation, TopicPartition partition, BulkTimes.Bulk bulk, Applied last) {
            bulks.add(partition, bulk);
            if (last != null) {
                probe.written(pipeline, generation, bulk, last.record(), last.seqNo());
            }
        }
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        return clients.getConsumer(DocumentTopics.CHANNEL);
    }

    private CompletionStage<Void> run(java.util.function.Consumer<Consumer<byte[], byte[]>> task) {
        var consumer = consumer();
        return consumer == null ? CompletableFuture.failedStage(new IllegalStateException("There is no consumer of documents yet")) : consumer.runOnPollingThread(task).subscribeAsCompletionStage();
    }

    private void tick() {
        var consumer = consumer();
        if (consumer == null || !ticking.compareAndSet(false, true)) {
            return;
        }
        consumer.runOnPollingThread(this::advance).onTermination().invoke(() -> ticking.set(false))
                .subscribe().with(done -> { }, failure -> LOG.warnf("Committing offsets failed (%s); it is tried again", failure.toString()));
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

    private void advance(Consumer<byte[], byte[]> consumer) {
        sign(consumer);
        measure(consumer);
        resting = lanes.advance(consumer);
    }

    private void measure(Consumer<byte[], byte[]> consumer) {
        var lag = new HashMap<String, Long>();
        var oldest = new HashMap<String, Long>();
        for (var lane : lanes.all()) {
            lag.merge(lane.pipeline().name(), consumer.currentLag(lane.partition()).orElse(0) + lane.waiting(), Long::sum);
            if (lane.oldestMicros() > 0) {
                oldest.merge(lane.pipeline().name(), lane.oldestMicros(), Math::min);
            }
        }
        pipelines.all().forEach(pipeline -> meters.of(pipeline).lag(lag.getOrDefault(pipeline.name(), 0L), oldest.getOrDefault(pipeline.name(), 0L)));
    }
}
