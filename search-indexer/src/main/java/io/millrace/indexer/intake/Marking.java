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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
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
    /** The marks of an index that is written aside are written this often, for it may be handed over. */
    private static final Duration ASIDE = Duration.ofSeconds(1);
    /** Marks of an index at rest are written this often. */
    private static final Duration AT_REST = Duration.ofMinutes(1);
    /** The share of a retention from which on it is said. */
    private static final double NEAR = 0.5;

    private final Pipelines pipelines;
    private final MainLanes lanes;
    private final Asides asides;
    private final Generations generations;
    private final MarkBook marks;
    private final Lives lives;
    private final Reconciliation reconciliation;
    private final Conditions conditions;
    private final PipelineMeters meters;
    private final IndexerConfig config;
    private final Loops loops;
    private final LoopThread thread;
    /** What is being reconciled, a pipeline or an index that is written aside; only for this thread. */
    private final Map<String, LoopThread> reconciling = new HashMap<>();
    /** The indexes written aside that were looked at; only for this thread. */
    private final Set<String> looked = new HashSet<>();

    Marking(Pipelines pipelines, @Identifier(DocumentTopics.CHANNEL) MainLanes lanes, Asides asides, Generations generations, MarkBook marks, Lives lives, Reconciliation reconciliation, Conditions conditions, PipelineMeters meters, Loops loops, IndexerConfig config) {
        this.pipelines = pipelines;
        this.lanes = lanes;
        this.asides = asides;
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
            long due = System.nanoTime() + config.markInterval().toNanos();
            while (true) {
                var pause = asides.opened().isEmpty() || config.markInterval().compareTo(ASIDE) < 0 ? config.markInterval() : ASIDE;
                loop.waits(pause);
                Thread.sleep(pause);
                if (System.nanoTime() - due >= 0) {
                    lookAtAll(loop);
                    due = System.nanoTime() + config.markInterval().toNanos();
                } else {
                    keepAsides(loop);
                }
            }
        } finally {
            lives.close();
        }
    }

    private void lookAtAll(Loop loop) throws InterruptedException {
        loop.waits(config.requestTimeout().multipliedBy(REQUESTS));
        lookAtLives();
        var open = lanes.opened().stream().collect(Collectors.groupingBy(Lane::pipeline));
        var round = new Round();
        for (var pipeline : pipelines.all()) {
            loop.waits(config.requestTimeout().multipliedBy(REQUESTS));
            var own = open.getOrDefault(pipeline, List.of());
            near(pipeline, marks.used(own.stream().map(Lane::standing).toList()));
            look(pipeline, Topics.documents(pipeline.name()), pipeline.name(), own, round);
        }
        for (var aside : asides.opened().entrySet()) {
            if (aside.getValue().isEmpty() && isReconciled(aside.getKey())) {
                conditions.going(topicOf(aside.getKey()));
                conditions.going(reconciling(aside.getKey()));
            } else if (!aside.getValue().isEmpty()) {
                loop.waits(config.requestTimeout().multipliedBy(REQUESTS));
                looked.add(aside.getKey());
                look(aside.getValue().getFirst().pipeline(), topicOf(aside.getKey()), aside.getKey(), aside.getValue(), round);
            }
        }
        forgetGone(loop);
    }

    /** What is not written aside any more, because it serves now or was deleted, keeps nobody waiting; the thread that reconciles it is ended before that is said. */
    private void forgetGone(Loop loop) throws InterruptedException {
        for (var index : List.copyOf(looked)) {
            if (!asides.opened().containsKey(index)) {
                var running = reconciling.get(index);
                if (running != null) {
                    running.interrupt();
                    loop.waits(config.requestTimeout());
                    if (!running.join(config.requestTimeout())) {
                        continue;
                    }
                    reconciling.remove(index);
                }
                conditions.going(topicOf(index));
                conditions.going(reconciling(index));
                looked.remove(index);
            }
        }
    }

    /** How health names the topic as an index that is written aside has it. */
    private static String topicOf(String index) {
        return "the topic of " + index;
    }

    /** How health names a reconciliation. */
    private static String reconciling(String what) {
        return "reconcile " + what;
    }

    /** Whoever hands an index over asks how far it is. */
    private void keepAsides(Loop loop) {
        var round = new Round();
        for (var open : asides.opened().values()) {
            if (open.isEmpty() || round.leavesOut(open.getFirst().pipeline())) {
                continue;
            }
            loop.waits(config.requestTimeout());
            long begun = System.nanoTime();
            try {
                // One that came back from a copy keeps what shows it, for whoever looks at it in turn.
                if (!marks.isSetBack(open.stream().collect(Collectors.toMap(Lane::partition, Lane::standing)))) {
                    marks.keep(places(open), AT_REST);
                }
            } catch (SearchAwayException e) {
                round.failed(open.getFirst().pipeline(), begun);
                LOG.debugf("The marks of an index that is written aside wait: %s", e.getMessage());
            }
        }
    }

    private static Map<TopicPartition, MarkBook.Place> places(List<Lane> open) {
        return open.stream().collect(Collectors.toMap(Lane::partition, lane -> new MarkBook.Place(lane.standing(), lane.done())));
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

    /**
     * @param who names the topic in health
     * @param what is looked at: the pipeline, or the index that is written aside
     * @param round that this look is of
     */
    private void look(Pipeline pipeline, String who, String what, List<Lane> open, Round round) throws InterruptedException {
        if (round.leavesOut(pipeline)) {
            return;
        }
        long begun = System.nanoTime();
        try {
            var topic = Topics.documents(pipeline.name());
            var standings = open.stream().collect(Collectors.toMap(Lane::partition, Lane::standing));
            var strange = marks.strange(topic, standings);
            if (strange != null) {
                conditions.waiting(who, strange);
            } else {
                conditions.going(who);
            }
            if (marks.isAnew(topic, standings.values())) {
                open.getFirst().reopen();
            } else if (marks.isOutlived(standings)) {
                LOG.warnf("The join of %s was built anew, so its index is written again from there, and reconciled", pipeline.name());
                open.getFirst().reopen();
            } else if (isReconciled(what)) {
                if (open.isEmpty()) {
                    // Whoever has the partitions now says it of them.
                    conditions.going(reconciling(what));
                } else {
                    compare(pipeline, what, open);
                }
            }
        } catch (SearchAwayException e) {
            round.failed(pipeline, begun);
            LOG.debugf("The marks of %s wait: %s", pipeline.name(), e.getMessage());
        } catch (KafkaException e) {
            LOG.debugf("The marks of %s wait: %s", pipeline.name(), e.getMessage());
        }
    }

    /** Says what comes near to be lost. */
    private void near(Pipeline pipeline, double used) {
        meters.of(pipeline).retentionUsed(used);
        conditions.note("retention of " + Topics.documents(pipeline.name()), used < NEAR ? null : "documents, and deletes among them, stand unread for " + Math.round(used * 100)
                + " % of the time for which deletes are kept; after that the index is reconciled with the whole topic");
    }

    private void compare(Pipeline pipeline, String what, List<Lane> open) throws InterruptedException {
        var generation = open.getFirst().standing().generation();
        var standings = open.stream().collect(Collectors.toMap(Lane::partition, Lane::standing));
        if (!generations.store(pipeline).isSame(generation) || marks.isSetBack(standings)) {
            LOG.warnf("The index %s is not as it was left: it was deleted, or came back from a copy or a snapshot. What it lacks is written again", generation.index());
            open.getFirst().reopen();
            return;
        }
        if (marks.owe(Topics.documents(pipeline.name()), standings.values())) {
            reconcile(pipeline, what, open, System.currentTimeMillis());
            return;
        }
        // Also where it had failed, and the index that it was for is gone or served no more.
        conditions.going(reconciling(what));
        marks.keep(places(open), AT_REST);
        generations.store(pipeline).tend(generation);
        if (marks.isToBeReadAgain(standings.values())) {
            LOG.warnf("The topic of %s ended short of what the index %s has, so it is read again from there", pipeline.name(), generation.index());
            open.getFirst().reopen();
        }
    }

    private boolean isReconciled(String what) throws InterruptedException {
        var running = reconciling.get(what);
        if (running == null || running.join(Duration.ofMillis(1))) {
            reconciling.remove(what);
            return true;
        }
        return false;
    }

    private void reconcile(Pipeline pipeline, String what, List<Lane> open, long now) {
        var generation = open.getFirst().standing().generation();
        var who = reconciling(what);
        reconciling.put(what, loops.thread(who, Thread.ofVirtual(), config.stuckAfter(), loop -> {
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
        reconciling.get(what).release();
    }

    private void failed(String who, Generation generation, Exception e) {
        conditions.waiting(who, "reconciling the index " + generation.index() + " with its topic failed and is begun again (" + e.getMessage() + ")");
    }
}
