package io.millrace.pipeline.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;

class PipelineFilesTest {

    @TempDir
    Path folder;

    private final String good = text("/monitors.yaml");

    private static String text(String resource) {
        try (var in = PipelineFilesTest.class.getResourceAsStream(resource)) {
            return new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private Path write(String name, String text) {
        try {
            return Files.writeString(folder.resolve(name), text);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private String refusal(String text) {
        var file = write("p.yaml", text);
        var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(file)));
        return refused.getMessage().replace(file.toString(), "p.yaml");
    }

    private String withRule(String rule) {
        return good.replace("    compatibility: BACKWARD\n", "    compatibility: BACKWARD\n    rules:\n      - " + rule + "\n");
    }

    @Test
    void row_rules_are_read() {
        var file = withRule("{column: name, notNull: true, maxLength: 20, pattern: '[a-z]+', breach: count}\n      - {column: id, min: 1, max: 9.5, enum: [1, 2]}");
        var rules = PipelineFiles.load(List.of(write("p.yaml", file))).getFirst().pipeline().settings(TableName.parse("monitor")).rules();

        assertEquals(List.of(
                new RowRule("name", true, null, null, "[a-z]+", List.of(), 20, RowRule.Breach.COUNT),
                new RowRule("id", false, "1", "9.5", null, List.of("1", "2"), null, RowRule.Breach.QUARANTINE)), rules);
    }

    @Test
    void a_row_rule_that_says_nothing_or_cannot_be_meant_is_refused() {
        assertEquals("p.yaml:12: tables.public.monitor.rules[0]: a rule needs at least one of notNull: true, min, max, pattern, enum, maxLength", refusal(withRule("{column: name}")));
        assertTrue(refusal(withRule("{column: name, pattern: '['}")).contains("rules[0].pattern: '[' is no regular expression of Java: Unclosed character class"));
        assertTrue(refusal(withRule("{column: id, min: 10, max: 9}")).contains("the min 10 is greater than the max 9"));
        assertTrue(refusal(withRule("{column: id, min: 1, breach: shred}")).contains("'shred' is not known; allowed: quarantine, count"));
        assertTrue(refusal(withRule("{column: id, notNull: perhaps}")).contains("'perhaps' is neither true nor false"));
    }

    @Test
    void the_pipeline_s_compatibility_holds_for_tables_that_have_none_of_their_own() {
        var pipeline = PipelineFiles.load(List.of(write("p.yaml", "compatibility: FORWARD\n" + good))).getFirst().pipeline();

        assertEquals(Compatibility.FORWARD, pipeline.settings(TableName.parse("team")).compatibility());
        assertEquals(Compatibility.BACKWARD, pipeline.settings(TableName.parse("monitor")).compatibility());
    }

    @Test
    void pipelines_that_want_different_compatibility_of_one_table_are_refused() {
        write("a.yaml", "compatibility: FORWARD\n" + good);
        write("b.yaml", "compatibility: FULL\n" + good.replace("name: monitors", "name: others"));
        var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(folder)));
        assertTrue(refused.getMessage().contains("b.yaml:1: compatibility: the table public.team has other settings in"), refused.getMessage());
    }

    @Test
    void a_whole_file_is_read() {
        var pipeline = PipelineFiles.load(List.of(write("p.yaml", good))).getFirst().pipeline();

        assertEquals("monitors", pipeline.name());
        assertEquals(new Reference.Environment("MILLRACE_SOURCE_PASSWORD"), pipeline.source().password());
        assertEquals(Compatibility.BACKWARD, pipeline.settings(TableName.parse("monitor")).compatibility());
        assertEquals(Map.of("fields", "message"), pipeline.settings(TableName.parse("monitor")).transforms().getFirst().options());
        assertEquals(TableSettings.DEFAULT, pipeline.settings(TableName.parse("team")));
        assertEquals(List.of("monitor", "team", "organisation", "monitor_recipient", "monitor_tag", "tag"),
                pipeline.tableNames().stream().map(TableName::table).toList());
        assertEquals(new Field("title", new Field.Column("name")), pipeline.document().fields().getLast());
        var recipients = (Many) pipeline.document().relations().get(1);
        assertEquals(List.of(new Order("kind", false), new Order("address", true)), recipients.orderBy());
        var tags = (Many) pipeline.document().relations().get(2);
        assertEquals(List.of(new Join("id", "monitor_id")), tags.on());
        assertEquals(List.of(new Join("tag_id", "id")), tags.through().to());
        assertEquals(Duration.ofMillis(250), pipeline.index().refresh());
        assertEquals("monitors", pipeline.index().name());
        assertEquals(Map.of("title", Map.of("type", "keyword")), pipeline.index().mappings());
    }

    @Test
    void an_unknown_key_is_named_with_its_line_and_the_allowed_ones() {
        assertEquals("p.yaml:23: document.one.team.joins: unknown key 'joins'; allowed: join, table, fields, one, many",
                refusal(good.replace("join: {team_id: id}", "join: {team_id: id}\n      joins: {team_id: id}")));
    }

    @Test
    void a_missing_key_is_named() {
        assertEquals("p.yaml:21: document.one.team: the key 'join' is missing", refusal(good.replace("      join: {team_id: id}\n", "")));
    }

    @Test
    void a_name_that_stands_twice_is_refused() {
        assertTrue(refusal(good.replace("- title: name", "- id: name")).startsWith("p.yaml:15: document: the name 'id' is there twice"));
        assertTrue(refusal(good.replace("- title: name", "- team: name")).contains("the name 'team' is there twice among fields and relations"));
    }

    @Test
    void a_key_that_stands_twice_is_refused() {
        assertTrue(refusal(good + "name: other\n").contains("the key 'name' is there twice"));
    }

    @Test
    void a_password_in_the_file_is_refused_without_repeating_it() {
        var refusal = refusal(good.replace("{env: MILLRACE_SOURCE_PASSWORD}", "hunter2"));
        assertTrue(refusal.contains("p.yaml:7: source.password: a secret is never written here"), refusal);
        assertTrue(!refusal.contains("hunter2"), refusal);
    }

    @Test
    void a_rule_of_the_model_is_reported_at_the_file_s_own_path() {
        assertEquals("p.yaml:22: document.one.team.join: must not be empty", refusal(good.replace("join: {team_id: id}", "join: {}")));
        assertEquals("p.yaml:2: name: must be lower-case letters, digits and hyphens, begin with a letter, and be at most 40 long",
                refusal(good.replace("name: monitors", "name: Monitors").replace("index:", "index:\n  name: monitors")));
    }

    @Test
    void an_unknown_rule_is_refused_with_the_allowed_ones() {
        assertEquals("p.yaml:10: tables.public.monitor.compatibility: 'SOMETIMES' is not known; allowed: NONE, BACKWARD, BACKWARD_TRANSITIVE, FORWARD, FORWARD_TRANSITIVE, FULL, FULL_TRANSITIVE",
                refusal(good.replace("compatibility: BACKWARD", "compatibility: SOMETIMES")));
    }

    @Test
    void what_is_no_yaml_is_refused_with_its_line() {
        assertTrue(refusal("millrace: 1\nname: [\n").startsWith("p.yaml:3: this is not YAML"));
        assertTrue(refusal("").contains("a pipeline file is a mapping"));
    }

    @Test
    void every_problem_is_reported_at_once() {
        assertEquals(2, refusal(good.replace("name: monitors", "nam: monitors")).lines().count());
    }

    @Test
    void two_files_with_one_name_are_refused() {
        write("a.yaml", good);
        write("b.yaml", good);
        var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(folder)));
        assertTrue(refused.getMessage().contains("the pipeline 'monitors' is already described in"), refused.getMessage());
        assertTrue(refused.getMessage().contains("the index 'monitors' already belongs to the pipeline in"), refused.getMessage());
    }

    @Test
    void one_source_name_with_two_connections_is_refused() {
        write("a.yaml", good);
        write("b.yaml", good.replace("name: monitors", "name: others").replace("user: millrace", "user: somebody"));
        var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(folder)));
        assertTrue(refused.getMessage().contains("the source 'demo' is described differently"), refused.getMessage());
    }

    @Test
    void a_folder_without_pipeline_files_is_refused() {
        var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(folder)));
        assertTrue(refused.getMessage().contains("there is no pipeline file here"), refused.getMessage());
    }

    @Test
    void the_published_json_schema_takes_the_file_and_refuses_an_unknown_key() {
        var schema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(text("/io/millrace/pipeline/pipeline.schema.json"));
        var json = new ObjectMapper();

        assertEquals(java.util.Set.of(), schema.validate(json.valueToTree(new Yaml().load(good))));
        assertEquals(1, schema.validate(json.valueToTree(new Yaml().load(good.replace("orderBy", "order")))).size());
        assertEquals(java.util.Set.of(), schema.validate(json.valueToTree(new Yaml().load("compatibility: FULL\n" + withRule("{column: id, min: 1, enum: [1, a], breach: count}")))));
        assertTrue(!schema.validate(json.valueToTree(new Yaml().load(withRule("{column: id}")))).isEmpty());
    }

    @Test
    void a_reference_that_leads_nowhere_says_what_to_do() {
        var missing = assertThrows(IllegalStateException.class, () -> new Reference.Environment("MILLRACE_NOT_SET").resolve(name -> null));
        assertTrue(missing.getMessage().contains("MILLRACE_NOT_SET") && missing.getMessage().contains("set it"));
        assertEquals("secret", new Reference.FromFile(write("secret", "secret\n")).resolve());
    }

    @Test
    void table_names_are_read_as_sql_reads_them() {
        assertEquals(new TableName("public", "monitor"), TableName.parse("Monitor"));
        assertEquals(new TableName("Sales", "Order.Item"), TableName.parse("\"Sales\".\"Order.Item\""));
        assertEquals("\"Sales\".\"Order.Item\"", TableName.parse("\"Sales\".\"Order.Item\"").toString());
        for (var bad : List.of("", "a.b.c", "a.", ".b", "a b", "\"a", "a\"b\"")) {
            assertThrows(IllegalArgumentException.class, () -> TableName.parse(bad), bad);
        }
    }
}
