package io.millrace.indexer.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.SearchClients;
import io.millrace.indexer.generation.Generation;
import io.millrace.pipeline.liveness.Loop;
import jakarta.inject.Singleton;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.opensearch.client.opensearch.generic.Body;
import org.opensearch.client.opensearch.generic.Request;
import org.opensearch.client.opensearch.generic.Requests;

/** What the search engine's indexes hold: read by a scroll, deleted by sequence number. Thread-safe. */
@Singleton
public final class SearchHoldings implements Holdings {

    private static final String KEEP = "5m";
    private static final Map<String, Object> IDS = Map.of("size", Reconciliation.PAGE, "_source", false, "seq_no_primary_term", true, "sort", List.of("_doc"));

    private final SearchClients search;
    private final ObjectMapper json;
    private final IndexerConfig config;

    SearchHoldings(SearchClients search, ObjectMapper json, IndexerConfig config) {
        this.search = search;
        this.json = json;
        this.config = config;
    }

    @Override
    public void each(Generation generation, Sink to, Loop loop) throws IOException {
        send("POST", "/" + generation.index() + "/_refresh", null);
        var page = send("POST", "/" + generation.index() + "/_search?scroll=" + KEEP, json.writeValueAsBytes(IDS));
        while (!page.path("hits").path("hits").isEmpty()) {
            loop.waits(config.requestTimeout());
            for (var hit : page.path("hits").path("hits")) {
                to.put(new Known(hit.path("_id").asText(), hit.path("_seq_no").asLong(), hit.path("_primary_term").asLong()));
            }
            page = send("POST", "/_search/scroll", json.writeValueAsBytes(Map.of("scroll", KEEP, "scroll_id", page.path("_scroll_id").asText())));
        }
        send("DELETE", "/_search/scroll", json.writeValueAsBytes(Map.of("scroll_id", page.path("_scroll_id").asText())));
    }

    @Override
    public int delete(Generation generation, List<Known> documents) throws IOException {
        var body = new ByteArrayOutputStream();
        for (var known : documents) {
            body.write(json.writeValueAsBytes(Map.of("delete", Map.of("_id", known.id(), "if_seq_no", known.seqNo(), "if_primary_term", known.term()))));
            body.write('\n');
        }
        int deleted = 0;
        for (var item : send("POST", "/" + generation.writeAlias() + "/_bulk", body.toByteArray()).path("items")) {
            deleted += isDeleted(generation, item.path("delete")) ? 1 : 0;
        }
        return deleted;
    }

    /** Who has another sequence number by now, or is gone, is no orphan any more; an index that is not there is another matter. */
    private static boolean isDeleted(Generation generation, JsonNode answer) throws IOException {
        int status = answer.path("status").asInt();
        if (status == 404 && answer.has("error")) {
            throw new IndexGoneMeanwhileException("The index " + generation.index() + " cannot be written by its alias " + generation.writeAlias() + " any more: " + answer.path("error").path("reason").asText());
        } else if (status / 100 != 2 && status != 404 && status != 409) {
            throw new IOException("The search engine does not delete from " + generation.index() + ": " + answer);
        }
        return status / 100 == 2;
    }

    private JsonNode send(String method, String path, byte[] body) throws IOException {
        Request request = body == null ? Requests.builder().method(method).endpoint(path).build()
                : Requests.builder().method(method).endpoint(path).body(Body.from(body, path.endsWith("_bulk") ? "application/x-ndjson" : "application/json")).build();
        try (var response = search.raw().execute(request)) {
            var text = response.getBody().map(Body::bodyAsString).orElse("{}");
            if (response.getStatus() / 100 != 2) {
                throw new IOException(method + " " + path + " at the search engine " + config.searchUrl() + " failed: HTTP " + response.getStatus() + " " + text);
            }
            return json.readTree(text);
        }
    }
}
