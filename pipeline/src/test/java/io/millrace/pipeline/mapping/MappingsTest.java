package io.millrace.pipeline.mapping;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.type.ColumnType;
import io.millrace.pipeline.type.ColumnType.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappingsTest {

    private static final String MOMENTS = "strict_date_optional_time||uuuuu-MM-dd'T'HH:mm:ss.SSSSSSX||uuuuuu-MM-dd'T'HH:mm:ss.SSSSSSX";

    @TempDir
    Path folder;

    private static ColumnType type(Kind kind) {
        return new ColumnType(kind, null, true);
    }

    @Test
    void theMappingFollowsTheTreeWithTheLinksOwnColumnsNestedPathsAndOverrides() throws IOException {
        var file = Files.writeString(folder.resolve("m.yaml"), """
                millrace: 1
                name: monitors
                source: {name: demo, url: {env: U}, user: {env: U}, password: {env: U}}
                document:
                  root: public.monitor
                  fields: [id, {title: name}, days]
                  one:
                    team:
                      table: public.team
                      join: {team_id: id}
                      fields: [id, unseen]
                  many:
                    tags:
                      table: public.tag
                      through: {table: public.monitor_tag, join: {id: monitor_id}, to: {tag_id: id}, fields: [added_at]}
                      fields: [key]
                      many:
                        notes: {table: public.note, join: {id: tag_id}, fields: [extra]}
                index:
                  name: monitors
                  shards: 1
                  replicas: 0
                  refresh: 500ms
                  nested: [tags]
                  mappings: {title: {type: keyword}, team.unseen: {type: ip}}
                """);
        var pipeline = PipelineFiles.load(List.of(file)).getFirst().pipeline();
        var columns = Map.of(
                TableName.parse("public.monitor"), Map.of("id", type(Kind.BIGINT), "name", type(Kind.TEXT), "days", new ColumnType(Kind.ARRAY, type(Kind.INTEGER), true)),
                TableName.parse("public.team"), Map.of("id", type(Kind.BIGINT)),
                TableName.parse("public.tag"), Map.of("key", type(Kind.KEYWORD)),
                TableName.parse("public.monitor_tag"), Map.of("added_at", type(Kind.TIMESTAMP)),
                TableName.parse("public.note"), Map.of("extra", type(Kind.JSON)));
        var number = Map.of("type", "long");
        assertEquals(Map.of("dynamic", "strict", "properties", Map.of(
                "id", number,
                "title", Map.of("type", "keyword"),
                "days", number,
                "team", Map.of("type", "object", "properties", Map.of("id", number, "unseen", Map.of("type", "ip"))),
                "tags", Map.of("type", "nested", "properties", Map.of(
                        "added_at", Map.of("type", "date", "format", MOMENTS, "ignore_malformed", true),
                        "key", Map.of("type", "keyword", "ignore_above", 8_191),
                        "notes", Map.of("type", "object", "properties", Map.of("extra", Map.of("type", "object", "enabled", false))))))),
                Mappings.of(pipeline, table -> columns.getOrDefault(table, Map.of())));
    }

    @Test
    void whatOthersAddIsMappedAsTheFileSaysAndNothingElseOfItIsSearched() throws IOException {
        var file = Files.writeString(folder.resolve("m.yaml"), """
                millrace: 1
                name: bare
                source: {name: demo, url: {env: U}, user: {env: U}, password: {env: U}}
                enrichment:
                  table: public.added
                  join: {id: id}
                  fields: {mood: keyword, words: text, count: long, score: double, seen: boolean, day: date, raw: json, vector: json}
                document: {root: public.monitor, fields: []}
                index: {mappings: {enrichment.vector: {type: knn_vector, dimension: 3}}}
                """);
        assertEquals(Map.of("dynamic", "strict", "properties", Map.of("enrichment", Map.of("type", "object", "dynamic", false, "properties", Map.of(
                "mood", Map.of("type", "keyword", "ignore_above", 8_191),
                "words", Map.of("type", "text", "fields", Map.of("keyword", Map.of("type", "keyword", "ignore_above", 1_024))),
                "count", Map.of("type", "long"),
                "score", Map.of("type", "double", "ignore_malformed", true),
                "seen", Map.of("type", "boolean"),
                "day", Map.of("type", "date", "format", "strict_date_optional_time||uuuuu-MM-dd||uuuuuu-MM-dd||uuuuuuu-MM-dd", "ignore_malformed", true),
                "raw", Map.of("type", "object", "enabled", false),
                "vector", Map.of("type", "knn_vector", "dimension", 3))))), Mappings.of(PipelineFiles.load(List.of(file)).getFirst().pipeline(), table -> Map.of()));
    }

    @Test
    void aTableThatTheRegistryDoesNotKnowIsAbsent() throws IOException {
        var file = Files.writeString(folder.resolve("m.yaml"), """
                millrace: 1
                name: bare
                source: {name: demo, url: {env: U}, user: {env: U}, password: {env: U}}
                document: {root: public.monitor, fields: [id]}
                index: {name: bare, shards: 1, replicas: 0, refresh: 500ms}
                """);
        assertEquals(Map.of("dynamic", "strict", "properties", Map.of()), Mappings.of(PipelineFiles.load(List.of(file)).getFirst().pipeline(), table -> Map.of()));
    }

    @Test
    void derivedValuesAreMappedByTheTypeThatTheyHave() throws IOException {
        var file = Files.writeString(folder.resolve("m.yaml"), """
                millrace: 1
                name: derived
                source: {name: demo, url: {env: U}, user: {env: U}, password: {env: U}}
                document:
                  root: public.shop
                  fields:
                    - kind: {value: shop}
                    - rank: {value: 7}
                    - label: {concat: [name, {value: "!"}]}
                    - digest: {hash: name}
                    - day: {cast: opened, to: date}
                    - city: {cast: {json: profile, path: [city]}, to: text}
                    - profile: {json: profile, path: [a]}
                    - first: {element: tags, at: 1}
                    - shown: {coalesce: [visits, area]}
                    - place: {geo: {lat: area, lon: area}}
                    - unknown: {lower: nowhere}
                    - later: {element: nowhere, at: 1}
                    - changed: {element: name, at: 1}
                  many:
                    orders: {table: public.order, join: {id: shop_id}, aggregate: count}
                    total: {table: public.order, join: {id: shop_id}, aggregate: {sum: total}}
                    last: {table: public.order, join: {id: shop_id}, aggregate: {max: at}}
                    open: {table: public.order, join: {id: shop_id}, aggregate: exists}
                    states: {table: public.order, join: {id: shop_id}, flatten: state, distinct: true}
                """);
        var pipeline = PipelineFiles.load(List.of(file)).getFirst().pipeline();
        var columns = Map.of(
                TableName.parse("public.shop"), Map.of("name", type(Kind.TEXT), "opened", type(Kind.TIMESTAMP), "profile", type(Kind.JSON), "visits", type(Kind.INTEGER), "area", type(Kind.NUMERIC),
                        "tags", new ColumnType(Kind.ARRAY, type(Kind.KEYWORD), true)),
                TableName.parse("public.order"), Map.of("total", type(Kind.NUMERIC), "at", type(Kind.TIMESTAMP), "state", type(Kind.KEYWORD)));
        var text = Map.of("type", "text", "fields", Map.of("keyword", Map.of("type", "keyword", "ignore_above", 1_024)));
        var keyword = Map.of("type", "keyword", "ignore_above", 8_191);
        var day = Map.of("type", "date", "format", "strict_date_optional_time||uuuuu-MM-dd||uuuuuu-MM-dd||uuuuuuu-MM-dd", "ignore_malformed", true);
        var moment = Map.of("type", "date", "format", MOMENTS, "ignore_malformed", true);
        var number = Map.of("type", "double", "ignore_malformed", true);
        assertEquals(Map.of("dynamic", "strict", "properties", Map.ofEntries(
                Map.entry("kind", keyword), Map.entry("rank", Map.of("type", "long")), Map.entry("label", text), Map.entry("digest", keyword), Map.entry("day", day), Map.entry("city", text),
                Map.entry("profile", Map.of("type", "object", "enabled", false)), Map.entry("first", keyword), Map.entry("shown", number), Map.entry("place", Map.of("type", "geo_point", "ignore_malformed", true)),
                Map.entry("unknown", text), Map.entry("orders", Map.of("type", "long")), Map.entry("total", number), Map.entry("last", moment), Map.entry("open", Map.of("type", "boolean")), Map.entry("states", keyword))),
                Mappings.of(pipeline, table -> columns.getOrDefault(table, Map.of())));
    }
}
