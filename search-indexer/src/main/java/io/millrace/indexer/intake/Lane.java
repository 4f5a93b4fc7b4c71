package io.millrace.indexer.intake;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.bulk.BulkWriter;
import io.millrace.indexer.bulk.IndexGoneException;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.generation.SearchAwayException;
import io.millrace.indexer.health.Conditions;
import io.millrace.indexer.mark.MarkBook;
import io.millrace.indexer.mark.Standing;
import io.millrace.indexer.measure.BulkTimes;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.ledger.Kind;
import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.ledger.Passage;
import io.millrace.pipeline.ledger.Tally;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.retry.Backoff;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/** Takes one partition's documents to its index, in order, from the partition's assignment until it is revoked. */
final class Lane {

    private static final Logger LOG = Logger.getLogger(Lane.class);
    /** An idle lane comes round this often. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    /** How long the next record of a replay is waited for. */
    private static final Duration GAP = Duration.ofMillis(500);

    private final TopicPartition partition;
    private final int groupGeneration;
    private final Pipeline pipeline;
    private final String who;
    private final Supplier<Generation> target;
    private final BulkWriter writer;
    private final Replay replay;
    private final MarkBook marks;
    private final Conditions conditions;
    private final Arrivals arrivals;
    private final Partition consumer;
    private final IndexerConfig config;
    private final long bulkBytes;
    private final Inbox inbox;
    private final LoopThread thread;
    private final Ledger ledger;
    private final Passage passage;
    private volatile int inFlight;
    /** The first of the records in flight, null while there are none. */
    private volatile ConsumerRecord<byte[], byte[]> first;
    /** Null before it is opened. */
    private volatile Standing standing;
    /** Set before {@link #opened}. */
    private volatile Span span;
    private volatile boolean opened;
    private volatile boolean stopping;
    /** What may be committed; null before the first answer. Written by this lane's thread alone. */
    private volatile OffsetAndMetadata answered;

    /**
     * Where a lane begins.
     *
     * @param from the offset of its first record
     * @param written the offset before which its index may have been written already, by whoever had the partition then
     */
    record Span(long from, long written) {}

    /** What a lane asks of the consumer, which belongs to the polling thread. */
    interface Partition {
        /** To read the committed offset, behind all other partitions. */
        Duration LONGEST_OPENING = Duration.ofMinutes(5);

        /** Goes to where to begin, by the mark and by the offset that was committed for this index. */
        Span open(Standing standing) throws InterruptedException, ExecutionException, TimeoutException;

        /** Has the partition polled or not, by what {@link Lane#takes()} says at the moment that this is carried out. */
        void adjust();

        /** Has all partitions of the group assigned anew, and so every lane opened anew. */
        void reassign();
    }

    /**
     * @param who names it in health and logs
     * @param target the index that its documents go to, asked when it opens
     * @param share bytes of documents that may wait
     */
    Lane(TopicPartition partition, int groupGeneration, Pipeline pipeline, String who, Supplier<Generation> target, BulkWriter writer, Replay replay, MarkBook marks,
            Conditions conditions, Ledger ledger, Arrivals arrivals, Partition consumer, IndexerConfig config, Loops loops, long share) {
        this.partition = partition;
        this.groupGeneration = groupGeneration;
        this.pipeline = pipeline;
        this.who = who;
        this.target = target;
        this.writer = writer;
        this.replay = replay;
        this.marks = marks;
        this.conditions = conditions;
        this.ledger = ledger;
        this.passage = new Passage(partition, ledger);
        this.arrivals = arrivals;
        this.consumer = consumer;
        this.config = config;
        this.bulkBytes = Math.min(share, config.bulkBytes().asLongValue());
        this.inbox = new Inbox(share);
        this.thread = loops.thread("lane " + who, Thread.ofVirtual(), config.stuckAfter(), this::run);
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
        var kept = new ArrayList<ConsumerRecord<byte[], byte[]>>(records.size());
        for (var record : records) {
            bytes += Math.max(0, record.serializedValueSize());
            kept.add(CompactRecord.of(record));
        }
        arrivals.taken(bytes);
        passage.in(kept);
        if (inbox.offer(kept)) {
            consumer.adjust();
        }
    }

    /** Whether the partition's records are wanted now. */
    boolean takes() {
        return opened && !inbox.isFull();
    }

    TopicPartition partition() {
        return partition;
    }

    boolean isOpen() {
        return opened;
    }

    /** What the index has of it; only when it is open. */
    Standing standing() {
        return standing;
    }

    /** Every document before this offset is in the index or in quarantine; only when it is open. */
    long done() {
        var last = answered;
        return last == null ? span.from() : last.offset();
    }

    /**
     * Looks how far it is. A record that was polled and has not arrived here counts as done, for as long as that takes.
     *
     * @param position what is polled next
     * @param end of the partition
     */
    void look(long position, long end, long now) {
        if (opened) {
            standing.look(waiting() == 0 ? position : done(), end, now);
        }
    }

    /** Has it, and all others, begin again at what the index has. */
    void reopen() {
        consumer.reassign();
    }

    /** Whether it takes nothing more. */
    boolean isClosed() {
        return inbox.isClosed();
    }

    /** Has it come round at once, though nothing arrives. */
    void wake() {
        inbox.wake();
    }

    /** Where documents come out of the quarantine. */
    Replay replay() {
        return replay;
    }

    OffsetAndMetadata answered() {
        return answered;
    }

    /** Records that were polled and not answered yet. */
    int waiting() {
        return inbox.size() + inFlight;
    }

    /** When the oldest document that is not answered was committed, in microseconds; 0 where there is none, and where no change made it but a row that was read. */
    long oldestMicros() {
        var inWork = first;
        var oldest = inWork == null ? inbox.first() : inWork;
        return oldest == null ? 0 : Headers.changed(oldest.headers(), 0);
    }

    /** Takes nothing more; returns at once. */
    void stop() {
        stopping = true;
        thread.release();
        inbox.close();
        boolean waits = writer.stop();
        if (replay.stop() || waits) {
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

    private void run(Loop loop) throws InterruptedException {
        try {
            write(open(loop), loop);
        } catch (IndexGoneException e) {
            conditions.waiting(who, "the index of the pipeline " + pipeline.name() + " is gone, or another one takes its place (" + e.getMessage() + "); where it is gone it is made again and filled from the first record of " + partition.topic());
            reassign(loop);
        }
    }

    private void write(Generation generation, Loop loop) throws InterruptedException {
        long pace = config.bulkPace().toNanos();
        long due = System.nanoTime();
        var tally = new Tally(partition, true, span.from(), ledger);
        while (!inbox.isClosed()) {
            replay.advance(generation, loop);
            loop.waits(PATIENCE);
            // In one piece, so that each document is written as it is in the end: its versions are those of transactions, and what one of them made of it before that may be in the index no more.
            var records = done() < span.written() ? inbox.takeBefore(span.written(), GAP, PATIENCE) : inbox.take(writer.permits().documents(), Math.min(bulkBytes, writer.permits().bytes()), due, PATIENCE);
            if (records.isEmpty()) {
                continue;
            }
            first = records.getFirst();
            inFlight = records.size();
            long sent = Headers.nowMicros();
            due = System.nanoTime() + pace;
            if (inbox.drained()) {
                consumer.adjust();
            }
            var applied = writer.write(generation, records, loop);
            replay.passed(records);
            count(records, tally);
            answered = new OffsetAndMetadata(records.getLast().offset() + 1, generation.uuid());
            arrivals.answered(generation, partition, new BulkTimes.Bulk(records.getFirst().offset(), records.getLast().offset(), sent, Headers.nowMicros()), applied);
            inFlight = 0;
            first = null;
        }
    }

    /** Whether what was written is what was to be, and that what the join wrote. */
    private void count(List<ConsumerRecord<byte[], byte[]>> records, Tally tally) {
        int without = records.size() - writer.ended();
        if (without != 0) {
            ledger.found(partition, without > 0 ? Kind.UNDONE : Kind.REPEATED, Math.abs(without), records.getFirst().offset(), records.getLast().offset(), null);
        }
        for (var record : records) {
            passage.out(record);
            tally.of(record);
        }
    }

    /** Asks until it is revoked, because a request may be lost. */
    private void reassign(Loop loop) throws InterruptedException {
        while (!inbox.isClosed()) {
            consumer.reassign();
            loop.waits(PATIENCE);
            inbox.awaitClose(PATIENCE);
        }
    }

    private Generation open(Loop loop) throws InterruptedException {
        var backoff = new Backoff(config.retryMin(), config.retryMax());
        while (true) {
            if (stopping) {
                throw new InterruptedException();
            }
            loop.waits(Partition.LONGEST_OPENING);
            try {
                var generation = target.get();
                standing = marks.open(generation, partition);
                span = consumer.open(standing);
                if (standing.isCountedAnew()) {
                    ledger.forget(partition);
                }
                opened = true;
                consumer.adjust();
                conditions.going(who);
                return generation;
            } catch (SearchAwayException | KafkaException e) {
                conditions.waiting(who, e.getMessage());
            } catch (ExecutionException e) {
                conditions.waiting(who, "the offset of " + partition + " cannot be read from Kafka (" + e.getCause() + "); check kafka.bootstrap.servers and that it is up");
            } catch (TimeoutException e) {
                conditions.waiting(who, "the offset of " + partition + " could not be read from Kafka in " + Partition.LONGEST_OPENING.toMinutes() + " minutes; check kafka.bootstrap.servers and that it is up");
            }
            loop.waits(config.retryMax());
            backoff.await();
        }
    }
}
