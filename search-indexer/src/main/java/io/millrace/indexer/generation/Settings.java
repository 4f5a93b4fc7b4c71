package io.millrace.indexer.generation;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Settings of an index, flat: {@code index.analysis.analyzer.x.filter}. */
final class Settings {

    private static final String INDEX = "index.";
    /** Fixed when an index is made. */
    private static final String SHARDS = "index.number_of_shards";

    private Settings() {}

    /**
     * What is asked for and is not there as it is asked, by its flat key.
     *
     * @param asked nested or flat, with or without {@code index.} before it
     * @param there flat
     */
    static Map<String, Object> differing(Map<String, Object> asked, JsonNode there) {
        var flat = new TreeMap<String, Object>();
        asked.forEach((key, value) -> flatten(key.startsWith(INDEX) || key.equals("index") ? key : INDEX + key, value, flat));
        flat.keySet().removeIf(SHARDS::equals);
        flat.entrySet().removeIf(e -> text(e.getValue()).equals(text(there.path(e.getKey()))));
        return flat;
    }

    private static void flatten(String key, Object value, Map<String, Object> into) {
        if (value instanceof Map<?, ?> below) {
            below.forEach((name, inner) -> flatten(key + "." + name, inner, into));
        } else {
            into.put(key, value);
        }
    }

    /** The engine keeps every scalar as a text. */
    private static Object text(Object value) {
        return value instanceof List<?> list ? list.stream().map(String::valueOf).toList() : String.valueOf(value);
    }

    private static Object text(JsonNode node) {
        return node.isArray() ? node.valueStream().map(JsonNode::asText).toList() : node.isMissingNode() ? null : node.asText();
    }
}
