package io.millrace.indexer.generation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.SearchClients;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.type.ColumnType;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;
import org.opensearch.client.opensearch._types.OpenSearchException;
import org.opensearch.client.opensearch.generic.Body;
import org.opensearch.client.opensearch.generic.Requests;

/**
 * The index of each pipeline: made where it is missing, and grown when rows get columns. A pipeline that replaces another one
 * has its index beside the one that is served. An index bears its pipeline's name in its mapping's {@code _meta}. Thread-safe;
 * several indexers may do the same at once.
 */
@Singleton
public final class Generations {

    private static final Logger LOG = Logger.getLogger(Generations.class);
    /** To the search engine, at most, when a mapping grows. */
    public static final int REQUESTS_TO_GROW = 3;

    private static final String PIPELINE = "pipeline";
    private static final String REPLACES = "replaces";

    private final SearchClients search;
    private final RowSchemas schemas;
    private final IndexerConfig config;
    private final ObjectMapper json;
    private final Map<String, Generation> current = new ConcurrentHashMap<>();
    private final Map<Pipeline, Generation> aside = new ConcurrentHashMap<>();

    Generations(SearchClients search, RowSchemas schemas, IndexerConfig config, ObjectMapper json) {
        this.search = search;
        this.schemas = schemas;
        this.config = config;
        this.json = json;
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

    /**
     * Adds the columns that the registry knows by now to the mapping. One that changed its type does not keep the others out.
     *
     * @return why the index does not take them, null where it has them all
     * @throws SearchAwayException when the registry or the search engine does not answer
     */
    public synchronized String grow(Pipeline pipeline, Generation generation) {
        var path = "/" + generation.index() + "/_mapping";
        var asked = mapping(pipeline);
        var whole = send("PUT", path, asked);
        if (whole.ok()) {
            return null;
        }
        var there = send("GET", path, null).body().path(generation.index()).path("mappings");
        var missing = Mappings.missing(asked, there);
        if (!missing.isEmpty()) {
            var answer = send("PUT", path, Map.of(Mappings.PROPERTIES, missing));
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
        var answer = send("GET", "/" + generation.index() + "/_settings?flat_settings=true", null);
        if (!answer.ok() && answer.status() != 404) {
            throw new SearchAwayException("The settings of the index " + generation.index() + " cannot be read: " + answer.reason());
        }
        var settings = answer.body().path(generation.index()).path("settings");
        return settings.path("index.uuid").asText().equals(generation.uuid()) && settings.path("index.history.uuid").asText("").equals(generation.history());
    }

    /** Those of whom {@link #of} was asked and that do not serve, with their index. */
    Map<Pipeline, Generation> aside() {
        return Map.copyOf(aside);
    }

    /**
     * The pipeline whose index readers see through the alias.
     *
     * @return its name; empty where there is no such index
     */
    String served(Pipeline pipeline) {
        return there(pipeline.index().name()).stream().filter(Found::serves).map(Found::pipeline).findFirst().orElse("");
    }

    /** Moves the alias to the pipeline's index, in one step, so that every search sees either one or the other. */
    synchronized void serve(Pipeline pipeline, Generation generation) {
        var alias = pipeline.index().name();
        var before = there(alias).stream().filter(found -> found.serves() && !found.index().equals(generation.index())).toList();
        before.forEach(found -> refuseStrange(pipeline, found));
        try {
            search.typed().indices().refresh(r -> r.index(generation.index()));
            search.typed().indices().updateAliases(u -> {
                before.forEach(found -> u.actions(a -> a.remove(r -> r.index(found.index()).alias(alias).mustExist(true))));
                return u.actions(a -> a.add(r -> r.index(generation.index()).alias(alias)));
            });
        } catch (IOException | OpenSearchException e) {
            throw away("Moving the alias " + alias + " to " + generation.index(), e);
        }
        aside.remove(pipeline);
        LOG.infof("The alias %s stands for %s of the pipeline %s from now on", alias, generation.index(), pipeline.name());
    }

    private Generation ensure(Pipeline pipeline) {
        while (true) {
            // Seen at one time: who makes an index in the meantime makes it under the number that is tried below.
            var there = there(pipeline.index().name());
            var serving = there.stream().filter(Found::serves).toList();
            if (serving.size() > 1) {
                throw new SearchAwayException("The alias " + pipeline.index().name() + " stands for " + serving.stream().map(Found::index).toList()
                        + "; it must stand for one index, so that a reader never sees a mix: remove it from the others");
            }
            serving.forEach(found -> refuseStrange(pipeline, found));
            var own = there.stream().filter(found -> found.isOf(pipeline)).findFirst();
            if (own.isPresent()) {
                return adopt(pipeline, own.get(), serving.isEmpty());
            }
            create(pipeline, "%s-%06d".formatted(pipeline.index().name(), there.isEmpty() ? 1 : there.getFirst().number() + 1), serving.isEmpty());
        }
    }

    /** An index that belongs to nobody's earlier or later generation is never written to, and its alias never taken. */
    private static void refuseStrange(Pipeline pipeline, Found serving) {
        if (!serving.isNameless() && !serving.isOf(pipeline) && !pipeline.replaces().contains(serving.pipeline()) && !serving.replaces().contains(pipeline.name())) {
            throw new SearchAwayException("The alias " + pipeline.index().name() + " stands for the index " + serving.index() + " of "
                    + (serving.pipeline().isEmpty() ? "no pipeline" : "the pipeline " + serving.pipeline()) + ", which " + pipeline.name()
                    + " does not replace; give one of them another index.name, or name the older one under 'replaces' in the file of " + pipeline.name());
        }
    }

    /**
     * @param pipeline empty, and no replaced ones, where the index bears no name
     * @param written whether it has the alias by which an indexer writes
     * @param settings flat, as {@code index.…}
     */
    private record Found(String index, int number, String uuid, String pipeline, List<String> replaces, boolean serves, boolean written, JsonNode settings) {

        /** An indexer made it before indexes bore names. */
        boolean isNameless() {
            return pipeline.isEmpty() && written;
        }

        boolean isOf(Pipeline other) {
            return isNameless() ? other.replaces().isEmpty() : pipeline.equals(other.name());
        }
    }

    /** The indexes {@code <alias>-<six digits>}, the newest first. */
    private List<Found> there(String alias) {
        var named = Pattern.compile(Pattern.quote(alias) + "-(\\d{6})");
        var answer = send("GET", "/" + alias + "," + alias + "-*?expand_wildcards=all&ignore_unavailable=true&flat_settings=true", null);
        if (!answer.ok()) {
            throw new SearchAwayException("Looking for the indexes behind " + alias + " failed: " + answer.reason());
        }
        var there = new ArrayList<Found>();
        answer.body().properties().forEach(e -> {
            var matcher = named.matcher(e.getKey());
            var aliases = e.getValue().path("aliases");
            if (e.getKey().equals(alias)) {
                throw new SearchAwayException("The search engine has an index named " + alias + ", where the pipeline needs an alias of that name; delete or reindex it, or give the pipeline another index.name");
            } else if (matcher.matches()) {
                var meta = e.getValue().path("mappings").path("_meta");
                var replaces = meta.path(REPLACES).valueStream().map(JsonNode::asText).toList();
                there.add(new Found(e.getKey(), Integer.parseInt(matcher.group(1)), e.getValue().path("settings").path("index.uuid").asText(""), meta.path(PIPELINE).asText(""), replaces, aliases.has(alias), aliases.has(Generation.writeAlias(e.getKey())) || aliases.has(Generation.formerWriteAlias(e.getKey())), e.getValue().path("settings")));
            } else if (aliases.has(alias)) {
                there.add(new Found(e.getKey(), 0, "", "", List.of(), true, false, json.nullNode()));
            }
        });
        there.sort(Comparator.comparingInt(Found::number).reversed());
        return there;
    }

    /** Does nothing where another indexer was sooner. */
    private void create(Pipeline pipeline, String index, boolean serves) {
        var body = new LinkedHashMap<String, Object>();
        body.put("settings", settings(pipeline));
        body.put("mappings", mapping(pipeline));
        body.put("aliases", serves ? Map.of(pipeline.index().name(), Map.of(), Generation.writeAlias(index), Map.of()) : Map.of(Generation.writeAlias(index), Map.of()));
        var answer = send("PUT", "/" + index, body);
        if (answer.ok()) {
            LOG.infof(serves ? "Made the index %s" : "Made the index %s beside the one that is served", index);
        } else if (!answer.type().equals("resource_already_exists_exception")) {
            throw new SearchAwayException("The search engine refuses to make the index " + index + " (" + answer.reason() + "); check index.settings and index.mappings of the pipeline " + pipeline.name());
        }
    }

    /** Brings an index that is there in line, as far as a live index can be. */
    private Generation adopt(Pipeline pipeline, Found found, boolean unserved) {
        if (found.uuid().isEmpty()) {
            throw new SearchAwayException("The search engine does not give the id of the index " + found.index() + "; its user needs indices:admin/get on it");
        }
        var generation = new Generation(found.index(), found.uuid(), found.settings().path("index.history.uuid").asText(""), isEmpty(found.index()));
        alias(found.index(), Generation.writeAlias(found.index()));
        if (unserved) {
            alias(found.index(), pipeline.index().name());
        }
        if (found.serves() || unserved) {
            aside.remove(pipeline);
        } else {
            aside.put(pipeline, generation);
        }
        var refused = grow(pipeline, generation);
        if (refused != null) {
            LOG.warnf("The mapping of %s does not take new columns (%s); documents that have them will wait", generation.index(), refused);
        }
        adjust(pipeline, found);
        LOG.infof("Documents of the pipeline %s go to the index %s (%s)", pipeline.name(), found.index(), found.uuid());
        return generation;
    }

    private boolean isEmpty(String index) {
        send("POST", "/" + index + "/_refresh", null);
        var answer = send("GET", "/" + index + "/_count", null);
        if (!answer.ok()) {
            throw new SearchAwayException("The documents of the index " + index + " cannot be counted: " + answer.reason());
        }
        return answer.body().path("count").asLong() == 0;
    }

    /** Asks only for settings that are others than those that are there, each by itself, so that one that cannot change keeps no other one back. */
    private void adjust(Pipeline pipeline, Found found) {
        Settings.differing(settings(pipeline), found.settings()).forEach((key, value) -> {
            var answer = send("PUT", "/" + found.index() + "/_settings", Map.of(key, value));
            if (!answer.ok()) {
                LOG.warnf("The setting %s of %s stays as it is, where the file of %s asks for %s (%s); a setting that an open index does not change needs a new generation of the index",
                        key, found.index(), pipeline.name(), value, answer.reason());
            }
        });
    }

    private void alias(String index, String alias) {
        var answer = send("POST", "/_aliases", Map.of("actions", List.of(Map.of("add", Map.of("index", index, "alias", alias)))));
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

    private Map<String, Object> mapping(Pipeline pipeline) {
        var columns = new HashMap<TableName, Map<String, ColumnType>>();
        var mapping = Mappings.of(pipeline, table -> columns.computeIfAbsent(table, t -> schemas.columns(pipeline.source().name(), t)));
        mapping.put("_meta", Map.of(PIPELINE, pipeline.name(), REPLACES, pipeline.replaces()));
        return mapping;
    }

    private record Answer(int status, JsonNode body) {

        boolean ok() {
            return status / 100 == 2;
        }

        String type() {
            return body.path("error").path("type").asText("");
        }

        String reason() {
            var error = body.path("error");
            return "HTTP " + status + " " + (error.has("reason") ? error.path("type").asText() + ": " + error.path("reason").asText() : error.toString());
        }
    }

    private Answer send(String method, String path, Map<String, Object> body) {
        var request = Requests.builder().method(method).endpoint(path);
        try (var response = search.raw().execute(body == null ? request.build() : request.json(json.writeValueAsString(body)).build())) {
            var text = response.getBody().map(Body::bodyAsString).orElse("");
            var answer = new Answer(response.getStatus(), parsed(text));
            if (answer.status() == 429 || answer.status() >= 500) {
                throw new SearchAwayException(method + " " + path + " at the search engine failed: " + answer.reason());
            }
            return answer;
        } catch (IOException e) {
            throw away(method + " " + path, e);
        }
    }

    private JsonNode parsed(String text) {
        try {
            return json.readTree(text.isEmpty() ? "{}" : text);
        } catch (JsonProcessingException e) {
            // A proxy in between may answer in plain text.
            return json.createObjectNode().put("error", text);
        }
    }

    private SearchAwayException away(String what, Exception e) {
        return new SearchAwayException(what + " at the search engine " + config.searchUrl() + " failed (" + search.why(e) + "); check millrace.indexer.search-url and that it is up", e);
    }
}
