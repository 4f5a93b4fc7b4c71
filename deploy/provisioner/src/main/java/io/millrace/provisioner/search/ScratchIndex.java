package io.millrace.provisioner.search;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.provisioner.HttpPlace;
import io.millrace.provisioner.ProvisioningException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Indexes of nobody's documents, by which the search engine says what it takes. Each has a name of its own, beside a pipeline's generations, so that the same templates hold for it, and bears a mark; one that a run has
 * left is deleted by a later one, and none without the mark is.
 */
final class ScratchIndex {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<Integer> ANSWERS = Set.of(400, 401, 403, 404, 405, 409, 413, 429, 503);
    /** Of answers that are about the body; everything else is about the cluster, or about who asks. */
    private static final Set<String> ABOUT_THE_BODY = Set.of("mapper_parsing_exception", "illegal_argument_exception", "settings_exception", "parse_exception", "x_content_parse_exception");
    private static final String HINT = "check that this is the search engine";
    private static final String TRIAL = "trial";
    /** Somebody else's run may be at it. */
    private static final Duration LEFT_AFTER = Duration.ofMinutes(10);

    private final HttpPlace search;
    private final String prefix;

    /** @param name the alias of the pipeline's indexes */
    ScratchIndex(HttpPlace search, String name) {
        this.search = search;
        this.prefix = "/" + name + "-trial-";
    }

    /** What came of a trial. */
    sealed interface Outcome {

        record Taken() implements Outcome {}

        /** The body is refused. @param words the engine's */
        record Refused(String words) implements Outcome {}

        /** It does not say whether it takes the body. @param words the engine's */
        record NotSaid(String words) implements Outcome {}
    }

    /** Makes one and deletes it again. */
    Outcome of(Map<String, Object> settings, Map<String, Object> mappings) {
        var body = JSON.createObjectNode();
        body.set("settings", JSON.valueToTree(settings));
        body.set("mappings", JSON.valueToTree(mappings));
        body.withObject("mappings").putObject("_meta").put("made_by", "millrace").put(TRIAL, Instant.now().toEpochMilli());
        var path = prefix + Integer.toHexString(ThreadLocalRandom.current().nextInt());
        var answer = search.call("PUT", path + "?wait_for_active_shards=0", body.toString(), ANSWERS, HINT);
        if (answer.statusCode() / 100 == 2) {
            delete(path);
            return new Outcome.Taken();
        }
        var error = json(answer.body()).path("error");
        var words = error.has("reason") ? error.path("type").asText() + ": " + error.path("reason").asText() : "HTTP " + answer.statusCode() + " " + answer.body();
        return answer.statusCode() == 400 && ABOUT_THE_BODY.contains(error.path("type").asText()) ? new Outcome.Refused(words) : new Outcome.NotSaid(words);
    }

    /** Those that a run has left, by their paths; none where the search engine does not tell now. */
    List<String> left() {
        try {
            var answer = search.call("GET", prefix + "*/_mapping?expand_wildcards=all", null, ANSWERS, HINT);
            return answer.statusCode() / 100 == 2 ? json(answer.body()).properties().stream().filter(index -> isLeft(index.getValue().at("/mappings/_meta"))).map(index -> "/" + index.getKey()).sorted().toList() : List.of();
        } catch (ProvisioningException e) {
            return List.of();
        }
    }

    private static boolean isLeft(JsonNode meta) {
        return meta.path("made_by").asText().equals("millrace") && meta.path(TRIAL).asLong(Long.MAX_VALUE) < Instant.now().minus(LEFT_AFTER).toEpochMilli();
    }

    /** What cannot be deleted now is found by {@link #left} later. */
    void delete(String path) {
        try {
            search.call("DELETE", path, null, ANSWERS, HINT);
        } catch (ProvisioningException e) {
            // What the engine said of the trial counts.
        }
    }

    /** A proxy in between may answer in plain text. */
    private static JsonNode json(String body) {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            return JSON.createObjectNode();
        }
    }
}
