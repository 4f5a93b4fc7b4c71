package io.millrace.indexer.generation;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.pipeline.mapping.Mappings;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the mapping of an index has yet to get. */
final class Growth {

    private Growth() {}

    /**
     * The properties that a mapping of an index lacks, at any depth.
     *
     * @param asked a mapping, or a field of one
     * @param there the same of the index
     */
    static Map<String, Object> missing(Map<String, Object> asked, JsonNode there) {
        var missing = new LinkedHashMap<String, Object>();
        if (asked.get(Mappings.PROPERTIES) instanceof Map<?, ?> properties) {
            properties.forEach((name, field) -> {
                var known = there.path(Mappings.PROPERTIES).path((String) name);
                if (known.isMissingNode()) {
                    missing.put((String) name, field);
                } else if (field instanceof Map<?, ?> below) {
                    var more = missing(stringKeys(below), known);
                    if (!more.isEmpty()) {
                        // An object keeps its type, which the engine does not tell where it is the usual one.
                        missing.put((String) name, Map.of("type", known.path("type").asText("object"), Mappings.PROPERTIES, more));
                    }
                }
            });
        }
        return missing;
    }

    private static Map<String, Object> stringKeys(Map<?, ?> map) {
        var keyed = new LinkedHashMap<String, Object>();
        map.forEach((key, value) -> keyed.put((String) key, value));
        return keyed;
    }
}
