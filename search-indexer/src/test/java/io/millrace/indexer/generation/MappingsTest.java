package io.millrace.indexer.generation;

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
                        "added_at", Map.of("type", "date", "format", "strict_date_optional_time", "ignore_malformed", true),
                        "key", Map.of("type", "keyword", "ignore_above", 8_191),
                        "notes", Map.of("type", "object", "properties", Map.of("extra", Map.of("type", "object", "enabled", false))))))),
                Mappings.of(pipeline, table -> columns.getOrDefault(table, Map.of())));
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
}
