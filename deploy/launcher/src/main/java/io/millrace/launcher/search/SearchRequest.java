package io.millrace.launcher.search;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.launcher.UsageException;
import io.millrace.local.LocalException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is looked for.
 *
 * @param words all of which a document has, wherever they stand; empty for every document
 * @param where values that fields have, as {@code field=value}
 * @param facets fields whose values are counted
 * @param sort {@code field} or {@code field:desc}; empty for the best first
 * @param size how many documents are shown
 */
public record SearchRequest(String words, List<String> where, List<String> facets, List<String> sort, int size) {

    private static final int VALUES = 10;

    /** @throws UsageException when a value is asked for without its field */
    public SearchRequest {
        for (var test : where) {
            if (test.indexOf('=') < 1) {
                throw new UsageException("--where wants FIELD=VALUE, not '" + test + "'");
            }
        }
    }

    /**
     * The body of a search in the search engine's words. All hits are counted: without that, a search that is sorted by a number or a date may leave some out.
     *
     * @param mappings what the search engine answers to {@code GET /INDEX/_mapping}
     * @throws LocalException when a field is not there or cannot be used so
     */
    public Map<String, Object> body(JsonNode mappings) {
        var fields = new SearchFields(mappings);
        var body = new LinkedHashMap<String, Object>();
        body.put("size", size);
        body.put("track_total_hits", true);
        body.put("query", Map.of("bool", Map.of("must", List.of(words(fields)), "filter", where.stream().map(test -> test(test, fields)).toList())));
        if (!facets.isEmpty()) {
            var counts = new LinkedHashMap<String, Object>();
            facets.forEach(name -> counts.put(name, facet(name, fields)));
            body.put("aggs", counts);
        }
        if (!sort.isEmpty()) {
            body.put("sort", sort.stream().map(s -> order(s, fields)).toList());
        }
        return body;
    }

    /** Rows of a nested relation are documents of their own to the search engine, so each of them is asked as well. */
    private Map<String, Object> words(SearchFields fields) {
        if (words.isBlank()) {
            return Map.of("match_all", Map.of());
        }
        var anywhere = new ArrayList<Map<String, Object>>();
        anywhere.add(words("*"));
        fields.nested().forEach(path -> anywhere.add(Map.of("nested", Map.of("path", path, "query", words(path + ".*")))));
        return Map.of("bool", Map.of("should", anywhere, "minimum_should_match", 1));
    }

    private Map<String, Object> words(String fields) {
        return Map.of("simple_query_string", Map.of("query", words, "fields", List.of(fields), "lenient", true, "default_operator", "and"));
    }

    private static Map<String, Object> test(String test, SearchFields fields) {
        int equals = test.indexOf('=');
        var field = fields.exact(test.substring(0, equals));
        Map<String, Object> term = Map.of("term", Map.of(field.exact(), test.substring(equals + 1)));
        return field.nested() == null ? term : Map.of("nested", Map.of("path", field.nested(), "query", term));
    }

    private static Map<String, Object> facet(String name, SearchFields fields) {
        var field = fields.exact(name);
        Map<String, Object> values = Map.of("terms", Map.of("field", field.exact(), "size", VALUES));
        // Documents are counted, not the rows of a nested relation.
        return field.nested() == null ? values
                : Map.of("nested", Map.of("path", field.nested()), "aggs", Map.of("rows", Map.of("terms", Map.of("field", field.exact(), "size", VALUES), "aggs", Map.of("documents", Map.of("reverse_nested", Map.of())))));
    }

    private static Map<String, Object> order(String sort, SearchFields fields) {
        var isDescending = sort.endsWith(":desc");
        var field = fields.exact(isDescending ? sort.substring(0, sort.length() - ":desc".length()) : sort);
        var order = new LinkedHashMap<String, Object>();
        order.put("order", isDescending ? "desc" : "asc");
        if (field.nested() != null) {
            order.put("nested", Map.of("path", field.nested()));
        }
        return Map.of(field.exact(), order);
    }
}
