package io.millrace.console.manage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.console.Http;
import io.millrace.console.Pipelines;
import io.millrace.pipeline.file.Pipeline;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.QueryParam;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The manage page of the demo's monitors: the same question to Postgres, as the page's owners would ask it, and to the index. */
@Path("/api/manage")
@RunOnVirtualThread
public class ManageResource {

    private static final int PAGE = 10;
    private static final String FROM = """
             FROM monitor m JOIN organisation o ON o.id = m.organisation_id LEFT JOIN team t ON t.id = m.team_id
            WHERE (m.name ILIKE '%' || ? || '%') AND (? = '' OR m.status::text = ?) AND (? = '' OR t.name = ?)
              AND (? = '' OR EXISTS (SELECT FROM monitor_tag mt JOIN tag g ON g.id = mt.tag_id WHERE mt.monitor_id = m.id AND g.key || ':' || g.value = ?))""";

    private final Pipelines pipelines;
    private final Http http;
    private final ObjectMapper json;

    ManageResource(Pipelines pipelines, Http http, ObjectMapper json) {
        this.pipelines = pipelines;
        this.http = http;
        this.json = json;
    }

    public record Row(String id, String name, String status, String team) {}

    /**
     * @param millis from the question to the last byte of the answer
     * @param error why there is no answer; null where there is one
     */
    public record Side(long millis, long total, List<Row> rows, Map<String, Long> statuses, Map<String, Long> teams, String error) {}

    public record Page(Side postgres, Side index) {}

    private record Question(String text, String status, String team, String tag, boolean byName, int page) {}

    @GET
    public Page ask(@QueryParam("text") @DefaultValue("") String text, @QueryParam("status") @DefaultValue("") String status, @QueryParam("team") @DefaultValue("") String team,
            @QueryParam("tag") @DefaultValue("") String tag, @QueryParam("sort") @DefaultValue("modified") String sort, @QueryParam("page") @DefaultValue("0") int page) throws InterruptedException {
        var monitors = pipelines.all().stream().filter(p -> p.document().table().toString().equals("public.monitor")).findFirst()
                .orElseThrow(() -> new NotFoundException("The manage page is the demo's; none of the pipelines has public.monitor at its root"));
        var question = new Question(text.strip(), status, team, tag, sort.equals("name"), Math.clamp(page, 0, 900));
        return new Page(postgres(monitors, question), index(monitors, question));
    }

    private static Side postgres(Pipeline monitors, Question question) {
        long began = System.nanoTime();
        try (var connection = Pipelines.connect(monitors)) {
            began = System.nanoTime();
            var rows = rows(connection, question);
            var statuses = counts(connection, question, "m.status::text");
            var teams = counts(connection, question, "t.name");
            long total = statuses.values().stream().mapToLong(Long::longValue).sum();
            return new Side(millis(began), total, rows, statuses, teams, null);
        } catch (SQLException | IllegalStateException e) {
            return new Side(millis(began), 0, List.of(), Map.of(), Map.of(), e.getMessage());
        }
    }

    private static List<Row> rows(Connection connection, Question q) throws SQLException {
        var order = q.byName ? "m.name COLLATE \"C\", m.id" : "m.modified DESC, m.id";
        var rows = new ArrayList<Row>();
        try (var statement = connection.prepareStatement("SELECT m.id::text, m.name, m.status::text, t.name" + FROM + " ORDER BY " + order + " LIMIT " + PAGE + " OFFSET " + q.page * PAGE)) {
            bind(statement, q);
            try (var found = statement.executeQuery()) {
                while (found.next()) {
                    rows.add(new Row(found.getString(1), found.getString(2), found.getString(3), found.getString(4)));
                }
            }
        }
        return rows;
    }

    private static Map<String, Long> counts(Connection connection, Question q, String by) throws SQLException {
        var counts = new LinkedHashMap<String, Long>();
        try (var statement = connection.prepareStatement("SELECT " + by + ", count(*)" + FROM + " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10")) {
            bind(statement, q);
            try (var found = statement.executeQuery()) {
                while (found.next()) {
                    counts.put(found.getString(1) == null ? "none" : found.getString(1), found.getLong(2));
                }
            }
        }
        return counts;
    }

    private static void bind(PreparedStatement statement, Question q) throws SQLException {
        var values = List.of(q.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"), q.status, q.status, q.team, q.team, q.tag, q.tag);
        for (int i = 0; i < values.size(); i++) {
            statement.setString(i + 1, values.get(i));
        }
    }

    private Side index(Pipeline monitors, Question q) throws InterruptedException {
        long began = System.nanoTime();
        try {
            var question = json.writeValueAsString(body(q));
            began = System.nanoTime();
            var answer = http.search("POST", "/" + Http.step(monitors.index().name()) + "/_search", question);
            long took = millis(began);
            var found = json.readTree(answer.body());
            if (answer.statusCode() != 200) {
                return new Side(took, 0, List.of(), Map.of(), Map.of(), "the search engine answered " + answer.statusCode() + ": " + found.path("error").path("reason").asText());
            }
            var rows = new ArrayList<Row>();
            found.path("hits").path("hits").forEach(h -> {
                var source = h.path("_source");
                rows.add(new Row(h.path("_id").asText(), source.path("name").asText(), source.path("status").asText(), source.path("team").path("name").asText(null)));
            });
            return new Side(took, found.path("hits").path("total").path("value").asLong(), rows, counts(found, "statuses"), counts(found, "teams"), null);
        } catch (IOException e) {
            return new Side(millis(began), 0, List.of(), Map.of(), Map.of(), "The index could not be asked: " + e.getMessage());
        }
    }

    private static Map<String, Long> counts(JsonNode found, String of) {
        var counts = new LinkedHashMap<String, Long>();
        found.path("aggregations").path(of).path("buckets").forEach(b -> counts.put(b.path("key").asText(), b.path("doc_count").asLong()));
        return counts;
    }

    /** The words of the text, as the beginnings of words in the name. */
    private static Map<String, Object> body(Question q) {
        var filters = new ArrayList<Map<String, Object>>();
        if (!q.text.isEmpty()) {
            filters.add(Map.of("match_bool_prefix", Map.of("name", Map.of("query", q.text, "operator", "and"))));
        }
        if (!q.status.isEmpty()) {
            filters.add(Map.of("term", Map.of("status", q.status)));
        }
        if (!q.team.isEmpty()) {
            filters.add(Map.of("term", Map.of("team.name.keyword", q.team)));
        }
        if (q.tag.contains(":")) {
            var parts = q.tag.split(":", 2);
            filters.add(Map.of("nested", Map.of("path", "tags", "query", Map.of("bool", Map.of("filter",
                    List.of(Map.of("term", Map.of("tags.key.keyword", parts[0])), Map.of("term", Map.of("tags.value.keyword", parts[1]))))))));
        }
        var sort = q.byName ? List.of(Map.of("name.keyword", "asc"), Map.of("id", "asc")) : List.of(Map.of("modified", "desc"), Map.of("id", "asc"));
        return Map.of("size", PAGE, "from", q.page * PAGE, "track_total_hits", true, "sort", sort, "query", Map.of("bool", Map.of("filter", filters)),
                "aggs", Map.of("statuses", Map.of("terms", Map.of("field", "status", "size", 10)), "teams", Map.of("terms", Map.of("field", "team.name.keyword", "size", 10, "missing", "none"))));
    }

    private static long millis(long began) {
        return (System.nanoTime() - began) / 1_000_000;
    }
}
