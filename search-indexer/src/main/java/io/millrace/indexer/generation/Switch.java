package io.millrace.indexer.generation;

import io.millrace.indexer.place.Targets;
import io.millrace.pipeline.file.Pipeline;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jboss.logging.Logger;

/**
 * Exchanges the index that is served, written by the pipeline's main consumer group, with one that is written aside. Each step is one request that the search engine carries out as a
 * whole or not at all, and whatever stands in between is seen in the aliases, so that any indexer can go on from there.
 *
 * <p>First nobody writes the served index any more, so that what readers have seen is no more than what the topic ends with; then, once the other index has all of that, the alias moves
 * and the two writers change places. An alias for writing is the right to write: a request that comes late finds it gone.
 */
@Singleton
public final class Switch {

    private static final Logger LOG = Logger.getLogger(Switch.class);

    private final Targets targets;

    Switch(Targets targets) {
        this.targets = targets;
    }

    /** From now on nobody writes the served index; does nothing where another indexer was sooner. */
    public void begin(Pipeline pipeline, IndexState served, IndexState next) {
        var changes = new ArrayList<>(fenced(served));
        changes.add(add(next, Generation.nextAlias(next.index(), Integer.toHexString(ThreadLocalRandom.current().nextInt()))));
        if (carriedOut(pipeline, changes)) {
            LOG.infof("The index %s is to be served in the place of %s, which is not written until then", next.index(), served.index());
        }
    }

    /** Takes the right to write from the served index once more, where somebody gave it back while it is to be replaced. */
    public void fence(Pipeline pipeline, IndexState served) {
        carriedOut(pipeline, fenced(served));
    }

    /** Moves the alias; does nothing where another indexer was sooner, or where this hand-over was given up meanwhile. */
    public void finish(Pipeline pipeline, IndexState served, IndexState next) {
        var alias = pipeline.index().name();
        var hidden = targets.of(pipeline).indexes().refresh(next.index());
        if (hidden != null) {
            throw new SearchAwayException("Refreshing the index " + next.index() + " failed: " + hidden);
        }
        var changes = new ArrayList<AliasChange>(List.of(remove(served, alias), add(next, alias), remove(next, Generation.nextAlias(next.index(), next.order())), remove(next, Generation.asideAlias(next.index())), add(next, Generation.writeAlias(next.index())),
                add(served, Generation.asideAlias(served.index())), add(served, Generation.heldAlias(served.index()))));
        if (next.isHeld()) {
            changes.add(remove(next, Generation.heldAlias(next.index())));
        }
        if (next.isUnverified()) {
            changes.add(remove(next, Generation.unverifiedAlias(next.index())));
        }
        if (carriedOut(pipeline, changes)) {
            LOG.infof("The alias %s stands for %s from now on; %s is written beside it, as a way back", alias, next.index(), served.index());
        }
    }

    /** The served index is written again, and the other one is held. */
    public void undo(Pipeline pipeline, IndexState served, IndexState next) {
        if (carriedOut(pipeline, List.of(remove(next, Generation.nextAlias(next.index(), next.order())), add(next, Generation.heldAlias(next.index())), add(served, Generation.writeAlias(served.index()))))) {
            LOG.warnf("The index %s stays in service; %s is held until somebody asks for it again", served.index(), next.index());
        }
    }

    /** Where the served index was deleted meanwhile there is nothing to come back to. */
    public void forget(Pipeline pipeline, IndexState next) {
        carriedOut(pipeline, List.of(remove(next, Generation.nextAlias(next.index(), next.order()))));
    }

    /**
     * Deletes an index while another one is served and written; its own writers find their alias gone. The engine deletes it in the step in which it finds that the alias stands for the other one, so
     * it deletes none that readers see. Where a block keeps aliases from being changed, as at the flood stage of a disk that this is to free, nobody leads readers to another index either, and it is deleted by itself.
     *
     * @return false where that does not hold any more, and nothing is deleted
     */
    public boolean retire(Pipeline pipeline, IndexState served, IndexState retired) {
        var alias = pipeline.index().name();
        var written = Generation.writeAlias(served.index());
        var deletion = new AliasChange.Delete(retired.index());
        boolean done;
        try {
            done = carriedOut(pipeline, List.of(remove(served, alias), add(served, alias), remove(served, written), add(served, written), deletion));
        } catch (BlockedException e) {
            done = isStillAside(pipeline, served, retired) && carriedOut(pipeline, List.of(deletion));
        }
        if (done) {
            LOG.infof("The index %s is deleted, while %s is served", retired.index(), served.index());
        }
        return done;
    }

    private boolean isStillAside(Pipeline pipeline, IndexState served, IndexState retired) {
        var lineup = new Lineup(pipeline, targets.of(pipeline).indexes().of(pipeline.index().name()));
        var serving = lineup.serving();
        var own = lineup.named(retired.index());
        return serving != null && serving.uuid().equals(served.uuid()) && own != null && own.uuid().equals(retired.uuid()) && !own.serves();
    }

    private static List<AliasChange> fenced(IndexState served) {
        var changes = new ArrayList<AliasChange>(List.of(remove(served, Generation.writeAlias(served.index()))));
        if (served.aliases().contains(Generation.formerWriteAlias(served.index()))) {
            changes.add(remove(served, Generation.formerWriteAlias(served.index())));
        }
        return changes;
    }

    /** It is served only when somebody asks for it. */
    public void hold(Pipeline pipeline, IndexState state) {
        carriedOut(pipeline, List.of(add(state, Generation.heldAlias(state.index()))));
    }

    /**
     * It is served as soon as it has all.
     *
     * @param unverified whether also where readers lose something by it
     */
    public void release(Pipeline pipeline, IndexState state, boolean unverified) {
        var changes = new ArrayList<AliasChange>();
        if (state.isHeld()) {
            changes.add(remove(state, Generation.heldAlias(state.index())));
        }
        if (state.isUnverified() != unverified) {
            var alias = Generation.unverifiedAlias(state.index());
            changes.add(unverified ? add(state, alias) : remove(state, alias));
        }
        if (!changes.isEmpty()) {
            carriedOut(pipeline, changes);
        }
    }

    /** @return whether it was this request that did it */
    private boolean carriedOut(Pipeline pipeline, List<AliasChange> changes) {
        return targets.of(pipeline).indexes().change(changes);
    }

    private static AliasChange add(IndexState state, String alias) {
        return new AliasChange.Add(state.index(), alias);
    }

    private static AliasChange remove(IndexState state, String alias) {
        return new AliasChange.Remove(state.index(), alias);
    }
}
