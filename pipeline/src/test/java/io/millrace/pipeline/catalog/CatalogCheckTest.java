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
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
        shop("customer", List.of("id"), "id bigint", "referrer_id bigint", "first_name text", "last_name text", "email text", "phone text", "labels text[]", "profile jsonb", "latitude double precision",
                "longitude numeric", "deleted_at timestamp with time zone");
        shop("order", List.of("id"), "id bigint", "customer_id bigint", "status text", "total numeric", "paid boolean", "ordered_at timestamp with time zone");
        shop("tag", List.of("id"), "id uuid", "label text");
        shop("customer_tag", List.of("customer_id", "tag_id"), "customer_id bigint", "tag_id uuid", "weight integer");
        table("monitor_tag", List.of("monitor_id", "tag_id"), "monitor_id bigint", "tag_id bigint", "added_at timestamp with time zone");
    }

    private void shop(String name, List<String> key, String... columns) {
        table(new TableName("shop", name), key, columns);
    }

    private void table(String name, List<String> key, String... columns) {
        table(new TableName("public", name), key, columns);
    }

    private void table(TableName table, List<String> key, String... columns) {
        tables.put(table, new Table(table, false, Arrays.stream(columns).map(c -> c.split(" ", 2)).map(c -> new Column(c[0], c[1], true)).toList(), key, List.of()));
    }

    private List<String> problems(UnaryOperator<String> change) throws IOException {
        return problems("/monitors.yaml", change);
    }

    private List<String> problems(String resource, UnaryOperator<String> change) throws IOException {
        try (var in = CatalogCheckTest.class.getResourceAsStream(resource)) {
            var file = Files.writeString(folder.resolve("p.yaml"), change.apply(new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)));
            return CatalogCheck.check(PipelineFiles.load(List.of(file)).getFirst(), new Catalog(tables)).stream()
                    .map(p -> p.toString().replace(file.toString(), "p.yaml")).toList();
        }
    }

    private static final String TRANSFORMS = "    transforms:\n.*\n.*\n";

    @Test
    void a_private_column_is_there_and_names_no_row() throws IOException {
        assertEquals(List.of(), problems(text -> text.replace("    compatibility: BACKWARD\n", "    compatibility: BACKWARD\n    private: [name]\n").replaceFirst(TRANSFORMS, "")));
        var problems = problems(text -> text.replace("    compatibility: BACKWARD\n", "    compatibility: BACKWARD\n    private: [id, nam]\n").replaceFirst(TRANSFORMS, ""));
        assertTrue(problems.stream().anyMatch(p -> p.startsWith("p.yaml:11: tables.public.monitor.private: the column 'id' is part of the primary key of public.monitor, by which its rows and documents are named")), problems::toString);
        assertTrue(problems.stream().anyMatch(p -> p.startsWith("p.yaml:11: tables.public.monitor.private: ") && p.contains("'nam'")), problems::toString);
    }

    private static final String ENRICHED = "enrichment:\n  table: public.added\n  join: {id: monitor_id}\n  fields: {mood: keyword}\n";

    @Test
    void what_others_add_needs_a_table_with_the_roots_key() throws IOException {
        assertEquals(List.of("p.yaml:2: enrichment.table: the database has no table public.added; make it with a migration: CREATE TABLE \"public\".\"added\" (\"monitor_id\" bigint, fields jsonb NOT NULL, PRIMARY KEY (\"monitor_id\"),"
                + " FOREIGN KEY (\"monitor_id\") REFERENCES \"public\".\"monitor\" (\"id\") ON DELETE CASCADE)"), problems(s -> ENRICHED + s));
        var added = new TableName("public", "added");
        table("added", List.of("monitor_id"), "monitor_id bigint", "fields jsonb");
        assertEquals(List.of("p.yaml:2: enrichment.table: public.added.fields is jsonb and may be null; it needs to be jsonb NOT NULL"), problems(s -> ENRICHED + s));
        tables.put(added, new Table(added, false, List.of(new Column("monitor_id", "bigint", false), new Column("fields", "jsonb", false)), List.of("monitor_id"), List.of()));
        assertEquals(List.of(), problems(s -> ENRICHED + s));
        tables.put(added, new Table(added, false, List.of(new Column("id", "bigint", false), new Column("monitor_id", "text", false), new Column("fields", "json", false)), List.of("id"), List.of()));
        assertEquals(List.of("p.yaml:3: enrichment.join.id: cannot compare public.monitor.id (bigint) with public.added.monitor_id (text); both sides need the same type",
                "p.yaml:3: enrichment.join: the join needs to be of both primary keys, and that of public.added is id",
                "p.yaml:2: enrichment.table: public.added.fields is json; it needs to be jsonb NOT NULL"), problems(s -> ENRICHED + s));
        assertTrue(problems(s -> ENRICHED.replace("{id:", "{name:") + s).contains("p.yaml:3: enrichment.join: the join needs to be of both primary keys, and that of public.monitor is id"));
    }

    @Test
    void a_pipeline_that_fits_its_database_has_no_problems() throws IOException {
        assertEquals(List.of(), problems(text -> text));
    }

    private List<String> formed(String tables) throws IOException {
        return problems("/customers.yaml", text -> text.replace("document:\n", "tables:\n" + tables + "document:\n"));
    }

    @Test
    void documents_are_made_of_rows_in_the_form_that_the_file_gives_them() throws IOException {
        assertEquals(List.of(), formed("  shop.customer: {columns: {email: {hmac: {env: KEY}}, phone: {lower: phone}, deleted_by: {value: nobody}}, rows: {deleted_at: null}}\n"));
        assertEquals(List.of(
                "p.yaml:5: tables.shop.customer.columns.id: the column 'id' is part of the primary key of shop.customer, by which its rows are known everywhere; it goes as it is",
                "p.yaml:5: tables.shop.customer.columns.mail: the table shop.customer has no column 'mail'; did you mean email?",
                "p.yaml:5: tables.shop.customer.columns.profile: hash takes no json; take a part of it by json, cast to text",
                "p.yaml:5: tables.shop.customer.rows.latitude: 'north' is not a number"),
                formed("  shop.customer: {columns: {id: {hmac: {env: KEY}}, mail: leave-out, profile: {hmac: {env: KEY}}}, rows: {latitude: north}}\n").stream().filter(p -> p.startsWith("p.yaml:5")).toList());
        assertEquals(List.of("p.yaml:16: document.fields[5]: the rows of shop.customer go without the column 'phone', because tables.shop.customer.columns leaves it out"),
                formed("  shop.customer:\n    columns: {phone: leave-out}\n"));
    }

    @Test
    void rows_are_joined_by_columns_that_are_hashed_on_both_sides_or_on_none() throws IOException {
        var refused = "cannot compare shop.customer.referrer_id with shop.customer.id in the form that tables.… gives them; rows are joined by columns that go as they are, or that are hashed with one key on both sides";
        assertTrue(formed("  shop.customer: {columns: {referrer_id: {hmac: {env: KEY}}}}\n").getFirst().endsWith(refused));
        table("person", List.of("id"), "id bigint", "email text", "boss text");
        tables.computeIfPresent(new TableName("public", "person"), (name, t) -> new Table(name, false, t.columns(), t.primaryKey(), List.of(List.of("email"))));
        var person = """
                millrace: 1
                name: people
                source: {name: demo, url: u, user: u, password: {env: P}}
                tables: {person: {columns: {email: {hmac: {env: ONE}}, boss: {hmac: {env: %s}}}}}
                document:
                  root: person
                  fields: [id]
                  one:
                    boss: {table: person, join: {boss: email}, fields: [email]}
                """;
        assertEquals(List.of(), problems(_ -> person.formatted("ONE")));
        assertTrue(problems(_ -> person.formatted("TWO")).getFirst().contains("cannot compare public.person.boss with public.person.email"));
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
    void what_documents_are_kept_by_is_held_against_columns_and_their_types() throws IOException {
        assertEquals(List.of(), problems("/customers.yaml", text -> text + "retention: {column: deleted_at, keep: 30 days, when: {phone: null}, override: {one: referred_by, column: id, unit: days}}\n").stream()
                .filter(p -> !p.contains("override")).toList());
        assertEquals(List.of(
                "retention.column: the table shop.customer has no column 'modified'",
                "retention.override.column: an override is a number of days, and shop.customer.email is text; name a column of smallint or integer",
                "retention.when.state: the table shop.customer has no column 'state'"),
                problems("/customers.yaml", text -> text + "retention: {column: modified, keep: 30 days, when: {state: a}, override: {column: email, unit: days}}\n").stream()
                        .map(p -> p.replaceFirst("p.yaml:\\d+: ", "").replaceFirst("; (did|there).*", "")).sorted().toList());
        assertTrue(problems("/customers.yaml", text -> text + "retention: {rules: [{column: deleted_at, keep: 1 day}, {column: first_name, keep: 1 day}]}\n").getFirst()
                .contains("retention.rules[1].column: documents are kept by a time, and shop.customer.first_name is text"));
    }

    @Test
    void where_a_subject_stands_is_held_against_columns_and_their_types() throws IOException {
        var subjects = "subjects: {team: {key: public.team.id, places: {public.monitor: {column: team_id, erase: {name: null}}, public.team: {column: id, erase: row}}}}\n";
        assertEquals(List.of(), problems(file -> subjects + file));
        assertTrue(problems(file -> subjects.replace("column: team_id", "column: teamid") + file).getFirst().contains("the table public.monitor has no column 'teamid'; did you mean team_id?"));
        assertTrue(problems(file -> subjects.replace("team.id", "team.ident") + file).getFirst().contains("the table public.team has no column 'ident'"));
        assertTrue(problems(file -> subjects.replace("column: team_id", "column: name") + file).getFirst().contains("cannot compare public.monitor.name (text) with public.team.id (integer)"));
        assertTrue(problems(file -> subjects.replace("{name: null}", "{id: null}") + file).getFirst().contains("public.monitor.id is part of the primary key"));
        assertTrue(problems(file -> subjects.replace("{name: null}", "{team_id: gone}") + file).getFirst().contains("only a text takes the place of a text"));
        assertTrue(problems(file -> subjects + file.replace("    compatibility: BACKWARD\n", "    compatibility: BACKWARD\n    rules:\n      - {column: name, maxLength: 9}\n")).getFirst().contains("might park the table"));
        assertTrue(problems(file -> subjects + file.replace("    compatibility: BACKWARD\n", "    compatibility: BACKWARD\n    rows: {name: {not: null}}\n")).getFirst().contains("tables.public.monitor.rows chooses rows by name"));
        tables.put(new TableName("public", "monitor"), new Table(new TableName("public", "monitor"), false, List.of(new Column("id", "bigint", false), new Column("name", "text", false), new Column("team_id", "bigint", true)), List.of("id"), List.of()));
        assertTrue(problems(file -> subjects + file).getFirst().contains("public.monitor.name may not be null; give it a text"));
        tables.put(new TableName("public", "team"), new Table(new TableName("public", "team"), false, List.of(new Column("id", "numeric", false), new Column("name", "text", true), new Column("organisation_id", "bigint", true)), List.of("id"), List.of()));
        assertTrue(problems(file -> subjects + file).stream().anyMatch(problem -> problem.contains("public.team.id is numeric, and a subject is known by a column of smallint, integer")));
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

    @Test
    void documents_that_the_search_engine_cannot_map_are_refused() throws IOException {
        var columns = IntStream.range(0, 1_100).mapToObj(i -> "c" + i).toList();
        table("monitor", List.of("id"), Stream.concat(Stream.of("id bigint", "name text", "team_id bigint"), columns.stream().map(c -> c + " integer")).toArray(String[]::new));
        var wider = "- title: name\n" + columns.stream().map(c -> "    - " + c + "\n").collect(Collectors.joining());
        var refused = problems(text -> text.replace("- title: name\n", wider));
        assertEquals(1, refused.size(), refused.toString());
        assertTrue(refused.getFirst().endsWith("the documents have 1120 fields in the index (a text is two, a relation is one), and the search engine takes 1000; take fewer, or set index.settings: {mapping.total_fields.limit: 1120}"), refused.toString());
        for (var raised : List.of("{mapping.total_fields.limit: 1120}", "{index: {mapping: {total_fields: {limit: 1120}}}}", "{index.mapping.total_fields.limit: 1120}")) {
            assertEquals(List.of(), problems(text -> text.replace("- title: name\n", wider).replace("index:\n", "index:\n  settings: " + raised + "\n")));
        }
        assertTrue(problems(text -> text.replace("index:\n", "index:\n  settings: {mapping.depth.limit: 2}\n")).getFirst().contains("the documents are 3 levels deep, and the search engine takes 2"));
    }

    private String derived(String from, String to) throws IOException {
        var problems = problems("/customers.yaml", text -> text.replace(from, to));
        assertEquals(1, problems.size(), problems.toString());
        return problems.getFirst();
    }

    @Test
    void derived_values_that_fit_have_no_problems() throws IOException {
        assertEquals(List.of(), problems("/customers.yaml", text -> text));
    }

    @Test
    void a_column_inside_a_value_that_does_not_exist_is_named() throws IOException {
        assertEquals("p.yaml:10: document.fields[2]: the table shop.customer has no column 'surname'; there are: deleted_at, email, first_name, id, labels, last_name, latitude, longitude, phone, profile, referrer_id",
                derived("coalesce: [last_name", "coalesce: [surname"));
        assertTrue(derived("flatten: {lower: label}", "flatten: {lower: lable}").endsWith("document.many.tags.flatten: the table shop.tag has no column 'lable'; did you mean label?"));
        assertTrue(derived("where: {deleted_at: null}", "where: {deleted: null}").contains("document.where.deleted: the table shop.customer has no column 'deleted'"));
    }

    @Test
    void a_function_of_a_type_that_it_does_not_take_is_refused() throws IOException {
        assertEquals("p.yaml:11: document.fields[3]: json needs json or jsonb, this is text", derived("{json: profile,", "{json: phone,"));
        assertEquals("p.yaml:12: document.fields[4]: element needs an array, this is text", derived("{element: labels,", "{element: phone,"));
        assertEquals("p.yaml:13: document.fields[5]: mask takes no json; take a part of it by json, cast to text", derived("mask: phone", "mask: profile"));
        assertEquals("p.yaml:15: document.fields[7]: geo needs numbers, this is text", derived("lat: latitude", "lat: phone"));
        assertEquals("p.yaml:26: document.many.spent.aggregate: sum needs numbers, this is text", derived("{sum: total}", "{sum: status}"));
        assertEquals("p.yaml:26: document.many.spent.aggregate: max takes no boolean, which has no order", derived("{sum: total}", "{max: paid}"));
        assertEquals("p.yaml:11: document.fields[3]: cast makes no date of json", derived("to: text", "to: date"));
        assertEquals("p.yaml:10: document.fields[2]: coalesce needs values of one type, these are timestamp and text; cast one of them", derived("coalesce: [last_name", "coalesce: [deleted_at"));
    }

    @Test
    void a_filter_s_value_that_the_column_cannot_hold_is_refused() throws IOException {
        assertEquals("p.yaml:22: document.many.last_orders.where.total: 'ten' is not a number", derived("min: 10", "min: ten"));
        assertEquals("p.yaml:30: document.many.tags.through.where.weight: '1.5' is not a whole number", derived("above: 1", "above: 1.5"));
        assertEquals("p.yaml:6: document.where.deleted_at: '2026-01-01' is not a point in time; write 2026-01-31T12:00:00Z", derived("deleted_at: null", "deleted_at: 2026-01-01"));
        assertEquals("p.yaml:6: document.where.profile: values of this type cannot be compared", derived("deleted_at: null", "profile: x"));
    }

    @Test
    void json_is_no_key() throws IOException {
        table("team", List.of("id"), "id jsonb", "name text", "organisation_id bigint");
        table("monitor", List.of("id"), "id bigint", "name text", "team_id jsonb");
        assertEquals(List.of("p.yaml:22: document.one.team.join.team_id: public.monitor.team_id (jsonb) cannot be a key: values of this type that are equal may be written in several ways; join by another column"),
                problems(text -> text));
    }

    @Test
    void a_relation_that_repeats_itself_is_reported_once() throws IOException {
        assertTrue(derived("join: {referrer_id: id}", "join: {email: id}").contains("cannot compare shop.customer.email (text) with shop.customer.id (bigint)"));
    }
}
