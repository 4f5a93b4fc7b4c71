package io.millrace.denormalizer.stream;

import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.log.Gap;
import io.millrace.pipeline.log.Rebuild;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/**
 * Has the join of a pipeline built anew by itself once its state or its documents cannot be trusted, where the pipeline file says so. Each
 * instance looks, and one at a time does it. Where rows are to be read from the database again, or no index can be made any more, it
 * leaves that to a person.
 */
final class AutomaticRecovery {

    private static final Logger LOG = Logger.getLogger(AutomaticRecovery.class);
    private static final Duration LOOK = Duration.ofSeconds(2);
    /** A server that comes back, or a person who is at it, is given so long. */
    private static final Duration SETTLED = Duration.ofSeconds(15);
    private static final Duration STOPPING = Duration.ofMinutes(5);
    /** After an attempt, whatever came of it. */
    private static final Duration AGAIN = Duration.ofMinutes(1);
    /** What is wrong again that soon is not mended by doing the same again. */
    private static final Duration SELDOM = Duration.ofHours(1);
    /** One step asks Kafka several times, each within the client's limits. */
    private static final Duration SILENCE = Duration.ofMinutes(3);

    private final Map<String, Object> kafka;
    private final String pipeline;
    private final Supplier<Damage> damage;
    private final LoopThread thread;
    /** Why the last attempt came to nothing, null where it did not. */
    private volatile String hindrance;

    /**
     * What this instance knows to be wrong.
     *
     * @param isStateless whether rows were read and nothing was ever kept, which no mark need tell
     * @param life the number of the life in which that was seen
     */
    record Damage(boolean isStateless, long life) {}

    /** @param damage as this instance sees it at the moment, null where it sees none */
    AutomaticRecovery(Map<String, String> kafka, String pipeline, Supplier<Damage> damage, Loops loops) {
        this.kafka = new HashMap<>(kafka);
        this.pipeline = pipeline;
        this.damage = damage;
        this.thread = loops.thread("recovery-" + pipeline, Thread.ofVirtual(), SILENCE, this::live);
    }

    void start() {
        thread.start();
    }

    void stop() {
        thread.interrupt();
    }

    String hindrance() {
        return hindrance;
    }

    private void live(Loop loop) throws InterruptedException {
        long since = System.nanoTime();
        while (true) {
            loop.beat();
            Thread.sleep(LOOK);
            if (damage.get() == null) {
                hindrance = null;
                since = System.nanoTime();
            } else if (System.nanoTime() - since > SETTLED.toNanos()) {
                attempt(loop);
                loop.waits(AGAIN);
                Thread.sleep(AGAIN);
                since = System.nanoTime();
            }
        }
    }

    private void attempt(Loop loop) throws InterruptedException {
        var why = recover(loop);
        if (why != null && !why.equals(hindrance)) {
            LOG.warnf("The join of %s is not built anew by itself: %s", pipeline, why);
        }
        hindrance = why;
    }

    /** @return why it was not done, null where it was, or is not needed any more */
    private String recover(Loop loop) throws InterruptedException {
        var seen = damage.get();
        try (var rebuild = new Rebuild(kafka, pipeline)) {
            var missing = rebuild.missing();
            if (!missing.isEmpty()) {
                return "the topics " + String.join(", ", missing) + " are not there; ./millrace apply makes them";
            }
            if (seen == null || !hasTurn(rebuild)) {
                return null;
            }
            // Another one may have done all of it since.
            var gaps = rebuild.gaps();
            if (rebuild.life().begun()) {
                if (gaps.isEmpty() && !(seen.isStateless() && seen.life() == rebuild.life().number())) {
                    return null;
                }
                var refusal = refusal(gaps, rebuild);
                if (refusal != null) {
                    return refusal;
                }
            }
            build(rebuild, gaps, loop);
            return null;
        } catch (KafkaException | IllegalStateException e) {
            return e.getMessage();
        }
    }

    /** What was asked for already is gone on with, whatever the reason was; what is begun anew has to be of use. */
    private static String refusal(Map<TopicPartition, Gap> gaps, Rebuild rebuild) {
        var byHand = gaps.entrySet().stream().filter(gap -> !Rebuild.isMendedFromRows(gap.getKey(), gap.getValue())).map(gap -> gap.getKey() + ": " + gap.getValue().what()).limit(3).collect(Collectors.joining("; "));
        if (!byHand.isEmpty()) {
            return byHand + ". More than the rows that are there is needed for it, so a person decides";
        }
        if (!rebuild.isProven()) {
            return "it was built anew before, and its documents were not found to be those of the database since";
        }
        var since = Duration.between(Instant.ofEpochSecond(rebuild.life().number()), Instant.now());
        return since.compareTo(SELDOM) > 0 ? null : "it was built anew " + since.toMinutes() + " minutes ago, and something is wrong again. Find out what takes it away before it is done once more";
    }

    private void build(Rebuild rebuild, Map<TopicPartition, Gap> gaps, Loop loop) throws InterruptedException {
        LOG.warnf("State and documents of the join of %s are built anew, as recovery: automatic says in its file; what is wrong: %s", pipeline,
                gaps.isEmpty() ? "no state, or a rebuild that did not come to its end" : gaps.entrySet().stream().limit(3).map(gap -> gap.getKey() + ": " + gap.getValue().what()).collect(Collectors.joining("; ")));
        rebuild.ask();
        loop.waits(STOPPING);
        rebuild.awaitStopped(STOPPING);
        var life = rebuild.clear((read, of) -> loop.beat());
        LOG.warnf("What the join of %s kept is cleared; it begins with the first row, and no document gets a version below %d", pipeline, life.floor());
    }

    /** Whoever has it instead, another instance or a person, does the same. */
    private boolean hasTurn(Rebuild rebuild) throws InterruptedException {
        try {
            rebuild.take();
            return true;
        } catch (IllegalStateException e) {
            LOG.infof("The join of %s is left to others: %s", pipeline, e.getMessage());
            return false;
        }
    }
}
