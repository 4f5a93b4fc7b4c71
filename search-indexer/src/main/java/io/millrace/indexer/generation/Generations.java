package io.millrace.indexer.generation;

import io.millrace.indexer.place.Targets;
import io.millrace.pipeline.file.Pipeline;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;

/**
 * The index of each pipeline: made where it is missing, and grown when rows get columns. A pipeline that replaces another one
 * has its index beside the one that is served, and so has one whose index is built anew. An index bears its pipeline's name in its mapping's {@code _meta}. Thread-safe;
 * several indexers may do the same at once.
 */
@Singleton
public final class Generations {

    private static final Logger LOG = Logger.getLogger(Generations.class);
    /** To the search engine, at most, when a mapping grows. */
    public static final int REQUESTS_TO_GROW = 4;
    /** So many indexes are written beside those that are served, of all pipelines of a service. */
    public static final int MOST_ASIDE = 4;

    private final Targets targets;
    private final Map<String, Generation> current = new ConcurrentHashMap<>();
    private final Map<Pipeline, Generation> aside = new ConcurrentHashMap<>();

    Generations(Targets targets) {
        this.targets = targets;
    }

    /**
     * The index that a pipeline's documents go to.
     *
     * @throws SearchAwayException when it can neither be found nor made now
     */
    public Generation of(Pipeline pipeline) {
        var known = current.get(pipeline.name());
        if (known != null) {
            return known;
        }
        synchronized (this) {
            return current.computeIfAbsent(pipeline.name(), name -> ensure(pipeline));
        }
    }

    /** What was known of the indexes may no longer hold. */
    public void forgetAll() {
        current.clear();
    }

    /** The name of the index that a pipeline's documents go to; null while that is not known. */
    public String known(Pipeline pipeline) {
        var known = current.get(pipeline.name());
        return known == null ? null : known.index();
    }

    /**
     * The indexes behind a pipeline's alias now.
     *
     * @throws SearchAwayException when the search engine does not tell
     */
    public Lineup lineup(Pipeline pipeline) {
        return new Lineup(pipeline, store(pipeline).of(pipeline.index().name()));
    }

    /**
     * An index that is written aside.
     *
     * @throws SearchAwayException when it is not, or the search engine does not answer now
     */
    public Generation aside(Pipeline pipeline, String index) {
        var state = lineup(pipeline).named(index);
        if (state == null || !state.isAside()) {
            throw new SearchAwayException("The index " + index + " is not written beside the one that is served any more");
        }
        var generation = generation(pipeline, state);
        bringInLine(pipeline, state, generation, state.isFilling());
        return generation;
    }

    /**
     * Makes another index of the same documents, which is written beside the one that is served.
     *
     * @param held whether it is served only when somebody asks for it, and not as soon as it has all
     * @return its name; null where somebody else made one of that name at the same moment
     * @throws SearchAwayException when the search engine does not take it
     */
    public String rebuild(Pipeline pipeline, boolean held) {
        var there = store(pipeline).of(pipeline.index().name());
        var index = name(pipeline, there);
        var aliases = new HashSet<>(Set.of(Generation.asideAlias(index), Generation.fillingAlias(index)));
        if (held) {
            aliases.add(Generation.heldAlias(index));
        }
        return create(pipeline, index, aliases) ? index : null;
    }

    /**
     * Gives an index that was filled the settings that it is to serve with, and waits for the copies that it gets by them.
     *
     * @return what is waited for; null where nothing is
     */
    public String untilSettled(Pipeline pipeline, IndexState state) {
        if (state.isFilling()) {
            var lacking = store(pipeline).adjust(pipeline, state, false);
            if (lacking != null) {
                return lacking;
            }
            filled(pipeline, state);
            LOG.infof("The index %s is filled, and has the settings now with which it is to serve", state.index());
        }
        return store(pipeline).copying(state.index());
    }

    /**
     * Adds the columns that the registry knows by now to the mapping.
     *
     * @return why the index does not take them, null where it has them all
     * @throws SearchAwayException when the registry or the target does not answer
     */
    public synchronized String grow(Pipeline pipeline, Generation generation) {
        return store(pipeline).grow(pipeline, generation);
    }

    /** Where a pipeline's indexes are kept. */
    public IndexStore store(Pipeline pipeline) {
        return targets.of(pipeline).indexes();
    }

    /** Those of whom {@link #of} was asked and that do not serve, with their index. */
    public Map<Pipeline, Generation> aside() {
        return Map.copyOf(aside);
    }

    /** Moves the alias to the pipeline's index, in one step, so that every search sees either one or the other. */
    public synchronized void serve(Pipeline pipeline, Generation generation) {
        var alias = pipeline.index().name();
        var there = store(pipeline).of(alias);
        var before = there.stream().filter(found -> found.serves() && !found.index().equals(generation.index())).toList();
        before.forEach(found -> refuseStrange(pipeline, found));
        store(pipeline).refresh(generation.index());
        var changes = new ArrayList<AliasChange>();
        before.forEach(found -> changes.add(new AliasChange.Remove(found.index(), alias)));
        changes.add(new AliasChange.Add(generation.index(), alias));
        there.stream().filter(found -> found.index().equals(generation.index()) && found.isUnverified()).forEach(found -> changes.add(new AliasChange.Remove(found.index(), Generation.unverifiedAlias(found.index()))));
        if (!store(pipeline).change(changes)) {
            throw new SearchAwayException("Moving the alias " + alias + " to " + generation.index() + " failed: one of the indexes is not as it was a moment ago");
        }
        aside.remove(pipeline);
        LOG.infof("The alias %s stands for %s of the pipeline %s from now on", alias, generation.index(), pipeline.name());
    }

    /**
     * Takes note of which index is served now, also where another instance moved the alias: who does not serve may serve again. Where a pipeline that replaces it is served it may not, unless that index is held: this
     * instance may not have that pipeline's file yet.
     */
    public void follow(Lineup lineup) {
        var pipeline = lineup.pipeline();
        var main = lineup.main();
        var known = current.get(pipeline.name());
        if (main == null || known == null || !main.index().equals(known.index())) {
            return;
        }
        if (main.serves()) {
            aside.remove(pipeline);
        } else if (lineup.all().stream().anyMatch(state -> state.serves() && (state.isHeld() || !state.replaces().contains(pipeline.name())))) {
            aside.put(pipeline, known);
        }
    }

    private Generation ensure(Pipeline pipeline) {
        store(pipeline).requireFit();
        while (true) {
            // Seen at one time: who makes an index in the meantime makes it under the number that is tried below.
            var there = store(pipeline).of(pipeline.index().name());
            var lineup = new Lineup(pipeline, there);
            var serving = there.stream().filter(IndexState::serves).toList();
            var trouble = trouble(lineup);
            if (trouble != null) {
                throw new SearchAwayException(trouble);
            }
            serving.forEach(found -> refuseStrange(pipeline, found));
            if (lineup.main() != null) {
                if (lineup.next() != null) {
                    throw new SearchAwayException("The index " + lineup.next().index() + " is to be served in the place of " + lineup.main().index() + " as soon as it has all; until then neither that nor this is written from here");
                }
                return adopt(pipeline, lineup.main(), serving.isEmpty() && lineup.main().equals(lineup.heir()));
            }
            var index = name(pipeline, there);
            create(pipeline, index, Set.of(serving.isEmpty() ? pipeline.index().name() : Generation.fillingAlias(index), Generation.writeAlias(index)));
        }
    }

    /**
     * What readers see beside the one index that they are to see, or in its place.
     *
     * @return null where they see that one, or none
     * @throws SearchAwayException when the target does not tell
     */
    public String trouble(Lineup lineup) {
        var alias = lineup.pipeline().index().name();
        var serving = lineup.all().stream().filter(IndexState::serves).map(IndexState::index).toList();
        return serving.size() > 1 ? "The alias " + alias + " stands for " + serving + "; it must stand for one index, so that a reader never sees a mix: remove it from the others" : store(lineup.pipeline()).hidden(alias);
    }

    /**
     * Gives the alias back where somebody took it away.
     *
     * @return whether an index of this pipeline has it now that nobody had before
     * @throws SearchAwayException when the target does not take it
     */
    public boolean restore(Lineup lineup) {
        var pipeline = lineup.pipeline();
        var heir = lineup.heir();
        if (lineup.serving() != null || heir == null || !heir.isOf(pipeline)) {
            return false;
        }
        alias(pipeline, heir.index(), pipeline.index().name());
        LOG.warnf("The alias %s stood for nothing, and stands for %s again", pipeline.index().name(), heir.index());
        return true;
    }

    /** The next one's. */
    private static String name(Pipeline pipeline, List<IndexState> there) {
        return "%s-%06d".formatted(pipeline.index().name(), there.isEmpty() ? 1 : there.getFirst().number() + 1);
    }

    /** An index that belongs to nobody's earlier or later generation is never written to, and its alias never taken. */
    private static void refuseStrange(Pipeline pipeline, IndexState serving) {
        if (!serving.isNameless() && !serving.isOf(pipeline) && !pipeline.replaces().contains(serving.pipeline()) && !serving.replaces().contains(pipeline.name())) {
            throw new SearchAwayException("The alias " + pipeline.index().name() + " stands for the index " + serving.index() + " of "
                    + (serving.pipeline().isEmpty() ? "no pipeline" : "the pipeline " + serving.pipeline()) + ", which " + pipeline.name()
                    + " does not replace; give one of them another index.name, or name the older one under 'replaces' in the file of " + pipeline.name());
        }
    }

    /** @return false where another indexer was sooner, and nothing was done */
    private boolean create(Pipeline pipeline, String index, Set<String> aliases) {
        boolean made = store(pipeline).create(pipeline, index, aliases);
        if (made) {
            LOG.infof(aliases.contains(pipeline.index().name()) ? "Made the index %s" : "Made the index %s beside the one that is served", index);
        }
        return made;
    }

    /** Brings an index that is there in line, as far as a live index can be. */
    private Generation adopt(Pipeline pipeline, IndexState found, boolean unserved) {
        var generation = generation(pipeline, found);
        if (!found.aliases().contains(generation.writeAlias())) {
            alias(pipeline, found.index(), generation.writeAlias());
        }
        if (unserved) {
            alias(pipeline, found.index(), pipeline.index().name());
        }
        if (found.serves() || unserved) {
            aside.remove(pipeline);
            filled(pipeline, found);
        } else {
            aside.put(pipeline, generation);
        }
        bringInLine(pipeline, found, generation, found.isFilling() && !unserved);
        LOG.infof("Documents of the pipeline %s go to the index %s (%s)", pipeline.name(), found.index(), found.uuid());
        return generation;
    }

    private Generation generation(Pipeline pipeline, IndexState found) {
        if (found.uuid().isEmpty()) {
            throw new SearchAwayException("The search engine does not give the id of the index " + found.index() + "; its user needs indices:admin/get on it");
        }
        return new Generation(found.index(), found.uuid(), found.history(), store(pipeline).isEmpty(found.index()), found.isAside(), found.incarnation());
    }

    /** Nothing says any more that it is being filled. */
    private void filled(Pipeline pipeline, IndexState found) {
        var alias = Generation.fillingAlias(found.index());
        if (found.aliases().contains(alias)) {
            store(pipeline).change(List.of(new AliasChange.Remove(found.index(), alias)));
        }
    }

    private void bringInLine(Pipeline pipeline, IndexState found, Generation generation, boolean filling) {
        var refused = grow(pipeline, generation);
        if (refused != null) {
            LOG.warnf("The mapping of %s does not take new columns (%s); documents that have them will wait", generation.index(), refused);
        }
        var lacking = store(pipeline).adjust(pipeline, found, filling);
        if (lacking != null) {
            LOG.warnf("The index %s is not as the file of %s asks for: %s", found.index(), pipeline.name(), lacking);
        }
    }

    private void alias(Pipeline pipeline, String index, String alias) {
        if (!store(pipeline).change(List.of(new AliasChange.Add(index, alias)))) {
            throw new SearchAwayException("The alias " + alias + " of the index " + index + " cannot be set: the index is not there any more");
        }
    }
}
