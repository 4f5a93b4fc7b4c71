package io.millrace.console.manage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.console.Http;
import io.millrace.console.SearchFault;
import io.millrace.pipeline.file.Pipeline;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The index of the monitors: one request for the page and all counts. */
final class IndexSide implements Side {

    /** Bytes of an answer; as many users hold one each. */
    private static final long LARGEST = 1 << 20;

    private final Pipeline monitors;
    private final Http http;
    private final ObjectMapper json;

    IndexSide(Pipeline monitors, Http http, ObjectMapper json) {
        this.monitors = monitors;
        this.http = http;
        this.json = json;
    }

    @Override
    public Session open(Question question) throws IOException {
        var path = "/" + Http.step(monitors.index().name()) + "/_search";
        var body = json.writeValueAsString(body(question));
        return new Session() {
            @Override
            public Answer ask() throws IOException, InterruptedException {
                return answer(path, body);
            }

            @Override
            public void close() {
                // The HTTP client keeps its connections.
            }
        };
    }

    private Answer answer(String path, String body) throws IOException, InterruptedException {
        var told = http.search("POST", path, body, LONGEST, LARGEST);
        if (told.statusCode() != 200) {
            throw SearchFault.of(told);
        }
        var found = json.readTree(told.body());
        var rows = new ArrayList<Answer.Row>();
        found.path("hits").path("hits").forEach(h -> {
            var source = h.path("_source");
            rows.add(new Answer.Row(h.path("_id").asText(), source.path("name").asText(), source.path("status").asText(), source.path("type").asText(), source.path("team").path("name").asText(null)));
        });
        var counted = found.path("aggregations");
        return new Answer(found.path("hits").path("total").path("value").asLong(), rows, counts(counted.path("statuses")), counts(counted.path("types")), counts(counted.path("teams")), counts(counted.path("tags").path("values")));
    }

    private static Map<String, Long> counts(JsonNode of) {
        var counts = new LinkedHashMap<String, Long>();
        of.path("buckets").forEach(b -> counts.put(b.path("key").asText(), b.path("doc_count").asLong()));
        return counts;
    }

    /** The words as the beginnings of words in name or message. */
    private static Map<String, Object> body(Question q) {
        var filters = new ArrayList<Map<String, Object>>();
        for (var word : q.words()) {
            filters.add(Map.of("multi_match", Map.of("query", word, "type", "bool_prefix", "operator", "and", "fields", List.of("name", "message"))));
        }
        if (q.organisation() != null) {
            filters.add(Map.of("term", Map.of("organisation.id", q.organisation())));
        }
        term(filters, "status", q.status());
        term(filters, "type.keyword", q.type());
        term(filters, "team.name.keyword", q.team());
        if (!q.tag().isEmpty()) {
            filters.add(Map.of("nested", Map.of("path", "tags", "query", Map.of("term", Map.of("tags.value.keyword", q.tag())))));
        }
        var sort = q.byName() ? List.of(Map.of("name.keyword", "asc"), Map.of("id", "asc")) : List.of(Map.of("modified", "desc"), Map.of("id", "asc"));
        return Map.of("size", Question.ROWS, "from", q.offset(), "track_total_hits", true, "sort", sort, "query", Map.of("bool", Map.of("filter", filters)), "_source", List.of("name", "status", "type", "team.name"),
                "aggs", Map.of("statuses", Map.of("terms", terms("status")), "types", Map.of("terms", terms("type.keyword")),
                        "teams", Map.of("terms", Map.of("field", "team.name.keyword", "size", Question.VALUES, "missing", "none")),
                        "tags", Map.of("nested", Map.of("path", "tags"), "aggs", Map.of("values", Map.of("terms", terms("tags.value.keyword"))))));
    }

    private static Map<String, Object> terms(String field) {
        return Map.of("field", field, "size", Question.VALUES);
    }

    private static void term(List<Map<String, Object>> filters, String field, String value) {
        if (!value.isEmpty()) {
            filters.add(Map.of("term", Map.of(field, value)));
        }
    }
}
