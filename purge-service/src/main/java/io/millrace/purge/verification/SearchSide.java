package io.millrace.purge.verification;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.pipeline.comparison.Json;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.wording.Counted;
import io.millrace.purge.search.SearchEngine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The documents as an index of the search engine has them. Not thread-safe. */
final class SearchSide implements IndexSide {

    private static final int PAGE = 1_000;
    private static final String KEEP = "5m";

    private final SearchEngine search;
    private final ObjectMapper json;
    private final Pipeline pipeline;
    private final String alias;
    /** Null while nothing is being read through. */
    private String scroll;

    SearchSide(SearchEngine search, ObjectMapper json, Pipeline pipeline) {
        this.search = search;
        this.json = json;
        this.pipeline = pipeline;
        this.alias = "/" + pipeline.index().name();
    }

    @Override
    public String refusal() throws IOException, InterruptedException {
        var answer = search.ask("GET", alias + "/_mapping", null);
        if (answer.isEmpty()) {
            return "there is no index " + pipeline.index().name();
        }
        var indexes = json.readTree(answer);
        if (indexes.size() != 1) {
            return "the name " + pipeline.index().name() + " stands for " + Counted.of(indexes.size(), "index", "indexes");
        }
        var owner = indexes.iterator().next().path("mappings").path("_meta").path("pipeline").asText("");
        return owner.equals(pipeline.name()) ? null : "the index behind " + pipeline.index().name() + " is that of " + (owner.isEmpty() ? "no pipeline" : "the pipeline '" + owner + "'");
    }

    /** Also before a refresh. */
    @Override
    public Json document(String id) throws IOException, InterruptedException {
        var hits = get(List.of(Map.of("_id", id)));
        return hits.isEmpty() ? null : hits.getFirst().get("_source");
    }

    /** Also before a refresh. */
    @Override
    public Map<String, Content> contents(Collection<String> ids, Map<String, Content> rows) throws IOException, InterruptedException {
        var found = new HashMap<String, Content>();
        var wanted = new ArrayList<Map<String, Object>>();
        int size = 0;
        for (var id : ids) {
            var row = rows.get(id);
            int more = row == null ? 0 : row.size();
            if (!wanted.isEmpty() && size + more > MOST_CHARACTERS) {
                take(wanted, found);
                wanted.clear();
                size = 0;
            }
            wanted.add(row == null ? Map.of("_id", id, "_source", false) : Map.of("_id", id));
            size += more;
        }
        if (!wanted.isEmpty()) {
            take(wanted, found);
        }
        return found;
    }

    private void take(List<Map<String, Object>> wanted, Map<String, Content> found) throws IOException, InterruptedException {
        for (var hit : get(wanted)) {
            var made = hit.get("_primary_term").asText() + "/" + hit.get("_seq_no").asText();
            found.put(hit.get("_id").asText(), hit.get("_source") == null ? new Content("", 0, made) : Content.of(hit.get("_source"), made));
        }
    }

    private List<Json> get(List<Map<String, Object>> wanted) throws IOException, InterruptedException {
        var answer = search.ask("POST", alias + "/_mget", body(Map.of("docs", wanted)));
        if (answer.isEmpty()) {
            throw new IOException("the index " + pipeline.index().name() + " is gone");
        }
        var hits = new ArrayList<Json>();
        for (var hit : CanonicalJson.read(answer).get("docs").items()) {
            if (hit.get("error") != null) {
                throw new IOException("reading the document " + hit.get("_id").asText() + " failed: " + CanonicalJson.write(hit.get("error")));
            }
            if (hit.get("found").asText().equals("true")) {
                hits.add(hit);
            }
        }
        return hits;
    }

    @Override
    public List<String> nextIds() throws IOException, InterruptedException {
        if (scroll == null) {
            search.ask("POST", alias + "/_refresh", null);
        }
        var answer = scroll == null
                ? search.ask("POST", alias + "/_search?scroll=" + KEEP, "{\"size\":" + PAGE + ",\"sort\":[\"_doc\"],\"_source\":false,\"query\":{\"match_all\":{}}}")
                : search.ask("POST", "/_search/scroll", body(Map.of("scroll", KEEP, "scroll_id", scroll)));
        var page = CanonicalJson.read(answer.isEmpty() ? "{}" : answer);
        if (page.get("hits") == null || !page.get("timed_out").asText().equals("false") || !page.get("_shards").get("failed").asText().equals("0")) {
            throw new IOException("reading the ids of " + pipeline.index().name() + " gave only a part of them");
        }
        scroll = page.get("_scroll_id").asText();
        var ids = page.get("hits").get("hits").items().stream().map(hit -> hit.get("_id").asText()).toList();
        if (ids.isEmpty()) {
            close();
        }
        return ids;
    }

    /** Lets the engine forget what is being read through. */
    @Override
    public void close() throws IOException, InterruptedException {
        if (scroll != null) {
            search.ask("DELETE", "/_search/scroll", body(Map.of("scroll_id", scroll)));
            scroll = null;
        }
    }

    private String body(Map<String, ?> members) {
        try {
            return json.writeValueAsString(members);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A map of texts is JSON", e);
        }
    }
}
