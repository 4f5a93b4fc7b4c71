package io.millrace.indexer.intake;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.quarantine.Parked;
import io.millrace.indexer.quarantine.ParkedDocuments;
import io.millrace.indexer.quarantine.QuarantineDesk;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.Offsets;
import io.millrace.pipeline.topic.Topics;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/** Hands parked documents for which somebody asked to the lanes of their partitions, wherever the order was taken: it stands in the quarantine's topic. */
@Singleton
final class Replays {

    private static final Logger LOG = Logger.getLogger(Replays.class);
    private static final Duration BEAT = Duration.ofSeconds(1);

    private final MainLanes main;
    private final Asides asides;
    private final ParkedDocuments documents;
    private final QuarantineDesk desk;
    private final Offsets offsets;
    private final IndexerConfig config;
    private final LoopThread thread;
    /** How far the quarantine was looked through for each lane; for this thread. */
    private final Map<Lane, Long> seen = new HashMap<>();

    Replays(@Identifier(DocumentTopics.CHANNEL) MainLanes main, Asides asides, ParkedDocuments documents, QuarantineDesk desk, KafkaWatch kafka, IndexerConfig config, Loops loops) {
        this.main = main;
        this.asides = asides;
        this.documents = documents;
        this.desk = desk;
        this.offsets = kafka.offsets();
        this.config = config;
        this.thread = loops.thread("replays", Thread.ofVirtual(), config.stuckAfter(), this::live);
    }

    void start(@Observes StartupEvent event) {
        thread.start();
    }

    @PreDestroy
    void stop() {
        thread.interrupt();
    }

    private void live(Loop loop) throws InterruptedException {
        long due = System.nanoTime() + config.markInterval().toNanos();
        while (true) {
            loop.waits(BEAT);
            Thread.sleep(BEAT);
            if (desk.isAsked() || System.nanoTime() - due >= 0) {
                look(loop);
                due = System.nanoTime() + config.markInterval().toNanos();
            }
        }
    }

    private void look(Loop loop) throws InterruptedException {
        var open = new HashMap<Lane, Boolean>();
        main.opened().forEach(lane -> open.put(lane, true));
        asides.opened().values().forEach(lanes -> lanes.forEach(lane -> open.put(lane, false)));
        seen.keySet().retainAll(open.keySet());
        try {
            var ends = offsets.ends(offsets.partitions(open.keySet().stream().map(lane -> Topics.quarantineDocuments(lane.pipeline().name())).distinct().toList()));
            for (var one : open.entrySet()) {
                var quarantine = new TopicPartition(Topics.quarantineDocuments(one.getKey().pipeline().name()), one.getKey().partition().partition());
                var end = ends.get(quarantine);
                if (end != null && one.getKey().replay().isIdle()) {
                    loop.waits(ParkedDocuments.LONGEST.multipliedBy(2));
                    hand(one.getKey(), one.getValue(), quarantine, end);
                }
            }
        } catch (KafkaException e) {
            LOG.debugf("What was decided about parked documents is read later: %s", e.getMessage());
        }
    }

    private void hand(Lane lane, boolean isMain, TopicPartition quarantine, long end) throws InterruptedException {
        long from = seen.getOrDefault(lane, 0L);
        if (from < end && documents.isDecided(quarantine, from)) {
            var index = lane.standing().generation().index();
            lane.replay().add(documents.of(quarantine).stream().filter(parked -> parked.isAsked() && isFor(parked, index, isMain)).toList());
        }
        seen.put(lane, end);
    }

    /** One of before indexes were noted goes to the one that serves. */
    private static boolean isFor(Parked parked, String index, boolean isMain) {
        return parked.isReplayable() && (parked.index().equals(index) || isMain && parked.index().isEmpty());
    }
}
