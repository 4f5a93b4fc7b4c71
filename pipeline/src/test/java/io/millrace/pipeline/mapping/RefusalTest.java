package io.millrace.pipeline.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RefusalTest {

    private static final Map<String, Object> MAPPINGS = Map.of(
            "title", Map.of("type", "text", "analyzer", "germn"),
            "embedding", Map.of("type", "knn_vector", "dimension", 3),
            "payload", Map.of("type", "object", "properties", Map.of("kind", Map.of("type", "keywrd"))));
    private static final Map<String, Object> SETTINGS = Map.of(
            "index.gc_deletess", "1h",
            "analysis", Map.of("analyzer", Map.of("plain", Map.of("type", "custom", "tokenizer", "standrd", "filter", List.of("lowercase")))));

    private static String mapping(String reason) {
        return Refusal.at("index.mappings", MAPPINGS, reason);
    }

    private static String setting(String reason) {
        return Refusal.at("index.settings", SETTINGS, reason);
    }

    @Test
    void whatTheEngineNamesIsFoundAtItsPlaceHoweverDeep() {
        assertEquals("index.mappings.title.analyzer", mapping("Failed to parse mapping [_doc]: analyzer [germn] has not been configured in mappings"));
        assertEquals("index.mappings.embedding.type", mapping("Failed to parse mapping [_doc]: No handler for type [knn_vector] declared on field [embedding]"));
        assertEquals("index.mappings.payload.properties.kind.type", mapping("No handler for type [keywrd] declared on field [kind]"));
        assertEquals("index.settings.analysis.analyzer.plain", setting("Custom Analyzer [plain] failed to find tokenizer under name [elsewhere]"));
        assertEquals("index.settings.index.gc_deletess", setting("unknown setting [index.gc_deletess] please check that any required plugins are installed"));
    }

    @Test
    void whatItDoesNotNameStandsWhereAllOfItStands() {
        assertEquals("index.mappings", mapping("Limit of total fields [1] has been exceeded"));
    }

    @Test
    void aPluginThatIsMissingIsNamed() {
        assertEquals("knn_vector comes with the plugin opensearch-knn, which this search engine lacks: install that on each of its nodes, or correct the file",
                Refusal.advice("Failed to parse mapping [_doc]: No handler for type [knn_vector] declared on field [embedding]"));
        assertEquals("index.knn.space_type comes with the plugin opensearch-knn, which this search engine lacks: install that on each of its nodes, or correct the file",
                Refusal.advice("unknown setting [index.knn.space_type] please check that any required plugins are installed"));
        assertEquals("correct it in the file", Refusal.advice("Failed to parse mapping [_doc]: No handler for type [keywrd] declared on field [kind]"));
        assertEquals("correct it in the file", Refusal.advice("unknown setting [index.gc_deletess] please check that any required plugins are installed"));
    }
}
