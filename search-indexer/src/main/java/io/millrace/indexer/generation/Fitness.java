package io.millrace.indexer.generation;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.indexer.IndexerConfig;
import jakarta.inject.Singleton;
import java.util.concurrent.atomic.AtomicReference;
import org.jboss.logging.Logger;

/** Whether what answers under the search engine's address is what documents can be written to. Thread-safe. */
@Singleton
final class Fitness {

    private static final Logger LOG = Logger.getLogger(Fitness.class);
    private static final String OPENSEARCH = "opensearch";
    /** The first one is Elasticsearch 7 by another name, and is not maintained any more. */
    private static final int OLDEST = 2;

    private final Engine engine;
    private final IndexerConfig config;
    /** The cluster's own id; null before it was seen. */
    private final AtomicReference<String> cluster = new AtomicReference<>();

    Fitness(Engine engine, IndexerConfig config) {
        this.engine = engine;
        this.config = config;
    }

    /**
     * Asks what it is; one that does not tell, for a right that is missing or a proxy in between, is taken as it is.
     *
     * @throws SearchAwayException when it is something else, or does not answer
     */
    void require() {
        var told = engine.told("/");
        if (!told.has("version")) {
            return;
        }
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
