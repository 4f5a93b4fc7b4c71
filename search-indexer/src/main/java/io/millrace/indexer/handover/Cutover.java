package io.millrace.indexer.handover;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.Pipelines;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.generation.Generations;
import io.millrace.indexer.generation.SearchAwayException;
import io.millrace.indexer.health.Conditions;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.progress.JoinState;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.topic.Topics;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/**
 * Moves an alias to a later generation's index once that has caught up: its join has built all documents, and all that the
 * join had put out by then is indexed, and readers lose no document by it. Where the later generation's file is taken away again, or its index is held, the alias goes back in the same way.
 */
@Singleton
final class Cutover {

    private static final Logger LOG = Logger.getLogger(Cutover.class);
    private static final Duration BEAT = Duration.ofSeconds(1);
    /** Readers may have waited for an alias that could not be moved, so they are let through before the next try. */
    private static final Duration BETWEEN = Duration.ofSeconds(5);
    /** To the search engine, for one pipeline, at most. */
    private static final int REQUESTS = 12;

    private final Pipelines pipelines;
    private final Generations generations;
    private final Verification verification;
    private final Conditions conditions;
    private final IndexerConfig config;
    private final KafkaWatch kafka;
    private final Map<Pipeline, Candidate> candidates = new HashMap<>();
    private final LoopThread thread;

    Cutover(Pipelines pipelines, Generations generations, Verification verification, Conditions conditions, IndexerConfig config, Loops loops, KafkaWatch kafka) {
        this.pipelines = pipelines;
        this.generations = generations;
        this.verification = verification;
        this.conditions = conditions;
        this.config = config;
        this.kafka = kafka;
        this.thread = loops.thread("cutover", Thread.ofVirtual(), config.stuckAfter(), this::live);
    }

    void start(@Observes StartupEvent event) {
        thread.start();
    }

    @PreDestroy
    void stop() {
        thread.interrupt();
    }

    private void live(Loop loop) throws InterruptedException {
        try {
            while (true) {
                Thread.sleep(BEAT);
                loop.beat();
                var aside = generations.aside();
                candidates.values().stream().filter(candidate -> !aside.containsKey(candidate.pipeline)).forEach(Candidate::end);
                candidates.keySet().retainAll(aside.keySet());
                for (var waiting : aside.entrySet()) {
                    loop.waits(config.requestTimeout().multipliedBy(REQUESTS));
                    look(waiting.getKey(), waiting.getValue());
                }
            }
        } finally {
            candidates.values().forEach(Candidate::end);
        }
    }

    private void look(Pipeline pipeline, Generation generation) throws InterruptedException {
        try {
            var candidate = candidates.computeIfAbsent(pipeline, Candidate::new);
            if (candidate.waits(generation) == null) {
                candidate.serve(generation);
            }
        } catch (KafkaException | SearchAwayException e) {
            LOG.debugf("The cutover to %s waits: %s", generation.index(), e.getMessage());
            conditions.note(pipeline.name(), e.getMessage());
        }
    }

    /** How far one pipeline's index is. */
    private final class Candidate {

        private final Pipeline pipeline;
        private final JoinState join;
        /** The engine's id of the index that this holds for. */
        private String index = "";
        /** The end of the documents when the join was seen to have built all; null before. */
        private Map<TopicPartition, Long> goal;
        /** Why the alias could not be moved; null where nobody has tried. */
        private String failure;
        /** Of {@link System#nanoTime()}. */
        private long failedAt;

        Candidate(Pipeline pipeline) {
            this.pipeline = pipeline;
            this.join = new JoinState(kafka, pipeline.name());
        }

        String waits(Generation generation) throws InterruptedException {
            var reason = reason(generation);
            conditions.note(pipeline.name(), reason == null ? null : "its index " + generation.index() + " is not served yet: " + reason);
            return reason;
        }

        void serve(Generation generation) {
            try {
                generations.serve(pipeline, generation);
            } catch (SearchAwayException e) {
                failure = e.getMessage();
                failedAt = System.nanoTime();
                throw e;
            }
        }

        private String reason(Generation generation) throws InterruptedException {
            if (failure != null && System.nanoTime() - failedAt < BETWEEN.toNanos()) {
                return failure;
            }
            var lineup = generations.lineup(pipeline);
            verification.forget(lineup);
            var own = lineup.named(generation.index());
            if (own != null && own.isHeld()) {
                begin(generation);
                return "it is held until somebody has it served: ./millrace cutover " + pipeline.name();
            }
            var later = lineup.all().stream().filter(state -> state.serves() && !state.isHeld() && isReplacedBy(state.pipeline())).findFirst();
            if (later.isPresent()) {
                begin(generation);
                return "the pipeline " + later.get().pipeline() + " replaces it, and is served";
            }
            if (!index.equals(generation.uuid())) {
                begin(generation);
            }
            if (goal == null) {
                var busy = join.untilBuilt();
                if (busy != null) {
                    return busy;
                }
                var offsets = kafka.offsets();
                goal = offsets.ends(offsets.partitions(List.of(Topics.documents(pipeline.name()))));
            }
            var committed = kafka.offsets().committed(config.group());
            var behind = goal.entrySet().stream().filter(end -> !committed.containsKey(end.getKey()) || committed.get(end.getKey()).offset() < end.getValue()
                    || !committed.get(end.getKey()).metadata().equals(generation.uuid())).map(end -> end.getKey().toString()).sorted().toList();
            if (!behind.isEmpty()) {
                return "documents of " + String.join(", ", behind) + " are still to be indexed";
            }
            if (own == null) {
                return null;
            }
            var unsettled = generations.untilSettled(pipeline, own);
            return unsettled == null ? verification.until(pipeline, lineup.serving(), own) : unsettled;
        }

        private boolean isReplacedBy(String other) {
            return pipelines.all().stream().anyMatch(p -> p.name().equals(other) && p.replaces().contains(pipeline.name()));
        }

        private void begin(Generation generation) {
            index = generation.uuid();
            goal = null;
            join.begin();
        }

        void end() {
            conditions.note(pipeline.name(), null);
            join.close();
        }
    }
}
