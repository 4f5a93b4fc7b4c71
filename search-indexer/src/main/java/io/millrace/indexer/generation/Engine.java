package io.millrace.indexer.generation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.SearchClients;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.opensearch.client.opensearch.generic.Body;
import org.opensearch.client.opensearch.generic.Requests;

/** Requests to the search engine about indexes. Thread-safe. */
@Singleton
final class Engine {

    /** What a request fails of while the disk is at its flood stage, or somebody has set a block; the client throws some of these and returns others. */
    private static final String BLOCKED = "cluster_block_exception";
    private static final int FORBIDDEN = 403;
    private static final int TOO_MANY = 429;
    private static final int SERVER_ERROR = 500;

    private final SearchClients search;
    private final IndexerConfig config;
    private final ObjectMapper json;

    Engine(SearchClients search, IndexerConfig config, ObjectMapper json) {
        this.search = search;
        this.config = config;
        this.json = json;
    }

    /** What it answers; {@code body} is an empty object where it says nothing. */
    record Answer(int status, JsonNode body) {

        boolean ok() {
            return status / 100 == 2;
        }

        boolean isBlocked() {
            return type().equals(BLOCKED);
        }

        boolean isMissing() {
            return status == 404;
        }

        String type() {
            return body.path("error").path("type").asText("");
        }

        String reason() {
            var error = body.path("error");
            return "HTTP " + status + " " + (error.has("reason") ? error.path("type").asText() + ": " + error.path("reason").asText() : error.toString());
        }
    }

    /**
     * Asks.
     *
     * @param body null for none
     * @throws BlockedException when the disk's flood stage keeps it from doing that
     * @throws SearchAwayException when it does not answer, or has no time now
     */
    Answer send(String method, String path, Map<String, ?> body) {
        try {
            return sendText(method, path, body == null ? null : json.writeValueAsString(body));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("The body of " + method + " " + path + " is no JSON", e);
        }
    }

    private Answer sendText(String method, String path, String body) {
        var request = Requests.builder().method(method).endpoint(path);
        try (var response = search.raw().execute(body == null ? request.build() : request.json(body).build())) {
            var text = response.getBody().map(Body::bodyAsString).orElse("");
            var answer = new Answer(response.getStatus(), parsed(text));
            if (answer.status() == TOO_MANY || answer.status() >= 500) {
                var failed = method + " " + path + " at the search engine failed: " + answer.reason();
                throw answer.isBlocked() ? new BlockedException(failed, null) : new SearchAwayException(failed);
            }
            return answer;
        } catch (IOException e) {
            var failed = method + " " + path + " at the search engine " + config.searchUrl() + " failed (" + search.why(e) + ")";
            if (failed.contains(BLOCKED)) {
                throw new BlockedException(failed, e);
            }
            throw new SearchAwayException(failed + "; "
                    + (SearchClients.status(e) != FORBIDDEN ? "check millrace.indexer.search-url and that it is up" : "where its disk is full, free disk; where its user lacks a right, this service's DESIGN.md lists them"), e);
        }
    }

    /**
     * What it tells of itself; an empty object where it does not tell this user.
     *
     * @throws SearchAwayException when it does not answer, or has no time now
     */
    JsonNode told(String path) {
        try {
            var answer = send("GET", path, null);
            return answer.ok() ? answer.body() : json.createObjectNode();
        } catch (SearchAwayException e) {
            int status = SearchClients.status(e);
            if (status > 0 && status < SERVER_ERROR) {
                return json.createObjectNode();
            }
            throw e;
        }
    }

    /**
     * Whether it knows this request at all: what an OpenSearch refuses has a type of error, and what it does not know has none. A right that is missing says nothing of that.
     *
     * @param body as it is sent, null for none
     * @throws SearchAwayException when it does not answer, or has no time now
     */
    boolean serves(String method, String path, String body) {
        try {
            var answer = sendText(method, path, body);
            return answer.ok() || !answer.type().isEmpty();
        } catch (SearchAwayException e) {
            int status = SearchClients.status(e);
            if (status == 0 || status >= SERVER_ERROR || status == TOO_MANY) {
                throw e;
            }
            return status == FORBIDDEN;
        }
    }

    /**
     * Changes aliases, all at once or none.
     *
     * @param actions as the engine's {@code _aliases} takes them
     */
    Answer aliases(List<Map<String, ?>> actions) {
        return send("POST", "/_aliases", Map.of("actions", actions));
    }

    private JsonNode parsed(String text) {
        try {
            return json.readTree(text.isEmpty() ? "{}" : text);
        } catch (JsonProcessingException e) {
            // A proxy in between may answer in plain text.
            return json.createObjectNode().put("error", text);
        }
    }
}
