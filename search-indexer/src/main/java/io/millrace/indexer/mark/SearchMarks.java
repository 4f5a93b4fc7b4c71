package io.millrace.indexer.mark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.SearchClients;
import io.millrace.indexer.generation.Generation;
import io.millrace.indexer.generation.SearchAwayException;
import jakarta.inject.Singleton;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.opensearch.client.opensearch.generic.Body;
import org.opensearch.client.opensearch.generic.Request;
import org.opensearch.client.opensearch.generic.Requests;

/** The marks of the indexes in the search engine, in an index of their own beside them. Thread-safe. */
@Singleton
public final class SearchMarks implements Marks {

    private static final Map<String, Object> MAPPING = Map.of("settings", Map.of("number_of_shards", 1, "auto_expand_replicas", "0-1"), "mappings", Map.of("enabled", false));

    private final SearchClients search;
    private final ObjectMapper json;
    private final IndexerConfig config;

    SearchMarks(SearchClients search, ObjectMapper json, IndexerConfig config) {
        this.search = search;
        this.json = json;
        this.config = config;
    }

    private String id(TopicPartition partition, String index) {
        return former(partition) + "/" + index;
    }

    /** Before a partition could go to more than one index, it had one mark. */
    private String former(TopicPartition partition) {
        return config.group() + "/" + partition;
    }

    @Override
    public Map<TopicPartition, Mark> read(Map<TopicPartition, String> asked) {
        try {
            var ids = asked.entrySet().stream().flatMap(e -> Stream.of(id(e.getKey(), e.getValue()), former(e.getKey()))).toList();
            var body = json.writeValueAsString(Map.of("ids", ids));
            var answer = send(Requests.builder().method("POST").endpoint("/" + config.marksIndex() + "/_mget").json(body).build(), "Reading the marks");
            var byId = new HashMap<String, JsonNode>();
            answer.path("docs").forEach(doc -> byId.put(doc.path("_id").asText(), doc));
            var marks = new HashMap<TopicPartition, Mark>();
            for (var one : asked.entrySet()) {
                var own = mark(one.getKey(), byId.get(id(one.getKey(), one.getValue())), answer);
                var former = mark(one.getKey(), byId.get(former(one.getKey())), answer);
                if (own != null) {
                    marks.put(one.getKey(), own);
                } else if (former != null && former.index().equals(one.getValue())) {
                    marks.put(one.getKey(), former);
                }
            }
            return marks;
        } catch (IOException e) {
            throw away("Reading the marks", e);
        }
    }

    private Mark mark(TopicPartition partition, JsonNode doc, JsonNode answer) throws IOException {
        if (doc == null || doc.has("error") && !doc.path("error").path("type").asText().equals("index_not_found_exception")) {
            throw new SearchAwayException("The search engine does not tell the mark of " + partition + ": " + (doc == null ? answer : doc.path("error")));
        }
        return doc.path("found").asBoolean() ? json.treeToValue(doc.path("_source"), Mark.class) : null;
    }

    @Override
    public void write(Generation generation, Map<TopicPartition, Mark> marks) {
        try {
            var body = new ByteArrayOutputStream();
            for (var mark : marks.entrySet()) {
                body.write(json.writeValueAsBytes(Map.of("index", Map.of("_id", id(mark.getKey(), mark.getValue().index())))));
                body.write('\n');
                body.write(json.writeValueAsBytes(mark.getValue()));
                body.write('\n');
            }
            make();
            var answer = send(Requests.builder().method("POST").endpoint("/" + config.marksIndex() + "/_bulk").body(Body.from(body.toByteArray(), "application/x-ndjson")).build(), "Writing the marks");
            if (answer.path("errors").asBoolean(true)) {
                throw new SearchAwayException("The search engine does not take the marks in " + config.marksIndex() + ": " + answer.path("items").path(0).path("index").path("error"));
            }
        } catch (IOException e) {
            throw away("Writing the marks", e);
        }
    }

    @Override
    public void forget(Collection<TopicPartition> partitions, String index) {
        // The search engine refuses a request without a line.
        if (partitions.isEmpty()) {
            return;
        }
        try {
            var body = new StringBuilder();
            for (var partition : partitions) {
                body.append(json.writeValueAsString(Map.of("delete", Map.of("_id", id(partition, index))))).append('\n');
            }
            make();
            var answer = send(Requests.builder().method("POST").endpoint("/" + config.marksIndex() + "/_bulk").body(Body.from(body.toString().getBytes(StandardCharsets.UTF_8), "application/x-ndjson")).build(), "Deleting marks");
            if (answer.path("errors").asBoolean(true)) {
                throw new SearchAwayException("The search engine does not delete the marks in " + config.marksIndex() + ": " + answer.path("items").path(0).path("delete").path("error"));
            }
        } catch (IOException e) {
            throw away("Deleting marks", e);
        }
    }

    /** An index that a write makes by itself would guess types. */
    private void make() throws IOException {
        try (var there = search.raw().execute(Requests.builder().method("HEAD").endpoint("/" + config.marksIndex()).build())) {
            if (there.getStatus() == 404) {
                try (var made = search.raw().execute(Requests.builder().method("PUT").endpoint("/" + config.marksIndex()).json(json.writeValueAsString(MAPPING)).build())) {
                    if (made.getStatus() / 100 != 2 && !made.getBody().map(Body::bodyAsString).orElse("").contains("resource_already_exists_exception")) {
                        throw new SearchAwayException("The search engine does not make the index " + config.marksIndex() + " (HTTP " + made.getStatus() + "); its user needs the right to create and to write it");
                    }
                }
            }
        }
    }

    private JsonNode send(Request request, String attempted) throws IOException {
        try (var response = search.raw().execute(request)) {
            var text = response.getBody().map(Body::bodyAsString).orElse("{}");
            if (response.getStatus() / 100 != 2) {
                throw new SearchAwayException(attempted + " in the index " + config.marksIndex() + " failed: HTTP " + response.getStatus() + " " + text + "; its user needs the right to read and to write it");
            }
            return json.readTree(text);
        }
    }

    private SearchAwayException away(String attempted, IOException e) {
        return new SearchAwayException(attempted + " in the index " + config.marksIndex() + " at the search engine " + config.searchUrl() + " failed (" + search.why(e) + "); check millrace.indexer.search-url and that it is up", e);
    }
}
