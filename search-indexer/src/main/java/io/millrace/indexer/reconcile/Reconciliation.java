package io.millrace.indexer.reconcile;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.place.Targets;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import io.smallrye.common.annotation.Identifier;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jboss.logging.Logger;

/**
 * Deletes from an index each document whose key is nowhere in the topic: the delete that would have said so was compacted away
 * before it was read. What is in the topic is the lanes' work, deletes included.
 *
 * <p>The ids are read before the keys, so that a document that is made meanwhile is no orphan; and a document that is written
 * meanwhile is not deleted, because its sequence number is another one. Memory is bounded, what is large is on disk.
 */
@Singleton
public final class Reconciliation {

    private static final Logger LOG = Logger.getLogger(Reconciliation.class);
    static final int PAGE = 2_000;
    private static final Duration POLL = Duration.ofMillis(500);

    private final Targets targets;
    private final IndexerConfig config;
    private final Map<String, Object> kafka;

    Reconciliation(Targets targets, IndexerConfig config, @Identifier("default-kafka-broker") Map<String, Object> kafka) {
        this.targets = targets;
        this.config = config;
        this.kafka = kafka;
    }

    /**
     * Does it.
     *
     * @param loop of the calling thread
     * @return how many documents were deleted
     * @throws IndexGoneMeanwhileException when it cannot be written any more by its alias; it may be begun again once the partitions were opened anew
     * @throws IOException when the target or the disk fails; it may be begun again
     */
    public long run(Pipeline pipeline, Generation generation, Loop loop) throws IOException {
        var topic = Topics.documents(pipeline.name());
        LOG.infof("The index %s is reconciled with the keys of %s", generation.index(), topic);
        try (var buckets = new Buckets(config.scratch().orElse(null))) {
            var holdings = targets.of(pipeline).holdings();
            holdings.each(generation, buckets::id, loop);
            keys(topic, buckets, loop);
            var deleted = new Deleted(holdings, generation, loop);
            buckets.orphans(deleted::add);
            deleted.flush();
            LOG.infof("The index %s is reconciled with the keys of %s: %s deleted", generation.index(), topic, Counted.of(deleted.count, "document"));
            return deleted.count;
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /**
     * Each partition up to its end as it is when it is reached: what was compacted away behind the reader stands further on. A key is in one partition, so none waits for another to be at
     * its end at the same moment, which does not come while documents do.
     */
    private void keys(String topic, Buckets buckets, Loop loop) throws IOException {
        var settings = new HashMap<>(kafka);
        settings.remove(ConsumerConfig.GROUP_ID_CONFIG);
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            loop.waits(config.requestTimeout());
            var unread = consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).collect(Collectors.toCollection(HashSet::new));
            consumer.assign(unread);
            consumer.seekToBeginning(unread);
            while (!unread.isEmpty()) {
                loop.waits(config.requestTimeout());
                for (var record : consumer.poll(POLL)) {
                    if (record.key() != null) {
                        buckets.key(record.key());
                    }
                }
                var read = unread.stream().filter(p -> consumer.currentLag(p).orElse(1) == 0).toList();
                consumer.pause(read);
                unread.removeAll(read);
            }
        }
    }

    /** Deletes in bulk. */
    private final class Deleted {

        private final Holdings holdings;
        private final Generation generation;
        private final Loop loop;
        private final List<Known> waiting = new ArrayList<>();
        private long count;

        Deleted(Holdings holdings, Generation generation, Loop loop) {
            this.holdings = holdings;
            this.generation = generation;
            this.loop = loop;
        }

        void add(Known known) {
            waiting.add(known);
            if (waiting.size() == PAGE) {
                try {
                    flush();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }

        void flush() throws IOException {
            if (!waiting.isEmpty()) {
                loop.waits(config.requestTimeout());
                count += holdings.delete(generation, waiting);
                waiting.clear();
            }
        }
    }
}
