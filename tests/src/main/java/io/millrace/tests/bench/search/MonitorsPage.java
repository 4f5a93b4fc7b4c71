package io.millrace.tests.bench.search;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.tests.stack.DemoStack;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** The demo's monitors of one organisation among others: with team, author, tags and recipients. */
final class MonitorsPage implements Page {

    private static final long SEED = 41;
    private static final String ORGANISATION = "m.organisation_id = ?";
    private static final Map<Question.Order, String> ORDERS = Map.of(Question.Order.MODIFIED, "m.modified DESC, m.id", Question.Order.NAME, "m.name, m.id");
    /** What a DBA sets for a page on an SSD: no compilation for short queries, sorts and hashes in memory. */
    private static final List<String> SESSION = List.of("SET work_mem = '64MB'", "SET jit = off", "SET random_page_cost = 1.1", "SET effective_cache_size = '4GB'");

    private static final String ROW = """
            json_build_object('id', m.id, 'name', m.name, 'status', m.status, 'type', m.type, 'team', t.name, 'author', u.name,
              'tags', (SELECT coalesce(json_agg(g.value ORDER BY g.value), '[]') FROM public.monitor_tag mt JOIN public.tag g ON g.id = mt.tag_id WHERE mt.monitor_id = m.id),
              'recipients', (SELECT count(*) FROM public.monitor_recipient r WHERE r.monitor_id = m.id))::text""";
    private static final String PLAIN_FROM = " FROM public.monitor m LEFT JOIN public.team t ON t.id = m.team_id LEFT JOIN public.app_user u ON u.id = m.author_id WHERE {where}";

    @Override
    public String name() {
        return "monitors";
    }

    @Override
    public Path pipeline() {
        return DemoStack.home().resolve("deploy/demo/pipelines/monitors.yaml");
    }

    @Override
    public int defaultSize() {
        return 30_000;
    }

    @Override
    public int monitors(int size) {
        return size;
    }

    @Override
    public void load(Connection connection, int size) {
        // The demo's own rows.
    }

    @Override
    public String rows() {
        return "SELECT count(*) FROM public.monitor";
    }

    @Override
    public boolean hasTraffic() {
        return true;
    }

    @Override
    public List<SqlPage> sql() {
        return List.of(plain(), indexes(), view());
    }

    /** A query for the rows and one for each count, over the schema as the product has it. */
    private static SqlPage plain() {
        return new SqlPage("Postgres, plain", List.of(), List.of(), List.of(
                "SELECT 'total', NULL, count(*)" + PLAIN_FROM,
                "SELECT 'row', value, row_number() OVER () FROM (SELECT " + ROW + " AS value" + PLAIN_FROM + " ORDER BY {order} {page}) p",
                "SELECT 'status', m.status::text, count(*)" + PLAIN_FROM + " GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10",
                "SELECT 'type', m.type, count(*)" + PLAIN_FROM + " GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10",
                "SELECT 'team', coalesce(t.name, 'none'), count(*)" + PLAIN_FROM + " GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10",
                "SELECT 'tag', g.value, count(*)" + PLAIN_FROM.replace(" WHERE", " JOIN public.monitor_tag mt ON mt.monitor_id = m.id JOIN public.tag g ON g.id = mt.tag_id WHERE")
                        + " GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10"),
                ORGANISATION, "(m.name ILIKE ? OR m.message ILIKE ?)",
                Map.of("status", "m.status::text = ?", "type", "m.type = ?", "team", "t.name = ?",
                        "tag", "EXISTS (SELECT FROM public.monitor_tag mt JOIN public.tag g ON g.id = mt.tag_id WHERE mt.monitor_id = m.id AND g.value = ?)"), ORDERS);
    }

    /** Indexes for every condition, and one statement that finds the rows once and counts by id before it looks names up. */
    private static SqlPage indexes() {
        return new SqlPage("Postgres, indexes", List.of(
                "CREATE EXTENSION IF NOT EXISTS pg_trgm",
                "CREATE INDEX page_newest ON public.monitor (organisation_id, modified DESC, id)",
                "CREATE INDEX page_by_name ON public.monitor (organisation_id, name, id)",
                "CREATE INDEX page_status ON public.monitor (organisation_id, status, type)",
                "CREATE INDEX page_team ON public.monitor (organisation_id, team_id)",
                "CREATE INDEX page_name_words ON public.monitor USING gin (name gin_trgm_ops)",
                "CREATE INDEX page_message_words ON public.monitor USING gin (message gin_trgm_ops)",
                "CREATE INDEX page_tag_value ON public.tag (value)",
                "CREATE INDEX page_tagged ON public.monitor_tag (tag_id, monitor_id)",
                "CREATE INDEX page_team_name ON public.team (name)",
                "VACUUM ANALYZE public.monitor, public.monitor_tag, public.tag, public.team, public.monitor_recipient"), SESSION, List.of("""
                WITH hit AS MATERIALIZED (SELECT m.id, m.name, m.status, m.type, m.team_id, m.modified FROM public.monitor m WHERE {where})
                SELECT 'total' AS part, NULL AS value, count(*) AS n FROM hit
                UNION ALL SELECT 'row', (SELECT\s""" + ROW + """
                \sFROM public.monitor m LEFT JOIN public.team t ON t.id = m.team_id LEFT JOIN public.app_user u ON u.id = m.author_id WHERE m.id = p.id), n
                   FROM (SELECT m.id, row_number() OVER (ORDER BY {order}) AS n FROM hit m ORDER BY {order} {page}) p
                UNION ALL (SELECT 'status', status::text, count(*) FROM hit GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10)
                UNION ALL (SELECT 'type', type, count(*) FROM hit GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10)
                UNION ALL (SELECT 'team', coalesce(t.name, 'none'), sum(c.n)::bigint FROM (SELECT team_id, count(*) AS n FROM hit GROUP BY 1) c LEFT JOIN public.team t ON t.id = c.team_id
                           GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10)
                UNION ALL (SELECT 'tag', g.value, sum(c.n)::bigint FROM (SELECT mt.tag_id, count(*) AS n FROM hit JOIN public.monitor_tag mt ON mt.monitor_id = hit.id GROUP BY 1) c
                           JOIN public.tag g ON g.id = c.tag_id GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10)"""),
                ORGANISATION, "(m.name ILIKE ? OR m.message ILIKE ?)",
                Map.of("status", "m.status = ?::public.monitor_status", "type", "m.type = ?", "team", "m.team_id IN (SELECT id FROM public.team WHERE name = ?)",
                        "tag", "m.id IN (SELECT mt.monitor_id FROM public.monitor_tag mt JOIN public.tag g ON g.id = mt.tag_id WHERE g.value = ?)"), ORDERS);
    }

    /** The joined rows as a table of their own, as fresh as its last refresh. */
    private static SqlPage view() {
        return new SqlPage("Postgres, view", List.of("""
                CREATE MATERIALIZED VIEW public.monitor_page AS
                SELECT m.id, m.organisation_id, m.name, m.status::text AS status, m.type, coalesce(t.name, 'none') AS team, m.modified, m.name || E'\\n' || coalesce(m.message, '') AS words,
                       ARRAY(SELECT g.value FROM public.monitor_tag mt JOIN public.tag g ON g.id = mt.tag_id WHERE mt.monitor_id = m.id) AS tags,\s""" + ROW + " AS shown" + """
                  \sFROM public.monitor m LEFT JOIN public.team t ON t.id = m.team_id LEFT JOIN public.app_user u ON u.id = m.author_id""",
                "CREATE UNIQUE INDEX ON public.monitor_page (id)",
                "CREATE INDEX ON public.monitor_page (organisation_id, modified DESC, id)",
                "CREATE INDEX ON public.monitor_page (organisation_id, name, id)",
                "CREATE INDEX ON public.monitor_page (organisation_id, status, type)",
                "CREATE INDEX ON public.monitor_page (organisation_id, team)",
                "CREATE INDEX ON public.monitor_page USING gin (words gin_trgm_ops)",
                "CREATE INDEX ON public.monitor_page USING gin (tags)",
                "VACUUM ANALYZE public.monitor_page",
                "REFRESH MATERIALIZED VIEW CONCURRENTLY public.monitor_page"), SESSION, List.of("""
                WITH hit AS MATERIALIZED (SELECT m.id, m.name, m.status, m.type, m.team, m.modified, m.tags FROM public.monitor_page m WHERE {where})
                SELECT 'total' AS part, NULL AS value, count(*) AS n FROM hit
                UNION ALL SELECT 'row', (SELECT shown FROM public.monitor_page m WHERE m.id = p.id), n
                   FROM (SELECT m.id, row_number() OVER (ORDER BY {order}) AS n FROM hit m ORDER BY {order} {page}) p
                UNION ALL (SELECT 'status', status, count(*) FROM hit GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10)
                UNION ALL (SELECT 'type', type, count(*) FROM hit GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10)
                UNION ALL (SELECT 'team', team, count(*) FROM hit GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10)
                UNION ALL (SELECT 'tag', tag, count(*) FROM hit, unnest(tags) tag GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10)"""),
                ORGANISATION, "m.words ILIKE ?",
                Map.of("status", "m.status = ?", "type", "m.type = ?", "team", "m.team = ?", "tag", "m.tags @> ARRAY[?::text]"), ORDERS);
    }

    @Override
    public Map<String, Object> search(Question q) {
        var filters = new ArrayList<Object>();
        filters.add(Map.of("term", Map.of("organisation.id", q.organisation())));
        q.words().forEach(word -> filters.add(Map.of("multi_match", Map.of("query", word, "type", "bool_prefix", "fields", List.of("name", "message")))));
        q.filters().forEach((facet, value) -> filters.add(switch (facet) {
            case "tag" -> Map.of("nested", Map.of("path", "tags", "query", Map.of("term", Map.of("tags.value.keyword", value))));
            case "team" -> Map.of("term", Map.of("team.name.keyword", value));
            case "type" -> Map.of("term", Map.of("type.keyword", value));
            default -> Map.of("term", Map.of(facet, value));
        }));
        var sort = q.order() == Question.Order.NAME ? List.of(Map.of("name.keyword", "asc"), Map.of("id", "asc")) : List.of(Map.of("modified", "desc"), Map.of("id", "asc"));
        return Map.of("size", Question.ROWS, "from", q.page() * Question.ROWS, "track_total_hits", true, "query", Map.of("bool", Map.of("filter", filters)), "sort", sort,
                "_source", List.of("id", "name", "status", "type", "team.name", "author.name", "tags.value", "recipients.kind"),
                "aggs", Map.of("status", terms("status"), "type", terms("type.keyword"), "team", Map.of("terms", Map.of("field", "team.name.keyword", "size", Question.VALUES, "missing", "none")),
                        "tag", Map.of("nested", Map.of("path", "tags"), "aggs", Map.of("values", terms("tags.value.keyword")))));
    }

    private static Map<String, Object> terms(String field) {
        return Map.of("terms", Map.of("field", field, "size", Question.VALUES));
    }

    @Override
    public Map<String, Object> row(JsonNode source) {
        var row = new LinkedHashMap<String, Object>();
        for (var field : List.of("id", "name", "status", "type")) {
            row.put(field, source.path(field));
        }
        row.put("team", source.path("team").path("name").asText(null));
        row.put("author", source.path("author").path("name").asText(null));
        var tags = new ArrayList<String>();
        source.path("tags").forEach(tag -> tags.add(tag.path("value").asText()));
        tags.sort(null);
        row.put("tags", tags);
        row.put("recipients", source.path("recipients").size());
        return row;
    }

    @Override
    public List<Question> questions(Connection connection, int count) throws SQLException {
        var values = new FacetValues(connection);
        var teams = values.of("SELECT t.name FROM public.monitor m JOIN public.team t ON t.id = m.team_id WHERE m.organisation_id = 1 GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 30");
        var tags = values.of("SELECT g.value FROM public.monitor m JOIN public.monitor_tag mt ON mt.monitor_id = m.id JOIN public.tag g ON g.id = mt.tag_id"
                + " WHERE m.organisation_id = 1 GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 40");
        return QuestionMix.of(new SplittableRandom(SEED), count, new QuestionMix.Facets(
                List.of("checkout", "payments", "search", "catalogue", "identity", "billing", "gateway", "ledger", "orders", "shipping"),
                List.of("memory", "latency", "queue", "saturation", "throughput"), List.of("runbook", "escalate", "rollback", "customer"),
                Map.of("status", List.of("alert", "warn", "no_data"), "type", List.of("metric", "log", "synthetic"), "team", teams, "tag", tags)));
    }
}
