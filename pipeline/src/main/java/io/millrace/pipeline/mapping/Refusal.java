package io.millrace.pipeline.mapping;

import java.util.Map;
import java.util.regex.Pattern;

/** Where in a pipeline file stands what the search engine refuses, and what to do about it. */
public final class Refusal {

    /** A type that is none here, or a setting of vectors. */
    private static final Pattern UNKNOWN = Pattern.compile("No handler for type \\[(?<type>\\w+)]|unknown setting \\[(?<setting>index\\.knn[.\\w]*)]");
    private static final String VECTORS = "opensearch-knn";
    /** The plugins of OpenSearch that bring types of fields, by these. */
    private static final Map<String, String> PLUGINS = Map.of("knn_vector", VECTORS, "murmur3", "mapper-murmur3", "annotated_text", "mapper-annotated-text", "icu_collation_keyword", "analysis-icu");

    private Refusal() {}

    /**
     * The deepest path whose name or value the engine's words have in brackets, as it writes them.
     *
     * @param at a path in the file, such as {@code index.settings}
     * @param said what stands there
     * @param reason the engine's words
     * @return {@code at} itself where they name nothing of it
     */
    public static String at(String at, Map<?, ?> said, String reason) {
        var found = at;
        for (var entry : said.entrySet()) {
            var path = at + "." + entry.getKey();
            var below = entry.getValue() instanceof Map<?, ?> map ? at(path, map, reason) : path;
            if (depth(below) > depth(found) && (!below.equals(path) || isNamed(entry.getKey(), reason) || isNamed(entry.getValue(), reason))) {
                found = below;
            }
        }
        return found;
    }

    /**
     * What to do about it: where a plugin brings what is refused, which one.
     *
     * @param reason the engine's words
     */
    public static String advice(String reason) {
        var unknown = UNKNOWN.matcher(reason);
        if (unknown.find()) {
            var setting = unknown.group("setting");
            var plugin = setting == null ? PLUGINS.get(unknown.group("type")) : VECTORS;
            if (plugin != null) {
                return (setting == null ? unknown.group("type") : setting) + " comes with the plugin " + plugin + ", which this search engine lacks: install that on each of its nodes, or correct the file";
            }
        }
        return "correct it in the file";
    }

    private static boolean isNamed(Object what, String reason) {
        return reason.contains("[" + what + "]") || reason.contains("." + what + "]");
    }

    private static long depth(String path) {
        return path.chars().filter(c -> c == '.').count();
    }
}
