package io.millrace.indexer.handover;

import io.millrace.indexer.generation.Generations;
import io.millrace.indexer.generation.IndexState;
import io.millrace.indexer.generation.Lineup;
import io.millrace.indexer.generation.Switch;
import io.millrace.indexer.health.Conditions;
import io.millrace.indexer.mark.MarkBook;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.Offsets;
import io.millrace.pipeline.topic.Topics;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.TopicPartition;

/**
 * Has an index that is written aside served once it has all, unless it is held. What has been seen in the index that serves is in the other one before readers see that. One thread advances, any may ask.
 */
@Singleton
public final class Handover {

    /** How long the served index may stand still for the other one to get the last documents. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Generations generations;
    private final Switch exchange;
    private final MarkBook marks;
    private final Offsets offsets;
    private final Conditions conditions;
    private final AtomicBoolean asked = new AtomicBoolean();
    /** By the engine's id of the index that is to be served; for the thread that advances. */
    private final Map<String, Goal> goals = new HashMap<>();

    Handover(Generations generations, Switch exchange, MarkBook marks, KafkaWatch kafka, Conditions conditions) {
        this.generations = generations;
        this.exchange = exchange;
        this.marks = marks;
        this.offsets = kafka.offsets();
        this.conditions = conditions;
    }

    /**
     * What an index must have.
     *
     * @param index its name
     * @param pipeline the name of its pipeline
     * @param last whether nobody writes the served index any more
     * @param since when it was set, of {@link System#nanoTime()}
     */
    private record Goal(String index, String pipeline, Map<TopicPartition, Long> ends, boolean last, long since) {}

    /** Something was asked for, which need not wait for the next look. */
    void ask() {
        asked.set(true);
    }

    /** Whether something was asked for since this was asked last. */
    public boolean isAsked() {
        return asked.getAndSet(false);
    }

    /**
     * Does the next step, where there is one.
     *
     * @throws io.millrace.indexer.generation.SearchAwayException when the search engine does not answer
     * @throws org.apache.kafka.common.KafkaException when Kafka does not
     */
    public void advance(Lineup lineup) throws InterruptedException {
        forget(lineup);
        var next = lineup.next();
        if (next != null) {
            finish(lineup, next);
            return;
        }
        for (var aside : lineup.asides()) {
            var reason = lineup.served() == null ? "no index of the pipeline is served that it could take the place of" : aside.isHeld() && !aside.isFilling() ? null : untilIt(lineup.pipeline(), aside);
            note(aside.index(), reason);
            if (reason == null && !aside.isHeld()) {
                exchange.begin(lineup.served(), aside);
                asked.set(true);
                return;
            }
        }
    }

    /** What was to be reached by an index that is not written aside any more, or before a hand-over that somebody else has ended. */
    private void forget(Lineup lineup) {
        for (var known : List.copyOf(goals.entrySet())) {
            var goal = known.getValue();
            boolean ended = lineup.asides().stream().noneMatch(state -> state.uuid().equals(known.getKey())) || goal.last() && lineup.next() == null;
            if (goal.pipeline().equals(lineup.pipeline().name()) && ended) {
                goals.remove(known.getKey());
                note(goal.index(), null);
            }
        }
    }

    private void note(String index, String reason) {
        conditions.note(index, reason == null ? null : "it is not served yet: " + reason);
    }

    /** Why an index does not have all that there was when this was asked first; null where it does. */
    private String untilIt(Pipeline pipeline, IndexState aside) throws InterruptedException {
        var lacking = lacking(aside, goal(pipeline, aside, false));
        return lacking == null ? generations.untilSettled(pipeline, aside) : lacking;
    }

    private Goal goal(Pipeline pipeline, IndexState aside, boolean last) throws InterruptedException {
        var known = goals.get(aside.uuid());
        if (known == null || last && !known.last()) {
            known = new Goal(aside.index(), pipeline.name(), offsets.ends(offsets.partitions(List.of(Topics.documents(pipeline.name())))), last, System.nanoTime());
            goals.put(aside.uuid(), known);
        }
        return known;
    }

    private String lacking(IndexState aside, Goal goal) {
        var has = marks.offsets(aside.uuid(), goal.ends().keySet());
        if (!has.keySet().containsAll(goal.ends().keySet())) {
            return "how far it is is not known of all partitions yet; where that stays so, health says why";
        }
        long behind = goal.ends().entrySet().stream().mapToLong(end -> Math.max(0, end.getValue() - has.get(end.getKey()))).sum();
        return behind == 0 ? null : behind + " of the records that its topic had are still to be indexed";
    }

    /** Nobody writes the served index now, so this is soon over one way or the other. */
    private void finish(Lineup lineup, IndexState next) throws InterruptedException {
        var served = lineup.served();
        if (served == null) {
            exchange.forget(next);
            return;
        }
        var goal = goal(lineup.pipeline(), next, true);
        if (lacking(next, goal) == null) {
            exchange.finish(lineup.pipeline().index().name(), served, next);
            note(next.index(), null);
            goals.remove(next.uuid());
        } else if (System.nanoTime() - goal.since() > PATIENCE.toNanos()) {
            exchange.undo(served, next);
            goals.remove(next.uuid());
        }
        asked.set(true);
    }
}
