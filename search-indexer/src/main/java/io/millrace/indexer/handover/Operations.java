package io.millrace.indexer.handover;

import io.millrace.indexer.Pipelines;
import io.millrace.indexer.generation.BlockedException;
import io.millrace.indexer.generation.Count;
import io.millrace.indexer.generation.Generations;
import io.millrace.indexer.generation.IndexState;
import io.millrace.indexer.generation.Lineup;
import io.millrace.indexer.generation.SearchAwayException;
import io.millrace.indexer.generation.Switch;
import io.millrace.indexer.handover.GenerationView.Role;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.Target;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/** What an operator may ask of a pipeline's indexes. What is asked for is in the search engine when this returns, and whoever watches it does the rest. Thread-safe. */
@Singleton
final class Operations {

    private static final Logger LOG = Logger.getLogger(Operations.class);

    private final Pipelines pipelines;
    private final Generations generations;
    private final Switch exchange;
    private final Handover handover;
    private final Progress progress;
    private final Comparisons comparisons;
    private final Verification verification;
    private final Leftovers leftovers;

    Operations(Pipelines pipelines, Generations generations, Switch exchange, Handover handover, Progress progress, Comparisons comparisons, Verification verification, Leftovers leftovers) {
        this.pipelines = pipelines;
        this.generations = generations;
        this.exchange = exchange;
        this.handover = handover;
        this.progress = progress;
        this.comparisons = comparisons;
        this.verification = verification;
        this.leftovers = leftovers;
    }

    /** The indexes behind a pipeline's alias, the newest first. */
    List<GenerationView> list(String pipeline) throws RefusedException, InterruptedException {
        var views = new ArrayList<GenerationView>();
        var lineup = generations.lineup(pipeline(pipeline));
        for (var state : lineup.all()) {
            views.add(view(lineup.pipeline(), state));
        }
        return views;
    }

    private GenerationView view(Pipeline pipeline, IndexState state) throws InterruptedException {
        var role = state.serves() ? Role.SERVES : state.isNext() ? Role.TAKES_OVER : state.isAside() ? Role.ASIDE : Role.OTHER;
        var documents = documents(pipeline, state);
        return new GenerationView(state.index(), state.pipeline(), role, state.made(), documents == null ? null : documents.documents(), documents != null && !documents.exact(), progress.behind(state), state.isHeld(), waits(state), state.serves() ? null : verification.losses(state));
    }

    /** Null where they cannot be counted now. */
    private Count documents(Pipeline pipeline, IndexState state) {
        try {
            return generations.store(pipeline).count(state.index());
        } catch (SearchAwayException e) {
            return null;
        }
    }

    private String waits(IndexState state) {
        return state.pipeline().isEmpty() || progress.isHere(state) ? handover.waits(state.index())
                : "nobody here writes it: its pipeline " + state.pipeline() + " is not among the files of this service; who has that file goes on with it";
    }

    /** Begins another index of the same documents. */
    GenerationView rebuild(String name, boolean hold) throws RefusedException, InterruptedException {
        var pipeline = pipeline(name);
        var lineup = generations.lineup(pipeline);
        var served = lineup.served();
        if (served == null) {
            throw RefusedException.conflict("Readers do not see an index of the pipeline " + name + " now, so there is none to build anew beside; ./millrace generations " + name + " tells which one they see");
        }
        if (served.pipeline().isEmpty()) {
            throw RefusedException.conflict("The index " + served.index() + " does not say whose it is, so nobody would write it as a way back; restart the indexer, which notes that, or look why its mapping takes no _meta");
        }
        refuseMixed(lineup);
        var kept = lineup.asides().stream().findFirst();
        if (kept.isPresent()) {
            throw RefusedException.conflict("The index " + kept.get().index() + " is " + (kept.get().number() > served.number() ? "already built" : "kept") + " beside " + served.index() + "; have it served (./millrace cutover or rollback " + name + ") or delete it (./millrace retire " + name + " " + kept.get().index() + ") first");
        }
        refuseTooMany();
        var index = generations.rebuild(pipeline, hold);
        var now = generations.lineup(pipeline);
        if (index == null || now.named(index) == null || !now.named(index).pipeline().equals(name) || isSecond(now, index)) {
            throw RefusedException.conflict("Another index of " + name + " was begun by somebody else at the same moment; ./millrace generations " + name + " tells which one");
        }
        handover.ask();
        return view(pipeline, now.named(index));
    }

    /** Of two that were begun at one moment, by two instances, the older one stays. */
    private boolean isSecond(Lineup lineup, String index) {
        var state = lineup.named(index);
        boolean second = lineup.asides().stream().anyMatch(other -> other.number() < state.number());
        if (second && lineup.served() != null) {
            exchange.retire(lineup.pipeline(), lineup.served(), state);
        }
        return second;
    }

    private void refuseMixed(Lineup lineup) throws RefusedException {
        var trouble = generations.trouble(lineup);
        if (trouble != null) {
            throw RefusedException.conflict(trouble);
        }
    }

    /** Each is written by consumers and lanes of its own, on every instance. */
    private void refuseTooMany() throws RefusedException {
        var there = pipelines.all().stream().flatMap(pipeline -> asides(pipeline).stream()).map(IndexState::index).toList();
        if (there.size() >= Generations.MOST_ASIDE) {
            throw RefusedException.conflict("This service writes " + String.join(", ", there) + " beside those that are served, and " + Generations.MOST_ASIDE + " are the most; delete one first (./millrace retire PIPELINE INDEX)");
        }
    }

    /** What keeps the tables of one pipeline from being told, such as a name that is taken, keeps none of another from being built. */
    private List<IndexState> asides(Pipeline pipeline) {
        try {
            return generations.lineup(pipeline).asides();
        } catch (SearchAwayException e) {
            if (pipeline.target() == Target.OPENSEARCH) {
                throw e;
            }
            return List.of();
        }
    }

    /**
     * Has an index served as soon as it has all.
     *
     * @param despite whether also where readers lose something by it. Otherwise one that has all is compared at once, and one that has not before it serves
     */
    GenerationView serve(String name, String index, boolean despite) throws RefusedException, InterruptedException {
        var lineup = generations.lineup(pipeline(name));
        var state = named(lineup, index);
        refuseStrange(lineup, state);
        if (state.serves()) {
            throw RefusedException.conflict("The index " + index + " is the one that readers see already");
        }
        refuseMixed(lineup);
        if (lineup.next() != null) {
            throw RefusedException.conflict("The index " + lineup.next().index() + " takes over just now; ask again when it has");
        }
        refuseUnwritten(state);
        if (!despite) {
            refuseLosing(lineup, state);
        }
        if (!state.isAside()) {
            giveWay(lineup, state);
        }
        exchange.release(lineup.pipeline(), state, despite);
        handover.ask();
        return view(lineup.pipeline(), named(generations.lineup(lineup.pipeline()), index));
    }

    private void refuseUnwritten(IndexState state) throws RefusedException {
        if (!progress.isHere(state)) {
            throw RefusedException.conflict("Nobody writes the index " + state.index() + " now, so it is not up to date; its pipeline " + state.pipeline() + " has to be among the files of this service");
        }
    }

    /** One that does not have all yet is compared once it has. */
    private void refuseLosing(Lineup lineup, IndexState state) throws RefusedException, InterruptedException {
        var served = lineup.serving();
        if (served == null || !progress.isHere(served) || state.isFilling() || progress.behind(state) > 0) {
            return;
        }
        var losses = comparisons.compare(new Comparisons.Pair(lineup.pipeline(), served, state), Comparisons.SAMPLE, () -> { }).losses();
        if (losses != null) {
            throw RefusedException.conflict(losses + ". Readers would lose that, so " + served.index() + " stays; to have " + state.index() + " serve all the same: ./millrace " + (state.number() > served.number() ? "cutover " : "rollback ")
                    + state.pipeline() + " --index " + state.index() + " --despite-differences (?despite=true)");
        }
    }

    /** Another pipeline's index comes back only when the one that replaces it does not come back by itself. */
    private void giveWay(Lineup lineup, IndexState state) {
        for (var served : lineup.all()) {
            if (served.serves() && served.replaces().contains(state.pipeline())) {
                exchange.hold(lineup.pipeline(), served);
            }
        }
    }

    /** An index with the one that serves. */
    Comparisons.Pair pair(String name, String index) throws RefusedException {
        var lineup = generations.lineup(pipeline(name));
        return new Comparisons.Pair(lineup.pipeline(), serving(lineup), named(lineup, index));
    }

    /** Deletes an index that readers do not see, with what it leaves behind: whoever writes it does that as soon as he has ended. */
    void retire(String name, String index) throws RefusedException, InterruptedException {
        var lineup = generations.lineup(pipeline(name));
        var state = named(lineup, index);
        refuseStrange(lineup, state);
        if (state.serves()) {
            throw RefusedException.conflict("Readers see the index " + index + "; have another one served first (./millrace rollback " + name + ")");
        }
        if (lineup.all().stream().anyMatch(other -> other.isNext() && other != state)) {
            throw RefusedException.conflict("One index takes over from another one just now, and none is deleted meanwhile; ask again when it has");
        }
        if (!state.isAside() && progress.isHere(state)) {
            throw RefusedException.conflict("The pipeline " + state.pipeline() + " writes the index " + index + ", and would make it anew; take its file away from this service first, then retire it");
        }
        if (state.isNext() && lineup.served() != null) {
            giveUp(lineup, state);
        }
        if (!exchange.retire(lineup.pipeline(), serving(lineup), state)) {
            throw RefusedException.conflict("Which index is served or written changed while " + index + " was to be deleted, so it is not deleted; look again (./millrace generations " + name + ")");
        }
        handover.ask();
        if (!progress.isHere(state)) {
            leftovers.clear(lineup.pipeline(), state);
        }
    }

    /** At the flood stage of a disk not even that can be said, and nobody leads readers to it either. */
    private void giveUp(Lineup lineup, IndexState next) {
        try {
            exchange.undo(lineup.pipeline(), lineup.served(), next);
        } catch (BlockedException e) {
            LOG.infof("The hand-over to %s cannot be taken back before it is deleted: %s", next.index(), e.getMessage());
        }
    }

    /** Two teams may have chosen one name in one cluster. */
    private static void refuseStrange(Lineup lineup, IndexState state) throws RefusedException {
        if (!lineup.isRelated(state)) {
            throw RefusedException.conflict("The index " + state.index() + " belongs to " + (state.pipeline().isEmpty() ? "no pipeline" : "the pipeline " + state.pipeline()) + ", which has nothing to do with " + lineup.pipeline().name());
        }
    }

    private static IndexState serving(Lineup lineup) throws RefusedException {
        if (lineup.serving() == null) {
            throw RefusedException.conflict("No index is served as " + lineup.pipeline().index().name() + " now; ./millrace status says why");
        }
        return lineup.serving();
    }

    private Pipeline pipeline(String name) throws RefusedException {
        return pipelines.all().stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow(() -> RefusedException.unknown(
                "There is no pipeline " + name + " here; there are " + pipelines.all().stream().map(Pipeline::name).collect(Collectors.joining(", "))));
    }

    private static IndexState named(Lineup lineup, String index) throws RefusedException {
        var state = lineup.named(index);
        if (state == null) {
            throw RefusedException.unknown("There is no index " + index + " behind " + lineup.pipeline().index().name() + "; there are " + lineup.all().stream().map(IndexState::index).collect(Collectors.joining(", ")));
        }
        return state;
    }
}
