package io.millrace.indexer.intake;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.Pipelines;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.generation.Generations;
import io.millrace.indexer.generation.SearchAwayException;
import io.millrace.indexer.health.Conditions;
import io.millrace.indexer.mark.Lives;
import io.millrace.indexer.mark.MarkBook;
import io.millrace.indexer.measure.PipelineMeters;
import io.millrace.indexer.reconcile.IndexGoneMeanwhileException;
import io.millrace.indexer.reconcile.Reconciliation;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.topic.Topics;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.jboss.logging.Logger;

/**
 * Holds every index against its mark, every pipeline's topic against the one that it was, and the time of the last look against
 * the time for which deletes are kept; keeps the marks.
 */
@Singleton
final class Marking {

    private static final Logger LOG = Logger.getLogger(Marking.class);
    /** To the search engine and to Kafka, for one pipeline, at most. */
    private static final int REQUESTS = 6;
    /** Marks of an index at rest are written this often. */
    private static final Duration AT_REST = Duration.ofMinutes(1);
    /** The share of a retention from which on it is said. */
    private static final double NEAR = 0.5;

    private final Pipelines pipelines;
    private final Lanes lanes;
    private final Generations generations;
    private final MarkBook marks;
    private final Lives lives;
    private final Reconciliation reconciliation;
    private final Conditions conditions;
    private final PipelineMeters meters;
    private final IndexerConfig config;
    private final Loops loops;
    private final LoopThread thread;
    /** Those that are being reconciled; only for this thread. */
    private final Map<Pipeline, LoopThread> reconciling = new HashMap<>();

    Marking(Pipelines pipelines, @Identifier(DocumentTopics.CHANNEL) Lanes lanes, Generations generations, MarkBook marks, Lives lives, Reconciliation reconciliation, Conditions conditions, PipelineMeters meters, Loops loops, IndexerConfig config) {
        this.pipelines = pipelines;
        this.lanes = lanes;
        this.generations = generations;
        this.marks = marks;
        this.lives = lives;
        this.reconciliation = reconciliation;
        this.conditions = conditions;
        this.meters = meters;
        this.config = config;
        this.loops = loops;
        this.thread = loops.thread("marks", Thread.ofVirtual(), config.stuckAfter(), this::live);
    }

    void start(@Observes StartupEvent event) {
        thread.start();
    }

    @PreDestroy
    void stop() {
        thread.interrupt();
        reconciling.values().forEach(LoopThread::interrupt);
    }

    private void live(Loop loop) throws InterruptedException {
        try {
            while (true) {
                loop.waits(config.markInterval());
                Thread.sleep(config.markInterval());
                loop.waits(config.requestTimeout().multipliedBy(REQUESTS));
                lookAtLives();
                var open = lanes.opened().stream().collect(Collectors.groupingBy(Lane::pipeline));
                for (var pipeline : pipelines.all()) {
                    loop.waits(config.requestTimeout().multipliedBy(REQUESTS));
                    look(pipeline, open.getOrDefault(pipeline, List.of()));
                }
            }
        } finally {
            lives.close();
        }
    }

    private void lookAtLives() throws InterruptedException {
        try {
            lives.look();
        } catch (InterruptException e) {
            throw new InterruptedException("while the joins' lives were read");
        } catch (KafkaException e) {
            LOG.debugf("What the joins say of themselves waits: %s", e.getMessage());
        }
    }

    private void look(Pipeline pipeline, List<Lane> open) throws InterruptedException {
        try {
            var topic = Topics.documents(pipeline.name());
            var standings = open.stream().collect(Collectors.toMap(Lane::partition, Lane::standing));
            var strange = marks.strange(topic, standings);
            if (strange != null) {
                conditions.waiting(topic, strange);
            } else {
                conditions.going(topic);
            }
            near(pipeline, topic, marks.used(standings.values()));
            if (marks.isAnew(topic, standings.values())) {
                open.getFirst().reopen();
            } else if (marks.isOutlived(standings)) {
                LOG.warnf("The join of %s was built anew, so its index is written again from there, and reconciled", pipeline.name());
                open.getFirst().reopen();
            } else if (isReconciled(pipeline)) {
                if (open.isEmpty()) {
                    // Whoever has the partitions now says it of them.
                    conditions.going(reconciling(pipeline));
                } else {
                    compare(pipeline, topic, open);
                }
            }
        } catch (SearchAwayException | KafkaException e) {
            LOG.debugf("The marks of %s wait: %s", pipeline.name(), e.getMessage());
        }
    }

    /** Says what comes near to be lost. */
    private void near(Pipeline pipeline, String topic, double used) {
        meters.of(pipeline).retentionUsed(used);
        conditions.note("retention of " + topic, used < NEAR ? null : "documents, and deletes among them, stand unread for " + Math.round(used * 100)
                + " % of the time for which deletes are kept; after that the index is reconciled with the whole topic");
    }

    private void compare(Pipeline pipeline, String topic, List<Lane> open) throws InterruptedException {
        var generation = open.getFirst().standing().generation();
        var standings = open.stream().collect(Collectors.toMap(Lane::partition, Lane::standing));
        if (!generations.isSame(generation) || marks.isReplaced(standings)) {
            LOG.warnf("The index %s is not as it was left: it was deleted, or came back from a copy or a snapshot. What it lacks is written again", generation.index());
            open.getFirst().reopen();
            return;
        }
        if (marks.owe(topic, standings.values())) {
            reconcile(pipeline, open, System.currentTimeMillis());
            return;
        }
        // Also where it had failed, and the index that it was for is gone.
        conditions.going(reconciling(pipeline));
        marks.keep(open.stream().collect(Collectors.toMap(Lane::partition, lane -> new MarkBook.Place(lane.standing(), lane.done()))), AT_REST);
    }

    private boolean isReconciled(Pipeline pipeline) throws InterruptedException {
        var running = reconciling.get(pipeline);
        if (running == null || running.join(Duration.ofMillis(1))) {
            reconciling.remove(pipeline);
            return true;
        }
        return false;
    }

    private void reconcile(Pipeline pipeline, List<Lane> open, long now) {
        var who = reconciling(pipeline);
        var generation = open.getFirst().standing().generation();
        reconciling.put(pipeline, loops.thread(who, Thread.ofVirtual(), config.stuckAfter(), loop -> {
            conditions.waiting(who, "deletes may have left the topic " + Topics.documents(pipeline.name()) + " before they were read, so the index " + generation.index()
                    + " may show documents that are deleted; it is reconciled with the topic now");
            try {
                reconciliation.run(pipeline, generation, loop);
                open.forEach(lane -> lane.standing().reconciled(now));
                conditions.going(who);
            } catch (IndexGoneMeanwhileException e) {
                failed(who, generation, e);
                open.getFirst().reopen();
            } catch (IOException | KafkaException e) {
                failed(who, generation, e);
            }
        }).start());
        reconciling.get(pipeline).release();
    }

    /** How health names it. */
    private static String reconciling(Pipeline pipeline) {
        return "reconcile " + pipeline.name();
    }

    private void failed(String who, Generation generation, Exception e) {
        conditions.waiting(who, "reconciling the index " + generation.index() + " with its topic failed and is begun again (" + e.getMessage() + ")");
    }
}
