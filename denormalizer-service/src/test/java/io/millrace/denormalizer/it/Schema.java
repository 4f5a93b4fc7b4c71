package io.millrace.denormalizer.it;

import io.millrace.pipeline.file.TableName;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The tables of {@code schema.sql}, by their names. */
public final class Schema {

    public static final Map<String, TableFormat> TABLES = new LinkedHashMap<>();

    static {
        table("org", List.of("id"), "id int4", "code text", "name text");
        table("person", List.of("id"), "id int8", "handle text", "name text", "born date");
        table("team", List.of("id"), "id int4", "org_id int4", "name text", "lead_id int8");
        table("monitor", List.of("id"), "id int8", "team_id int4", "author_id int8", "editor text", "parent_id int8", "title text",
                "score numeric", "ratio float8", "data jsonb", "made timestamptz", "active bool");
        table("recipient", List.of("id"), "id int4", "monitor_id int8", "person_id int8", "kind text", "address text");
        table("tag", List.of("id"), "id int4", "key text", "owner_id int4");
        table("monitor_tag", List.of("monitor_id", "tag_id"), "monitor_id int8", "tag_id int4", "added int4");
        table("step", List.of("org_code", "no"), "org_code text", "no int4", "title text");
        table("note", List.of("id"), "id int4", "org_code text", "step_no int4", "body text");
        table("outboxevent", List.of("id"), "id uuid", "aggregatetype varchar", "aggregateid varchar", "type varchar");
    }

    private Schema() {}

    private static void table(String name, List<String> key, String... columns) {
        TABLES.put(name, TableFormat.of(new TableName("public", name),
                Arrays.stream(columns).map(c -> c.split(" ")).map(c -> new TableFormat.Column(c[0], c[1], false)).toList(), key));
    }
}
