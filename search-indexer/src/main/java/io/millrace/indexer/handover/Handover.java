package io.millrace.indexer.handover;

import io.millrace.indexer.generation.Generations;
import io.millrace.indexer.generation.IndexState;
import io.millrace.indexer.generation.Lineup;
import io.millrace.indexer.generation.SearchAwayException;
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
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;

/**
 * Has an index that is written aside served once it has all and readers lose nothing by it, unless it is held. What has been seen in the index that serves is in the other one before readers see that. One thread advances, any may ask.
 */
@Singleton
public final class Handover {

    /** How long the served index may stand still for the other one to get the last documents. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Whoever took longer to get what there was would hardly get the last documents in that time. */
    private static final Duration FRESH = PATIENCE.dividedBy(2);

    /** Readers may have waited for a last step that failed, so they are let through before the next try. */
    private static final Duration BETWEEN = Duration.ofSeconds(5);

    private final Generations generations;
    private final Switch exchange;
    private final Verification verification;
    private final MarkBook marks;
    private final Offsets offsets;
    private final Conditions conditions;
    private final AtomicBoolean asked = new AtomicBoolean();
    /** By the engine's id of the index that is to be served, and the hand-over; for the thread that advances. */
    private final Map<String, Goal> goals = new HashMap<>();
    /** Where its last step failed, by the same key; for the thread that advances. */
    private final Map<String, Failure> failed = new HashMap<>();
    /** Why a hand-over was given up here, by the engine's id of the index; for the thread that advances. */
    private final Map<String, String> undone = new HashMap<>();
    /** Why it is not served yet, by the name of the index. */
    private final Map<String, Reason> reasons = new ConcurrentHashMap<>();

    Handover(Generations generations, Switch exchange, Verification verification, MarkBook marks, KafkaWatch kafka, Conditions conditions) {
        this.generations = generations;
        this.exchange = exchange;
        this.verification = verification;
        this.marks = marks;
        this.offsets = kafka.offsets();
        this.conditions = conditions;
    }

    /**
     * What an index must have.
     *
     * @param pipeline the name of its pipeline
     * @param since when it was set, of {@link System#nanoTime()}
     */
    private record Goal(String pipeline, Map<TopicPartition, Long> ends, long since) {}

    /** @param at when, of {@link System#nanoTime()} */
    private record Failure(long at, String why) {}

    /** @param pipeline its name */
    private record Reason(String pipeline, String text) {}

    /** Something was asked for, which need not wait for the next look. */
    void ask() {
        asked.set(true);
    }

    /** Whether something was asked for since this was asked last. */
    public boolean isAsked() {
        return asked.getAndSet(false);
    }

    /** Why an index is not served yet, as the last look of this instance found; null where nothing keeps it, or nobody waits for it. */
    String waits(String index) {
        var known = reasons.get(index);
        return known == null ? null : known.text();
    }

    /** Says what keeps this from being looked after; null where nothing does. */
    public void kept(Pipeline pipeline, String reason) {
        conditions.note("indexes of " + pipeline.name(), reason == null ? null : "what stands beside the index of " + pipeline.name() + " cannot be looked after: " + reason);
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
            var reason = untilBegun(lineup, aside);
            if (reason == null && !aside.isHeld()) {
                reason = verification.until(lineup.pipeline(), lineup.served(), aside);
            }
            note(lineup, aside.index(), reason);
            if (reason == null && !aside.isHeld()) {
                exchange.begin(lineup.pipeline(), lineup.served(), aside);
                asked.set(true);
                return;
            }
        }
    }

    /** What was to be reached by an index that is not written aside any more, or in a hand-over that has ended, whoever ended it. */
    private void forget(Lineup lineup) {
        verification.forget(lineup);
        var pipeline = lineup.pipeline().name();
        var there = lineup.asides().stream().map(Handover::key).collect(Collectors.toSet());
        goals.entrySet().removeIf(known -> known.getValue().pipeline().equals(pipeline) && !there.contains(known.getKey()));
        failed.keySet().retainAll(goals.keySet());
        undone.keySet().removeIf(uuid -> lineup.all().stream().anyMatch(state -> state.uuid().equals(uuid) && !state.isHeld()));
        for (var known : reasons.entrySet()) {
            if (known.getValue().pipeline().equals(pipeline) && lineup.asides().stream().noneMatch(state -> state.index().equals(known.getKey()))) {
                note(lineup, known.getKey(), null);
            }
        }
    }

    private void note(Lineup lineup, String index, String text) {
        if (text == null) {
            reasons.remove(index);
        } else {
            reasons.put(index, new Reason(lineup.pipeline().name(), text));
        }
        conditions.note(index, text == null ? null : "it is not served yet: " + text);
    }

    /** Why a hand-over to an index does not begin; null where it may, or where the index is only kept. */
    private String untilBegun(Lineup lineup, IndexState aside) throws InterruptedException {
        if (lineup.served() == null) {
            return "no index of the pipeline is served that it could take the place of";
        }
        if (lineup.served().pipeline().isEmpty()) {
            return "the index " + lineup.served().index() + " does not say whose it is, so nobody would write it as a way back; restart the indexer, which notes that, or look why its mapping takes no _meta";
        }
        var reason = aside.isHeld() && !aside.isFilling() ? undone.get(aside.uuid()) : untilIt(lineup.pipeline(), aside);
        if (reason == null && aside.isHeld()) {
            // Once somebody asks for it, it has to have what there is then.
            goals.remove(key(aside));
        }
        return reason;
    }

    /** Why an index does not have all that there was a moment ago; null where it does. */
    private String untilIt(Pipeline pipeline, IndexState aside) throws InterruptedException {
        var goal = goal(pipeline, aside);
        var lacking = lacking(aside, goal);
        var reason = lacking == null ? generations.untilSettled(pipeline, aside) : lacking;
        if (reason == null && System.nanoTime() - goal.since() > FRESH.toNanos()) {
            goals.remove(key(aside));
            return "it has what there was for it some time ago, and gets what came since";
        }
        return reason;
    }

    /** Each hand-over has its own: what the topic ends with was asked after nobody wrote the served index any more. */
    private Goal goal(Pipeline pipeline, IndexState aside) throws InterruptedException {
        var known = goals.get(key(aside));
        if (known == null) {
            known = new Goal(pipeline.name(), offsets.ends(offsets.partitions(List.of(Topics.documents(pipeline.name())))), System.nanoTime());
            goals.put(key(aside), known);
        }
        return known;
    }

    private static String key(IndexState aside) {
        return aside.uuid() + "/" + aside.order();
    }

    private String lacking(IndexState aside, Goal goal) throws InterruptedException {
        var has = marks.offsets(aside, Topics.documents(goal.pipeline()), goal.ends().keySet());
        if (!has.keySet().containsAll(goal.ends().keySet())) {
            return "how far it is is not known of all partitions yet; where that stays so, health says why";
        }
        long behind = goal.ends().entrySet().stream().mapToLong(end -> Math.max(0, end.getValue() - has.get(end.getKey()))).sum();
        return behind == 0 ? null : behind + " of the records that its topic had are still to be indexed";
    }

    /** Nobody writes the served index now, so this is soon over one way or the other. */
    private void finish(Lineup lineup, IndexState next) throws InterruptedException {
        asked.set(true);
        var served = lineup.served();
        if (served == null) {
            exchange.forget(lineup.pipeline(), next);
            return;
        }
        if (served.isWritten()) {
            goals.remove(key(next));
            exchange.fence(lineup.pipeline(), served);
            return;
        }
        var goal = goal(lineup.pipeline(), next);
        var lacking = lacking(next, goal);
        boolean late = System.nanoTime() - goal.since() > PATIENCE.toNanos();
        if (lacking == null) {
            serve(lineup, next, late);
        } else if (late) {
            undo(lineup, next, "it did not get the last documents within " + PATIENCE.toSeconds() + " s (" + lacking + ")");
        } else {
            noteStill(lineup, next, lacking);
        }
    }

    private void noteStill(Lineup lineup, IndexState next, String why) {
        note(lineup, next.index(), lineup.served().index() + " is not written any more, and " + why);
    }

    private void serve(Lineup lineup, IndexState next, boolean late) {
        var before = failed.get(key(next));
        if (before != null && System.nanoTime() - before.at() < BETWEEN.toNanos()) {
            noteStill(lineup, next, before.why());
            return;
        }
        try {
            exchange.finish(lineup.pipeline(), lineup.served(), next);
            note(lineup, next.index(), null);
        } catch (SearchAwayException e) {
            failed.put(key(next), new Failure(System.nanoTime(), e.getMessage()));
            noteStill(lineup, next, e.getMessage());
            if (late) {
                undo(lineup, next, "readers were not led to it within " + PATIENCE.toSeconds() + " s (" + e.getMessage() + ")");
            }
        }
    }

    /** The one that serves is written again. */
    private void undo(Lineup lineup, IndexState next, String why) {
        exchange.undo(lineup.pipeline(), lineup.served(), next);
        undone.put(next.uuid(), "it was to be, and " + why + ", so " + lineup.served().index() + " is written again; have it served anew: ./millrace cutover " + lineup.pipeline().name() + " --index " + next.index());
    }
}
