package io.millrace.indexer;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.pipeline.ledger.Numbering;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Documents in tables of a PostgreSQL, without a search engine: versions, deletes, refusals, generations, and what goes away and comes back. */
class TablesIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int MANY = 400;
    private static final List<String> PIPELINES = List.of("versions", "refusals", "breaking", "rebuilt", "outages", "dropped", "reconciled", "kept", "taken", "watched", "forgotten", "verified", "pooled", "secured", "ruled", "repointed", "large", "miscounted", "fleeting", "again");

    @TempDir
    static Path folder;
    private static Stack stack;

    @BeforeAll
    static void startAll() throws Exception {
        stack = Stack.ofTables(folder);
        for (var name : PIPELINES) {
            stack.tablePipeline(name);
        }
        sql("CREATE SCHEMA documents");
        sql("CREATE TABLE documents.taken (id text)");
        start(Map.of());
        await().atMost(SOON).untilAsserted(() -> assertEquals("[taken[0], taken[1]]", waiting().toString(), () -> stack.ready().toString()));
    }

    /** @param more settings beside those of all tests */
    private static void start(Map<String, String> more) {
        var settings = new HashMap<>(settings(stack));
        settings.putAll(more);
        stack.startIndexer(settings, Map.of("TABLE_PASSWORD", stack.servers.postgresPassword()));
    }

    static Map<String, String> settings(Stack stack) {
        return Map.of("millrace.indexer.table-url", stack.servers.jdbcUrl("postgres"), "millrace.indexer.table-user", stack.servers.postgresUser(), "millrace.indexer.table-password.env", "TABLE_PASSWORD",
                "millrace.indexer.mark-interval", "1s", "millrace.indexer.search-url", "http://localhost:1", "millrace.indexer.registry-url", "http://localhost:1");
    }

    @AfterAll
    static void stopAll() {
        if (stack != null) {
            stack.close();
        }
    }

    /** A service writes no more than a few tables aside. */
    @AfterEach
    void retireWhatIsKept() {
        for (var pipeline : PIPELINES) {
            for (var one : stack.operate("GET", "/pipelines/" + pipeline + "/generations").path("body")) {
                if (one.path("role").asText().equals("ASIDE")) {
                    stack.operate("DELETE", "/pipelines/" + pipeline + "/generations/" + one.path("index").asText());
                }
            }
        }
    }

    private static Connection connect() throws SQLException {
        return DriverManager.getConnection(stack.servers.jdbcUrl("postgres"), stack.servers.postgresUser(), stack.servers.postgresPassword());
    }

    private static void sql(String statement) throws SQLException {
        try (var connection = connect(); var own = connection.createStatement()) {
            own.execute(statement);
        }
    }

    /** The first column of all rows. */
    private static List<String> texts(String query) throws SQLException {
        try (var connection = connect(); var own = connection.createStatement(); var rows = own.executeQuery(query)) {
            var texts = new ArrayList<String>();
            while (rows.next()) {
                texts.add(rows.getString(1));
            }
            return texts;
        }
    }

    private static String text(String query) throws SQLException {
        return String.join(",", texts(query));
    }

    private static String nameOf(String view, String id) throws SQLException {
        return text("SELECT document->>'name' FROM documents." + view + " WHERE id = '" + id + "'");
    }

    private static List<String> waiting() {
        var reasons = new ArrayList<String>();
        stack.ready().path("checks").forEach(check -> check.path("data").fieldNames().forEachRemaining(name -> {
            if (name.endsWith("]")) {
                reasons.add(name);
            }
        }));
        return reasons.stream().sorted().toList();
    }

    private static String doc(long id, String name) {
        return "{\"id\":" + id + ",\"name\":\"" + name + "\"}";
    }

    private static void send(String pipeline, int count, long version, String name) throws Exception {
        var sent = new ArrayList<Future<RecordMetadata>>();
        for (int i = 0; i < count; i++) {
            sent.add(stack.document(pipeline, "d" + i, version, doc(i, name)));
        }
        for (var one : sent) {
            one.get();
        }
    }

    private static double metric(String start) throws Exception {
        return stack.metrics().lines().filter(line -> line.startsWith(start)).mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1))).sum();
    }

    @Test
    void anOlderVersionChangesNothingAnEqualOneWritesAgainAndADeleteStays() throws Exception {
        stack.document("versions", "1", 20, doc(1, "newer")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("newer", nameOf("versions", "1")));
        stack.document("versions", "1", 10, doc(1, "older")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(1.0, metric("millrace_records_total{outcome=\"superseded\",pipeline=\"versions\"")));
        assertEquals("newer", nameOf("versions", "1"));
        stack.document("versions", "1", 20, doc(1, "same version, later")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("same version, later", nameOf("versions", "1")));

        stack.document("versions", "1", 30, null).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("", text("SELECT id FROM documents.versions")));
        stack.document("versions", "1", 25, doc(1, "replayed")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(2.0, metric("millrace_records_total{outcome=\"superseded\",pipeline=\"versions\"")));
        assertEquals("", text("SELECT id FROM documents.versions"), "a replayed older version must not bring a deleted document back");

        stack.document("versions", "it's a \"quoted\" \\ id \u00fc", 40, "{\"amount\":1.500,\"id\":9223372036854775807}").get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("it's a \"quoted\" \\ id \u00fc 40 {\"id\": 9223372036854775807, \"amount\": 1.500}", text("SELECT id || ' ' || version || ' ' || document FROM documents.versions")));
        assertTrue(metric("millrace_commit_to_stage_seconds_count{pipeline=\"versions\",stage=\"search\"") >= 3, "what is committed is found");
    }

    @Test
    void whatIsNoJsonGoesToQuarantineWithItsReasonAndItsNeighboursAreWritten() throws Exception {
        send("refusals", 100, 1, "fine");
        stack.document("refusals", "bad json", 1, "{\"id\":1,\"name\":}").get();
        stack.document("refusals", "no text", 1, "{\"id\":1,\"name\":\"\\u0000\"}").get();
        stack.document("refusals", "too large a number", 1, "{\"id\":1e999999}").get();
        send("refusals", 100, 2, "still fine");
        await().atMost(SOON).untilAsserted(() -> assertEquals("100", text("SELECT count(*) FROM documents.refusals WHERE version = 2")));
        await().atMost(SOON).untilAsserted(() -> assertEquals(203, stack.committed("refusals")));
        var parked = stack.quarantined("refusals").stream().collect(Collectors.toMap(record -> new String(record.key(), StandardCharsets.UTF_8), record -> Headers.text(record.headers(), Headers.REASON) + " " + Headers.text(record.headers(), Headers.DETAIL)));
        assertEquals(3, parked.size(), parked.toString());
        assertTrue(parked.get("bad json").startsWith("refused SQLSTATE 22P02: "), parked.toString());
        assertTrue(parked.get("no text").startsWith("refused SQLSTATE 22P05: "), parked.toString());
        assertTrue(parked.get("too large a number").startsWith("refused SQLSTATE 22"), parked.toString());
    }

    @Tag("long")
    @Test
    void whereMostAreRefusedTheyAreHeldWithoutTheirValuesInHealthUntilTheTableTakesThem() throws Exception {
        await().atMost(SOON).untilAsserted(() -> assertEquals("breaking-000001", text("SELECT name FROM documents.millrace_index WHERE view = 'breaking'")));
        sql("ALTER TABLE documents.\"breaking-000001\" ADD CONSTRAINT named CHECK (document IS NULL OR document->>'name' <> 'a secret')");
        send("breaking", MANY, 1, "a secret");
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains("most of the recent documents of the pipeline breaking are refused"), () -> stack.ready().toString()));
        assertFalse(stack.ready().toString().contains("a secret"), stack.ready().toString());
        sql("ALTER TABLE documents.\"breaking-000001\" DROP CONSTRAINT named");
        await().atMost(SOON).untilAsserted(() -> assertEquals(MANY, Integer.parseInt(text("SELECT count(*) FROM documents.breaking")) + stack.quarantined("breaking").size()));
        await().atMost(SOON).untilAsserted(() -> assertFalse(waiting().toString().contains("breaking"), () -> stack.ready().toString()));
    }

    @Tag("long")
    @Test
    void aDeleteThatTheTableRefusesWaitsAndIsNeverGivenUp() throws Exception {
        stack.document("kept", "1", 1, doc(1, "to be gone")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("to be gone", nameOf("kept", "1")));
        sql("ALTER TABLE documents.\"kept-000001\" ALTER document SET NOT NULL");
        stack.document("kept", "1", 2, null).get();
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains("the table does not take a delete"), () -> stack.ready().toString()));
        sql("ALTER TABLE documents.\"kept-000001\" ALTER document DROP NOT NULL");
        await().atMost(SOON).untilAsserted(() -> assertEquals("", text("SELECT id FROM documents.kept")));

        stack.document("kept", "2", 1, doc(2, "to be gone as well")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("to be gone as well", nameOf("kept", "2")));
        sql("CREATE FUNCTION public.stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = '2' THEN RAISE EXCEPTION 'by the test' USING ERRCODE = '22012'; END IF; RETURN NEW; END $$");
        sql("CREATE TRIGGER stays BEFORE INSERT OR UPDATE ON documents.\"kept-000001\" FOR EACH ROW EXECUTE FUNCTION public.stays()");
        stack.document("kept", "2", 2, null).get();
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains("the table does not take a delete (SQLSTATE 22012"), () -> stack.ready().toString()));
        sql("DROP TRIGGER stays ON documents.\"kept-000001\"");
        await().atMost(SOON).untilAsserted(() -> assertEquals("", text("SELECT id FROM documents.kept")));
        assertEquals(0, stack.quarantined("kept").size());
    }

    @Test
    void anotherTableTakesOverGivesBackAndIsDeletedWhileTheViewShowsOneOfThem() throws Exception {
        send("rebuilt", MANY, 1, "before");
        await().atMost(SOON).untilAsserted(() -> assertEquals(MANY, Integer.parseInt(text("SELECT count(*) FROM documents.rebuilt"))));
        sql("CREATE INDEX by_name ON documents.\"rebuilt-000001\" ((document->>'name'))");
        assertEquals(202, stack.operate("POST", "/pipelines/rebuilt/generations").path("status").asInt());
        await().atMost(SOON).untilAsserted(() -> assertEquals("rebuilt-000002", serving("rebuilt")));
        assertEquals(MANY, Integer.parseInt(text("SELECT count(*) FROM documents.rebuilt")));
        assertEquals("1", text("SELECT count(*) FROM pg_indexes WHERE tablename = 'rebuilt-000002' AND indexdef LIKE '%name%'"), "what a team has made for its questions is there again");
        send("rebuilt", 10, 2, "after");
        await().atMost(SOON).untilAsserted(() -> assertEquals("10", text("SELECT count(*) FROM documents.rebuilt WHERE document->>'name' = 'after'")));

        assertEquals(202, stack.operate("POST", "/pipelines/rebuilt/generations/rebuilt-000001/service").path("status").asInt());
        await().atMost(SOON).untilAsserted(() -> assertEquals("rebuilt-000001", serving("rebuilt")));
        assertEquals("10", text("SELECT count(*) FROM documents.rebuilt WHERE document->>'name' = 'after'"), "the way back was written all the time");
        var comparison = stack.operate("GET", "/pipelines/rebuilt/generations/rebuilt-000002/comparison?sample=100").path("body");
        assertEquals(0, comparison.path("differing").asInt(-1), comparison.toString());
        assertEquals(204, stack.operate("DELETE", "/pipelines/rebuilt/generations/rebuilt-000002").path("status").asInt());
        assertEquals("rebuilt,rebuilt-000001", text("SELECT relname FROM pg_class WHERE relkind IN ('r', 'v') AND relname LIKE 'rebuilt%' ORDER BY 1"));
    }

    @Tag("long")
    @Test
    void aReaderInALongTransactionKeepsNobodyElseFromReadingAndTheTableFromBeingWrittenForHalfAMinute() throws Exception {
        send("watched", MANY, 1, "before");
        await().atMost(SOON).untilAsserted(() -> assertEquals(MANY, Integer.parseInt(text("SELECT count(*) FROM documents.watched"))));
        try (var report = connect(); var statement = report.createStatement()) {
            report.setAutoCommit(false);
            statement.execute("SELECT count(*) FROM documents.watched");
            try (var other = new OtherReader("SELECT count(*) FROM documents.watched")) {
                assertEquals(202, stack.operate("POST", "/pipelines/watched/generations").path("status").asInt());
                await().atMost(SOON).untilAsserted(() -> assertEquals("1", text("SELECT count(*) FROM documents.millrace_index, unnest(aliases) a WHERE name = 'watched-000002' AND a LIKE '%-next-%'")));
                stack.document("watched", "d0", 2, doc(0, "during")).get();
                await().atMost(SOON).untilAsserted(() -> assertEquals("during", nameOf("watched", "d0"), () -> stack.ready().toString()));
                await().atMost(SOON).untilAsserted(() -> {
                    var waits = stack.operate("GET", "/pipelines/watched/generations").path("body").toString();
                    assertTrue(waits.contains("SQLSTATE 55P03") && waits.contains("pg_stat_activity") && waits.contains("cutover watched"), waits);
                });
                assertEquals(List.of(), other.failures());
                assertTrue(other.longest().compareTo(Duration.ofSeconds(4)) < 0, () -> "another reader waited " + other.longest());
            }
        }
        assertEquals(202, stack.operate("POST", "/pipelines/watched/generations/watched-000002/service").path("status").asInt());
        await().atMost(SOON).untilAsserted(() -> assertEquals("watched-000002", serving("watched")));
        assertEquals("during", nameOf("watched", "d0"));
    }

    @Test
    void aTableThatLacksRowsDoesNotTakeOverByCommandUnlessThatIsSaid() throws Exception {
        send("verified", MANY, 1, "kept in Kafka");
        await().atMost(SOON).untilAsserted(() -> assertEquals(MANY, Integer.parseInt(text("SELECT count(*) FROM documents.verified"))));
        assertEquals(202, stack.operate("POST", "/pipelines/verified/generations?hold=true").path("status").asInt());
        await().atMost(SOON).ignoreExceptions().untilAsserted(() -> assertEquals(MANY, Integer.parseInt(text("SELECT count(*) FROM documents.\"verified-000002\""))));
        sql("DELETE FROM documents.\"verified-000002\" WHERE id IN ('d1', 'd2', 'd3')");
        await().atMost(SOON).untilAsserted(() -> {
            var refused = stack.operate("POST", "/pipelines/verified/generations/verified-000002/service");
            assertEquals(409, refused.path("status").asInt(), refused::toString);
            assertTrue(refused.toString().contains("3 of 400 documents that were compared are missing, older or changed in verified-000002") && refused.toString().contains("verified-000002 has 397 documents, and verified-000001 has 400 documents"), refused::toString);
        });
        assertEquals("verified-000001", serving("verified"));
        assertEquals(202, stack.operate("POST", "/pipelines/verified/generations/verified-000002/service?despite=true").path("status").asInt());
        await().atMost(SOON).untilAsserted(() -> assertEquals("verified-000002", serving("verified")));
    }

    /** A trigger of the table raises what the server or a pooler in front of it would, for one document alone. */
    @Test
    void whatIsTheServersFaultWaitsAndWhatIsADocumentsGoesToQuarantine() throws Exception {
        await().atMost(SOON).untilAsserted(() -> assertEquals("pooled-000001", text("SELECT name FROM documents.millrace_index WHERE view = 'pooled'")));
        sql("CREATE TABLE public.faults (state text); CREATE TABLE public.prepared (statements bigint)");
        sql("CREATE FUNCTION public.fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.prepared SELECT count(*) FROM pg_prepared_statements;"
                + " IF EXISTS (SELECT 1 FROM public.faults WHERE state = NEW.document->>'name') THEN RAISE EXCEPTION 'by the test' USING ERRCODE = NEW.document->>'name'; END IF; RETURN NEW; END $$");
        sql("CREATE TRIGGER fault BEFORE INSERT OR UPDATE ON documents.\"pooled-000001\" FOR EACH ROW EXECUTE FUNCTION public.fault()");
        long id = 0;
        for (var state : List.of("26000", "25006", "57P01", "57P03", "40001", "40P01", "08006", "53100", "53300", "55P03", "0A000", "3D000", "3F000", "F0000", "72000", "HV000")) {
            sql("INSERT INTO public.faults VALUES ('" + state + "')");
            var one = "fault " + id++;
            stack.document("pooled", one, 1, doc(id, state)).get();
            await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains("SQLSTATE " + state) || stack.quarantined("pooled").size() > 0, () -> stack.ready().toString()));
            assertEquals(0, stack.quarantined("pooled").size(), state);
            sql("DELETE FROM public.faults");
            await().atMost(SOON).untilAsserted(() -> assertEquals(state, nameOf("pooled", one)));
        }
        for (var state : List.of("54000", "P0001", "44000", "2F005")) {
            sql("INSERT INTO public.faults VALUES ('" + state + "')");
            stack.document("pooled", "own " + state, 1, doc(id, state)).get();
            await().atMost(SOON).untilAsserted(() -> assertTrue(stack.quarantined("pooled").stream().anyMatch(record -> Headers.text(record.headers(), Headers.DETAIL).contains(state)), () -> stack.ready().toString()));
        }
        assertEquals("0", text("SELECT max(statements) FROM public.prepared"), "a pooler gives each transaction another session, which knows no statement of the one before");
    }

    private static String seenBy(String role, String query) throws SQLException {
        try (var connection = connect(); var own = connection.createStatement()) {
            own.execute("SET ROLE " + role);
            try (var row = own.executeQuery(query)) {
                row.next();
                return row.getString(1);
            }
        }
    }

    @Test
    void whoMaySeeWhichRowsStaysAsItIsWhenAnotherTableTakesOver() throws Exception {
        stack.document("secured", "1", 1, doc(1, "mine")).get();
        stack.document("secured", "2", 1, doc(2, "somebody else's")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("2", text("SELECT count(*) FROM documents.secured")));
        sql("CREATE ROLE page");
        sql("ALTER VIEW documents.secured SET (security_invoker = true, security_barrier = true)");
        sql("ALTER TABLE documents.\"secured-000001\" ENABLE ROW LEVEL SECURITY, SET (fillfactor = 80)");
        sql("CREATE POLICY own_rows ON documents.\"secured-000001\" FOR SELECT TO page USING (document->>'name' = 'mine')");
        sql("GRANT USAGE ON SCHEMA documents TO page; GRANT SELECT ON documents.secured TO page; GRANT SELECT (id, version, document) ON documents.\"secured-000001\" TO page WITH GRANT OPTION");
        sql("CREATE TABLE public.audited (id text); GRANT ALL ON public.audited TO public; CREATE FUNCTION public.audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.audited VALUES (NEW.id); RETURN NULL; END $$");
        sql("CREATE TRIGGER \"on audit\" AFTER INSERT ON documents.\"secured-000001\" FOR EACH ROW EXECUTE FUNCTION public.audit()");
        sql("ALTER TABLE documents.\"secured-000001\" ENABLE ALWAYS TRIGGER \"on audit\"");
        var seen = "SELECT string_agg(id, ',' ORDER BY id) FROM documents.secured";
        assertEquals("1", seenBy("page", seen));
        assertEquals(202, stack.operate("POST", "/pipelines/secured/generations").path("status").asInt());
        await().atMost(SOON).untilAsserted(() -> assertEquals("secured-000002", serving("secured"), () -> stack.operate("GET", "/pipelines/secured/generations").toString()));
        assertEquals("1", seenBy("page", seen), "nobody sees more after another table took over");
        assertEquals("{security_invoker=true,security_barrier=true}", text("SELECT reloptions::text FROM pg_class WHERE relname = 'secured'"));
        assertEquals("{fillfactor=80}", text("SELECT reloptions::text FROM pg_class WHERE relname = 'secured-000002'"));
        assertEquals("on audit A", text("SELECT tgname || ' ' || tgenabled::text FROM pg_trigger WHERE tgrelid = 'documents.\"secured-000002\"'::regclass"));
        assertEquals("2", text("SELECT count(*) FROM public.audited"));
        assertEquals("t", text("SELECT has_column_privilege('page', 'documents.\"secured-000002\"', 'id', 'SELECT WITH GRANT OPTION')"));

        sql("CREATE POLICY later ON documents.\"secured-000002\" AS RESTRICTIVE FOR SELECT TO page USING (version > 0)");
        await("it has all").atMost(SOON).untilAsserted(() -> {
            var refused = stack.operate("POST", "/pipelines/secured/generations/secured-000001/service");
            assertTrue(refused.path("status").asInt() == 409 && refused.toString().contains("policy later"), refused::toString);
        });
        assertEquals("secured-000002", serving("secured"));

        sql("DROP TABLE documents.\"secured-000002\" CASCADE");
        await().atMost(SOON).ignoreExceptions().untilAsserted(() -> assertEquals("2", text("SELECT count(*) FROM documents.secured")));
        assertEquals("true {security_invoker=true,security_barrier=true}", text("SELECT has_table_privilege('page', oid, 'SELECT')::text || ' ' || reloptions::text FROM pg_class WHERE relname = 'secured'"), "the view is what it was");
        assertEquals("1", seenBy("page", seen));
    }

    @Test
    void aTableWithWhatCannotBeMadeAgainIsNotRebuiltAndThatIsNamed() throws Exception {
        await().atMost(SOON).untilAsserted(() -> assertEquals("ruled-000001", serving("ruled")));
        sql("CREATE RULE nothing_goes AS ON DELETE TO documents.\"ruled-000001\" DO INSTEAD NOTHING");
        sql("CREATE TABLE public.refers (id text COLLATE \"C\" REFERENCES documents.\"ruled-000001\")");
        var refused = stack.operate("POST", "/pipelines/ruled/generations");
        assertEquals(409, refused.path("status").asInt(), refused::toString);
        assertTrue(refused.toString().contains("rule nothing_goes") && refused.toString().contains("public.refers"), refused::toString);
        assertEquals("", text("SELECT name FROM documents.millrace_index WHERE name = 'ruled-000002'"));
        sql("DROP TABLE public.refers; DROP RULE nothing_goes ON documents.\"ruled-000001\"");
        assertEquals(202, stack.operate("POST", "/pipelines/ruled/generations").path("status").asInt());
    }

    @Test
    void aTableWhoseCountsDoNotAgreeIsToldAWayBackThatItHas() throws Exception {
        var join = new Numbering();
        for (int id = 0; id < 10; id++) {
            var record = new ProducerRecord<>(Topics.documents("miscounted"), 0, ("c" + id).getBytes(StandardCharsets.UTF_8), doc(id, "counted").getBytes(StandardCharsets.UTF_8));
            record.headers().add(Headers.VERSION, Headers.bytes(1L));
            var numbered = join.numbered(record);
            if (id != 4) {
                stack.raw(numbered).get();
            }
            join.settled();
        }
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains("./millrace verify miscounted --repair"), () -> stack.ready().toString()));
    }

    private static JsonNode first(String view) {
        return stack.operate("GET", "/pipelines/" + view + "/generations").path("body").path(0);
    }

    @Test
    void aLargeTableIsNeverReadAsAWholeToCountItOrToCompareIt() throws Exception {
        send("large", 10, 1, "small");
        await().atMost(SOON).untilAsserted(() -> assertEquals("10 false", first("large").path("documents").asText() + " " + first("large").path("estimated").asText()));
        sql("INSERT INTO documents.\"large-000001\" (id, version, document) SELECT 'l' || i, 1, jsonb_build_object('id', i, 'name', (SELECT string_agg(md5(i || ' ' || k), '') FROM generate_series(1, 30) k)) FROM generate_series(1, 90000) i");
        sql("ANALYZE documents.\"large-000001\"");
        assertEquals(202, stack.operate("POST", "/pipelines/large/generations?hold=true").path("status").asInt());
        await().atMost(SOON).ignoreExceptions().untilAsserted(() -> assertEquals("10", text("SELECT count(*) FROM documents.\"large-000002\"")));
        var scans = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'large-000001'";
        var before = new AtomicReference<>("");
        await("what was read before is counted").pollInterval(Duration.ofSeconds(2)).atMost(SOON).until(() -> before.getAndSet(text(scans)).equals(before.get()));
        var comparison = stack.operate("GET", "/pipelines/large/generations/large-000002/comparison?sample=500").path("body");
        assertTrue(comparison.path("lacking").asInt() > 300 && comparison.path("estimated").asBoolean() && comparison.path("losses").asText().contains("large-000001 has about "), comparison::toString);
        for (int i = 0; i < 5; i++) {
            var told = stack.operate("GET", "/pipelines/large/generations").path("body").path(1);
            assertTrue(told.path("estimated").asBoolean() && Math.abs(told.path("documents").asLong() - 90_010) < 5_000, told::toString);
        }
        await().atMost(SOON).during(Duration.ofSeconds(8)).untilAsserted(() -> assertEquals(before.get(), text(scans), "it is not read as a whole"));
    }

    @Test
    void aViewThatSomebodyTakesAwayComesBackAndOneThatSomebodyPointsElsewhereIsNamed() throws Exception {
        stack.document("repointed", "1", 1, doc(1, "stays")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("stays", nameOf("repointed", "1")));
        sql("DROP VIEW documents.repointed");
        await().atMost(SOON).ignoreExceptions().untilAsserted(() -> assertEquals("stays", nameOf("repointed", "1")));
        sql("CREATE TABLE public.other (id text, version bigint, document jsonb)");
        sql("CREATE OR REPLACE VIEW documents.repointed AS SELECT id COLLATE \"C\" AS id, version, document FROM public.other");
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains("The view repointed shows public.other") && stack.ready().path("status").asText().equals("DOWN"), () -> stack.ready().toString()));
        assertEquals(409, stack.operate("POST", "/pipelines/repointed/generations").path("status").asInt());
        sql("CREATE OR REPLACE VIEW documents.repointed AS SELECT id, version, document FROM documents.\"repointed-000001\" WHERE document IS NOT NULL");
        await().atMost(SOON).untilAsserted(() -> assertFalse(stack.ready().toString().contains("repointed"), () -> stack.ready().toString()));
    }

    /** Asks again and again, as a page does. */
    private static final class OtherReader implements AutoCloseable {

        private final List<String> failures = new CopyOnWriteArrayList<>();
        private final Thread thread;
        private volatile Duration longest = Duration.ZERO;
        private volatile boolean stopping;

        OtherReader(String query) {
            thread = Thread.ofVirtual().start(() -> {
                try (var connection = connect(); var statement = connection.prepareStatement(query)) {
                    while (!stopping) {
                        long begun = System.nanoTime();
                        statement.execute();
                        var took = Duration.ofNanos(System.nanoTime() - begun);
                        longest = took.compareTo(longest) > 0 ? took : longest;
                        Thread.sleep(20);
                    }
                } catch (SQLException | InterruptedException e) {
                    failures.add(e.toString());
                }
            });
        }

        List<String> failures() {
            return failures;
        }

        Duration longest() {
            return longest;
        }

        @Override
        public void close() throws InterruptedException {
            stopping = true;
            thread.join();
        }
    }

    /** Which table the view is over. */
    private static String serving(String view) throws SQLException {
        return text("SELECT DISTINCT t.relname FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class JOIN pg_class t ON t.oid = d.refobjid WHERE v.relname = '" + view + "' AND t.relkind = 'r'");
    }

    @Test
    void whileTheDatabaseIsAwayNothingIsCommittedAndAfterwardsNothingIsMissing() throws Exception {
        stack.document("outages", "0", 1, doc(0, "before")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(1, stack.committed("outages")));
        stack.servers.postgres().kill();
        send("outages", MANY, 1, "during");
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains("check millrace.indexer.table-url"), () -> stack.ready().toString()));
        assertEquals(1, stack.committed("outages"), "no offset is committed before the documents are");
        stack.indexer().kill();
        stack.indexer().launch();
        stack.servers.postgres().start();
        stack.indexer().awaitReady();
        await().atMost(SOON).untilAsserted(() -> assertEquals(MANY + 1, Integer.parseInt(text("SELECT count(*) FROM documents.outages"))));
        await().atMost(SOON).untilAsserted(() -> assertEquals(MANY + 1, stack.committed("outages")));
        await().atMost(SOON).untilAsserted(() -> assertFalse(waiting().toString().contains("outages"), () -> stack.ready().toString()));
    }

    @Test
    void aReplayShowsNothingThatTheTableHadLeftBehind() throws Exception {
        stack.document("again", 0, "gone", 1, doc(1, "changed by the transaction that deletes it")).get();
        for (int i = 0; i < MANY; i++) {
            stack.document("again", 0, "d" + i, 1, doc(i, "between the two"));
        }
        stack.document("again", 0, "gone", 1, null).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(MANY + 2, stack.committed("again")));
        assertEquals(Integer.toString(MANY), text("SELECT count(*) FROM documents.again"));
        sql("CREATE TABLE documents.came_back (id text)");
        sql("CREATE FUNCTION documents.note_what_came_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO documents.came_back VALUES (NEW.id); RETURN NULL; END $$");
        sql("CREATE TRIGGER note AFTER INSERT OR UPDATE ON documents.\"again-000001\" FOR EACH ROW WHEN (NEW.id = 'gone' AND NEW.document IS NOT NULL) EXECUTE FUNCTION documents.note_what_came_back()");
        stack.indexer().stop();
        stack.setBack("again");
        try {
            start(Map.of("millrace.indexer.bulk-documents", "20"));
            await().atMost(SOON).untilAsserted(() -> assertEquals(MANY + 2, stack.committed("again")));
            assertEquals("", text("SELECT id FROM documents.came_back"));
            assertEquals(Integer.toString(MANY), text("SELECT count(*) FROM documents.again"));
            assertEquals(MANY + 2, metric("millrace_records_total{outcome=\"written\",pipeline=\"again\"") + metric("millrace_records_total{outcome=\"superseded\",pipeline=\"again\"") + metric("millrace_records_total{outcome=\"deleted\",pipeline=\"again\""), "all was written again");
        } finally {
            stack.indexer().stop();
            start(Map.of());
        }
    }

    @Test
    void aTableThatWasDroppedIsFilledAgainFromTheFirstRecord() throws Exception {
        send("dropped", 50, 1, "kept in Kafka");
        await().atMost(SOON).untilAsserted(() -> assertEquals(50, stack.committed("dropped")));
        var uuid = text("SELECT uuid FROM documents.millrace_index WHERE view = 'dropped'");
        var marks = "SELECT count(*) > 0 FROM documents.millrace_mark WHERE mark->>'index' = '" + uuid + "'";
        await().atMost(SOON).untilAsserted(() -> assertEquals("t", text(marks)));
        sql("DROP TABLE documents.\"dropped-000001\" CASCADE");
        await().atMost(SOON).ignoreExceptions().untilAsserted(() -> assertEquals("50", text("SELECT count(*) FROM documents.dropped")));
        assertEquals("f", text(marks), "what says how far the former table was went with it");
    }

    @Test
    void aTableThatIsDroppedTheMomentThatItTookOverIsMadeAnew() throws Exception {
        send("fleeting", 20, 1, "kept in Kafka");
        await().atMost(SOON).ignoreExceptions().untilAsserted(() -> assertEquals("20", text("SELECT count(*) FROM documents.fleeting")));
        for (int time = 0; time < 5; time++) {
            var before = serving("fleeting");
            var built = stack.operate("POST", "/pipelines/fleeting/generations").path("body").path("index").asText();
            await().pollInterval(Duration.ofMillis(2)).atMost(SOON).until(() -> serving("fleeting").equals(built));
            sql("DROP TABLE documents.\"" + built + "\" CASCADE");
            await().atMost(SOON).ignoreExceptions().untilAsserted(() -> assertEquals("20", text("SELECT count(*) FROM documents.fleeting"), () -> stack.ready().toString()));
            await().atMost(SOON).until(() -> Set.of(204, 404).contains(stack.operate("DELETE", "/pipelines/fleeting/generations/" + before).path("status").asInt()));
        }
    }

    @Tag("long")
    @Test
    void whatIsNoKeyOfTheTopicIsTakenOutWhereNoMarkTellsWhatTheTableHasOnceACrashCannotEmptyIt() throws Exception {
        send("reconciled", 20, 1, "kept in Kafka");
        await().atMost(SOON).untilAsserted(() -> assertEquals(20, stack.committed("reconciled")));
        stack.indexer().stop();
        sql("DELETE FROM documents.millrace_mark WHERE id LIKE '%/documents.reconciled-%'");
        sql("INSERT INTO documents.\"reconciled-000001\" (id, version, document) VALUES ('orphan', 1, '{}')");
        sql("ALTER TABLE documents.\"reconciled-000001\" SET UNLOGGED");
        stack.indexer().start();
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains("ALTER TABLE documents.\\\"reconciled-000001\\\" SET LOGGED"), () -> stack.ready().toString()));
        sql("ALTER TABLE documents.\"reconciled-000001\" SET LOGGED");
        await().atMost(SOON).untilAsserted(() -> assertEquals("", text("SELECT id FROM documents.reconciled WHERE id = 'orphan'")));
        assertEquals("20", text("SELECT count(*) FROM documents.reconciled"));
    }

    @Tag("long")
    @Test
    void versionsOfDocumentsThatWereDeletedLongAgoAreForgottenHoweverManyTheyAre() throws Exception {
        stack.document("forgotten", "1", 1, doc(1, "stays")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("stays", nameOf("forgotten", "1")));
        sql("INSERT INTO documents.\"forgotten-000001\" (id, version, deleted) SELECT 'gone ' || i, 1, now() - make_interval(mins => CASE WHEN i = 1 THEN 1 ELSE 120 END) FROM generate_series(1, 20001) i");
        await().atMost(Duration.ofSeconds(110)).untilAsserted(() -> assertEquals("1,gone 1", text("SELECT id FROM documents.\"forgotten-000001\" ORDER BY id")));
    }

    @Test
    void aTableOfTheViewsNameIsLeftAloneAndNamed() throws Exception {
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains("has something else named taken, where the pipeline needs a view of that name"), () -> stack.ready().toString()));
        assertEquals("r", text("SELECT relkind FROM pg_class WHERE relname = 'taken'"));
    }
}
