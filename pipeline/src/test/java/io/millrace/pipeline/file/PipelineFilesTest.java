package io.millrace.pipeline.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.millrace.pipeline.retention.RetentionOrder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;

class PipelineFilesTest {

    @TempDir
    Path folder;

    private final String good = text("/monitors.yaml");
    private final String derived = text("/customers.yaml");

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

    private static final String ENRICHED = "enrichment:\n  table: public.added\n  join: {id: monitor_id}\n  fields: {mood: keyword, score: double, raw: json}\n";

    @Test
    void what_others_add_is_read_as_a_relation_to_a_row_of_the_documents_own() {
        var pipeline = PipelineFiles.load(List.of(write("p.yaml", ENRICHED + good))).getFirst().pipeline();

        assertEquals(new Enrichment(TableName.parse("added"), List.of(new Join("id", "monitor_id")), new java.util.TreeMap<>(Map.of("mood", Enrichment.Type.KEYWORD, "score", Enrichment.Type.DOUBLE, "raw", Enrichment.Type.JSON))), pipeline.enrichment());
        assertEquals(pipeline.enrichment().relation(), pipeline.document().relations().getLast());
        assertTrue(pipeline.tableNames().contains(TableName.parse("added")));
        assertTrue(!pipeline.lookUpTables().contains(TableName.parse("added")), "its rows are stored with their documents");
        assertEquals(Set.of("fields", "monitor_id"), UsedColumns.captured(pipeline).get(TableName.parse("added")));
    }

    @Test
    void an_enrichment_that_is_in_the_way_of_the_document_or_cannot_be_meant_is_refused() {
        assertTrue(refusal(ENRICHED + good.replace("title: name", "enrichment: name")).contains("p.yaml:2: enrichment: the document has something of its own that is called 'enrichment', under which what is added is shown; give that another name: {other_name: enrichment}"));
        assertTrue(refusal(ENRICHED + good.replace("    team:\n", "    enrichment:\n")).contains("enrichment: the document has something of its own that is called 'enrichment'"));
        assertTrue(refusal(ENRICHED.replace("added", "team") + good).contains("p.yaml:2: enrichment.table: the rows of public.team are in the documents already"));
        assertTrue(refusal(ENRICHED.replace("added", "monitor") + good).contains("p.yaml:2: enrichment.table: the rows of public.monitor are in the documents already"));
        assertTrue(refusal(ENRICHED.replace("keyword", "word") + good).contains("p.yaml:4: enrichment.fields.mood: 'word' is not known"));
        assertTrue(refusal(ENRICHED.replace("mood", "mo.od") + good).contains("'mo.od' cannot be a field of an enrichment"));
        assertTrue(refusal(ENRICHED.replace("{mood: keyword, score: double, raw: json}", "{}") + good).contains("enrichment.fields"));
        assertTrue(refusal(ENRICHED.replace("  table: public.added\n", "") + good).contains("enrichment"));
        assertTrue(refusal(ENRICHED + good.replace("tables:\n", "tables:\n  added: {columns: {fields: leave-out}}\n")).contains("enrichment.table: what is added to documents is shown as it was written; take columns.fields, rows and transforms of tables.public.added out"));
    }

    @Test
    void two_pipelines_of_which_none_replaces_the_other_are_not_enriched_from_one_table() {
        var one = write("one.yaml", ENRICHED + good);
        var other = ENRICHED + good.replace("name: monitors\nsource", "name: others\nsource");
        var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(one, write("other.yaml", other))));
        assertTrue(refused.getMessage().contains("other.yaml:2: enrichment.table: the documents in " + one + " are enriched from public.added too"), refused.getMessage());
        var later = other.replace("name: others\n", "name: others\nreplaces: [monitors]\n").replace("index:\n", "index:\n  name: monitors\n");
        assertEquals(2, PipelineFiles.load(List.of(one, write("other.yaml", later))).size());
    }

    @Test
    void a_field_that_others_add_can_be_mapped() {
        assertEquals(Map.of("type", "ip"), PipelineFiles.load(List.of(write("p.yaml", ENRICHED + good.replace("  mappings:\n", "  mappings:\n    enrichment.raw: {type: ip}\n")))).getFirst().pipeline().index().mappings().get("enrichment.raw"));
        assertTrue(refusal(ENRICHED + good.replace("  mappings:\n", "  mappings:\n    enrichment.row: {type: ip}\n")).contains("the documents have no field 'enrichment.row'"));
    }

    private String withOutbox(String outbox) {
        return good.replace("source:\n", "source:\n  outbox: " + outbox + "\n");
    }

    @Test
    void the_outbox_of_the_application_is_read() {
        var outbox = PipelineFiles.load(List.of(write("p.yaml", withOutbox("{table: shop.events, topic: 'shop.${routedByValue}', columns: {key: subject}, headers: {eventType: type}}")))).getFirst().pipeline().source().outbox();

        assertEquals(List.of("shop.events", "shop.${routedByValue}", "id", "subject", "aggregatetype", "payload"),
                List.of(outbox.table().toString(), outbox.topic(), outbox.id(), outbox.key(), outbox.route(), outbox.payload()));
        assertEquals(Set.of("id", "subject", "aggregatetype", "payload", "type"), outbox.columns());
    }

    @Test
    void an_outbox_that_would_go_where_rows_go_is_refused() {
        assertTrue(refusal(withOutbox("{table: shop.events, topic: rows.all}")).contains("source.outbox.topic: the topic rows.all is Millrace's own; choose another name"));
        assertTrue(refusal(withOutbox("{table: monitor}")).contains("source.outbox: the rows of public.monitor cannot be events: documents are made of them"));
        assertTrue(refusal(withOutbox("{table: millrace.outboxevent}")).contains("the table is Millrace's own"));
    }

    private static final String FORM = """
                columns:
                  message: leave-out
                  owner: {hmac: {env: HASH_KEY}}
                  phone: {mask: phone, keep: 3}
                rows: {deleted_at: null}
            """;

    private static final String TRANSFORMS = "    transforms:\n.*\n.*\n";

    private String withForm(String form) {
        return good.replace("    compatibility: BACKWARD\n", "    compatibility: BACKWARD\n" + form);
    }

    @Test
    void the_form_of_rows_is_read() {
        var form = PipelineFiles.load(List.of(write("p.yaml", withForm(FORM)))).getFirst().pipeline().settings(TableName.parse("monitor")).form();

        assertEquals(Map.of("message", new ColumnForm.LeftOut(), "owner", new ColumnForm.Hashed(new Reference.Environment("HASH_KEY")),
                "phone", new ColumnForm.Made(new Expression.Mask(new Expression.Column("phone"), 3))), form.columns());
        assertEquals(List.of("deleted_at"), form.rows().columns().toList());
        assertEquals(Set.of("message", "owner", "phone", "deleted_at"), form.needed());
    }

    @Test
    void a_form_that_cannot_be_meant_is_refused() {
        assertEquals("p.yaml:11: tables.public.monitor.columns.a: 'drop' is not known; write leave-out, or {hmac: {env: NAME}}, or a function of columns such as {mask: phone, keep: 3}",
                refusal(withForm("    columns: {a: drop}\n")));
        assertEquals("p.yaml:11: tables.public.monitor.columns.a.hmac: a secret is never written here; refer to it with {env: NAME} or {file: PATH}", refusal(withForm("    columns: {a: {hmac: secret}}\n")));
        assertTrue(refusal(withForm("    columns: {a: {shred: b}}\n")).contains("tables.public.monitor.columns.a: 'shred' is not a function"));
    }

    private String withPrivate(String columns) {
        return withForm("    private: " + columns + "\n").replaceFirst(TRANSFORMS, "");
    }

    @Test
    void private_columns_are_read_and_all_files_of_a_source_say_the_same_of_them() {
        var one = write("one.yaml", withPrivate("[name, query]"));
        assertEquals(Set.of("name", "query"), PipelineFiles.load(List.of(one)).getFirst().pipeline().settings(TableName.parse("monitor")).privateColumns());
        assertEquals("p.yaml:11: tables.public.monitor.private: the column 'name' is there twice", refusal(withPrivate("[name, name]")));
        assertEquals("p.yaml:11: tables.public.monitor.private: must be a list", refusal(withPrivate("name")));
        assertTrue(refusal(withForm("    private: [name]\n")).startsWith("p.yaml:11: tables.public.monitor.private: transforms may write a private value under another name"));

        var other = write("other.yaml", good.replace("name: monitors", "name: others").replaceFirst(TRANSFORMS, ""));
        var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(one, other)));
        assertTrue(refused.getMessage().contains(other + ":10: tables.public.monitor: other columns of the table public.monitor are private in " + one), refused::getMessage);
    }

    @Test
    void pipelines_that_use_a_table_say_the_same_form_of_it() {
        var one = write("one.yaml", withForm(FORM));
        var other = write("other.yaml", good.replace("name: monitors", "name: others"));
        var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(one, other)));

        assertEquals(other + ":10: tables.public.monitor: the table public.monitor is captured once for all pipelines, and " + one + " asks for another form of its rows: "
                + "columns.message, columns.owner, columns.phone, rows; say the same of it under tables.public.monitor in both", refused.getMessage().lines().filter(l -> l.contains("form")).findFirst().orElseThrow());
        assertEquals(2, PipelineFiles.load(List.of(one, write("other.yaml", withForm(FORM).replace("name: monitors", "name: others")))).size());
    }

    @Test
    void what_the_slot_may_keep_is_read_and_what_is_no_number_of_bytes_is_refused() {
        assertEquals(new Source.Wal(50_000_000_000L, 0.8, 5_000_000_000L, Source.Wal.Over.GIVE_UP), wal("{budget: 50GB, warn: 0.8, lag: 5GB, over: give-up}"));
        assertEquals(new Source.Wal(1_000_000L, 0.5, 0, Source.Wal.Over.ALARM), wal("{budget: 1MB}"));
        assertTrue(refusal(withWal("{budget: 1GB, warn: 2}")).contains("source.wal.warn: '2' is not a number from 0 to 1"));
        assertTrue(refusal(withWal("{budget: 1GB, lag: 5}")).contains("source.wal.lag: '5' is no number of bytes"));
        assertTrue(refusal(withWal("{budget: 50}")).contains("source.wal.budget: '50' is no number of bytes; write a number above 0 and MB, GB or TB"));
        assertTrue(refusal(withWal("{budget: 1GB, over: pray}")).contains("'pray' is not known; allowed: alarm, give-up"));
        assertTrue(refusal(withWal("{over: alarm}")).contains("source.wal"), refusal(withWal("{over: alarm}")));
    }

    @Test
    void what_is_done_about_a_join_that_cannot_be_trusted_is_read() {
        assertEquals(Source.Recovery.ASK, PipelineFiles.load(List.of(write("p.yaml", good))).getFirst().pipeline().recovery());
        assertEquals(Source.Recovery.AUTOMATIC, PipelineFiles.load(List.of(write("p.yaml", "recovery: automatic\n" + good))).getFirst().pipeline().recovery());
        assertTrue(refusal("recovery: perhaps\n" + good).contains("'perhaps' is not known; allowed: ask, automatic"), refusal("recovery: perhaps\n" + good));
    }

    private Source.Wal wal(String wal) {
        return PipelineFiles.load(List.of(write("p.yaml", withWal(wal)))).getFirst().pipeline().source().wal();
    }

    private String withWal(String wal) {
        return good.replace("source:\n", "source:\n  wal: " + wal + "\n");
    }

    private static final String SUBJECTS = """
            subjects:
              owner:
                key: public.account.id
                places:
                  public.monitor: {column: owner_id, erase: row}
                  public.team: {column: lead_id, erase: {name: "(erased)", lead_id: null}}
            """;

    @Test
    void who_may_be_erased_is_read_with_what_becomes_of_the_rows() {
        var pipeline = PipelineFiles.load(List.of(write("p.yaml", SUBJECTS + good))).getFirst().pipeline();
        var subject = pipeline.subjects().get("owner");

        assertEquals(new TableName("public", "account"), subject.table());
        assertEquals("id", subject.column());
        assertTrue(pipeline.erasing(TableName.parse("monitor")).get("owner").isRowRemoved());
        var redacted = pipeline.erasing(TableName.parse("team")).get("owner").redacted();
        assertEquals(Set.of("name", "lead_id"), redacted.keySet());
        assertEquals("(erased)", redacted.get("name"));
        assertEquals(null, redacted.get("lead_id"));
        assertEquals(Map.of(), pipeline.erasing(TableName.parse("tag")));
        assertTrue(UsedColumns.of(List.of(pipeline)).get(TableName.parse("team")).containsAll(Set.of("name", "lead_id")), "capture needs them");
    }

    @Test
    void a_subject_that_cannot_be_meant_is_refused() {
        assertEquals("p.yaml:3: subjects.owner.key: 'account' is no column of a table; write schema.table.column, such as public.user.id", refusal(SUBJECTS.replace("public.account.id", "account") + good));
        assertTrue(refusal(SUBJECTS.replace("erase: row", "erase: all") + good).startsWith("p.yaml:5: subjects.owner.places.public.monitor.erase: 'all' is not known; write row, or the columns that get another value"));
        assertTrue(refusal(SUBJECTS.replace("erase: row", "erase: {}") + good).contains("names no column"));
        assertTrue(refusal(SUBJECTS.replace("column: owner_id, ", "") + good).contains("the key 'column' is missing"));
        assertTrue(refusal(SUBJECTS.replace("public.team:", "public.teams:") + good).contains("the document does not use the table public.teams"));
        assertTrue(refusal(SUBJECTS.replace("owner:", "Owner:") + good).contains("must be lower-case letters"));
        assertTrue(refusal("subjects: {owner: {key: public.account.id, places: {}}}\n" + good).contains("places"));
    }

    @Test
    void pipelines_of_a_source_erase_alike() {
        var one = write("one.yaml", SUBJECTS + good);
        var other = good.replace("name: monitors", "name: others");
        var silent = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(one, write("two.yaml", other)))).getMessage();
        assertTrue(silent.contains("asks for something else of its rows that carry an erased subject; say the same of it under subjects in both"), silent);
        var differs = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(one, write("two.yaml", SUBJECTS.replace("account.id", "account.number") + other)))).getMessage();
        assertTrue(differs.contains("the subject 'owner' is another one in"), differs);
        assertEquals(2, PipelineFiles.load(List.of(one, write("two.yaml", SUBJECTS + other))).size());
    }

    private static final String KEPT = "retention: {column: modified, keep: 13 months, when: {status: [closed, gone]}, override: {one: team, column: keep_days, unit: days}, hold: 5 %}\n";

    @Test
    void when_documents_leave_by_time_is_read_and_told_and_travels_as_it_is() {
        var pipeline = PipelineFiles.load(List.of(write("p.yaml", KEPT + good))).getFirst().pipeline();
        var rule = pipeline.retention().rules().getFirst();

        assertEquals(new RetentionRule("modified", new RetentionRule.Keep(13, RetentionRule.Unit.MONTHS), new Where(List.of(List.of(new Where.Condition("status", Where.Comparison.IN, List.of("closed", "gone"))))),
                new RetentionRule.Stated("team", "keep_days", RetentionRule.Unit.DAYS)), rule);
        assertEquals(0.05, pipeline.retention().hold());
        assertEquals("13 months after modified when status in closed, gone, or as many days as team.keep_days says", rule.text());
        var order = new RetentionOrder(java.time.Instant.parse("2026-01-01T00:00:00.000001Z"), pipeline.retention().rules());
        assertEquals(order, RetentionOrder.parse(order.json()));
        assertEquals(order, order.within(pipeline));
        assertEquals(List.of(), order.within(PipelineFiles.load(List.of(write("p.yaml", good))).getFirst().pipeline()).rules(), "what the documents are not made of cannot be asked for");

        var several = PipelineFiles.load(List.of(write("p.yaml", "retention:\n  rules:\n    - {column: a, keep: 1 year}\n    - {column: b, keep: 0 hours}\n" + good))).getFirst().pipeline().retention();
        assertEquals(List.of("1 years after a", "0 hours after b"), several.rules().stream().map(RetentionRule::text).toList());
        assertEquals(0.2, several.hold());
        assertEquals(null, PipelineFiles.load(List.of(write("p.yaml", good))).getFirst().pipeline().retention());
    }

    @Test
    void retention_that_cannot_be_meant_is_refused() {
        assertEquals("p.yaml:1: retention.keep: '13 moons' is not a length of time; write a number and hours, days, weeks, months or years, such as 13 months", refusal(KEPT.replace("13 months", "13 moons") + good));
        assertEquals("p.yaml:1: retention.hold: '0.05' is not a share of the documents; write a whole number from 0 to 100 and %, such as 20 %", refusal(KEPT.replace("5 %", "0.05") + good));
        assertTrue(refusal(KEPT.replace("5 %", "101 %") + good).contains("from 0 to 100"));
        assertTrue(refusal(KEPT.replace("unit: days", "unit: moons") + good).contains("allowed: hours, days, weeks, months, years"));
        assertTrue(refusal(KEPT.replace("column: modified, ", "") + good).contains("column"));
        assertTrue(refusal("retention: {rules: []}\n" + good).contains("retention.rules"));
        assertTrue(refusal(KEPT.replace("13 months", "200000 months") + good).contains("100000"));
        assertTrue(refusal(KEPT.replace("one: team", "one: teams") + good).contains("'teams' is no relation under document.one"));
        assertTrue(refusal(KEPT + good.replace("tables:\n", "tables:\n  public.team: {lookup: subscribe}\n")).contains("is subscribed to, so that not every partition has its rows"));
    }

    @Test
    void above_which_share_a_person_is_asked_is_said_of_the_documents_and_of_single_tables() {
        var file = "hold: 20 %\n" + good.replace("tables:\n", "tables:\n  team: {hold: 100 %}\n");
        var pipeline = PipelineFiles.load(List.of(write("p.yaml", file))).getFirst().pipeline();

        assertEquals(0.2, pipeline.hold(pipeline.document().table()));
        assertEquals(1.0, pipeline.hold(TableName.parse("team")));
        assertEquals(null, pipeline.hold(TableName.parse("tag")));
        assertEquals(null, PipelineFiles.load(List.of(write("p.yaml", good))).getFirst().pipeline().hold(pipeline.document().table()));
        assertEquals("p.yaml:1: hold: 'many' is not a share of the documents; write a whole number from 0 to 100 and %, such as 20 %", refusal("hold: many\n" + good));
        assertTrue(refusal(good.replace("tables:\n", "tables:\n  team: {hold: 0.2}\n")).contains("'0.2' is not a share of the table's rows"));
    }

    @Test
    void a_look_up_table_is_joined_by_subscription_where_the_file_says_so() {
        var file = good.replace("tables:\n", "tables:\n  team: {lookup: subscribe}\n");
        var pipeline = PipelineFiles.load(List.of(write("p.yaml", file))).getFirst().pipeline();

        assertEquals(Set.of(TableName.parse("team")), pipeline.subscribed());
        assertEquals(Set.of(TableName.parse("monitor")), pipeline.tables().keySet(), "how it is looked up is nothing that the source's other pipelines must agree with");
        assertEquals(Set.of(), PipelineFiles.load(List.of(write("p.yaml", file.replace("subscribe", "broadcast")))).getFirst().pipeline().subscribed());
        var both = PipelineFiles.load(List.of(write("p.yaml", file.replace("{lookup: subscribe}", "{lookup: subscribe, compatibility: NONE}")))).getFirst().pipeline();
        assertEquals(Compatibility.NONE, both.settings(TableName.parse("team")).compatibility());
        assertEquals(Set.of(TableName.parse("team")), both.subscribed());
    }

    @Test
    void a_subscription_to_what_is_no_look_up_is_refused() {
        assertTrue(refusal(good.replace("    compatibility: BACKWARD\n", "    compatibility: BACKWARD\n    lookup: subscribe\n"))
                .startsWith("p.yaml:11: tables.public.monitor.lookup: the table public.monitor is not looked up in this pipeline"));
        assertTrue(refusal(good.replace("tables:\n", "tables:\n  other: {lookup: broadcast}\n")).contains("tables.other.lookup: the table public.other is not looked up"));
        assertEquals("p.yaml:9: tables.team.lookup: 'both' is not known; allowed: broadcast, subscribe", refusal(good.replace("tables:\n", "tables:\n  team: {lookup: both}\n")));
    }

    @Test
    void what_is_looked_up_begins_below_an_object_and_behind_a_link_table() {
        var file = """
                millrace: 1
                name: p
                source: {name: s, url: {env: U}, user: {env: U}, password: {env: U}}
                document:
                  root: r
                  fields: [id]
                  one:
                    a: {table: a, join: {x: id}, fields: [id], many: {b: {table: b, through: {table: c, join: {id: x}, to: {y: id}}, fields: [id]}}}
                  many:
                    d: {table: d, join: {id: x}, fields: [id], one: {e: {table: e, join: {y: id}, fields: [id]}}}
                    f: {table: f, through: {table: g, join: {id: x}, to: {y: id}}, fields: [id], many: {h: {table: h, join: {id: x}, fields: [id]}}}
                """;
        var tables = PipelineFiles.load(List.of(write("p.yaml", file))).getFirst().pipeline().lookUpTables();
        assertEquals(List.of("a", "c", "b", "e", "f", "h"), tables.stream().map(TableName::table).toList());
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
        assertEquals(new Field("title", new Expression.Column("name")), pipeline.document().fields().getLast());
        var recipients = (Many) pipeline.document().relations().get(1);
        assertEquals(List.of(new Order("kind", false), new Order("address", true)), recipients.orderBy());
        var tags = (Many) pipeline.document().relations().get(2);
        assertEquals(List.of(new Join("id", "monitor_id")), tags.on());
        assertEquals(List.of(new Join("tag_id", "id")), tags.through().to());
        assertEquals(Duration.ofMillis(250), pipeline.index().refresh());
        assertEquals("monitors", pipeline.index().name());
        assertEquals(Map.of("title", Map.of("type", "keyword")), pipeline.index().mappings());
    }

    private Node document(String text) {
        return PipelineFiles.load(List.of(write("p.yaml", text))).getFirst().pipeline().document();
    }

    private static Expression column(String name) {
        return new Expression.Column(name);
    }

    @Test
    void derived_fields_are_read_as_a_tree_of_functions() {
        var fields = document(derived).fields();
        assertEquals(new Field("kind", new Expression.Constant(Expression.Constant.Kind.TEXT, "customer")), fields.get(1));
        assertEquals(new Expression.Concat(List.of(column("first_name"), new Expression.Constant(Expression.Constant.Kind.TEXT, " "),
                new Expression.Coalesce(List.of(column("last_name"), new Expression.Constant(Expression.Constant.Kind.TEXT, "?"))))), fields.get(2).value());
        assertEquals(new Expression.Cast(new Expression.JsonPath(column("profile"), List.of("address", "0", "city")), Expression.Cast.Type.TEXT), fields.get(3).value());
        assertEquals(new Expression.Text(Expression.Text.Function.UPPER, new Expression.Text(Expression.Text.Function.TRIM, new Expression.Element(column("labels"), 1))), fields.get(4).value());
        assertEquals(new Expression.Mask(column("phone"), 3), fields.get(5).value());
        assertEquals(new Expression.GeoPoint(column("latitude"), column("longitude")), fields.get(7).value());
        assertEquals(List.of("first_name", "last_name"), fields.get(2).value().columns().toList());
    }

    @Test
    void texts_are_joined_with_a_delimiter_and_replaced() {
        var fields = document(derived.replace("- phone: {mask: phone, keep: 3}", "- phone: {replace: phone, find: ' ', with: ''}\n    - all: {concat: [first_name, last_name], delimiter: ', '}")).fields();
        assertEquals(new Expression.Replace(column("phone"), " ", ""), fields.get(5).value());
        assertEquals(new Expression.Concat(List.of(column("first_name"), column("last_name")), ", "), fields.get(6).value());
        for (var wrong : Map.of("{replace: phone, find: '', with: x}", "find", "{replace: phone, find: x}", "with", "{concat: [phone], separator: x}", "separator").entrySet()) {
            var file = write("p.yaml", derived.replace("{mask: phone, keep: 3}", wrong.getKey()));
            var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(file)));
            assertTrue(refused.getMessage().contains(wrong.getValue()), refused.getMessage());
        }
    }

    @Test
    void a_relation_to_one_row_can_be_a_value_of_it_instead_of_an_object() {
        var text = """
                millrace: 1
                name: p
                source: {name: s, url: {env: A}, user: {env: B}, password: {env: C}}
                document:
                  root: shop.order
                  fields: [id]
                  one:
                    customer_name: {table: shop.customer, join: {customer_id: id}, flatten: name}
                """;
        var one = assertInstanceOf(One.class, document(text).relations().getFirst());
        assertEquals(column("name"), one.value());
        assertEquals(List.of(), one.node().fields());
        assertEquals(Set.of("id", "name"), UsedColumns.of(List.of(PipelineFiles.load(List.of(write("p.yaml", text))).getFirst().pipeline())).get(new TableName("shop", "customer")));
        for (var wrong : Map.of("flatten: name", "fields", "flatten: name, fields: [id]", "one value has no object", "flatten: name, one: {c: {table: shop.c, join: {id: id}, fields: [id]}}", "one value has no object").entrySet()) {
            var file = write("p.yaml", text.replace("flatten: name", wrong.getKey().equals("flatten: name") ? "depth: 1" : wrong.getKey()));
            var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(file)));
            assertTrue(refused.getMessage().contains(wrong.getValue()), refused.getMessage());
        }
        var schema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(text("/io/millrace/pipeline/pipeline.schema.json"));
        assertEquals(Set.of(), schema.validate(new ObjectMapper().valueToTree(new Yaml().load(text))));
        assertTrue(!schema.validate(new ObjectMapper().valueToTree(new Yaml().load(text.replace("flatten: name", "flatten: name, fields: [id]")))).isEmpty());
    }

    @Test
    void what_other_tools_write_is_refused_with_what_is_written_here() {
        for (var wrong : Map.of(
                "fields: all", "'all' is no list of columns. Every column that is shown stands under fields",
                "fields: [id]\n  except: [notes]", "unknown key 'except'",
                "fields: [id]\n  view: shop.current", "name the tables under it",
                "fields: [id]\n  children: [a]", "One object is written under one",
                "fields: [id, {area: {geo_shape: outline}}]", "shapes are not carried, and are asked of PostGIS",
                "fields: [id]\n  transform: {rename: {a: b}}", "A value is made where it stands under fields",
                "fields: [id]\n  one: {a: {table: shop.a, join: {a_id: id}, fields: [id], variant: scalar}}", "flatten: COLUMN",
                "fields: [id]\n  many: {a: {table: shop.a, join: {id: b_id}, fields: [id], through_tables: [b]}}", "A link table stands under through",
                "fields: [id]\nindex: {routing: tenant_id}", "A document's shard follows its id").entrySet()) {
            var file = write("p.yaml", "millrace: 1\nname: p\nsource: {name: s, url: {env: A}, user: {env: B}, password: {env: C}}\ndocument:\n  root: shop.customer\n  " + wrong.getKey() + "\n");
            var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(file)));
            assertTrue(refused.getMessage().contains(wrong.getValue()) && refused.getMessage().contains("p.yaml:"), refused.getMessage());
        }
    }

    @Test
    void filters_are_alternatives_of_conditions() {
        var document = document(derived);
        assertEquals(new Where(List.of(List.of(new Where.Condition("deleted_at", Where.Comparison.IS_NULL, List.of())))), document.where());
        var orders = (Many) document.relations().get(1);
        assertEquals(List.of(
                List.of(new Where.Condition("status", Where.Comparison.NOT_IN, List.of("cancelled", "returned")),
                        new Where.Condition("total", Where.Comparison.AT_LEAST, List.of("10")), new Where.Condition("total", Where.Comparison.BELOW, List.of("100.5"))),
                List.of(new Where.Condition("status", Where.Comparison.IN, List.of("a", "b")), new Where.Condition("paid", Where.Comparison.IN, List.of("true"))),
                List.of(new Where.Condition("paid", Where.Comparison.IS_NOT_NULL, List.of()))), orders.node().where().any());
        assertEquals(5, orders.limit());
    }

    @Test
    void an_array_is_of_objects_or_of_values_or_becomes_one_value() {
        var relations = document(derived).relations();
        assertEquals(new Many.Aggregate(Many.Aggregate.Function.SUM, column("total")), ((Many) relations.get(2)).content());
        assertEquals(new Many.Aggregate(Many.Aggregate.Function.COUNT, null), ((Many) relations.get(3)).content());
        var tags = (Many) relations.get(4);
        assertEquals(new Many.Values(new Expression.Text(Expression.Text.Function.LOWER, column("label"))), tags.content());
        assertTrue(tags.distinct());
    }

    @Test
    void a_relation_with_a_depth_is_put_into_itself() {
        var first = document(derived).relations().getFirst();
        var second = first.node().relations().getFirst();
        var third = second.node().relations().getFirst();
        assertEquals(List.of("referred_by", "referred_by", "referred_by"), List.of(first.name(), second.name(), third.name()));
        assertEquals(List.of(), third.node().relations());
    }

    @Test
    void a_relation_that_contains_itself_without_a_depth_is_refused() {
        var endless = derived.replace("referred_by: {table: shop.customer, join: {referrer_id: id}, fields: [id, last_name], depth: 3}",
                "referred_by: &parent {table: shop.customer, join: {referrer_id: id}, fields: [id], one: {referred_by: *parent}}");
        assertEquals("p.yaml:17: what begins here contains itself by an alias, without end; write a relation that repeats itself once, with depth: and a number", refusal(endless));
    }

    @Test
    void a_depth_needs_a_relation_of_a_table_with_itself_and_a_bound() {
        assertEquals("p.yaml:17: document.one.referred_by.depth: a relation repeats itself 1 to 16 times", refusal(derived.replace("depth: 3", "depth: 17")));
        assertTrue(refusal(derived.replace("limit: 5", "depth: 2")).startsWith("p.yaml:24: document.many.last_orders.depth: only a relation of a table with itself has a depth"));
    }

    @Test
    void what_is_no_function_is_refused_with_those_that_are() {
        assertEquals("p.yaml:14: document.fields[6].email: 'md5' is not a function; a value is a column's name or one of {value, concat, coalesce, cast, json, element, lower, upper, trim, replace, hash, mask, geo: …}",
                refusal(derived.replace("{hash: {lower: email}}", "{md5: email}")));
        assertEquals("p.yaml:12: document.fields[4].label.at: unknown key 'at'; allowed: geo, lower", refusal(derived.replace("{upper: {trim: {element: labels, at: 1}}}", "{lower: labels, at: 1}")));
        assertEquals("p.yaml:11: document.fields[3].city.to: 'string' is not known; allowed: text, integer, bigint, numeric, double, boolean, date", refusal(derived.replace("to: text", "to: string")));
        assertTrue(refusal(derived.replace("{hash: {lower: email}}", "{hash: {geo: {lat: a, lon: b}}}")).contains("'geo' is only allowed as a field of its own"));
        assertTrue(refusal(derived.replace("keep: 3", "keep: -1")).startsWith("p.yaml:13: document.fields[5].value.keep: must be greater than or equal to 0"));
    }

    @Test
    void what_an_array_cannot_be_at_once_is_refused() {
        assertTrue(refusal(derived.replace("aggregate: count}", "aggregate: count, fields: [id]}")).startsWith("p.yaml:27: document.many.orders: has several of fields, flatten and aggregate"));
        assertTrue(refusal(derived.replace("aggregate: count}", "aggregate: count, limit: 3}")).startsWith("p.yaml:27: document.many.orders: an aggregate is made of all rows"));
        assertTrue(refusal(derived.replace("aggregate: count}", "aggregate: sum}")).startsWith("p.yaml:27: document.many.orders.aggregate: needs a value to work on: {sum: column}"));
        assertTrue(refusal(derived.replace("distinct: true", "one: {x: {table: a, join: {b: c}, fields: [d]}}")).startsWith("p.yaml:29: document.many.tags: a list of values or an aggregate has no object"));
        assertTrue(refusal(derived.replace("limit: 5", "limit: 0")).startsWith("p.yaml:24: document.many.last_orders.limit: must be greater than or equal to 1"));
    }

    @Test
    void a_filter_without_conditions_is_refused() {
        assertEquals("p.yaml:6: document.where.any[0].<list element>: must not be empty", refusal(derived.replace("where: {deleted_at: null}", "where: {}")).replaceAll("any\\[0\\].*:", "any[0].<list element>:"));
        assertEquals("p.yaml:6: document.where.id: needs at least one value", refusal(derived.replace("where: {deleted_at: null}", "where: {id: []}")));
    }

    @Test
    void an_unknown_key_is_named_with_its_line_and_the_allowed_ones() {
        assertEquals("p.yaml:23: document.one.team.joins: unknown key 'joins'; allowed: join, depth, flatten, fields, table, where, one, many",
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
    void what_is_traced_is_read_and_hides_ids_where_it_says_so() {
        assertEquals(Trace.DEFAULT, PipelineFiles.load(List.of(write("p.yaml", good))).getFirst().pipeline().trace());
        var trace = PipelineFiles.load(List.of(write("p.yaml", good + "trace: {rate: 0.25, privateIds: true}\n"))).getFirst().pipeline().trace();
        assertEquals(new Trace(0.25, true), trace);
        assertEquals("sha256-73475cb40a568e8da8a045ced110137e159f890ac4da883b6b17dc651b3a8049", trace.shown("42"));
        assertEquals("42", Trace.DEFAULT.shown("42"));
        assertTrue(refusal(good + "trace: {rate: 1.5}\n").contains("trace.rate: '1.5' is not a number from 0 to 1"));
        assertTrue(refusal(good + "trace: {rate: NaN}\n").contains("trace.rate: 'NaN' is not a number from 0 to 1"));
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
    void a_character_that_yaml_has_not_is_refused_with_its_line() {
        assertEquals("p.yaml:3: this is not YAML: the character U+0007 may not stand in it; where a value needs it, write it as \\u0007 in double quotes", refusal("millrace: 1\nname: monitors\n# \u0007\n"));
    }

    @Test
    void what_the_parser_gives_up_is_refused_too() {
        assertTrue(refusal("a: &a {}\nb: [" + "*a, ".repeat(60) + "*a]\n").startsWith("p.yaml:1: this is not read: "), refusal("a: &a {}\nb: [" + "*a, ".repeat(60) + "*a]\n"));
        assertTrue(refusal("a: " + "[".repeat(60) + "]".repeat(60) + "\n").startsWith("p.yaml:1: this is not read: "));
    }

    @Test
    void a_tag_is_refused_with_its_line_wherever_it_stands() {
        assertTrue(refusal(withIndex("settings: {analysis: !include a.yaml}")).endsWith(": the tag !include is not read; write the value itself in its place"), refusal(withIndex("settings: {analysis: !include a.yaml}")));
        assertEquals("p.yaml:2: the tag !Ref is not read; write the value itself in its place", refusal("millrace: 1\nname: !Ref Name\n"));
        assertTrue(refusal("millrace: 1\nname: !!java.net.URL [\"http://localhost\"]\n").contains("Global tag is not allowed"), refusal("millrace: 1\nname: !!java.net.URL [\"http://localhost\"]\n"));
    }

    @Test
    void a_key_that_is_there_twice_is_refused_in_settings_and_mappings_as_well() {
        assertTrue(refusal(withIndex("settings: {number_of_replicas: 1, number_of_replicas: 2}")).contains("index.settings.number_of_replicas: the key 'number_of_replicas' is there twice"), refusal(withIndex("settings: {number_of_replicas: 1, number_of_replicas: 2}")));
    }

    @Test
    void keys_that_are_merged_are_refused_with_what_to_write() {
        assertTrue(refusal("x: &x {a: 1}\n" + good.replace("index:", "index:\n  <<: *x")).contains("Keys are not merged into a mapping"), refusal("x: &x {a: 1}\n" + good.replace("index:", "index:\n  <<: *x")));
    }

    @Test
    void a_folder_without_a_file_is_told_beside_one_that_has_some() throws IOException {
        write("a.yaml", good);
        var empty = Files.createDirectory(folder.resolve("typo"));
        var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.loadNamed(List.of(folder.resolve("a.yaml"), empty)));
        assertTrue(refused.getMessage().contains("typo: there is no pipeline file here"), refused.getMessage());
        assertEquals(1, PipelineFiles.load(List.of(folder.resolve("a.yaml"), empty)).size(), "one that is configured may be filled later");
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

    private String withIndex(String index) {
        return good.substring(0, good.indexOf("index:")) + "index:\n" + index.indent(2);
    }

    @Test
    void mappings_of_what_the_documents_do_not_have_are_refused() {
        var refused = refusal(withIndex("nested: [tags, team]\nmappings:\n  titel: {type: keyword}\n  title.raw: {type: keyword}\n  team.name: {type: keyword, copy_to: words}"));
        assertEquals("""
                p.yaml:46: index.mappings.titel: the documents have no field 'titel'; a field is named by its path in the document, such as team.name
                p.yaml:47: index.mappings.title.raw: the documents have no field 'title.raw'; they have title: what is inside of its values is mapped under properties of index.mappings.title
                p.yaml:48: index.mappings.team.name: it is copied to 'words', which is no field of the documents; say what it is as well, such as index.mappings.words: {type: text}
                p.yaml:44: index.nested[1]: the documents have no list of objects at 'team'; they have recipients, tags""", refused);
    }

    @Test
    void aDateThatWouldBeTakenForAnotherOneIsRefusedWithItsFormat() throws IOException {
        var refused = refusal(withIndex("mappings:\n  title: {type: date, format: strict_date||epoch_second}\n  id: {type: long, fields: {at: {type: date}}}\ntemplates:\n  - all: {match: '*', mapping: {type: date_nanos, format: strict_date_hour}}"));
        for (var line : List.of("index.mappings.title.format: the search engine takes dates that there are not by the format strict_date, such as 2026-02-30 for another day; write strict_year_month_day",
                "index.mappings.id.fields.at: a date needs its format here: without one the search engine takes a text of digits, such as 20260131, for milliseconds since 1970; write format: strict_date_optional_time, or epoch_millis where that is meant",
                "index.templates[0].all.mapping.format: the search engine takes dates that there are not by the format strict_date_hour, such as 2026-02-30 for another day; write date_hour")) {
            assertTrue(refused.contains(line), refused);
        }
        assertEquals(1, PipelineFiles.load(List.of(write("p.yaml", withIndex("mappings:\n  title: {type: date, format: strict_date_optional_time||epoch_millis}")))).size());
    }

    @Test
    void a_field_that_others_are_copied_to_and_templates_are_read() {
        var index = PipelineFiles.load(List.of(write("p.yaml", withIndex("mappings:\n  title: {type: text, copy_to: [words, id]}\n  words: {type: text}\ntemplates:\n  - all: {match: '*', mapping: {type: keyword}}")))).getFirst().pipeline().index();
        assertEquals(Set.of("title", "words"), index.mappings().keySet());
        assertEquals(List.of(Map.of("all", Map.of("match", "*", "mapping", Map.of("type", "keyword")))), index.templates());
    }

    @Test
    void documents_are_events_of_another_kind_where_the_file_says_so() {
        assertEquals(Events.NONE, PipelineFiles.load(List.of(write("p.yaml", good))).getFirst().pipeline().events());
        assertEquals(Events.CLOUDEVENTS, PipelineFiles.load(List.of(write("p.yaml", good + "events: cloudevents\n"))).getFirst().pipeline().events());
        write("p.yaml", good + "events: webhooks\n");
        var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(folder)));
        assertTrue(refused.getMessage().contains("'webhooks' is not known; allowed: none, cloudevents"), refused.getMessage());
    }

    @Test
    void documents_go_to_a_table_where_the_file_says_so_and_a_table_has_nothing_of_an_index_but_its_name() {
        var tables = good.substring(0, good.indexOf("index:")) + "target: postgres\n";
        var pipeline = PipelineFiles.load(List.of(write("p.yaml", tables))).getFirst().pipeline();
        assertEquals(Target.POSTGRES, pipeline.target());
        assertEquals("monitors", pipeline.index().name());
        assertEquals(Target.OPENSEARCH, PipelineFiles.load(List.of(write("p.yaml", good))).getFirst().pipeline().target());

        write("p.yaml", tables + "index: {name: board, shards: 2, mappings: {title: {type: keyword}}}\n");
        var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(folder)));
        assertTrue(refused.getMessage().contains("index.shards: the target postgres has no shards; take index.shards away"), refused.getMessage());
        assertTrue(refused.getMessage().contains("index.mappings: the target postgres has no mappings"), refused.getMessage());

        write("p.yaml", tables + "index: {name: " + "m".repeat(57) + "}\n");
        refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(folder)));
        assertTrue(refused.getMessage().contains("is longer than 56 characters"), refused.getMessage());

        write("p.yaml", tables + "recovery: automatic\n");
        refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(folder)));
        assertTrue(refused.getMessage().contains("recovery: what is recovered is compared with the database at the end"), refused.getMessage());

        write("p.yaml", tables.replace("target: postgres", "target: mysql"));
        refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(folder)));
        assertTrue(refused.getMessage().contains("target: 'mysql' is not known; allowed: opensearch, postgres"), refused.getMessage());
    }

    @Test
    void a_table_has_a_name_of_its_own_and_a_later_generation_stays_with_its_target() {
        var tables = good.substring(0, good.indexOf("index:")).replace("name: monitors", "name: monitors-table") + "target: postgres\nindex: {name: monitors}\n";
        write("p.yaml", good);
        write("q.yaml", tables);
        var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(folder)));
        assertTrue(refused.getMessage().contains("the index 'monitors' already belongs to the pipeline in"), refused.getMessage());

        write("q.yaml", tables.replace("index: {name: monitors}", "index: {name: monitors_table}"));
        assertEquals(2, PipelineFiles.load(List.of(folder)).size());

        write("q.yaml", tables.replace("name: monitors-table", "name: monitors-table\nreplaces: [monitors]"));
        refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(folder)));
        assertTrue(refused.getMessage().contains("target: the pipeline 'monitors', which it replaces, has the target opensearch"), refused.getMessage());
    }

    @Test
    void a_later_generation_shares_the_index_of_the_one_it_replaces_and_nobody_else_does() {
        var later = good.replace("name: monitors", "name: monitors-2\nreplaces: [monitors]").replace("index:", "index:\n  name: monitors");
        write("a.yaml", good);
        write("b.yaml", later);
        var pipelines = PipelineFiles.load(List.of(folder)).stream().map(PipelineFile::pipeline).toList();
        assertEquals(List.of("monitors", "monitors-2"), List.copyOf(pipelines.getFirst().generations(pipelines)));
        assertEquals(List.of("monitors-2", "monitors"), List.copyOf(pipelines.getLast().generations(List.of())));

        write("c.yaml", later.replace("monitors-2", "monitors-3"));
        var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(folder)));
        assertTrue(refused.getMessage().contains("the index 'monitors' already belongs to the pipeline in " + folder.resolve("b.yaml") + "; give one of them another index.name, or name the older one under 'replaces'"), refused.getMessage());

        write("c.yaml", later.replace("monitors-2", "monitors-3").replace("replaces: [monitors]", "replaces: [monitors-2, monitors]"));
        assertEquals(3, PipelineFiles.load(List.of(folder)).size());
        write("b.yaml", later.replace("replaces: [monitors]", "replaces: [monitors, monitors-2]"));
        assertTrue(assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(folder))).getMessage().contains("cannot replace itself"));
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
    void a_target_of_latency_is_a_time_above_nothing() {
        assertEquals(Duration.ofSeconds(5), PipelineFiles.load(List.of(write("none.yaml", good))).getFirst().pipeline().latency());
        assertEquals(Duration.ofMillis(1500), PipelineFiles.load(List.of(write("target.yaml", "latency: {p99: 1500ms}\n" + good))).getFirst().pipeline().latency());
        for (var wrong : Map.of("{p99: 0s}", "no change is in the index at once", "{p99: soon}", "'soon' is not a duration", "{p95: 2s}", "p95", "2s", "latency").entrySet()) {
            var file = write("wrong.yaml", "latency: " + wrong.getKey() + "\n" + good);
            var refused = assertThrows(InvalidPipelineException.class, () -> PipelineFiles.load(List.of(file)));
            assertTrue(refused.getMessage().contains(wrong.getValue()) && refused.getMessage().contains("wrong.yaml:1"), refused.getMessage());
        }
    }

    @Test
    void the_published_json_schema_takes_the_file_and_refuses_an_unknown_key() {
        var schema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(text("/io/millrace/pipeline/pipeline.schema.json"));
        var json = new ObjectMapper();

        assertEquals(java.util.Set.of(), schema.validate(json.valueToTree(new Yaml().load(good))));
        assertEquals(1, schema.validate(json.valueToTree(new Yaml().load(good.replace("orderBy", "order")))).size());
        assertEquals(java.util.Set.of(), schema.validate(json.valueToTree(new Yaml().load("compatibility: FULL\n" + withRule("{column: id, min: 1, enum: [1, a], breach: count}")))));
        assertTrue(!schema.validate(json.valueToTree(new Yaml().load(withRule("{column: id}")))).isEmpty());
        var subscribing = good.replace("tables:\n", "tables:\n  team: {lookup: subscribe}\n");
        assertEquals(java.util.Set.of(), schema.validate(json.valueToTree(new Yaml().load(subscribing))));
        assertEquals(1, schema.validate(json.valueToTree(new Yaml().load(subscribing.replace("subscribe", "both")))).size());
        assertEquals(java.util.Set.of(), schema.validate(json.valueToTree(new Yaml().load(KEPT + good))));
        assertEquals(java.util.Set.of(), schema.validate(json.valueToTree(new Yaml().load("hold: 20 %\n" + good.replace("tables:\n", "tables:\n  team: {hold: 100 %}\n")))));
        assertEquals(1, schema.validate(json.valueToTree(new Yaml().load("hold: many\n" + good))).size());
        assertEquals(java.util.Set.of(), schema.validate(json.valueToTree(new Yaml().load("latency: {p99: 2s}\n" + good))));
        assertEquals(1, schema.validate(json.valueToTree(new Yaml().load("latency: {p99: 2}\n" + good))).size());
        assertEquals(java.util.Set.of(), schema.validate(json.valueToTree(new Yaml().load("recovery: automatic\n" + good))));
        assertEquals(1, schema.validate(json.valueToTree(new Yaml().load("recovery: perhaps\n" + good))).size());
        assertEquals(java.util.Set.of(), schema.validate(json.valueToTree(new Yaml().load(ENRICHED + good))));
        assertTrue(!schema.validate(json.valueToTree(new Yaml().load(ENRICHED.replace("keyword", "word") + good))).isEmpty());
        assertTrue(!schema.validate(json.valueToTree(new Yaml().load(KEPT.replace("months", "moons") + good))).isEmpty());
        assertTrue(!schema.validate(json.valueToTree(new Yaml().load("retention: {hold: 5 %}\n" + good))).isEmpty());
        assertEquals(java.util.Set.of(), schema.validate(json.valueToTree(new Yaml().load(derived))));
        for (var wrong : List.of(derived.replace("keep: 3", "keep: -1"), derived.replace("{lower: label}", "{lowest: label}"), derived.replace("min: 10", "least: 10"), derived.replace("aggregate: count", "aggregate: number"))) {
            assertTrue(!schema.validate(json.valueToTree(new Yaml().load(wrong))).isEmpty());
        }
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
