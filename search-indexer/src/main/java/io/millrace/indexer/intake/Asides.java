package io.millrace.indexer.intake;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.Pipelines;
import io.millrace.indexer.bulk.BulkWriters;
import io.millrace.indexer.generation.Generations;
import io.millrace.indexer.generation.IndexState;
import io.millrace.indexer.generation.Lineup;
import io.millrace.indexer.generation.SearchAwayException;
import io.millrace.indexer.handover.Handover;
import io.millrace.indexer.handover.Leftovers;
import io.millrace.indexer.health.Conditions;
import io.millrace.indexer.mark.MarkBook;
import io.millrace.indexer.measure.PipelineMeters;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Provider;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.KafkaException;
import org.jboss.logging.Logger;

/**
 * Has every index written that stands beside the served one of its pipeline, has the main lanes follow when another one is served, and lets the hand-over go on. What is there to be done is read from the search engine
 * each time, so it does not matter which instance was asked, nor where one was killed.
 */
@Singleton
final class Asides {

    private static final Logger LOG = Logger.getLogger(Asides.class);
    private static final Duration BEAT = Duration.ofMillis(250);
    /** While an index stands beside the served one. */
    private static final Duration SOON = Duration.ofSeconds(1);
    /** To the search engine and to Kafka, for one pipeline, at most. */
    private static final int REQUESTS = 9;

    private final Pipelines pipelines;
    private final Generations generations;
    private final Handover handover;
    private final Leftovers leftovers;
    private final MainLanes main;
    private final Provider<BulkWriters> writers;
    private final MarkBook marks;
    private final Conditions conditions;
    private final PipelineMeters meters;
    private final Ledger ledger;
    private final IndexerConfig config;
    private final Loops loops;
    private final Map<String, Object> kafka;
    private final LoopThread thread;
    /** Pipelines whose alias stood for nothing at the last look; for the thread. */
    private final Set<Pipeline> unserved = new HashSet<>();
    /** By the name of the index. */
    private final Map<String, Beside> running = new ConcurrentHashMap<>();
    /** They end by themselves. */
    private final Set<Ending> ending = ConcurrentHashMap.newKeySet();

    /** An index as it was found first, and the lanes to it. */
    private record Beside(IndexState index, AsideLanes lanes) {}

    /** @param isGone whether the index was deleted, so that what it leaves behind goes too */
    private record Ending(Beside beside, boolean isGone) {}

    Asides(Pipelines pipelines, Generations generations, Handover handover, Leftovers leftovers, @Identifier(DocumentTopics.CHANNEL) MainLanes main, Provider<BulkWriters> writers, MarkBook marks, Conditions conditions, PipelineMeters meters, Ledger ledger, IndexerConfig config,
            Loops loops, @Identifier("default-kafka-broker") Map<String, Object> kafka) {
        this.pipelines = pipelines;
        this.generations = generations;
        this.handover = handover;
        this.leftovers = leftovers;
        this.main = main;
        this.writers = writers;
        this.marks = marks;
        this.conditions = conditions;
        this.meters = meters;
        this.ledger = ledger;
        this.config = config;
        this.loops = loops;
        this.kafka = kafka;
        this.thread = loops.thread("generations", Thread.ofVirtual(), config.stuckAfter(), this::live);
    }

    void start(@Observes StartupEvent event) {
        thread.start();
    }

    @PreDestroy
    void stop() throws InterruptedException {
        thread.interrupt();
        thread.join(config.drainTimeout());
        running.values().forEach(beside -> beside.lanes().stop());
        running.values().forEach(beside -> ending.add(new Ending(beside, false)));
        for (var last : ending) {
            last.beside().lanes().awaitEnd(config.drainTimeout());
        }
    }

    /** The lanes that know where they began, by the name of their index. */
    Map<String, List<Lane>> opened() {
        return running.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().lanes().opened()));
    }

    private void live(Loop loop) throws InterruptedException {
        long due = System.nanoTime();
        while (true) {
            loop.waits(BEAT);
            Thread.sleep(BEAT);
            if (handover.isAsked() || System.nanoTime() - due >= 0) {
                var round = new Round();
                for (var pipeline : pipelines.all()) {
                    loop.waits(config.requestTimeout().multipliedBy(REQUESTS));
                    look(pipeline, round);
                }
                due = System.nanoTime() + (running.isEmpty() ? config.markInterval() : SOON).toNanos();
            }
        }
    }

    private void look(Pipeline pipeline, Round round) throws InterruptedException {
        if (round.leavesOut(pipeline)) {
            return;
        }
        long begun = System.nanoTime();
        try {
            var lineup = generations.lineup(pipeline);
            generations.follow(lineup);
            follow(pipeline, lineup);
            boolean whole = lookAtAlias(pipeline, lineup);
            long held = lineup.asides().stream().filter(IndexState::isHeld).count();
            meters.of(pipeline).beside(lineup.asides().size() - held, held);
            if (whole) {
                handover.advance(lineup);
            }
            handover.kept(pipeline, null);
        } catch (SearchAwayException e) {
            round.failed(pipeline, begun);
            handover.kept(pipeline, e.getMessage());
        } catch (KafkaException e) {
            handover.kept(pipeline, e.getMessage());
        }
    }

    /** @return whether readers see one index alone, or none where another look has yet to say so */
    private boolean lookAtAlias(Pipeline pipeline, Lineup lineup) {
        var who = "the alias " + pipeline.index().name() + " of " + pipeline.name();
        var trouble = generations.trouble(lineup);
        if (trouble == null) {
            conditions.going(who);
        } else {
            conditions.waiting(who, trouble);
        }
        // Who makes an index anew gives it the alias at once, so that only what stays is mended.
        if (lineup.serving() != null) {
            unserved.remove(pipeline);
        } else if (!unserved.add(pipeline) && (generations.restore(lineup) || reopen(pipeline, lineup))) {
            unserved.remove(pipeline);
        }
        return trouble == null;
    }

    /** Where the index that took over was deleted before the lanes had turned to it, they still write the one that is kept as a way back, and would miss nothing. */
    private boolean reopen(Pipeline pipeline, Lineup lineup) {
        if (lineup.main() != null || lineup.next() != null || generations.known(pipeline) == null) {
            return false;
        }
        LOG.warnf("No index of the pipeline %s serves, so its partitions are opened anew, which makes one", pipeline.name());
        main.reassign();
        return true;
    }

    private void follow(Pipeline pipeline, Lineup lineup) throws InterruptedException {
        var wanted = lineup.asides().stream().collect(Collectors.toMap(IndexState::index, state -> state));
        end(lineup, running.entrySet().stream().filter(e -> e.getValue().lanes().pipeline().equals(pipeline) && !wanted.containsKey(e.getKey())).map(Map.Entry::getKey).toList());
        for (var state : wanted.values()) {
            if (!running.containsKey(state.index())) {
                running.put(state.index(), new Beside(state, new AsideLanes(pipeline, state.index(), generations, writers.get(), marks, conditions, ledger, config, loops, kafka).start()));
            }
        }
        var served = lineup.served();
        var written = generations.known(pipeline);
        if (served != null && written != null && lineup.next() == null && !served.isAside() && !served.index().equals(written)) {
            LOG.infof("The pipeline %s is served from %s, so its documents go there, not to %s", pipeline.name(), served.index(), written);
            main.reassign();
        }
    }

    private void end(Lineup lineup, Collection<String> indexes) throws InterruptedException {
        for (var index : indexes) {
            var beside = running.remove(index);
            beside.lanes().stop();
            ending.add(new Ending(beside, lineup.named(index) == null));
        }
        for (var last : List.copyOf(ending)) {
            if (last.beside().lanes().awaitEnd(Duration.ofMillis(1))) {
                ending.remove(last);
                if (last.isGone()) {
                    leftovers.clear(last.beside().lanes().pipeline(), last.beside().index());
                }
            }
        }
    }
}
