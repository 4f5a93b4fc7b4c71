package io.millrace.indexer.generation;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.Pipelines;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.mapping.Mappings;
import io.millrace.pipeline.mapping.Refusal;
import io.millrace.pipeline.type.ColumnType;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/** The indexes of the search engine. An index bears its pipeline's name in its mapping's {@code _meta}. Thread-safe. */
@Singleton
public final class SearchStore implements IndexStore {

    private static final Logger LOG = Logger.getLogger(SearchStore.class);
    private static final String META = "_meta";
    private static final String FILLING_REFRESH = "30s";
    private static final String GC_DELETES = "gc_deletes";
    private static final String MERGE_ON_FLUSH = "merge_on_flush.enabled";
    private static final String FLOOR_SEGMENT = "merge.policy.floor_segment";
    /** What managed search engines may not take. */
    private static final List<String> OWN_SETTINGS = List.of(GC_DELETES, MERGE_ON_FLUSH, FLOOR_SEGMENT, "number_of_shards", "number_of_replicas", "refresh_interval");

    /** What an index that is filled does without, and its readers do not. */
    private static final Set<String> SERVING_SETTINGS = Set.of("index.number_of_replicas", "index.refresh_interval");

    private final Engine engine;
    private final Fitness fitness;
    private final Indexes indexes;
    private final RowSchemas schemas;
    private final Pipelines pipelines;
    private final IndexerConfig config;

    SearchStore(Engine engine, Fitness fitness, Indexes indexes, RowSchemas schemas, Pipelines pipelines, IndexerConfig config) {
        this.engine = engine;
        this.fitness = fitness;
        this.pipelines = pipelines;
        this.indexes = indexes;
        this.schemas = schemas;
        this.config = config;
    }

    @Override
    public void requireFit() {
        fitness.require();
    }

    @Override
    public List<IndexState> of(String alias) {
        return indexes.of(alias);
    }

    @Override
    public boolean create(Pipeline pipeline, String index, Set<String> aliases) {
        var body = new LinkedHashMap<String, Object>();
        body.put("settings", settings(pipeline, aliases.contains(Generation.fillingAlias(index))));
        body.put("mappings", mapping(pipeline));
        body.put("aliases", aliases.stream().collect(Collectors.toMap(alias -> alias, alias -> Map.of())));
        var answer = engine.send("PUT", "/" + index, body);
        if (!answer.ok() && !answer.type().equals("resource_already_exists_exception")) {
            throw new SearchAwayException(refused(pipeline, index, answer.reason()));
        }
        if (answer.ok()) {
            refuseShown(pipeline.index().name(), index, aliases);
        }
        return answer.ok();
    }

    /** An index template may give each index of that name an alias, and readers would see one that is not filled. */
    private void refuseShown(String alias, String index, Set<String> wanted) {
        if (!wanted.contains(alias) && engine.told("/" + index + "/_alias").path(index).path("aliases").has(alias)) {
            delete(index);
            throw new ConflictException("The index " + index + " got the alias " + alias + " from " + templates(alias) + ", so that readers saw it beside the one that serves, and is deleted again; take the alias out of that template");
        }
    }

    private String templates(String alias) {
        var names = new ArrayList<String>();
        engine.told("/_index_template").path("index_templates").forEach(one -> {
            if (one.path("index_template").path("template").path("aliases").has(alias)) {
                names.add("the index template " + one.path("name").asText());
            }
        });
        engine.told("/_component_template").path("component_templates").forEach(one -> {
            if (one.path("component_template").path("template").path("aliases").has(alias)) {
                names.add("the component template " + one.path("name").asText());
            }
        });
        engine.told("/_template").properties().forEach(one -> {
            if (one.getValue().path("aliases").has(alias)) {
                names.add("the template " + one.getKey());
            }
        });
        return names.isEmpty() ? "a template" : String.join(" or ", names);
    }

    /** Where in the file stands what the engine names, or what of an index's own settings it is that another engine does not have. */
    private String refused(Pipeline pipeline, String index, String reason) {
        var file = pipelines.file(pipeline);
        var setting = Refusal.at("index.settings", pipeline.index().settings(), reason);
        var at = setting.equals("index.settings") ? Refusal.at("index.mappings", pipeline.index().mappings(), reason) : setting;
        var refusal = "the search engine refuses to make the index " + index + " (" + reason + ")";
        if (!at.equals("index.mappings")) {
            return file.problem(at, refusal + "; " + Refusal.advice(reason)).toString();
        }
        var own = OWN_SETTINGS.stream().filter(key -> reason.contains("[index." + key + "]")).findFirst();
        return file.problem("index", refusal + own.map(key -> "; every index of Millrace's has the setting " + key + ", so it needs an OpenSearch that takes it").orElse("; check index.settings and index.mappings")).toString();
    }

    @Override
    public boolean change(List<AliasChange> changes) {
        if (changes.size() == 1 && changes.getFirst() instanceof AliasChange.Delete(var index)) {
            return delete(index);
        }
        var answer = engine.aliases(changes.stream().map(SearchStore::action).toList());
        // Which of the two it is depends on the moment at which the engine finds an alias missing.
        boolean late = answer.isMissing() || answer.type().equals("illegal_argument_exception") && answer.reason().contains("required alias");
        if (!answer.ok() && !late) {
            var failed = "Changing the aliases " + changes + " failed: " + answer.reason();
            throw answer.isBlocked() ? new BlockedException(failed, null) : new SearchAwayException(failed);
        }
        return answer.ok();
    }

    /** The flood stage of a disk keeps aliases from being changed, and an index not from being deleted. */
    private boolean delete(String index) {
        var answer = engine.send("DELETE", "/" + index, null);
        if (!answer.ok() && !answer.isMissing()) {
            throw new SearchAwayException("Deleting the index " + index + " failed: " + answer.reason());
        }
        return answer.ok();
    }

    private static Map<String, ?> action(AliasChange change) {
        return switch (change) {
            case AliasChange.Add(var index, var alias) -> Map.of("add", Map.of("index", index, "alias", alias));
            case AliasChange.Remove(var index, var alias) -> Map.of("remove", Map.of("index", index, "alias", alias, "must_exist", true));
            case AliasChange.Delete(var index) -> Map.of("remove_index", Map.of("index", index));
        };
    }

    @Override
    public String refresh(String index) {
        var answer = engine.send("POST", "/" + index + "/_refresh", null);
        return answer.ok() ? null : answer.reason();
    }

    @Override
    public String copying(String index) {
        var health = engine.send("GET", "/_cluster/health/" + index, null);
        if (!health.ok()) {
            throw new SearchAwayException("Asking for the copies of the index " + index + " failed: " + health.reason() + "; the user of millrace.search.user needs cluster:monitor/health");
        }
        // Copies that no node can take are not waited for.
        int copying = health.body().path("initializing_shards").asInt();
        return copying == 0 ? null : copying + " of its copies are being made";
    }

    @Override
    public boolean isEmpty(String index) {
        // A refresh would wait for the shard until nobody listens any more.
        var health = engine.told("/_cluster/health/" + index + "?timeout=1s&level=shards");
        if (health.path("status").asText().equals("red")) {
            var red = health.path("indices").path(index).path("shards").properties().stream().filter(shard -> shard.getValue().path("status").asText().equals("red")).map(Map.Entry::getKey).toList();
            var which = red.isEmpty() ? "a shard of it is" : red.size() == 1 ? "shard " + red.getFirst() + " of it is" : "shards " + String.join(", ", red) + " of it are";
            throw new SearchAwayException("The index " + index + " is red: " + which + " on no node; ask why by GET /_cluster/allocation/explain");
        }
        refresh(index);
        return count(index).documents() == 0;
    }

    @Override
    public Count count(String index) {
        var answer = engine.send("GET", "/" + index + "/_count", null);
        if (!answer.ok()) {
            throw new SearchAwayException("The documents of the index " + index + " cannot be counted: " + answer.reason());
        }
        return new Count(answer.body().path("count").asLong(), true);
    }

    @Override
    public List<String> sample(String index, int size) {
        var answer = engine.send("POST", "/" + index + "/_search?filter_path=hits.hits._id", Map.of("size", size, "_source", false, "query", Map.of("function_score", Map.of("random_score", Map.of()))));
        if (!answer.ok()) {
            throw new SearchAwayException("Taking documents of the index " + index + " at random failed: " + answer.reason());
        }
        return answer.body().path("hits").path("hits").valueStream().map(hit -> hit.path("_id").asText()).toList();
    }

    @Override
    public Map<String, JsonNode> documents(String index, List<String> ids) {
        var answer = engine.send("POST", "/" + index + "/_mget", Map.of("ids", ids));
        if (!answer.ok()) {
            throw new SearchAwayException("Reading documents of the index " + index + " failed: " + answer.reason());
        }
        return answer.body().path("docs").valueStream().collect(Collectors.toMap(document -> document.path("_id").asText(), document -> document));
    }

    /** One column that changed its type does not keep the others out. */
    @Override
    public String grow(Pipeline pipeline, Generation generation) {
        var path = "/" + generation.index() + "/_mapping";
        var asked = mapping(pipeline);
        var whole = engine.send("PUT", path, asked);
        if (whole.ok()) {
            return null;
        }
        // Whose index it is stands there also where a field's type keeps the rest out.
        engine.send("PUT", path, Map.of(META, asked.get(META)));
        if (asked.containsKey(Mappings.TEMPLATES)) {
            engine.send("PUT", path, Map.of(Mappings.TEMPLATES, asked.get(Mappings.TEMPLATES)));
        }
        var there = engine.send("GET", path, null).body().path(generation.index()).path("mappings");
        var missing = Growth.missing(asked, there);
        if (!missing.isEmpty()) {
            var answer = engine.send("PUT", path, Map.of(Mappings.PROPERTIES, missing));
            if (!answer.ok()) {
                return answer.reason();
            }
        }
        LOG.warnf("The mapping of %s stays as it is (%s) where a field changed its type; that needs a new generation of the index", generation.index(), whole.reason());
        return null;
    }

    @Override
    public boolean isSame(Generation generation) {
        var answer = engine.send("GET", "/" + generation.index() + "/_settings?flat_settings=true", null);
        if (!answer.ok() && !answer.isMissing()) {
            throw new SearchAwayException("The settings of the index " + generation.index() + " cannot be read: " + answer.reason());
        }
        var settings = answer.body().path(generation.index()).path("settings");
        return settings.path("index.uuid").asText().equals(generation.uuid()) && settings.path("index.history.uuid").asText("").equals(generation.history());
    }

    /** Asks only for settings that are others than those that are there, each by itself, so that one that cannot change keeps no other one back. */
    @Override
    public String adjust(Pipeline pipeline, IndexState found, boolean filling) {
        var lacking = new ArrayList<String>();
        Settings.differing(settings(pipeline, filling), found.settings()).forEach((key, value) -> {
            var answer = engine.send("PUT", "/" + found.index() + "/_settings", Map.of(key, value));
            if (!answer.ok() && SERVING_SETTINGS.contains(key)) {
                lacking.add("the search engine does not give it " + key + "=" + value + " (" + answer.reason() + ")");
            } else if (!answer.ok()) {
                LOG.warnf("The setting %s of %s stays as it is, where the file of %s asks for %s (%s); a setting that an open index does not change needs a new generation of the index",
                        key, found.index(), pipeline.name(), value, answer.reason());
            }
        });
        return lacking.isEmpty() ? null : String.join("; ", lacking);
    }

    private Map<String, Object> settings(Pipeline pipeline, boolean filling) {
        return filling ? whileFilling(pipeline) : settings(pipeline);
    }

    private Map<String, Object> settings(Pipeline pipeline) {
        var index = pipeline.index();
        var settings = new LinkedHashMap<String, Object>();
        settings.put("number_of_shards", index.shards());
        settings.put("number_of_replicas", index.replicas());
        // An explicit interval also keeps an index that nobody searched for half a minute from refreshing only on demand.
        settings.put("refresh_interval", index.refresh().toMillis() + "ms");
        settings.put(GC_DELETES, config.rememberDeletes().toSeconds() + "s");
        // Short intervals make many small segments: a refresh must not wait for merging them, and a merge must not take the larger ones along each time.
        settings.put(MERGE_ON_FLUSH, false);
        settings.put(FLOOR_SEGMENT, "2mb");
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
