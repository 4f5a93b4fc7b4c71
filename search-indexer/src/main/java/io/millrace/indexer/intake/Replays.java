package io.millrace.indexer.intake;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.health.Conditions;
import io.millrace.indexer.quarantine.LogCheck;
import io.millrace.indexer.quarantine.Parked;
import io.millrace.indexer.quarantine.ParkedDocuments;
import io.millrace.indexer.quarantine.Place;
import io.millrace.indexer.quarantine.Quarantine;
import io.millrace.indexer.quarantine.QuarantineDesk;
import io.millrace.indexer.quarantine.Settlement;
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
import jakarta.inject.Provider;
import jakarta.inject.Singleton;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Carries out what was decided about parked documents, wherever that was: it stands in the quarantine's topic. Each round does the next step of each lane's replay; what reads Kafka is done here, so that no lane waits
 * for it.
 */
@Singleton
final class Replays {

    private static final Duration BEAT = Duration.ofSeconds(1);
    private static final Duration BUSY = Duration.ofMillis(50);
    /** So many documents are sent to an index at once. */
    private static final int MOST = 1_000;

    private final MainLanes main;
    private final Asides asides;
    private final ParkedDocuments documents;
    private final LogCheck log;
    private final Provider<Quarantine> quarantine;
    private final QuarantineDesk desk;
    private final Offsets offsets;
    private final Conditions conditions;
    private final IndexerConfig config;
    private final LoopThread thread;
    /** For this thread. */
    private final Map<Lane, Work> works = new HashMap<>();

    Replays(@Identifier(DocumentTopics.CHANNEL) MainLanes main, Asides asides, ParkedDocuments documents, LogCheck log, Provider<Quarantine> quarantine, QuarantineDesk desk, KafkaWatch kafka, Conditions conditions, IndexerConfig config, Loops loops) {
        this.main = main;
        this.asides = asides;
        this.documents = documents;
        this.log = log;
        this.quarantine = quarantine;
        this.desk = desk;
        this.offsets = kafka.offsets();
        this.conditions = conditions;
        this.config = config;
        this.thread = loops.thread("replays", Thread.ofVirtual(), config.stuckAfter(), this::live);
    }

    /** What is left to do for one lane. */
    private static final class Work {
        /** Whether its pipeline is served by it. */
        final boolean isMain;
        /** How far the quarantine was looked through. */
        long from;
        /** Offsets in the quarantine of documents that are to be replayed. */
        SortedSet<Long> ordered = new TreeSet<>();

        Work(boolean isMain) {
            this.isMain = isMain;
        }
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
        boolean busy = false;
        while (true) {
            loop.waits(BEAT);
            Thread.sleep(busy ? BUSY : BEAT);
            boolean asked = desk.isAsked() || System.nanoTime() - due >= 0;
            if (asked) {
                due = System.nanoTime() + config.markInterval().toNanos();
            }
            if (asked || busy) {
                busy = look(asked, loop);
            }
        }
    }

    /** @return whether there is more to do soon */
    private boolean look(boolean asked, Loop loop) throws InterruptedException {
        var open = new HashMap<Lane, Boolean>();
        main.opened().forEach(lane -> open.put(lane, true));
        asides.opened().values().forEach(lanes -> lanes.forEach(lane -> open.put(lane, false)));
        works.keySet().stream().filter(lane -> !open.containsKey(lane)).forEach(lane -> conditions.note(name(lane), null));
        works.keySet().retainAll(open.keySet());
        open.forEach((lane, isMain) -> works.computeIfAbsent(lane, l -> new Work(isMain)));
        boolean busy = false;
        var ends = new HashMap<String, Map<TopicPartition, Long>>();
        for (var one : works.entrySet()) {
            busy |= step(one.getKey(), one.getValue(), asked, ends, loop);
        }
        return busy;
    }

    /** Of what is noted in health; each index has its own. */
    private static String name(Lane lane) {
        return "replays of " + lane.partition() + " to " + lane.standing().generation().index();
    }

    /** Does the next step for a lane; what cannot be done now is done later. */
    private boolean step(Lane lane, Work work, boolean asked, Map<String, Map<TopicPartition, Long>> ends, Loop loop) throws InterruptedException {
        try {
            switch (lane.replay().state()) {
                case IDLE -> next(lane, work, asked, ends, loop);
                case WATCHED -> check(lane, loop);
                case SENT -> settle(lane, loop);
                case BEGUN, CHECKED -> { }
            }
            conditions.note(name(lane), null);
            return lane.replay().state() != Replay.State.IDLE || !work.ordered.isEmpty();
        } catch (KafkaException | Quarantine.ParkException e) {
            conditions.note(name(lane), "parked documents are sent again later: " + e.getMessage());
            return false;
        }
    }

    private void next(Lane lane, Work work, boolean asked, Map<String, Map<TopicPartition, Long>> ends, Loop loop) throws InterruptedException {
        var parked = parked(lane);
        if (work.ordered.isEmpty() && asked) {
            loop.waits(ParkedDocuments.LONGEST.multipliedBy(2));
            look(lane, work, parked, end(parked, ends));
        }
        if (!work.ordered.isEmpty()) {
            loop.waits(ParkedDocuments.LONGEST.multipliedBy(2));
            begin(lane, work, parked);
        }
    }

    private static TopicPartition parked(Lane lane) {
        return new TopicPartition(Topics.quarantineDocuments(lane.pipeline().name()), lane.partition().partition());
    }

    /**
     * Where the records of one partition of a quarantine end, 0 where it has none. Kafka is asked once for all that are looked at of its topic.
     *
     * @param ends those that were asked for in this round, by topic
     */
    private long end(TopicPartition parked, Map<String, Map<TopicPartition, Long>> ends) throws InterruptedException {
        var known = ends.get(parked.topic());
        if (known == null) {
            known = offsets.ends(works.keySet().stream().map(Replays::parked).filter(p -> p.topic().equals(parked.topic())).collect(Collectors.toSet()));
            ends.put(parked.topic(), known);
        }
        return known.getOrDefault(parked, 0L);
    }

    private void look(Lane lane, Work work, TopicPartition parked, long end) throws InterruptedException {
        if (work.from < end) {
            var index = lane.standing().generation().index();
            // One of before indexes were noted goes to the one that serves.
            var orders = documents.orders(parked, work.from, refused -> refused.equals(index) || work.isMain && refused.isEmpty());
            work.ordered = orders.places();
            work.from = orders.next();
        }
    }

    private void begin(Lane lane, Work work, TopicPartition parked) throws InterruptedException {
        var chosen = new TreeSet<>(work.ordered.stream().limit(MOST).toList());
        var batch = new ArrayList<Parked>();
        var keys = new HashSet<ByteBuffer>();
        documents.unsettled(parked, chosen).stream().filter(one -> keys.add(ByteBuffer.wrap(one.key()))).forEach(batch::add);
        // What was not read has its turn later, unless nothing was: then all of it is settled, or not there any more.
        if (batch.isEmpty()) {
            work.ordered.removeAll(chosen);
        } else {
            batch.forEach(one -> work.ordered.remove(one.place().offset()));
            lane.replay().begin(batch);
            lane.wake();
        }
    }

    private void check(Lane lane, Loop loop) throws InterruptedException {
        lane.replay().checked(log.stated(lane.partition(), lane.replay().parked(), lane::isClosed, loop));
        lane.wake();
    }

    private void settle(Lane lane, Loop loop) throws InterruptedException {
        var replay = lane.replay();
        var settlements = new LinkedHashMap<Place, Settlement>();
        replay.parked().forEach(one -> settlements.put(one.place(), !replay.sent().contains(one) ? Settlement.SUPERSEDED : replay.refused().contains(one) ? Settlement.REFUSED : Settlement.REPLAYED));
        loop.waits(Quarantine.LONGEST.multipliedBy(2));
        quarantine.get().settled(lane.pipeline(), List.copyOf(settlements.keySet()), settlements::get);
        replay.end();
    }
}
