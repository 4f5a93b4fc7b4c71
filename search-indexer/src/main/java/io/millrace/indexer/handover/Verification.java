package io.millrace.indexer.handover;

import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.generation.IndexState;
import io.millrace.indexer.generation.Lineup;
import io.millrace.indexer.generation.SearchAwayException;
import io.millrace.indexer.quarantine.ParkedDocuments;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.KafkaException;

/**
 * Has an index compared with the one that serves before it takes that one's place, again and again until readers lose nothing by it. A comparison takes its time, in a thread of its own, for others are handed over meanwhile. Thread-safe.
 */
@Singleton
final class Verification {

    /** For so long a comparison counts in which nothing was lost. */
    private static final Duration FRESH = Duration.ofMinutes(1);
    /** After so long one is begun anew in which something was lost, or that failed. */
    private static final Duration AGAIN = Duration.ofSeconds(30);

    private final Comparisons comparisons;
    private final Progress progress;
    private final Loops loops;
    private final IndexerConfig config;
    /** By the target's id of the index that is to take over. */
    private final Map<String, Look> looks = new ConcurrentHashMap<>();

    Verification(Comparisons comparisons, Progress progress, Loops loops, IndexerConfig config) {
        this.comparisons = comparisons;
        this.progress = progress;
        this.loops = loops;
        this.config = config;
    }

    @PreDestroy
    void stop() {
        looks.values().forEach(look -> look.thread.interrupt());
    }

    /**
     * Why an index that has all is not to take the place of the one that serves; null where it may. One that nobody writes here any more is no measure, and one that somebody wants served all the same is not held against any.
     *
     * @param pipeline behind whose alias they are
     */
    String until(Pipeline pipeline, IndexState served, IndexState other) {
        if (served == null || other.isUnverified() || !progress.isHere(served)) {
            return null;
        }
        return looks.compute(other.uuid(), (uuid, look) -> look != null && look.counts(served) ? look : new Look(new Comparisons.Pair(pipeline, served, other), look).start()).reason();
    }

    /** What readers would lose by an index, as the last comparison found; null where they lose nothing, or where it was not compared. */
    String losses(IndexState other) {
        var look = looks.get(other.uuid());
        return look == null || other.isUnverified() ? null : look.losses;
    }

    /** Nothing is to be said any more of indexes that are gone, or serve. */
    void forget(Lineup lineup) {
        looks.values().removeIf(look -> {
            boolean over = look.pair.pipeline().name().equals(lineup.pipeline().name()) && lineup.all().stream().noneMatch(state -> state.uuid().equals(look.pair.other().uuid()) && !state.serves());
            if (over) {
                look.thread.interrupt();
            }
            return over;
        });
    }

    private final class Look {

        private final Comparisons.Pair pair;
        private final LoopThread thread;
        /** Null where nothing was lost, or nothing is known. */
        private volatile String losses;
        /** Null where it did not fail. */
        private volatile String failure;
        /** Of {@link System#nanoTime()}. */
        private volatile long endedAt;
        private volatile boolean ended;

        /** @param before the one before, of which is told until this one has ended; null for none */
        Look(Comparisons.Pair pair, Look before) {
            this.pair = pair;
            this.losses = before == null ? null : before.losses;
            this.thread = loops.thread("comparison of " + pair.other().index(), Thread.ofVirtual(), config.stuckAfter(), loop ->
                    compare(() -> loop.waits(config.requestTimeout().multipliedBy(2).plus(ParkedDocuments.LONGEST.multipliedBy(2)))));
        }

        Look start() {
            thread.start();
            thread.release();
            return this;
        }

        private void compare(Runnable sign) throws InterruptedException {
            var why = "by an error that the log of this service tells";
            try {
                losses = comparisons.compare(pair, Comparisons.SAMPLE, sign).losses();
                why = null;
            } catch (SearchAwayException | KafkaException e) {
                why = e.getMessage();
            } finally {
                failure = why;
                endedAt = System.nanoTime();
                ended = true;
            }
        }

        boolean counts(IndexState served) {
            var kept = losses == null && failure == null ? FRESH : AGAIN;
            return pair.served().uuid().equals(served.uuid()) && (!ended || System.nanoTime() - endedAt < kept.toNanos());
        }

        String reason() {
            if (losses != null) {
                return losses + ". Readers would lose that, so it waits until it is not so any more; to have it serve all the same: ./millrace cutover " + pair.other().pipeline() + " --index " + pair.other().index() + " --despite-differences";
            }
            if (failure != null) {
                return "its comparison with " + pair.served().index() + " failed, and is begun again: " + failure;
            }
            return ended ? null : "it has all, and is compared with " + pair.served().index() + " now";
        }
    }
}
