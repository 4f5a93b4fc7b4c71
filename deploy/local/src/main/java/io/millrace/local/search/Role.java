package io.millrace.local.search;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What somebody may do, said as OpenSearch's security plugin takes it.
 *
 * @param cluster patterns of the actions that are about no index
 * @param indexes for some indexes each
 */
record Role(List<String> cluster, List<OnIndexes> indexes) {

    /** Of a pattern, which has {@code *} for any characters and {@code ?} for one. */
    private static final Pattern PART = Pattern.compile("\\*|\\?|[^*?]+");

    static final Role NOTHING = new Role(List.of(), List.of());
    static final Role EVERYTHING = new Role(List.of("*"), List.of(new OnIndexes(List.of("*"), List.of("*"))));

    /**
     * @param names patterns of indexes and aliases
     * @param actions patterns of actions
     */
    record OnIndexes(List<String> names, List<String> actions) {

        boolean allows(String action, String name) {
            return matches(actions, action) && matches(names, name);
        }
    }

    /** Of the JSON that the security plugin's {@code PUT roles} takes; what is left out is no right. */
    @SuppressWarnings("unchecked")
    static Role of(Map<String, Object> json) {
        var indexes = (List<Map<String, Object>>) json.getOrDefault("index_permissions", List.of());
        return new Role(texts(json, "cluster_permissions"), indexes.stream().map(on -> new OnIndexes(texts(on, "index_patterns"), texts(on, "allowed_actions"))).toList());
    }

    @SuppressWarnings("unchecked")
    private static List<String> texts(Map<String, Object> json, String key) {
        return (List<String>) json.getOrDefault(key, List.of());
    }

    boolean allowsOnCluster(String action) {
        return matches(cluster, action);
    }

    /** A name with a wildcard is allowed where all that it could stand for is. */
    boolean allows(String action, List<String> names) {
        return names.stream().allMatch(name -> indexes.stream().anyMatch(on -> on.allows(action, name)));
    }

    private static boolean matches(List<String> patterns, String text) {
        return patterns.stream().anyMatch(pattern -> text.matches(PART.matcher(pattern).replaceAll(part -> Matcher.quoteReplacement(expression(part.group())))));
    }

    private static String expression(String part) {
        return switch (part) {
            case "*" -> ".*";
            // A wildcard of whoever asks stands for many characters.
            case "?" -> "[^*]";
            default -> Pattern.quote(part);
        };
    }
}
