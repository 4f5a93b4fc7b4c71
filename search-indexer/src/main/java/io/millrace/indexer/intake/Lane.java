package io.millrace.indexer.intake;

import io.millrace.indexer.Backoff;
import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.bulk.BulkWriter;
import io.millrace.indexer.bulk.IndexGoneException;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.generation.Generations;
import io.millrace.indexer.generation.SearchAwayException;
import io.millrace.indexer.health.Conditions;
import io.millrace.indexer.measure.BulkTimes;
import io.millrace.indexer.measure.Meters;
import io.millrace.indexer.measure.SearchProbe;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.record.Headers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/** Takes one partition's documents to its index, in order, from the partition's assignment until it is revoked. */
final class Lane {

    private static final Logger LOG = Logger.getLogger(Lane.class);

    private final TopicPartition partition;
    private final int groupGeneration;
    private final Pipeline pipeline;
    private final String who;
    private final Generations generations;
    private final BulkWriter writer;
    private final Conditions conditions;
    private final Meters meters;
    private final BulkTimes bulks;
    private final SearchProbe probe;
    private final Partition consumer;
    private final IndexerConfig config;
    private final long bulkBytes;
    private final Inbox inbox;
    private final Thread thread;
    private volatile int inFlight;
    /** The first of the records in flight, null while there are none. */
    private volatile ConsumerRecord<byte[], byte[]> first;
    private volatile boolean opened;
    private volatile boolean stopping;
    /** What may be committed; null before the first answer. Written by this lane's thread alone. */
    private volatile OffsetAndMetadata answered;

    /** What a lane asks of the consumer, which belongs to the polling thread. */
    interface Partition {
        /**
         * Goes to where to begin: after the committed offset if it was committed for this index, else to the first record.
         *
         * @param index the engine's id of the index
         */
        void open(String index) throws InterruptedException, ExecutionException;

        /** Has the partition polled or not, by what {@link Lane#takes()} says at the moment that this is carried out. */
        void adjust();

        /** Has all partitions of the group assigned anew, and so every lane opened anew. */
        void reassign();
    }

    Lane(TopicPartition partition, int groupGeneration, Pipeline pipeline, String who, Generations generations, BulkWriter writer,
            Conditions conditions, Meters meters, BulkTimes bulks, SearchProbe probe, Partition consumer, IndexerConfig config, long share) {
        this.partition = partition;
        this.groupGeneration = groupGeneration;
        this.pipeline = pipeline;
        this.who = who;
        this.generations = generations;
        this.writer = writer;
        this.conditions = conditions;
        this.meters = meters;
        this.bulks = bulks;
        this.probe = probe;
        this.consumer = consumer;
        this.config = config;
        this.bulkBytes = Math.min(share, config.bulkBytes().asLongValue());
        this.inbox = new Inbox(share);
        this.thread = Thread.ofVirtual().name("lane " + who).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    Pipeline pipeline() {
        return pipeline;
    }

    /** @param group the group's generation in which the records were polled; those of another are not this lane's */
    void offer(List<ConsumerRecord<byte[], byte[]>> records, int group) {
        if (group != groupGeneration) {
            return;
        }
        long bytes = 0;
        for (var record : records) {
            bytes += Math.max(0, record.serializedValueSize());
        }
        meters.taken(bytes);
        if (inbox.offer(records)) {
            consumer.adjust();
        }
    }

    /** Whether the partition's records are wanted now. */
    boolean takes() {
        return opened && !inbox.isFull();
    }

    OffsetAndMetadata answered() {
        return answered;
    }

    /** Records that were polled and not answered yet. */
    int waiting() {
        return inbox.size() + inFlight;
    }

    /** When the oldest change that is not answered was committed, in microseconds; 0 where there is none. */
    long oldestMicros() {
        var inWork = first;
        var oldest = inWork == null ? inbox.first() : inWork;
        return oldest == null ? 0 : Headers.number(oldest.headers(), Headers.COMMITTED, 0);
    }

    /** Takes nothing more; returns at once. */
    void stop() {
        stopping = true;
        inbox.close();
        if (writer.stop()) {
            thread.interrupt();
        }
    }

    /** Waits for what is in flight after {@link #stop()}, and gives up on it when that takes too long. */
    void awaitEnd(Duration atMost) {
        try {
            if (!thread.join(atMost)) {
                LOG.warnf("%s gives up on its bulk request in flight after %s; its documents are read again", who, atMost);
                thread.interrupt();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        conditions.going(who);
    }

    private void run() {
        try {
            var generation = open();
            long pace = config.bulkPace().toNanos();
            long due = System.nanoTime();
            while (true) {
                var records = inbox.take(config.bulkDocuments(), bulkBytes, due);
                if (records.isEmpty()) {
                    return;
                }
                first = records.getFirst();
                inFlight = records.size();
                long sent = Headers.nowMicros();
                due = System.nanoTime() + pace;
                if (inbox.drained()) {
                    consumer.adjust();
                }
                var applied = writer.write(generation, records);
                answered = new OffsetAndMetadata(records.getLast().offset() + 1, generation.uuid());
                var bulk = new BulkTimes.Bulk(records.getFirst().offset(), records.getLast().offset(), sent, Headers.nowMicros());
                bulks.add(partition, bulk);
                if (applied != null) {
                    probe.written(pipeline, generation, bulk, applied.record(), applied.seqNo());
                }
                inFlight = 0;
                first = null;
            }
        } catch (IndexGoneException e) {
            conditions.waiting(who, "the index of the pipeline " + pipeline.name() + " is gone (" + e.getMessage() + "); it is made again and filled from the first record of " + partition.topic());
            consumer.reassign();
        } catch (InterruptedException e) {
            LOG.debugf("%s ends", who);
        } catch (Throwable e) {
            // Nothing is committed past this point, and this thread must not end unnoticed, whatever it is.
            conditions.broken(who, "stopped by an error of its own (" + e + "); restart this service, and report the stack trace in its log");
            LOG.errorf(e, "%s stopped", who);
        }
    }

    private Generation open() throws InterruptedException {
        var backoff = Backoff.of(config);
        while (true) {
            if (stopping) {
                throw new InterruptedException();
            }
            try {
                var generation = generations.of(pipeline);
                consumer.open(generation.uuid());
                opened = true;
                consumer.adjust();
                conditions.going(who);
                return generation;
            } catch (SearchAwayException e) {
                conditions.waiting(who, e.getMessage());
            } catch (ExecutionException e) {
                conditions.waiting(who, "the offset of " + partition + " cannot be read from Kafka (" + e.getCause() + "); check kafka.bootstrap.servers and that it is up");
            }
            backoff.await();
        }
    }
}
