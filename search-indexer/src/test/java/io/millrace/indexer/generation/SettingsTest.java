package io.millrace.indexer.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {

    @Test
    void onlyWhatIsOtherThanItIsAskedForIsAskedFor() throws Exception {
        var there = new ObjectMapper().readTree("""
                {"index.refresh_interval": "500ms", "index.number_of_replicas": "0", "index.merge_on_flush.enabled": "false", "index.number_of_shards": "3",
                 "index.analysis.analyzer.plain.tokenizer": "standard", "index.analysis.analyzer.plain.filter": ["lowercase", "asciifolding"]}""");
        assertEquals(Map.of(), Settings.differing(Map.of("number_of_shards", 1, "number_of_replicas", 0, "refresh_interval", "500ms", "index.merge_on_flush.enabled", false,
                "analysis", Map.of("analyzer", Map.of("plain", Map.of("tokenizer", "standard", "filter", List.of("lowercase", "asciifolding"))))), there));
        assertEquals(Map.of("index.number_of_replicas", 1, "index.analysis.analyzer.plain.filter", List.of("lowercase"), "index.codec", "best_compression"), Settings.differing(Map.of(
                "index", Map.of("number_of_replicas", 1), "analysis.analyzer.plain.filter", List.of("lowercase"), "codec", "best_compression"), there));
    }
}
