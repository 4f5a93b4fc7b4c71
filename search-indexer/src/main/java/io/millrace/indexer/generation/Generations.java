package io.millrace.indexer.generation;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.indexer.IndexerConfig;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.type.ColumnType;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
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
    private static final String META = "_meta";
    private static final String FILLING_REFRESH = "30s";

    private final Engine engine;
    private final Indexes indexes;
    private final RowSchemas schemas;
    private final IndexerConfig config;
    private final Map<String, Generation> current = new ConcurrentHashMap<>();
    private final Map<Pipeline, Generation> aside = new ConcurrentHashMap<>();

    Generations(Engine engine, Indexes indexes, RowSchemas schemas, IndexerConfig config) {
        this.engine = engine;
        this.indexes = indexes;
        this.schemas = schemas;
        this.config = config;
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
        return new Lineup(pipeline, indexes.of(pipeline.index().name()));
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
        var generation = generation(state);
        bringInLine(pipeline, state, generation, state.isFilling());
        return generation;
    }

    /**
     * Makes another index of the same documents, which is written beside the one that is served.
     *
     * @param held whether it is served only when somebody asks for it, and not as soon as it has all
     * @return its name
     * @throws SearchAwayException when the search engine does not take it
     */
    public String rebuild(Pipeline pipeline, boolean held) {
        var there = indexes.of(pipeline.index().name());
        var index = name(pipeline, there);
        var aliases = new LinkedHashMap<String, Object>(Map.of(Generation.asideAlias(index), Map.of(), Generation.fillingAlias(index), Map.of()));
        if (held) {
            aliases.put(Generation.heldAlias(index), Map.of());
        }
        create(pipeline, index, aliases);
        return index;
    }

    /**
     * Gives an index that was filled the settings that it is to serve with, and waits for the copies that it gets by them.
     *
     * @return what is waited for; null where nothing is
     */
    public String untilSettled(Pipeline pipeline, IndexState state) {
        if (state.isFilling()) {
            adjust(pipeline, state, settings(pipeline));
            filled(state);
            LOG.infof("The index %s is filled, and has the settings now with which it is to serve", state.index());
        }
        var health = engine.send("GET", "/_cluster/health/" + state.index(), null);
        if (!health.ok()) {
            throw new SearchAwayException("Asking for the copies of the index " + state.index() + " failed: " + health.reason() + "; the user of millrace.search.user needs cluster:monitor/health");
        }
        // Copies that no node can take are not waited for.
        int copying = health.body().path("initializing_shards").asInt();
        return copying == 0 ? null : copying + " of its copies are being made";
    }

    /** How many documents searches find in an index. */
    public long count(String index) {
        var answer = engine.send("GET", "/" + index + "/_count", null);
        if (!answer.ok()) {
            throw new SearchAwayException("The documents of the index " + index + " cannot be counted: " + answer.reason());
        }
        return answer.body().path("count").asLong();
    }

    /** Ids of documents of an index, taken at random. */
    public List<String> sample(String index, int size) {
        var answer = engine.send("POST", "/" + index + "/_search?filter_path=hits.hits._id", Map.of("size", size, "_source", false, "query", Map.of("function_score", Map.of("random_score", Map.of()))));
        if (!answer.ok()) {
            throw new SearchAwayException("Taking documents of the index " + index + " at random failed: " + answer.reason());
        }
        return answer.body().path("hits").path("hits").valueStream().map(hit -> hit.path("_id").asText()).toList();
    }

    /** Documents of an index as it has them now, by id, each as {@code _mget} answers it. */
    public Map<String, JsonNode> documents(String index, List<String> ids) {
        var answer = engine.send("POST", "/" + index + "/_mget", Map.of("ids", ids));
        if (!answer.ok()) {
            throw new SearchAwayException("Reading documents of the index " + index + " failed: " + answer.reason());
        }
        return answer.body().path("docs").valueStream().collect(Collectors.toMap(document -> document.path("_id").asText(), document -> document));
    }

    /**
     * Adds the columns that the registry knows by now to the mapping. One that changed its type does not keep the others out.
     *
     * @return why the index does not take them, null where it has them all
     * @throws SearchAwayException when the registry or the search engine does not answer
     */
    public synchronized String grow(Pipeline pipeline, Generation generation) {
        var path = "/" + generation.index() + "/_mapping";
        var asked = mapping(pipeline);
        var whole = engine.send("PUT", path, asked);
        if (whole.ok()) {
            return null;
        }
        // Whose index it is stands there also where a field's type keeps the rest out.
        engine.send("PUT", path, Map.of(META, asked.get(META)));
        var there = engine.send("GET", path, null).body().path(generation.index()).path("mappings");
        var missing = Mappings.missing(asked, there);
        if (!missing.isEmpty()) {
            var answer = engine.send("PUT", path, Map.of(Mappings.PROPERTIES, missing));
            if (!answer.ok()) {
                return answer.reason();
            }
        }
        LOG.warnf("The mapping of %s stays as it is (%s) where a field changed its type; that needs a new generation of the index", generation.index(), whole.reason());
        return null;
    }

    /**
     * Whether the index is the one that it was, and was not restored from a snapshot.
     *
     * @throws SearchAwayException when the search engine does not say
     */
    public boolean isSame(Generation generation) {
        var answer = engine.send("GET", "/" + generation.index() + "/_settings?flat_settings=true", null);
        if (!answer.ok() && !answer.isMissing()) {
            throw new SearchAwayException("The settings of the index " + generation.index() + " cannot be read: " + answer.reason());
        }
        var settings = answer.body().path(generation.index()).path("settings");
        return settings.path("index.uuid").asText().equals(generation.uuid()) && settings.path("index.history.uuid").asText("").equals(generation.history());
    }

    /** Those of whom {@link #of} was asked and that do not serve, with their index. */
    Map<Pipeline, Generation> aside() {
        return Map.copyOf(aside);
    }

    /** Moves the alias to the pipeline's index, in one step, so that every search sees either one or the other. */
    synchronized void serve(Pipeline pipeline, Generation generation) {
        var alias = pipeline.index().name();
        var before = indexes.of(alias).stream().filter(found -> found.serves() && !found.index().equals(generation.index())).toList();
        before.forEach(found -> refuseStrange(pipeline, found));
        engine.send("POST", "/" + generation.index() + "/_refresh", null);
        var actions = new ArrayList<Map<String, ?>>();
        before.forEach(found -> actions.add(Map.of("remove", Map.of("index", found.index(), "alias", alias, "must_exist", true))));
        actions.add(Map.of("add", Map.of("index", generation.index(), "alias", alias)));
        var answer = engine.aliases(actions);
        if (!answer.ok()) {
            throw new SearchAwayException("Moving the alias " + alias + " to " + generation.index() + " failed: " + answer.reason());
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
        while (true) {
            // Seen at one time: who makes an index in the meantime makes it under the number that is tried below.
            var there = indexes.of(pipeline.index().name());
            var serving = there.stream().filter(IndexState::serves).toList();
            if (serving.size() > 1) {
                throw new SearchAwayException("The alias " + pipeline.index().name() + " stands for " + serving.stream().map(IndexState::index).toList()
                        + "; it must stand for one index, so that a reader never sees a mix: remove it from the others");
            }
            serving.forEach(found -> refuseStrange(pipeline, found));
            var lineup = new Lineup(pipeline, there);
            if (lineup.main() != null) {
                if (lineup.next() != null) {
                    throw new SearchAwayException("The index " + lineup.next().index() + " is to be served in the place of " + lineup.main().index() + " as soon as it has all; until then neither that nor this is written from here");
                }
                return adopt(pipeline, lineup.main(), serving.isEmpty());
            }
            var index = name(pipeline, there);
            create(pipeline, index, serving.isEmpty() ? Map.of(pipeline.index().name(), Map.of(), Generation.writeAlias(index), Map.of())
                    : Map.of(Generation.writeAlias(index), Map.of(), Generation.fillingAlias(index), Map.of()));
        }
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

    /** Does nothing where another indexer was sooner. */
    private void create(Pipeline pipeline, String index, Map<String, ?> aliases) {
        var body = new LinkedHashMap<String, Object>();
        body.put("settings", aliases.containsKey(Generation.fillingAlias(index)) ? whileFilling(pipeline) : settings(pipeline));
        body.put("mappings", mapping(pipeline));
        body.put("aliases", aliases);
        var answer = engine.send("PUT", "/" + index, body);
        if (answer.ok()) {
            LOG.infof(aliases.containsKey(pipeline.index().name()) ? "Made the index %s" : "Made the index %s beside the one that is served", index);
        } else if (!answer.type().equals("resource_already_exists_exception")) {
            throw new SearchAwayException("The search engine refuses to make the index " + index + " (" + answer.reason() + "); check index.settings and index.mappings of the pipeline " + pipeline.name());
        }
    }

    /** Brings an index that is there in line, as far as a live index can be. */
    private Generation adopt(Pipeline pipeline, IndexState found, boolean unserved) {
        var generation = generation(found);
        if (!found.aliases().contains(generation.writeAlias())) {
            alias(found.index(), generation.writeAlias());
        }
        if (unserved) {
            alias(found.index(), pipeline.index().name());
        }
        if (found.serves() || unserved) {
            aside.remove(pipeline);
            filled(found);
        } else {
            aside.put(pipeline, generation);
        }
        bringInLine(pipeline, found, generation, found.isFilling() && !unserved);
        LOG.infof("Documents of the pipeline %s go to the index %s (%s)", pipeline.name(), found.index(), found.uuid());
        return generation;
    }

    private Generation generation(IndexState found) {
        if (found.uuid().isEmpty()) {
            throw new SearchAwayException("The search engine does not give the id of the index " + found.index() + "; its user needs indices:admin/get on it");
        }
        return new Generation(found.index(), found.uuid(), found.history(), isEmpty(found.index()), found.isAside());
    }

    /** Nothing says any more that it is being filled. */
    private void filled(IndexState found) {
        var alias = Generation.fillingAlias(found.index());
        if (found.aliases().contains(alias)) {
            var answer = engine.aliases(List.of(Map.of("remove", Map.of("index", found.index(), "alias", alias))));
            if (!answer.ok() && !answer.isMissing()) {
                throw new SearchAwayException("Taking the alias " + alias + " away failed: " + answer.reason());
            }
        }
    }

    private void bringInLine(Pipeline pipeline, IndexState found, Generation generation, boolean filling) {
        var refused = grow(pipeline, generation);
        if (refused != null) {
            LOG.warnf("The mapping of %s does not take new columns (%s); documents that have them will wait", generation.index(), refused);
        }
        adjust(pipeline, found, filling ? whileFilling(pipeline) : settings(pipeline));
    }

    private boolean isEmpty(String index) {
        engine.send("POST", "/" + index + "/_refresh", null);
        return count(index) == 0;
    }

    /** Asks only for settings that are others than those that are there, each by itself, so that one that cannot change keeps no other one back. */
    private void adjust(Pipeline pipeline, IndexState found, Map<String, Object> settings) {
        Settings.differing(settings, found.settings()).forEach((key, value) -> {
            var answer = engine.send("PUT", "/" + found.index() + "/_settings", Map.of(key, value));
            if (!answer.ok()) {
                LOG.warnf("The setting %s of %s stays as it is, where the file of %s asks for %s (%s); a setting that an open index does not change needs a new generation of the index",
                        key, found.index(), pipeline.name(), value, answer.reason());
            }
        });
    }

    private void alias(String index, String alias) {
        var answer = engine.aliases(List.of(Map.of("add", Map.of("index", index, "alias", alias))));
        if (!answer.ok()) {
            throw new SearchAwayException("The alias " + alias + " of the index " + index + " cannot be set: " + answer.reason());
        }
    }

    private Map<String, Object> settings(Pipeline pipeline) {
        var index = pipeline.index();
        var settings = new LinkedHashMap<String, Object>();
        settings.put("number_of_shards", index.shards());
        settings.put("number_of_replicas", index.replicas());
        // An explicit interval also keeps an index that nobody searched for half a minute from refreshing only on demand.
        settings.put("refresh_interval", index.refresh().toMillis() + "ms");
        settings.put("gc_deletes", config.rememberDeletes().toSeconds() + "s");
        // Short intervals make many small segments: a refresh must not wait for merging them, and a merge must not take the larger ones along each time.
        settings.put("merge_on_flush.enabled", false);
        settings.put("merge.policy.floor_segment", "2mb");
        settings.putAll(index.settings());
        return settings;
    }

    /** Nobody reads it, and what it costs to refresh and to copy each document is saved. */
    private Map<String, Object> whileFilling(Pipeline pipeline) {
        var settings = settings(pipeline);
        settings.put("refresh_interval", FILLING_REFRESH);
        settings.put("number_of_replicas", 0);
        settings.keySet().removeAll(List.of("index.refresh_interval", "index.number_of_replicas"));
        return settings;
    }

    private Map<String, Object> mapping(Pipeline pipeline) {
        var columns = new HashMap<TableName, Map<String, ColumnType>>();
        var mapping = Mappings.of(pipeline, table -> columns.computeIfAbsent(table, t -> schemas.columns(pipeline.source().name(), t)));
        mapping.put(META, Map.of(Indexes.PIPELINE, pipeline.name(), Indexes.REPLACES, pipeline.replaces()));
        return mapping;
    }
}
