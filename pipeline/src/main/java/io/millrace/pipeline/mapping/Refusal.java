package io.millrace.pipeline.mapping;

import java.util.Map;

/** Where in a pipeline file stands what the search engine refuses. */
public final class Refusal {

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

    private static boolean isNamed(Object what, String reason) {
        return reason.contains("[" + what + "]") || reason.contains("." + what + "]");
    }

    private static long depth(String path) {
        return path.chars().filter(c -> c == '.').count();
    }
}
