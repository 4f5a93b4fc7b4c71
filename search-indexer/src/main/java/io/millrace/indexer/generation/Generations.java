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
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;
import org.opensearch.client.opensearch._types.OpenSearchException;
import org.opensearch.client.opensearch.generic.Body;
import org.opensearch.client.opensearch.generic.Requests;

/**
 * The index of each pipeline: made where it is missing, and grown when rows get columns. Thread-safe; several indexers
 * may do the same at once.
 */
@Singleton
public final class Generations {

    private static final Logger LOG = Logger.getLogger(Generations.class);
    private static final String FIRST = "-000001";

    private final SearchClients search;
    private final RowSchemas schemas;
    private final IndexerConfig config;
    private final ObjectMapper json;
    private final Map<String, Generation> current = new ConcurrentHashMap<>();

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
     * Adds the columns that the registry knows by now to the mapping.
     *
     * @return why the index does not take the mapping, null where it did
     * @throws SearchAwayException when the registry or the search engine does not answer
     */
    public synchronized String grow(Pipeline pipeline, Generation generation) {
        var answer = send("PUT", "/" + generation.index() + "/_mapping", mapping(pipeline));
        return answer.ok() ? null : answer.reason();
    }

    private Generation ensure(Pipeline pipeline) {
        var alias = pipeline.index().name();
        var found = find(alias);
        if (found == null) {
            create(pipeline);
            found = find(alias);
        } else {
            adopt(pipeline, found);
        }
        if (found == null) {
            throw new SearchAwayException("The index of the alias " + alias + " was made and cannot be found; another program removes it");
        }
        LOG.infof("Documents of the pipeline %s go to the index %s (%s)", pipeline.name(), found.index(), found.uuid());
        return found;
    }

    private Generation find(String alias) {
        try {
            if (!search.typed().indices().existsAlias(a -> a.name(alias)).value()) {
                if (search.typed().indices().exists(i -> i.index(alias)).value()) {
                    throw new SearchAwayException("The search engine has an index named " + alias + ", where the pipeline needs an alias of that name; delete or reindex it, or give the pipeline another index.name");
                }
                return null;
            }
            var behind = search.typed().indices().getAlias(a -> a.name(alias)).result().keySet();
            if (behind.size() != 1) {
                throw new SearchAwayException("The alias " + alias + " stands for " + behind + "; it must stand for one index, so that a reader never sees a mix: remove it from the others");
            }
            var index = behind.iterator().next();
            var answer = send("GET", "/" + index + "/_settings/index.uuid", null);
            var uuid = answer.body().path(index).path("settings").path("index").path("uuid").asText("");
            if (!answer.ok() || uuid.isEmpty()) {
                throw new SearchAwayException("The settings of the index " + index + " cannot be read: " + answer.reason());
            }
            return new Generation(index, uuid);
        } catch (IOException | OpenSearchException e) {
            throw away("Looking for the alias " + alias, e);
        }
    }

    private void create(Pipeline pipeline) {
        var index = pipeline.index().name() + FIRST;
        var body = new LinkedHashMap<String, Object>();
        body.put("settings", settings(pipeline));
        body.put("mappings", mapping(pipeline));
        body.put("aliases", Map.of(pipeline.index().name(), Map.of(), Generation.writeAlias(index), Map.of()));
        var answer = send("PUT", "/" + index, body);
        if (answer.ok()) {
            LOG.infof("Made the index %s", index);
        } else if (answer.type().equals("resource_already_exists_exception")) {
            alias(pipeline, index);
        } else {
            throw new SearchAwayException("The search engine refuses to make the index " + index + " (" + answer.reason() + "); check index.settings and index.mappings of the pipeline " + pipeline.name());
        }
    }

    /** Brings an index that was there before in line, as far as a live index can be. */
    private void adopt(Pipeline pipeline, Generation generation) {
        alias(pipeline, generation.index());
        var refused = grow(pipeline, generation);
        if (refused != null) {
            LOG.warnf("The mapping of %s stays as it is (%s); a field that changed its type needs a new generation of the index", generation.index(), refused);
        }
        var settings = settings(pipeline);
        settings.remove("number_of_shards");
        var answer = send("PUT", "/" + generation.index() + "/_settings", Map.of("index", settings));
        if (!answer.ok()) {
            LOG.warnf("The settings of %s stay as they are (%s)", generation.index(), answer.reason());
        }
    }

    private void alias(Pipeline pipeline, String index) {
        var answer = send("POST", "/_aliases", Map.of("actions", List.of(
                Map.of("add", Map.of("index", index, "alias", pipeline.index().name())),
                Map.of("add", Map.of("index", index, "alias", Generation.writeAlias(index))))));
        if (!answer.ok()) {
            throw new SearchAwayException("The aliases of the index " + index + " cannot be set: " + answer.reason());
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
        return Mappings.of(pipeline, table -> columns.computeIfAbsent(table, t -> schemas.columns(pipeline.source().name(), t)));
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
        return new SearchAwayException(what + " at the search engine " + config.searchUrl() + " failed (" + e + "); check millrace.indexer.search-url and that it is up", e);
    }
}
