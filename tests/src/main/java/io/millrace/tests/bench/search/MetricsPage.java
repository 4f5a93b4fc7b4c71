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

/**
 * Metrics with the tags that their configurations keep: of one organisation so many active ones with ten configurations each, half as many of four others, and a fifth of all no longer
 * active. The case that this comes from had 82,000 active ones and 817,000 configurations.
 */
final class MetricsPage implements Page {

    private static final long SEED = 43;
    private static final int TEAMS_MONITORS = 10_000;
    private static final String ORGANISATION = "m.active AND m.organisation_id = ?";
    private static final Map<Question.Order, String> ORDERS = Map.of(Question.Order.MODIFIED, "m.modified DESC, m.id", Question.Order.NAME, "m.name, m.id");
    private static final List<String> SESSION = List.of("SET work_mem = '64MB'", "SET jit = off", "SET random_page_cost = 1.1", "SET effective_cache_size = '4GB'");

    private static final String TABLES = """
            CREATE TABLE public.metric (id bigint PRIMARY KEY, organisation_id bigint NOT NULL, team_id bigint REFERENCES public.team, name text NOT NULL, description text,
              type varchar(16) NOT NULL, unit varchar(16) NOT NULL, active boolean NOT NULL, modified timestamptz NOT NULL);
            CREATE TABLE public.metric_configuration (id bigint PRIMARY KEY, metric_id bigint NOT NULL REFERENCES public.metric ON DELETE CASCADE, tag text NOT NULL, kept boolean NOT NULL,
              changed timestamptz NOT NULL);
            CREATE INDEX ON public.metric (organisation_id);
            CREATE INDEX ON public.metric (team_id);
            CREATE INDEX ON public.metric_configuration (metric_id);
            """;
    /** Deterministic: each value comes from a hash of its row's number. */
    private static final String FILL = """
            INSERT INTO public.metric
            SELECT n, CASE WHEN n <= %1$d * 5 / 4 THEN 1 ELSE 2 + n %% 4 END, 1 + h(n, 1) %% (SELECT count(*) FROM public.team),
                   (ARRAY['checkout','payments','search','catalogue','identity','billing','gateway','ledger','orders','shipping'])[1 + h(n, 2) %% 10] || '.' ||
                   (ARRAY['memory','latency','queue','saturation','throughput','errors','requests','sessions'])[1 + h(n, 3) %% 8] || '.' || to_hex(n),
                   (SELECT string_agg((ARRAY['counts','what','each','host','reports','before','runbook','escalate','rollback','customer','window','region','during','deploys','after','nightly'])[1 + h(n, 10 + w) %% 16], ' ')
                      FROM generate_series(1, 12) w),
                   (ARRAY['gauge','count','rate','distribution'])[1 + h(n, 4) %% 4], (ARRAY['byte','second','percent','request','none'])[1 + h(n, 5) %% 5], n %% 5 <> 0,
                   timestamptz '2024-01-01' + h(n, 6) %% 60000000 * interval '1 second'
              FROM generate_series(1, %1$d * 15 / 8) n;
            INSERT INTO public.metric_configuration
            SELECT (n - 1) * 10 + k, n, (ARRAY['env','service','region','host','team','version','zone','tier','customer','shard'])[k] || ':' ||
                   (ARRAY['a','b','c','d','e','f','g','h','i','j'])[1 + least(h(n, 20 + k) %% 10, h(n, 40 + k) %% 10)] || h(n, 60 + k) %% 12,
                   h(n, 80 + k) %% 10 > 0, timestamptz '2025-01-01' + h(n, 7) %% 1000000 * interval '1 second'
              FROM generate_series(1, %1$d * 15 / 8) n, generate_series(1, 10) k;
            """;

    @Override
    public String name() {
        return "metrics";
    }

    @Override
    public Path pipeline() {
        return DemoStack.home().resolve("tests/search/metrics.yaml");
    }

    @Override
    public int defaultSize() {
        return 20_000;
    }

    @Override
    public int monitors(int size) {
        return TEAMS_MONITORS;
    }

    @Override
    public void load(Connection connection, int size) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(TABLES);
            statement.execute("CREATE FUNCTION pg_temp.h(n bigint, seed bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT hashint8extended(n, seed) >> 8 & 1073741823'");
            statement.execute(FILL.replace(" h(", " pg_temp.h(").replace("(h(", "(pg_temp.h(").formatted(size));
            statement.execute("ANALYZE public.metric, public.metric_configuration");
        }
    }

    @Override
    public String rows() {
        return "SELECT count(*) FROM public.metric WHERE active";
    }

    @Override
    public boolean hasTraffic() {
        return false;
    }

    @Override
    public List<SqlPage> sql() {
        return List.of(plain(), indexes(), view());
    }

    private static final String TAGS = "(SELECT coalesce(json_agg(c.tag ORDER BY c.tag), '[]') FROM public.metric_configuration c WHERE c.metric_id = m.id AND c.kept)";
    private static final String ROW = "json_build_object('id', m.id, 'name', m.name, 'type', m.type, 'unit', m.unit, 'team', t.name, 'tags', " + TAGS
            + ", 'configurations', (SELECT count(*) FROM public.metric_configuration c WHERE c.metric_id = m.id))::text";

    /** The page joins all configurations and takes its metrics from that, distinct. */
    private static SqlPage plain() {
        var from = " FROM public.metric m JOIN public.team t ON t.id = m.team_id LEFT JOIN public.metric_configuration c ON c.metric_id = m.id AND c.kept WHERE {where}";
        return new SqlPage("Postgres, plain", List.of(), List.of(), List.of(
                "SELECT 'total', NULL, count(DISTINCT m.id)" + from,
                "SELECT 'row', value, row_number() OVER () FROM (SELECT " + ROW + " AS value FROM public.metric m JOIN public.team t ON t.id = m.team_id WHERE m.id IN (SELECT m.id" + from
                        + ") ORDER BY {order} {page}) p",
                "SELECT 'type', m.type, count(DISTINCT m.id)" + from + " GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10",
                "SELECT 'unit', m.unit, count(DISTINCT m.id)" + from + " GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10",
                "SELECT 'team', t.name, count(DISTINCT m.id)" + from + " GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10",
                "SELECT 'tag', c.tag, count(DISTINCT m.id)" + from + " AND c.tag IS NOT NULL GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10"),
                ORGANISATION, "(m.name ILIKE ? OR m.description ILIKE ?)",
                Map.of("type", "m.type = ?", "unit", "m.unit = ?", "team", "t.name = ?",
                        "tag", "EXISTS (SELECT FROM public.metric_configuration x WHERE x.metric_id = m.id AND x.kept AND x.tag = ?)"), ORDERS);
    }

    private static SqlPage indexes() {
        return new SqlPage("Postgres, indexes", List.of(
                "CREATE EXTENSION IF NOT EXISTS pg_trgm",
                "CREATE INDEX page_newest ON public.metric (organisation_id, modified DESC, id) WHERE active",
                "CREATE INDEX page_by_name ON public.metric (organisation_id, name, id) WHERE active",
                "CREATE INDEX page_team ON public.metric (organisation_id, team_id) WHERE active",
                "CREATE INDEX page_name_words ON public.metric USING gin (name gin_trgm_ops)",
                "CREATE INDEX page_description_words ON public.metric USING gin (description gin_trgm_ops)",
                "CREATE INDEX page_tag ON public.metric_configuration (tag, metric_id) WHERE kept",
                "CREATE INDEX page_tags ON public.metric_configuration (metric_id) INCLUDE (tag) WHERE kept",
                "CREATE INDEX page_team_name ON public.team (name)",
                "VACUUM ANALYZE public.metric, public.metric_configuration, public.team"), SESSION, List.of("""
                WITH hit AS MATERIALIZED (SELECT m.id, m.name, m.type, m.unit, m.team_id, m.modified FROM public.metric m WHERE {where})
                SELECT 'total' AS part, NULL AS value, count(*) AS n FROM hit
                UNION ALL SELECT 'row', (SELECT\s""" + ROW + """
                \sFROM public.metric m JOIN public.team t ON t.id = m.team_id WHERE m.id = p.id), n
                   FROM (SELECT m.id, row_number() OVER (ORDER BY {order}) AS n FROM hit m ORDER BY {order} {page}) p
                UNION ALL (SELECT 'type', type, count(*) FROM hit GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10)
                UNION ALL (SELECT 'unit', unit, count(*) FROM hit GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10)
                UNION ALL (SELECT 'team', t.name, sum(c.n)::bigint FROM (SELECT team_id, count(*) AS n FROM hit GROUP BY 1) c JOIN public.team t ON t.id = c.team_id
                           GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10)
                UNION ALL (SELECT 'tag', c.tag, count(DISTINCT c.metric_id) FROM hit JOIN public.metric_configuration c ON c.metric_id = hit.id AND c.kept GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10)"""),
                ORGANISATION, "(m.name ILIKE ? OR m.description ILIKE ?)",
                Map.of("type", "m.type = ?", "unit", "m.unit = ?", "team", "m.team_id IN (SELECT id FROM public.team WHERE name = ?)",
                        "tag", "m.id IN (SELECT c.metric_id FROM public.metric_configuration c WHERE c.tag = ? AND c.kept)"), ORDERS);
    }

    private static SqlPage view() {
        return new SqlPage("Postgres, view", List.of("""
                CREATE MATERIALIZED VIEW public.metric_page AS
                SELECT m.id, m.organisation_id, m.active, m.name, m.type, m.unit, t.name AS team, m.modified, m.name || E'\\n' || coalesce(m.description, '') AS words,
                       ARRAY(SELECT DISTINCT c.tag FROM public.metric_configuration c WHERE c.metric_id = m.id AND c.kept) AS tags,\s""" + ROW + " AS shown" + """
                  \sFROM public.metric m JOIN public.team t ON t.id = m.team_id WHERE m.active""",
                "CREATE UNIQUE INDEX ON public.metric_page (id)",
                "CREATE INDEX ON public.metric_page (organisation_id, modified DESC, id)",
                "CREATE INDEX ON public.metric_page (organisation_id, name, id)",
                "CREATE INDEX ON public.metric_page (organisation_id, team)",
                "CREATE INDEX ON public.metric_page USING gin (words gin_trgm_ops)",
                "CREATE INDEX ON public.metric_page USING gin (tags)",
                "VACUUM ANALYZE public.metric_page",
                "REFRESH MATERIALIZED VIEW CONCURRENTLY public.metric_page"), SESSION, List.of("""
                WITH hit AS MATERIALIZED (SELECT m.id, m.name, m.type, m.unit, m.team, m.modified, m.tags FROM public.metric_page m WHERE {where})
                SELECT 'total' AS part, NULL AS value, count(*) AS n FROM hit
                UNION ALL SELECT 'row', (SELECT shown FROM public.metric_page m WHERE m.id = p.id), n
                   FROM (SELECT m.id, row_number() OVER (ORDER BY {order}) AS n FROM hit m ORDER BY {order} {page}) p
                UNION ALL (SELECT 'type', type, count(*) FROM hit GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10)
                UNION ALL (SELECT 'unit', unit, count(*) FROM hit GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10)
                UNION ALL (SELECT 'team', team, count(*) FROM hit GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10)
                UNION ALL (SELECT 'tag', tag, count(*) FROM hit, unnest(tags) tag GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT 10)"""),
                ORGANISATION, "m.words ILIKE ?",
                Map.of("type", "m.type = ?", "unit", "m.unit = ?", "team", "m.team = ?", "tag", "m.tags @> ARRAY[?::text]"), ORDERS);
    }

    @Override
    public Map<String, Object> search(Question q) {
        var filters = new ArrayList<Object>();
        filters.add(Map.of("term", Map.of("organisation_id", q.organisation())));
        q.words().forEach(word -> filters.add(Map.of("multi_match", Map.of("query", word, "type", "bool_prefix", "fields", List.of("name", "description")))));
        q.filters().forEach((facet, value) -> filters.add(Map.of("term", Map.of(field(facet), value))));
        var sort = q.order() == Question.Order.NAME ? List.of(Map.of("name.keyword", "asc"), Map.of("id", "asc")) : List.of(Map.of("modified", "desc"), Map.of("id", "asc"));
        var facets = new LinkedHashMap<String, Object>();
        for (var facet : List.of("type", "unit", "team", "tag")) {
            facets.put(facet, Map.of("terms", Map.of("field", field(facet), "size", Question.VALUES)));
        }
        return Map.of("size", Question.ROWS, "from", q.page() * Question.ROWS, "track_total_hits", true, "query", Map.of("bool", Map.of("filter", filters)), "sort", sort,
                "_source", List.of("id", "name", "type", "unit", "team.name", "tags", "configurations"), "aggs", facets);
    }

    private static String field(String facet) {
        return switch (facet) {
            case "team" -> "team.name.keyword";
            case "tag" -> "tags.keyword";
            default -> facet + ".keyword";
        };
    }

    @Override
    public Map<String, Object> row(JsonNode source) {
        var row = new LinkedHashMap<String, Object>();
        for (var field : List.of("id", "name", "type", "unit", "tags", "configurations")) {
            row.put(field, source.path(field));
        }
        row.put("team", source.path("team").path("name").asText(null));
        return row;
    }

    @Override
    public List<Question> questions(Connection connection, int count) throws SQLException {
        var values = new FacetValues(connection);
        var teams = values.of("SELECT name FROM public.team ORDER BY id");
        var tags = values.of("SELECT tag FROM public.metric_configuration WHERE kept GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 200");
        return QuestionMix.of(new SplittableRandom(SEED), count, new QuestionMix.Facets(
                List.of("checkout", "payments", "search", "catalogue", "identity", "billing", "gateway", "ledger", "orders", "shipping"),
                List.of("memory", "latency", "queue", "saturation", "throughput"), List.of("runbook", "escalate", "rollback", "customer"),
                Map.of("type", List.of("gauge", "rate", "distribution"), "unit", List.of("byte", "second", "percent"), "team", teams, "tag", tags)));
    }
}
