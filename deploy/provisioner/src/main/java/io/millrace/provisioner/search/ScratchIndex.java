package io.millrace.provisioner.search;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.provisioner.HttpPlace;
import io.millrace.provisioner.ProvisioningException;
import java.util.Map;
import java.util.Set;

/** An index of nobody's documents, by which the search engine says what it takes. What an earlier run left of it is replaced. */
final class ScratchIndex {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<Integer> REFUSED = Set.of(400, 403, 404, 405, 409);
    private static final String HINT = "check that this is the search engine and that the user may make and delete indexes";

    private final HttpPlace search;
    private final String path;

    ScratchIndex(HttpPlace search, String name) {
        this.search = search;
        this.path = "/" + name;
    }

    /**
     * Makes it and deletes it again.
     *
     * @return the engine's words where it refuses; null where it does not
     */
    String refusal(Map<String, Object> settings, Map<String, Object> mappings) {
        var body = JSON.createObjectNode();
        body.set("settings", JSON.valueToTree(settings));
        body.set("mappings", JSON.valueToTree(mappings));
        try {
            var refusal = make(body.toString());
            if (refusal != null && refusal.startsWith("resource_already_exists_exception")) {
                delete();
                return make(body.toString());
            }
            return refusal;
        } finally {
            delete();
        }
    }

    private String make(String body) {
        var answer = search.call("PUT", path + "?wait_for_active_shards=0", body, REFUSED, HINT);
        return answer.statusCode() / 100 == 2 ? null : reason(answer.body());
    }

    private void delete() {
        search.call("DELETE", path + "?ignore_unavailable=true", null, Set.of(404), HINT);
    }

    private static String reason(String body) {
        try {
            JsonNode error = JSON.readTree(body).path("error");
            return error.has("reason") ? error.path("type").asText() + ": " + error.path("reason").asText() : body;
        } catch (JsonProcessingException e) {
            throw new ProvisioningException("The search engine answered something that is no JSON; check that this is its address: " + body, e);
        }
    }
}
