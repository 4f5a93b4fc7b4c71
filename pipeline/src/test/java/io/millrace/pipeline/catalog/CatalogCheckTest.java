package io.millrace.pipeline.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.catalog.Catalog.Column;
import io.millrace.pipeline.catalog.Catalog.Table;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CatalogCheckTest {

    @TempDir
    Path folder;

    private final Map<TableName, Table> tables = new LinkedHashMap<>();

    CatalogCheckTest() {
        table("monitor", List.of("id"), "id bigint", "name text", "team_id bigint");
        table("team", List.of("id"), "id integer", "name text", "organisation_id bigint");
        table("organisation", List.of("id"), "id bigint", "name text");
        table("monitor_recipient", List.of("id"), "id bigint", "monitor_id bigint", "kind text", "address text");
        table("tag", List.of("id"), "id bigint", "key text", "value text");
        table("monitor_tag", List.of("monitor_id", "tag_id"), "monitor_id bigint", "tag_id bigint", "added_at timestamp with time zone");
    }

    private void table(String name, List<String> key, String... columns) {
        var table = new TableName("public", name);
        tables.put(table, new Table(table, Arrays.stream(columns).map(c -> c.split(" ", 2)).map(c -> new Column(c[0], c[1], true)).toList(), key, List.of()));
    }

    private List<String> problems(UnaryOperator<String> change) throws IOException {
        try (var in = CatalogCheckTest.class.getResourceAsStream("/monitors.yaml")) {
            var file = Files.writeString(folder.resolve("p.yaml"), change.apply(new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)));
            return CatalogCheck.check(PipelineFiles.load(List.of(file)).getFirst(), new Catalog(tables)).stream()
                    .map(p -> p.toString().replace(file.toString(), "p.yaml")).toList();
        }
    }

    @Test
    void a_pipeline_that_fits_its_database_has_no_problems() throws IOException {
        assertEquals(List.of(), problems(text -> text));
    }

    @Test
    void row_rules_are_held_against_columns_and_their_types() throws IOException {
        assertEquals(List.of(
                "p.yaml:12: tables.public.monitor.rules[0]: the table public.monitor has no column 'nam'; did you mean name?",
                "p.yaml:13: tables.public.monitor.rules[1]: min and max are for numbers, dates and timestamps; public.monitor.name is text",
                "p.yaml:14: tables.public.monitor.rules[2]: pattern and maxLength are for texts; public.monitor.id is bigint"),
                problems(text -> text.replace("    compatibility: BACKWARD\n", "    compatibility: BACKWARD\n    rules:\n      - {column: nam, notNull: true}\n"
                        + "      - {column: name, min: 1}\n      - {column: id, maxLength: 1}\n      - {column: id, min: 1}\n      - {column: name, maxLength: 1}\n")));
    }

    @Test
    void a_missing_table_is_named_with_the_nearest_one() throws IOException {
        assertEquals(List.of("p.yaml:21: document.one.team.table: the database has no table public.teams; did you mean public.team?"),
                problems(text -> text.replace("table: public.team\n", "table: public.teams\n")));
    }

    @Test
    void a_missing_column_is_named_with_the_nearest_one() throws IOException {
        assertEquals(List.of("p.yaml:18: document.fields[1]: the table public.monitor has no column 'nam'; did you mean name?"),
                problems(text -> text.replace("- title: name", "- title: nam")));
    }

    @Test
    void a_relation_without_a_usable_key_is_refused() throws IOException {
        assertEquals(List.of("p.yaml:22: document.one.team.join: the relation has no usable key: 'one' needs columns of public.team that are its primary key or unique, "
                + "organisation_id is neither; its primary key is id"), problems(text -> text.replace("join: {team_id: id}", "join: {team_id: organisation_id}")));
    }

    @Test
    void columns_of_types_that_do_not_compare_are_refused() throws IOException {
        var problems = problems(text -> text.replace("join: {team_id: id}", "join: {name: id}"));
        assertEquals(1, problems.size());
        assertTrue(problems.getFirst().contains("cannot compare public.monitor.name (text) with public.team.id (integer)"), problems.getFirst());
    }

    @Test
    void a_table_without_a_primary_key_is_refused() throws IOException {
        table("tag", List.of(), "id bigint", "key text", "value text");
        var problems = problems(text -> text);
        assertEquals(1, problems.size(), problems.toString());
        assertTrue(problems.getFirst().contains("the table public.tag has no primary key"), problems.toString());
    }

    @Test
    void settings_for_a_table_that_is_not_used_are_refused() throws IOException {
        assertTrue(problems(text -> text.replace("  public.monitor:\n", "  public.monitors:\n")).getFirst().contains("the document does not use the table public.monitors"));
    }
}
