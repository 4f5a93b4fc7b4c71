package io.millrace.indexer.intake;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.bulk.BulkWriters;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.generation.Generations;
import io.millrace.indexer.handover.Leftovers;
import io.millrace.indexer.health.Conditions;
import io.millrace.indexer.mark.MarkBook;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.topic.Topics;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jboss.logging.Logger;

/**
 * The lanes to one index that is written beside the one that its pipeline's main group writes: a consumer of a group of its own, which all instances are in. How far the index is stands in its marks,
 * so that whoever writes it next goes on from there, and nothing is committed.
 */
final class AsideLanes {

    private static final Logger LOG = Logger.getLogger(AsideLanes.class);
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration AGAIN = Duration.ofSeconds(5);
    /** Of the bytes that may wait, all indexes together that nobody reads have this part. */
    private static final int PART = 4;

    private final Pipeline pipeline;
    private final String index;
    private final Generations generations;
    private final BulkWriters writers;
    private final MarkBook marks;
    private final Conditions conditions;
    private final Ledger ledger;
    private final IndexerConfig config;
    private final Loops loops;
    private final Map<String, Object> kafka;
    private final LoopThread thread;
    private final Queue<Task> tasks = new ConcurrentLinkedQueue<>();
    /** Null while it has to be looked for. */
    private volatile Generation generation;
    /** Null before the thread runs. */
    private volatile Lanes lanes;
    private volatile boolean stopping;

    /** Something to be done between two polls. */
    private record Task(Consumer<org.apache.kafka.clients.consumer.Consumer<byte[], byte[]>> body, CompletableFuture<Void> done) {}

    /** @param kafka settings of every client of Kafka */
    AsideLanes(Pipeline pipeline, String index, Generations generations, BulkWriters writers, MarkBook marks, Conditions conditions, Ledger ledger, IndexerConfig config, Loops loops, Map<String, Object> kafka) {
        this.pipeline = pipeline;
        this.index = index;
        this.generations = generations;
        this.writers = writers;
        this.marks = marks;
        this.conditions = conditions;
        this.ledger = ledger;
        this.config = config;
        this.loops = loops;
        this.kafka = settings(kafka);
        this.thread = loops.thread("writing of " + index, Thread.ofPlatform().daemon(), config.stuckAfter(), this::live);
    }

    private Map<String, Object> settings(Map<String, Object> shared) {
        var settings = new HashMap<>(shared);
        settings.put(ConsumerConfig.GROUP_ID_CONFIG, Leftovers.group(config.group(), index));
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        settings.put(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, StickyAssignor.class.getName());
        settings.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, 15_000);
        settings.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, 15_000);
        settings.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 4 << 20);
        return settings;
    }

    AsideLanes start() {
        thread.start();
        return this;
    }

    Pipeline pipeline() {
        return pipeline;
    }

    /** Ends by itself soon after, its marks written. */
    void stop() {
        stopping = true;
        thread.release();
    }

    /** @return whether it has ended */
    boolean awaitEnd(Duration atMost) throws InterruptedException {
        return thread.join(atMost);
    }

    /** The lanes that know where they began. */
    List<Lane> opened() {
        var running = lanes;
        return running == null ? List.of() : running.opened();
    }

    private void live(Loop loop) throws InterruptedException {
        lanes = new Lanes(Lanes.Basis.MARKS, this::lane, this::run, loop, marks, config, config.buffer().asLongValue() / PART / Generations.MOST_ASIDE);
        while (!stopping) {
            try (var consumer = new KafkaConsumer<>(kafka, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                poll(consumer, loop);
            } catch (KafkaException e) {
                LOG.warnf("Writing of the index %s is begun again from its marks: %s", index, e.toString());
                loop.waits(AGAIN);
                Thread.sleep(AGAIN);
            }
        }
    }

    private void poll(KafkaConsumer<byte[], byte[]> consumer, Loop loop) {
        consumer.subscribe(List.of(Topics.documents(pipeline.name())), new Listener(consumer));
        while (!stopping) {
            loop.waits(config.drainTimeout());
            var records = consumer.poll(POLL);
            for (var partition : records.partitions()) {
                lanes.offer(partition, records.records(partition), consumer.groupMetadata().generationId());
            }
            for (var task = tasks.poll(); task != null; task = tasks.poll()) {
                carryOut(task, consumer);
            }
            lanes.advance(consumer);
        }
    }

    private static void carryOut(Task task, KafkaConsumer<byte[], byte[]> consumer) {
        try {
            task.body().accept(consumer);
            task.done().complete(null);
        } catch (RuntimeException e) {
            task.done().completeExceptionally(e);
        }
    }

    private CompletionStage<Void> run(Consumer<org.apache.kafka.clients.consumer.Consumer<byte[], byte[]>> body) {
        var task = new Task(body, new CompletableFuture<>());
        tasks.add(task);
        return task.done();
    }

    private Lane lane(TopicPartition partition, int groupGeneration, Lane.Partition consumer, long share) {
        var who = index + "[" + partition.partition() + "]";
        return new Lane(partition, groupGeneration, pipeline, who, this::generation, writers.aside(pipeline, index, who), new Replay(partition.topic(), writers.replay(pipeline, who)), marks, conditions, ledger, Arrivals.UNMEASURED, consumer, config, loops, share);
    }

    /** One lane looks for all. */
    private synchronized Generation generation() {
        var known = generation;
        if (known == null) {
            known = generations.aside(pipeline, index);
            generation = known;
        }
        return known;
    }

    private final class Listener implements ConsumerRebalanceListener {

        private final KafkaConsumer<byte[], byte[]> consumer;

        Listener(KafkaConsumer<byte[], byte[]> consumer) {
            this.consumer = consumer;
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            generation = null;
            lanes.assigned(consumer, partitions);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            lanes.revoked(consumer, partitions);
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            lanes.lost(partitions);
        }
    }
}
