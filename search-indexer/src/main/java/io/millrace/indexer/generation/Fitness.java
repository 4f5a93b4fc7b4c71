package io.millrace.indexer.generation;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.indexer.IndexerConfig;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jboss.logging.Logger;

/** Whether what answers under the search engine's address is what documents can be written to. Thread-safe. */
@Singleton
final class Fitness {

    private static final Logger LOG = Logger.getLogger(Fitness.class);
    private static final String OPENSEARCH = "opensearch";
    /** The first one is Elasticsearch 7 by another name, and is not maintained any more. */
    private static final int OLDEST = 2;

    /** No index may have a capital letter in its name, and an alias of this one nobody makes. */
    private static final String MISSING_ALIAS = "Millrace-Trial";
    private static final String EXTERNAL_VERSION = "{\"index\":{\"_id\":\"none\",\"version\":1,\"version_type\":\"external_gte\"}}\n{}\n";

    private final Engine engine;
    private final IndexerConfig config;
    /** The id of the cluster of which it is known that it serves everything; null before there was one. */
    private final AtomicReference<String> whole = new AtomicReference<>();
    /** The cluster's own id; null before it was seen. */
    private final AtomicReference<String> cluster = new AtomicReference<>();

    Fitness(Engine engine, IndexerConfig config) {
        this.engine = engine;
        this.config = config;
    }

    /**
     * Asks what it is, and once for each cluster whether it serves what documents are written by; one that does not tell, for a right that is missing or a proxy in between, is taken as it is.
     *
     * @throws SearchAwayException when it is something else, does not serve some of it, or does not answer
     */
    void require() {
        var told = engine.told("/");
        if (told.has("version")) {
            requireOpenSearch(told);
        }
        var answers = told.path("cluster_uuid").asText("");
        if (!answers.isEmpty() && answers.equals(whole.get())) {
            return;
        }
        var lacking = lacking();
        if (!lacking.isEmpty()) {
            throw new SearchAwayException("The search engine under " + config.searchUrl() + " does not serve " + String.join(", ", lacking) + ". Documents are written by all of these; Amazon OpenSearch Serverless, for one, lacks the most of them."
                    + " Have millrace.indexer.search-url lead to an OpenSearch " + OLDEST + " or later that serves them, of your own or as a managed cluster. It goes on by itself then");
        }
        whole.set(answers);
    }

    /** What managed search engines leave out; each is asked for so that nothing comes of it. */
    private List<String> lacking() {
        var lacking = new ArrayList<String>();
        if (!engine.serves("GET", "/_cluster/health?timeout=1s", null)) {
            lacking.add("GET /_cluster/health");
        }
        if (!engine.serves("POST", "/" + config.marksIndex() + "/_refresh?ignore_unavailable=true", null)) {
            lacking.add("POST /<index>/_refresh");
        }
        if (!engine.serves("POST", "/_search/scroll", "{\"scroll_id\":\"none\"}")) {
            lacking.add("POST /_search/scroll");
        }
        if (!engine.serves("POST", "/" + MISSING_ALIAS + "/_bulk?require_alias=true", EXTERNAL_VERSION)) {
            lacking.add("POST /<alias>/_bulk with require_alias and version_type external_gte");
        }
        return lacking;
    }

    private void requireOpenSearch(JsonNode told) {
        var version = told.path("version");
        if (!version.path("distribution").asText().equals(OPENSEARCH) || major(version) < OLDEST) {
            throw new SearchAwayException("Under " + config.searchUrl() + " answers " + name(told) + ", and documents are written to OpenSearch " + OLDEST
                    + " or later; correct millrace.indexer.search-url, or upgrade the cluster. It goes on by itself then");
        }
        note(told.path("cluster_uuid").asText(""));
    }

    private static int major(JsonNode version) {
        var number = version.path("number").asText("0").split("\\.")[0];
        return number.chars().allMatch(Character::isDigit) ? Integer.parseInt(number) : 0;
    }

    private static String name(JsonNode told) {
        var distribution = told.path("version").path("distribution").asText("");
        var number = told.path("version").path("number").asText("of no version");
        return switch (distribution) {
            case OPENSEARCH -> "OpenSearch " + number;
            case "" -> told.path("tagline").asText().equals("You Know, for Search") ? "Elasticsearch " + number : "no OpenSearch (" + number + ")";
            default -> distribution + " " + number;
        };
    }

    private void note(String uuid) {
        var before = cluster.getAndSet(uuid);
        if (before != null && !before.equals(uuid)) {
            LOG.warnf("Under %s answers another cluster (%s) than before (%s); what its indexes lack is written to them from Kafka", config.searchUrl(), uuid, before);
        }
    }
}
