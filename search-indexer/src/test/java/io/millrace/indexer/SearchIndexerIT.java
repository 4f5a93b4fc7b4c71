package io.millrace.indexer;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.local.Ports;
import io.millrace.pipeline.ledger.Numbering;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SearchIndexerIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String ID = "{\"name\":\"id\",\"type\":\"long\",\"pg.type\":\"int8\"}";
    private static final String NAME = ",{\"name\":\"name\",\"type\":[\"null\",\"string\"],\"default\":null,\"pg.type\":\"text\"}";
    private static final String COLOUR = ",{\"name\":\"colour\",\"type\":[\"null\",\"string\"],\"default\":null,\"pg.type\":\"varchar\"}";

    @TempDir
    static Path folder;
    private static Stack stack;

    @BeforeAll
    static void startAll() throws Exception {
        stack = new Stack(folder);
        stack.pipeline("versions", "id, name", ID + NAME, "");
        stack.pipeline("refusals", "id, name", ID + NAME, "");
        stack.pipeline("growth", "id, name, colour", ID + NAME, "");
        stack.pipeline("widened", "id, name", ID + NAME, "");
        stack.pipeline("outages", "id, name", ID + NAME, "");
        stack.pipeline("rebuilt", "id, name", ID + NAME, "");
        stack.pipeline("deleting", "id, name", ID + NAME, "");
        stack.pipeline("blocked", "id, name", ID + NAME, "");
        stack.pipeline("shared", "id, name", ID + NAME, "");
        stack.pipeline("breaking", "id, name", ID + NAME, "");
        stack.pipeline("giving", "id, name", ID + NAME, "");
        stack.pipeline("counted", "id, name", ID + NAME, "");
        stack.pipeline("miscounted", "id, name", ID + NAME, "");
        stack.pipeline("claimed", "id, name", ID + NAME, "");
        stack.pipeline("parked", "id, name", ID + NAME, "");
        stack.pipeline("anew", "id, name", ID + NAME, "");
        stack.pipeline("again", "id, name", ID + NAME, "");
        stack.pipeline("staged", "id, name", ID + NAME, "");
        stack.joinTopics("staged");
        stack.pipeline("lacking", "id, name", ID + NAME, "");
        stack.joinTopics("lacking");
        stack.pipeline("returned", "id, name", ID + NAME, "");
        stack.joinTopics("returned");
        stack.pipeline("nameless", "id, name", ID + NAME, "");
        stack.call("PUT", "/nameless-000001", """
                {"mappings": {"dynamic": "strict", "properties": {"id": {"type": "long"}, "name": {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 1024}}}}},
                 "aliases": {"nameless": {}, "nameless-000001-writer": {}}}""");
        stack.pipeline("carried", "id, name", ID + NAME, "");
        stack.call("PUT", "/carried-000001", """
                {"mappings": {"_meta": {"pipeline": "carried", "replaces": []}, "dynamic": "strict", "properties": {"id": {"type": "long"}, "name": {"type": "text"}}},
                 "aliases": {"carried": {}, "carried-000001-writer": {}}}""");
        stack.pipeline("struck", "id, name", ID + NAME, "");
        stack.call("PUT", "/struck-000001-writer", "{}");
        stack.pipeline("kinds", "id, amount, ratio, ok, label, code, born, seen, doc, blob, days, marks", ID + NAME + """
                ,{"name":"amount","type":["null","string"],"pg.type":"numeric"},{"name":"ratio","type":["null","double"],"pg.type":"float8"}
                ,{"name":"ok","type":["null","boolean"],"pg.type":"bool"},{"name":"label","type":["null","string"],"pg.type":"text"}
                ,{"name":"code","type":["null","string"],"pg.type":"uuid"},{"name":"born","type":["null",{"type":"int","logicalType":"date"}],"pg.type":"date"}
                ,{"name":"seen","type":["null",{"type":"long","logicalType":"timestamp-micros"}],"pg.type":"timestamptz"}
                ,{"name":"doc","type":["null","string"],"pg.type":"jsonb"},{"name":"blob","type":["null","bytes"],"pg.type":"bytea"}
                ,{"name":"days","type":["null",{"type":"array","items":["null","int"]}],"pg.type":"_int4"}
                ,{"name":"marks","type":["null",{"type":"array","items":["null","string"]}],"pg.type":"_text"}
                """, "mappings: {code: {type: keyword, doc_values: false}}");
        stack.startIndexer();
        await().atMost(SOON).until(() -> stack.ready().path("status").asText().equals("UP"));
    }

    @AfterAll
    static void stopAll() {
        if (stack != null) {
            stack.close();
        }
    }

    private static String doc(long id, String name) {
        return "{\"id\":" + id + ",\"name\":\"" + name + "\"}";
    }

    private static String nameOf(String index, String id) {
        return stack.indexed(index, id).path("_source").path("name").asText(null);
    }

    private static double metric(String start) throws Exception {
        return stack.metrics().lines().filter(line -> line.startsWith(start)).mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1))).sum();
    }

    @Test
    void anOlderVersionChangesNothingAnEqualOneWritesAgainAndADeleteStays() throws Exception {
        stack.document("versions", "1", 20, doc(1, "newer")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("newer", nameOf("versions", "1")));
        stack.document("versions", "1", 10, doc(1, "older")).get();
        stack.document("versions", "2", 5, doc(2, "mark")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("mark", nameOf("versions", "2")));
        await().atMost(SOON).untilAsserted(() -> assertEquals(metricRecords("superseded"), 1.0));
        assertEquals("newer", nameOf("versions", "1"));

        stack.document("versions", "1", 20, doc(1, "same version, later")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("same version, later", nameOf("versions", "1")));

        stack.document("versions", "1", 30, null).get();
        await().atMost(SOON).untilAsserted(() -> assertFalse(stack.indexed("versions", "1").path("found").asBoolean()));
        stack.document("versions", "1", 25, doc(1, "replayed")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(metricRecords("superseded"), 2.0));
        assertFalse(stack.indexed("versions", "1").path("found").asBoolean(), "a replayed older version must not bring a deleted document back");

        stack.document("versions", "never there", 30, null).get();
        stack.document("versions", "a \"quoted\" \\ id / \u00fc", 40, doc(4, "odd id")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(2, stack.count("versions")));
        await("all that were sent are counted").atMost(SOON).untilAsserted(() -> assertEquals(8, metric("millrace_commit_to_stage_seconds_count{pipeline=\"versions\",stage=\"index\"")));
        await("a search has found what was written last").atMost(SOON).untilAsserted(() -> assertTrue(metric("millrace_commit_to_stage_seconds_count{pipeline=\"versions\",stage=\"search\"") >= 1));
        double changes = metric("millrace_commit_to_stage_seconds_count{pipeline=\"versions\",stage=\"index\"");
        stack.loaded("versions", "5", 50, doc(5, "read as it stood")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("read as it stood", nameOf("versions", "5")));
        stack.document("versions", "5", 60, doc(5, "changed")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("changed", nameOf("versions", "5")));
        await("a load tells how long it took, and not how long a change takes").atMost(SOON)
                .untilAsserted(() -> assertEquals(changes + 1, metric("millrace_commit_to_stage_seconds_count{pipeline=\"versions\",stage=\"index\"")));
    }

    private static double metricRecords(String outcome) throws Exception {
        return metric("millrace_records_total{outcome=\"" + outcome + "\",pipeline=\"versions\"");
    }

    @Test
    void whatCannotBeIndexedGoesToQuarantineWithItsReasonAndItsNeighboursAreIndexed() throws Exception {
        var sent = new ArrayList<Future<RecordMetadata>>();
        for (int i = 0; i < 300; i++) {
            sent.add(stack.document("refusals", "n" + i, 1, doc(i, "fine")));
            if (i == 100) {
                sent.add(stack.document("refusals", "bad type", 1, "{\"id\":\"no number\",\"name\":\"x\"}"));
                sent.add(stack.document("refusals", "bad json", 1, "{\"id\":1,\"name\":}"));
                sent.add(stack.document("refusals", "two lines", 1, "{\"id\":1,\n\"name\":\"x\"}"));
                sent.add(stack.document("refusals", "unknown field", 1, "{\"id\":1,\"surprise\":\"x\"}"));
                sent.add(stack.raw(new ProducerRecord<>(Topics.documents("refusals"), 0, "no version".getBytes(StandardCharsets.UTF_8), doc(1, "x").getBytes(StandardCharsets.UTF_8))));
            }
        }
        for (var one : sent) {
            one.get();
        }
        await().atMost(SOON).untilAsserted(() -> assertEquals(300, stack.count("refusals")));
        await().atMost(SOON).untilAsserted(() -> assertEquals(305, stack.committed("refusals")));
        var parked = stack.quarantined("refusals");
        assertEquals(5, parked.size());
        for (var record : parked) {
            var id = new String(record.key(), StandardCharsets.UTF_8);
            assertEquals(switch (id) {
                case "two lines" -> "not-a-document";
                case "no version" -> "no-version";
                default -> "refused";
            }, Headers.text(record.headers(), Headers.REASON), id);
            if (id.equals("unknown field")) {
                assertTrue(Headers.text(record.headers(), Headers.DETAIL).contains("surprise"), Headers.text(record.headers(), Headers.DETAIL));
                assertEquals(1, Headers.number(record.headers(), Headers.VERSION, -1));
            }
        }
        assertEquals(5.0, metric("millrace_records_total{outcome=\"parked\",pipeline=\"refusals\""));
    }

    @Test
    void aColumnThatTheRegistryKnowsByNowMakesTheMappingGrow() throws Exception {
        stack.document("growth", "1", 1, doc(1, "before")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("before", nameOf("growth", "1")));
        assertTrue(stack.get("/growth/_mapping").path("growth-000001").path("mappings").path("properties").path("colour").isMissingNode());
        stack.schema("growth", ID + NAME + COLOUR);
        stack.document("growth", "2", 2, "{\"colour\":\"red\",\"id\":2,\"name\":\"after\"}").get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("after", nameOf("growth", "2")));
        assertEquals("text", stack.get("/growth/_mapping").path("growth-000001").path("mappings").path("properties").path("colour").path("type").asText());
        assertEquals(0, stack.quarantined("growth").size());
    }

    /** As the join writes it that has the file with the field already. */
    private static void ofFileWithColour(int id, long version, String json) throws Exception {
        var record = new ProducerRecord<>(Topics.documents("widened"), 0, Integer.toString(id).getBytes(StandardCharsets.UTF_8), json.getBytes(StandardCharsets.UTF_8));
        record.headers().add(Headers.VERSION, Headers.bytes(version)).add(Headers.SHAPE, Headers.bytes("0123456789abcdef"));
        stack.raw(record).get();
    }

    @Test
    void aFieldThatTheJoinHasBeforeTheIndexerWaitsForItsFileAndNothingIsSetAside() throws Exception {
        stack.document("widened", 0, "1", 5, doc(1, "before")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("before", nameOf("widened", "1")));
        var index = stack.get("/widened").path("widened-000001").path("settings").path("index").path("uuid").asText();
        ofFileWithColour(1, 5, "{\"colour\":\"red\",\"id\":1,\"name\":\"before\"}");
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains("by another file of the pipeline widened than this indexer has"), () -> stack.ready().toString()));
        stack.document("widened", 0, "2", 6, doc(2, "behind it")).get();
        ofFileWithColour(3, 7, "{\"colour\":\"green\",\"id\":3,\"name\":\"meanwhile\"}");
        stack.document("widened", 0, "3", 8, doc(3, "without it again")).get();
        assertEquals("before", nameOf("widened", "1"), "a reader sees no break");
        stack.schema("widened", ID + NAME + COLOUR);
        stack.rewrite("widened", "id, name, colour");
        stack.restartIndexer();
        await().atMost(SOON).untilAsserted(() -> assertEquals("red", stack.indexed("widened", "1").path("_source").path("colour").asText(), () -> stack.ready().toString()));
        await().atMost(SOON).untilAsserted(() -> assertEquals("behind it", nameOf("widened", "2")));
        await().atMost(SOON).untilAsserted(() -> assertEquals("without it again", nameOf("widened", "3")));
        assertEquals(index, stack.get("/widened").path("widened-000001").path("settings").path("index").path("uuid").asText(), "the mapping grows in place");
        assertEquals("text", stack.get("/widened/_mapping").path("widened-000001").path("mappings").path("properties").path("colour").path("type").asText());
        assertEquals(0, stack.quarantined("widened").size());
        stack.rewrite("widened", "id, name");
    }

    @Test
    void everyKindOfColumnIsMappedAndItsOddValuesAreTaken() throws Exception {
        stack.document("kinds", "1", 1, """
                {"amount":12345678901234567890.123,"blob":"AAEC","born":"2024-02-29","code":"6a1c","days":[1,null,3],"doc":{"any":{"thing":[1,"x"]}},"id":1,\
                "label":"some text","marks":["a",null],"ok":true,"ratio":1e+20,"seen":"2024-02-29T12:00:00.123456Z"}""").get();
        stack.document("kinds", "2", 1, """
                {"amount":"NaN","blob":null,"born":"infinity","code":null,"days":[],"doc":[1,2],"id":9223372036854775807,\
                "label":null,"marks":null,"ok":null,"ratio":"-Infinity","seen":"-infinity"}""").get();
        stack.document("kinds", "3", 1, """
                {"amount":1e400,"blob":null,"born":null,"code":null,"days":[],"doc":"scalar","id":3,"label":null,"marks":null,"ok":null,"ratio":null,"seen":null}""").get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(3, stack.count("kinds"), () -> stack.quarantined("kinds").stream().map(r -> Headers.text(r.headers(), Headers.DETAIL)).toList().toString()));
        var mappings = stack.get("/kinds/_mapping").path("kinds-000001").path("mappings");
        assertEquals("strict", mappings.path("dynamic").asText());
        var properties = mappings.path("properties");
        assertEquals("""
                {"amount":"double","blob":"binary","born":"date","code":"keyword","days":"long","doc":"object","id":"long","label":"text","marks":"text","ok":"boolean","ratio":"double","seen":"date"}""",
                types(properties));
        assertFalse(properties.path("code").path("doc_values").asBoolean(true), "the file's own mapping replaces the derived one");
        assertEquals("100ms", stack.get("/kinds/_settings").path("kinds-000001").path("settings").path("index").path("refresh_interval").asText());
        assertEquals("infinity", stack.indexed("kinds", "2").path("_source").path("born").asText());
    }

    private static String types(com.fasterxml.jackson.databind.JsonNode properties) {
        var types = new java.util.TreeMap<String, String>();
        properties.fieldNames().forEachRemaining(name -> types.put(name, "\"" + name + "\":\"" + properties.path(name).path("type").asText("object") + "\""));
        return "{" + String.join(",", types.values()) + "}";
    }

    @Test
    void whileTheSearchEngineIsAwayNothingIsCommittedAndAfterwardsNothingIsMissing() throws Exception {
        stack.document("outages", "0", 1, doc(0, "before")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(1, stack.committed("outages")));
        stack.servers.search().kill();
        for (int i = 1; i <= 200; i++) {
            stack.document("outages", "d" + i, 1, doc(i, "during")).get();
        }
        await().atMost(SOON).untilAsserted(() -> {
            var ready = stack.ready();
            assertEquals("DOWN", ready.path("status").asText());
            assertTrue(ready.toString().contains("outages["), ready.toString());
        });
        assertEquals(1, stack.committed("outages"), "no offset is committed before the bulk answered");
        stack.indexer().kill();
        stack.indexer().launch();
        stack.servers.search().start();
        stack.indexer().awaitReady();
        await().atMost(Duration.ofSeconds(90)).untilAsserted(() -> assertEquals(201, stack.count("outages")));
        await().atMost(SOON).untilAsserted(() -> assertEquals(201, stack.committed("outages")));
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
    }

    @Test
    void anIndexThatWasDeletedIsFilledAgainFromTheFirstRecord() throws Exception {
        for (int i = 0; i < 50; i++) {
            stack.document("rebuilt", "r" + i, 1, doc(i, "kept in Kafka")).get();
        }
        await().atMost(SOON).untilAsserted(() -> assertEquals(50, stack.committed("rebuilt")));
        stack.call("DELETE", "/rebuilt-000001", null);
        stack.document("rebuilt", "r7", 2, null).get();
        stack.document("rebuilt", "one more", 1, doc(50, "finds no index")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(50, stack.count("rebuilt")));
        assertFalse(stack.indexed("rebuilt", "r7").path("found").asBoolean(), "a delete that finds no index is no delete that was done");
        assertTrue(stack.get("/_alias/rebuilt").has("rebuilt-000001"));
    }

    private static void takeAway(String index, String alias) {
        stack.call("POST", "/_aliases", "{\"actions\":[{\"remove\":{\"index\":\"" + index + "\",\"alias\":\"" + alias + "\"}}]}");
    }

    private static String indexes(String pattern) {
        var names = new TreeSet<String>();
        stack.get("/" + pattern).fieldNames().forEachRemaining(names::add);
        return String.join(",", names);
    }

    @Test
    void aDeleteThatFindsNoIndexIsNoDeleteThatWasDone() throws Exception {
        stack.document("deleting", "1", 1, doc(1, "goes")).get();
        stack.document("deleting", "2", 1, doc(2, "stays")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(2, stack.count("deleting")));
        takeAway("deleting-000001", "deleting-000001-*riter");
        stack.document("deleting", "1", 2, null).get();
        await().atMost(SOON).untilAsserted(() -> assertFalse(stack.indexed("deleting", "1").path("found").asBoolean(), () -> indexes("deleting-*")));
        assertEquals("deleting-000001", indexes("deleting-*"), "no write makes an index");
        assertEquals("stays", nameOf("deleting", "2"));
    }

    @Test
    void anIndexThatAnEarlierVersionWroteByAnotherAliasIsWrittenOnAlsoThroughACutover() throws Exception {
        stack.document("carried", "1", 1, doc(1, "goes")).get();
        stack.document("carried", "2", 1, doc(2, "stays")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(2, stack.count("carried-000001")));
        takeAway("carried-000001", "carried-000001-*riter");
        stack.document("carried", "1", 2, null).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(1, stack.count("carried-000001"), () -> indexes("carried-*")));

        stack.generation("pipelines", "carried-2", "replaces: [carried]", "carried", "id, {title: name}");
        joinSays("carried-2", 0, "idle");
        joinSays("carried-2", 1, "idle");
        stack.document("carried-2", "2", 1, "{\"id\":2,\"title\":\"stays\"}").get();
        stack.restartIndexer();
        await().atMost(SOON).untilAsserted(() -> assertEquals("carried-000002", behindAlias("carried")));
        takeAway("carried-000002", "carried-000002-*riter");
        stack.document("carried-2", "2", 2, null).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(0, stack.count("carried"), () -> indexes("carried-*")));
        assertEquals(1, stack.count("carried-000001"), "each is written by its own documents");
        assertEquals("carried-000001,carried-000002", indexes("carried-*"), "no write makes an index");
    }

    @Test
    void anIndexThatADeleteMadeUnderAnEarlierVersionIsInNobodysWay() throws Exception {
        stack.document("struck", "1", 1, doc(1, "has its own index")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("has its own index", nameOf("struck-000001", "1"), () -> stack.ready().toString()));
    }

    private static void joinSays(String pipeline, int partition, String state) throws Exception {
        stack.raw(new ProducerRecord<>(Topics.joinState(Topics.joinGroup(pipeline)), 0, Integer.toString(partition).getBytes(StandardCharsets.UTF_8), state.getBytes(StandardCharsets.UTF_8))).get();
    }

    private static String behindAlias(String alias) {
        return String.join(",", (Iterable<String>) () -> stack.get("/_alias/" + alias).fieldNames());
    }

    @Test
    void aLaterGenerationTakesTheAliasOverWhenItHasCaughtUpAndGivesItBackWhenItIsTakenAway() throws Exception {
        for (int i = 0; i < 100; i++) {
            stack.document("staged", "g" + i, 1, doc(i, "first")).get();
        }
        await().atMost(SOON).untilAsserted(() -> assertEquals(100, stack.count("staged")));

        stack.generation("pipelines", "staged-2", "replaces: [staged]", "staged", "id, {title: name}");
        joinSays("staged-2", 0, "building");
        joinSays("staged-2", 1, "spreading");
        for (int i = 0; i < 100; i++) {
            stack.document("staged-2", "g" + i, 1, "{\"id\":" + i + ",\"title\":\"second\"}").get();
        }
        stack.restartIndexer();
        await().atMost(SOON).untilAsserted(() -> assertEquals(100, stack.committed("staged-2")));
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains("its index staged-000002 is not served yet: the join is still building in partition 0"), () -> stack.ready().toString()));
        await("an index that is built beside the one that is served is no trouble").atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
        assertEquals("staged-000001", behindAlias("staged"));
        assertEquals("first", nameOf("staged", "g1"));

        var counts = new ConcurrentSkipListSet<Long>();
        try (var reader = Executors.newSingleThreadScheduledExecutor()) {
            reader.scheduleWithFixedDelay(() -> counts.add(stack.get("/staged/_count").path("count").asLong(-1)), 0, 5, TimeUnit.MILLISECONDS);
            await().atMost(SOON).until(() -> !counts.isEmpty());
            joinSays("staged-2", 0, "idle");
            await().atMost(SOON).untilAsserted(() -> assertEquals("staged-000002", behindAlias("staged")));
        }
        assertEquals(Set.of(100L), counts, "a reader always sees one whole index");
        assertEquals("second", stack.indexed("staged", "g1").path("_source").path("title").asText());
        await().atMost(SOON).untilAsserted(() -> assertFalse(stack.ready().toString().contains("staged-000002"), () -> stack.ready().toString()));

        stack.document("staged", "g100", 2, doc(100, "both go on")).get();
        stack.document("staged-2", "g100", 2, "{\"id\":100,\"title\":\"both go on\"}").get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(101, stack.count("staged-000001")));
        await().atMost(SOON).untilAsserted(() -> assertEquals(101, stack.count("staged-000002")));

        stack.forget("staged-2");
        joinSays("staged", 0, "idle");
        joinSays("staged", 1, "idle");
        stack.restartIndexer();
        await().atMost(SOON).untilAsserted(() -> assertEquals("staged-000001", behindAlias("staged")));
        assertEquals("both go on", nameOf("staged", "g100"));
        assertTrue(stack.operate("GET", "/pipelines/staged/generations").path("body").path(0).path("waits").asText().startsWith("nobody here writes it: its pipeline staged-2 is not among the files"));

        var uuid = stack.get("/staged-000002/_settings?flat_settings=true").path("staged-000002").path("settings").path("index.uuid").asText();
        assertTrue(stack.marks("staged-2", uuid) > 0, "as it was given up it left its marks");
        assertEquals(204, stack.operate("DELETE", "/pipelines/staged/generations/staged-000002").path("status").asInt());
        assertEquals(0, stack.marks("staged-2", uuid), "nobody reads them any more");
    }

    @Test
    void aLaterGenerationThatLacksDocumentsDoesNotTakeTheAliasUnlessSomebodyAsksForThat() throws Exception {
        for (int i = 0; i < 10; i++) {
            stack.document("lacking", "l" + i, 1, doc(i, "first")).get();
        }
        await().atMost(SOON).untilAsserted(() -> assertEquals(10, stack.count("lacking")));
        stack.generation("pipelines", "lacking-2", "replaces: [lacking]", "lacking", "id, {title: name}");
        joinSays("lacking-2", 0, "idle");
        joinSays("lacking-2", 1, "idle");
        for (int i = 0; i < 10; i++) {
            stack.document("lacking-2", "l" + i, 1, i < 3 ? "no document" : "{\"id\":" + i + ",\"title\":\"second\"}").get();
        }
        stack.restartIndexer();
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains("3 of 10 documents that were compared are missing, older or changed in lacking-000002"), () -> stack.ready().toString()));
        assertEquals("lacking-000001", behindAlias("lacking"));
        var refused = stack.operate("POST", "/pipelines/lacking-2/generations/lacking-000002/service");
        assertTrue(refused.path("status").asInt() == 409 && refused.toString().contains("3 of them stand in quarantine because it refused them"), refused::toString);
        assertEquals(202, stack.operate("POST", "/pipelines/lacking-2/generations/lacking-000002/service?despite=true").path("status").asInt());
        await().atMost(SOON).untilAsserted(() -> assertEquals("lacking-000002", behindAlias("lacking"), () -> stack.ready().toString()));
        stack.forget("lacking-2");
        joinSays("lacking", 0, "idle");
        joinSays("lacking", 1, "idle");
        stack.restartIndexer();
        await("nobody writes what is served, so it is no measure").atMost(SOON).untilAsserted(() -> assertEquals("lacking-000001", behindAlias("lacking"), () -> stack.ready().toString()));
    }

    @Test
    void anIndexFromBeforeIndexesBoreNamesIsTakenOnAndNamed() throws Exception {
        stack.document("nameless", "1", 1, doc(1, "goes on")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("goes on", nameOf("nameless-000001", "1")));
        assertEquals("nameless", stack.get("/nameless-000001/_mapping").at("/nameless-000001/mappings/_meta/pipeline").asText());
        assertEquals("nameless-000001", behindAlias("nameless"));
    }

    @Test
    void anotherPipelineNeitherWritesIntoAnIndexNorTakesItsAlias() throws Exception {
        stack.document("claimed", "1", 1, doc(1, "ours")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("ours", nameOf("claimed", "1")));
        stack.generation("others", "stranger", "", "claimed", "id, name");
        stack.document("stranger", "1", 9, doc(1, "theirs")).get();
        int port = Ports.free(1).getFirst();
        var other = stack.process("stranger", port, Map.of("millrace.indexer.pipelines", folder.resolve("others").toString(), "millrace.indexer.group", "others"));
        other.start();
        try {
            await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready(port).toString().contains(
                    "The alias claimed stands for the index claimed-000001 of the pipeline claimed, which stranger does not replace; give one of them another index.name"), () -> stack.ready(port).toString()));
            assertEquals("claimed-000001", behindAlias("claimed*"));
            assertEquals("ours", nameOf("claimed", "1"));
        } finally {
            other.stop();
        }
    }

    @Test
    void whenMostDocumentsAreRefusedThePipelineStopsAndItsReasonShowsUntilTheyAreAccepted() throws Exception {
        for (int i = 0; i < 400; i++) {
            stack.document("breaking", 0, "b" + i, 1, "{\"id\":" + i + ",\"name\":\"x\",\"novel\":1}").get();
        }
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains("most of the recent documents of the pipeline breaking"), () -> stack.ready().toString()));
        assertTrue(stack.quarantined("breaking").size() < 100, "the breaker opens before a hundred documents are buried");
        stack.call("PUT", "/breaking-000001/_mapping", "{\"properties\":{\"novel\":{\"type\":\"long\"}}}");
        await("none is in both, or in neither").atMost(SOON).untilAsserted(() -> assertEquals(400, stack.count("breaking") + stack.quarantined("breaking").size()));
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
    }

    @Test
    void whatTheBreakerHoldsGivesWayToLaterDocumentsOfTheSameIdsWithoutARestart() throws Exception {
        for (int i = 0; i < 400; i++) {
            stack.document("giving", 0, "g" + i, 1, "{\"id\":" + i + ",\"name\":\"x\",\"novel\":1}").get();
        }
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains("what comes later takes the place of what is held"), () -> stack.ready().toString()));
        for (int i = 0; i < 400; i++) {
            stack.document("giving", 0, "g" + i, 2, i == 7 ? null : doc(i, "right")).get();
        }
        await().atMost(Duration.ofSeconds(90)).untilAsserted(() -> assertEquals(399, stack.count("giving")));
        assertEquals("right", nameOf("giving", "g8"));
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
    }

    @Test
    void documentsThatTheIndexDoesNotTakeNowAreSentAgainAndNoneIsQuarantined() throws Exception {
        stack.document("blocked", "1", 1, doc(1, "before")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("before", nameOf("blocked", "1")));
        stack.call("PUT", "/blocked-000001/_settings", "{\"index.blocks.write\":true}");
        stack.document("blocked", "1", 2, doc(1, "first")).get();
        stack.document("blocked", "1", 2, doc(1, "second")).get();
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains("cluster_block_exception"), () -> stack.ready().toString()));
        assertEquals(1, stack.committed("blocked"));
        stack.call("PUT", "/blocked-000001/_settings", "{\"index.blocks.write\":null}");
        await().atMost(SOON).untilAsserted(() -> assertEquals("second", nameOf("blocked", "1")));
        await().atMost(SOON).untilAsserted(() -> assertEquals(3, stack.committed("blocked")));
        assertEquals(0, stack.quarantined("blocked").size());
    }

    @Test
    void aSecondIndexerTakesAShareAndHandsItBackWithoutALostDocument() throws Exception {
        var other = stack.process("second", Ports.free(1).getFirst(), Map.of());
        int sent = 0;
        for (; sent < 200; sent++) {
            stack.document("shared", "s" + sent, 1, doc(sent, "before"));
        }
        other.start();
        try {
            await().atMost(SOON).untilAsserted(() -> assertEquals(2, stack.members()));
            for (; sent < 600; sent++) {
                stack.document("shared", "s" + sent, 1, doc(sent, "both"));
            }
            await().atMost(SOON).untilAsserted(() -> assertEquals(600, stack.count("shared")));
            for (; sent < 800; sent++) {
                stack.document("shared", "s" + sent, 1, doc(sent, "while one stops"));
            }
        } finally {
            other.stop();
        }
        await().atMost(SOON).untilAsserted(() -> assertEquals(800, stack.count("shared")));
        await().atMost(SOON).untilAsserted(() -> assertEquals(800, stack.committed("shared")));
        assertEquals(1, stack.members(), "a stopped indexer leaves the group at once");
    }

    @Test
    void aReplayShowsNothingThatTheIndexHadLeftBehind() throws Exception {
        stack.document("again", 0, "gone", 1, doc(1, "changed by the transaction that deletes it")).get();
        await().atMost(SOON).until(() -> stack.indexed("again", "gone").path("found").asBoolean());
        try (var watch = new VersionWatch(stack, "again", List.of("gone"))) {
            await().atMost(SOON).until(() -> watch.read() > 0);
            int between = 500;
            for (int i = 0; i < between; i++) {
                stack.document("again", 0, "d" + i, 1, doc(i, "between the two"));
            }
            stack.document("again", 0, "gone", 1, null).get();
            await().atMost(SOON).untilAsserted(() -> assertEquals(between + 2, stack.committed("again")));
            stack.indexer().stop();
            stack.setBack("again");
            stack.startIndexer(Map.of("millrace.indexer.bulk-documents", "20"), Map.of());
            await().atMost(SOON).untilAsserted(() -> assertEquals(between + 2, stack.committed("again")));
            watch.stop();
            assertEquals(List.of(), watch.faults());
            assertEquals(between, stack.count("again"));
        } finally {
            stack.restartIndexer();
        }
    }

    @Test
    void anotherIndexOfTheSameDocumentsTakesOverAndGivesBackAndBothAreWritten() throws Exception {
        for (int id = 0; id < 50; id++) {
            stack.document("anew", "a" + id, 1, doc(id, "first")).get();
        }
        await().atMost(SOON).untilAsserted(() -> assertEquals(50, stack.count("anew")));
        assertEquals(401, stack.operate("POST", "/pipelines/anew/generations", "", "Bearer of nothing").path("status").asInt());
        assertEquals("anew-000002", stack.operate("POST", "/pipelines/anew/generations").path("body").path("index").asText());
        await().atMost(SOON).untilAsserted(() -> assertEquals("anew-000002", behindAlias("anew"), () -> stack.ready().toString()));
        stack.document("anew", "a1", 2, doc(1, "second")).get();
        stack.document("anew", "a2", 2, null).get();
        for (var index : List.of("anew-000001", "anew-000002")) {
            await().atMost(SOON).untilAsserted(() -> assertEquals("second", nameOf(index, "a1"), () -> stack.ready().toString()));
            await().atMost(SOON).untilAsserted(() -> assertEquals(49, stack.count(index), () -> index + " " + stack.indexed(index, "a2") + stack.operate("GET", "/pipelines/anew/generations") + stack.ready() + stack.indexer().tail()));
        }
        assertEquals(202, stack.operate("POST", "/pipelines/anew/generations/anew-000001/service").path("status").asInt());
        await().atMost(SOON).untilAsserted(() -> assertEquals("anew-000001", behindAlias("anew")));
        var uuid = stack.get("/anew-000001/_settings?flat_settings=true").path("anew-000001").path("settings").path("index.uuid").asText();
        await("the group's offsets are of the index that serves, though no document comes").atMost(SOON).untilAsserted(() -> assertEquals(Set.of(uuid), stack.committedFor("anew")));
        assertEquals(204, stack.operate("DELETE", "/pipelines/anew/generations/anew-000002").path("status").asInt());
        stack.document("anew", "a3", 2, doc(3, "third")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals("third", nameOf("anew", "a3"), () -> stack.ready().toString()));
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
    }

    private static final String REFUSED = "millrace_refused_documents{pipeline=\"parked\"";

    private static JsonNode inQuarantine() {
        return stack.operate("GET", "/pipelines/parked/quarantine").path("body");
    }

    @Test
    void aParkedDocumentIsShownAndReplayedUnlessALaterOneWentByOrIsGivenUp() throws Exception {
        stack.document("parked", "p1", 1, doc(1, "before")).get();
        for (int id = 1; id <= 4; id++) {
            stack.document("parked", "p" + id, 2, "{\"id\":" + id + ",\"name\":\"parked\",\"novel\":1}").get();
        }
        await().atMost(SOON).untilAsserted(() -> assertEquals(4, inQuarantine().path("count").asInt(), () -> stack.ready().toString()));
        await("so many stand there by the metric").atMost(SOON).untilAsserted(() -> assertEquals(4.0, metric(REFUSED)));
        var page = stack.operate("GET", "/pipelines/parked/quarantine?limit=3").path("body").path("documents");
        assertEquals(3, page.size());
        var rest = stack.operate("GET", "/pipelines/parked/quarantine?after=" + page.path(2).path("place").asText()).path("body").path("documents");
        assertEquals(1, rest.size());
        assertFalse(page.findValuesAsText("id").contains(rest.path(0).path("id").asText()));
        assertEquals(400, stack.operate("GET", "/pipelines/parked/quarantine?after=nowhere").path("status").asInt());
        stack.document("parked", "p2", 3, doc(2, "later")).get();
        stack.document("parked", "p3", 3, null).get();
        var shown = stack.operate("GET", "/pipelines/parked/quarantine/documents/p1").path("body").path(0);
        assertEquals("parked-000001 refused 2 {\"id\":1,\"name\":\"parked\",\"novel\":1}", shown.path("index").asText() + " " + shown.path("reason").asText() + " " + shown.path("version").asText() + " " + shown.path("document").asText());
        var part = stack.operate("GET", "/pipelines/parked/quarantine/documents/p1?most=8").path("body").path(0);
        assertEquals("{\"id\":1, 34", part.path("document").asText() + " " + part.path("characters").asText());
        assertTrue(stack.operate("GET", "/pipelines/parked/quarantine/documents/p1?most=0").path("body").path(0).path("document").isMissingNode());
        assertEquals(400, stack.operate("POST", "/pipelines/parked/quarantine/replay", "{}").path("status").asInt(), "why");
        assertEquals(404, stack.operate("POST", "/pipelines/parked/quarantine/replay", "{\"reason\":\"a test\",\"ids\":[\"p9\"]}").path("status").asInt());

        assertEquals(1, stack.operate("POST", "/pipelines/parked/quarantine/replay", "{\"reason\":\"too soon\",\"ids\":[\"p4\"]}").path("body").path("replayed").asInt());
        await("what is refused again stands there anew").atMost(SOON).until(() -> stack.quarantined("parked").stream().filter(r -> r.value() != null && new String(r.key(), StandardCharsets.UTF_8).equals("p4")).count() == 2);
        assertEquals(4, inQuarantine().path("count").asInt());

        stack.call("PUT", "/parked-000001/_mapping", "{\"properties\":{\"novel\":{\"type\":\"long\"}}}");
        assertEquals(3, stack.operate("POST", "/pipelines/parked/quarantine/replay", "{\"reason\":\"the field is there\",\"ids\":[\"p1\",\"p2\",\"p3\"]}").path("body").path("replayed").asInt());
        await().atMost(SOON).untilAsserted(() -> assertEquals(1, inQuarantine().path("count").asInt()));
        assertEquals("parked", nameOf("parked", "p1"));
        assertEquals("later", nameOf("parked", "p2"));
        assertFalse(stack.indexed("parked", "p3").path("found").asBoolean(), "a deleted document stays deleted");

        assertEquals(400, stack.operate("POST", "/pipelines/parked/quarantine/discard", "{\"reason\":\"a test\",\"count\":2}").path("status").asInt());
        assertEquals(1, stack.operate("POST", "/pipelines/parked/quarantine/discard", "{\"reason\":\"a test\",\"count\":1}").path("body").path("discarded").asInt());
        assertEquals(0, inQuarantine().path("count").asInt());
        await("none does by the metric, though four were refused").atMost(SOON).untilAsserted(() -> assertEquals(0.0, metric(REFUSED)));
        assertFalse(stack.indexed("parked", "p4").path("found").asBoolean());

        var gone = new ProducerRecord<>(Topics.quarantineDocuments("parked"), 0, "p5".getBytes(StandardCharsets.UTF_8), doc(5, "refused").getBytes(StandardCharsets.UTF_8));
        gone.headers().add(Headers.REASON, Headers.bytes("refused")).add("millrace-origin", Headers.bytes("0:0")).add("millrace-index", Headers.bytes("parked-000009")).add(Headers.VERSION, Headers.bytes(1L));
        stack.raw(gone).get();
        assertEquals("0 1", ordered("{\"reason\":\"all\"}"), "nobody would send it");
        var refused = stack.operate("POST", "/pipelines/parked/quarantine/replay", "{\"reason\":\"this one\",\"ids\":[\"p5\"]}");
        assertTrue(refused.path("status").asInt() == 400 && refused.toString().contains("was refused by the index parked-000009, which is not there any more"), refused::toString);
    }

    private static String ordered(String decision) {
        var answer = stack.operate("POST", "/pipelines/parked/quarantine/replay", decision).path("body");
        return answer.path("replayed").asText() + " " + answer.path("left").asText();
    }

    @Tag("long")
    @Test
    void anEarlierPipelineServesAgainAndGivesWayAgainWithoutARestart() throws Exception {
        joinSays("returned", 0, "idle");
        joinSays("returned", 1, "idle");
        stack.document("returned", "1", 1, doc(1, "first")).get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(1, stack.count("returned")));
        // One that is not rolled out yet, and knows nothing of the pipeline that comes.
        Files.createDirectories(folder.resolve("earlier"));
        Files.copy(folder.resolve("pipelines/returned.yaml"), folder.resolve("earlier/returned.yaml"));
        var earlier = stack.process("earlier", Ports.free(1).getFirst(), Map.of("millrace.indexer.pipelines", folder.resolve("earlier").toString(), "millrace.indexer.mark-interval", "500ms"));
        earlier.start();
        try {
            serveInTurn();
        } finally {
            earlier.stop();
        }
    }

    private static void serveInTurn() throws Exception {
        stack.generation("pipelines", "returned-2", "replaces: [returned]", "returned", "id, {title: name}");
        joinSays("returned-2", 0, "idle");
        joinSays("returned-2", 1, "idle");
        stack.document("returned-2", "1", 1, "{\"id\":1,\"title\":\"second\"}").get();
        stack.restartIndexer();
        for (var served : List.of("returned-000002", "returned-000001", "returned-000002")) {
            var pipeline = served.endsWith("2") ? "returned-2" : "returned";
            await().atMost(SOON).untilAsserted(() -> assertTrue(Set.of(202, 409).contains(stack.operate("POST", "/pipelines/" + pipeline + "/generations/" + served + "/service").path("status").asInt())));
            await().atMost(SOON).untilAsserted(() -> assertEquals(served, behindAlias("returned"), () -> stack.ready().toString()));
            await("it stays so").during(Duration.ofSeconds(4)).atMost(SOON).untilAsserted(() -> assertEquals(served, behindAlias("returned")));
        }
    }

    private static ProducerRecord<byte[], byte[]> numbered(Numbering join, String pipeline, int id) {
        var record = new ProducerRecord<>(Topics.documents(pipeline), 0, ("c" + id).getBytes(StandardCharsets.UTF_8), doc(id, "counted").getBytes(StandardCharsets.UTF_8));
        record.headers().add(Headers.VERSION, Headers.bytes(1L));
        return join.numbered(record);
    }

    private static void send(Numbering join, List<ProducerRecord<byte[], byte[]>> records) throws Exception {
        for (var record : records) {
            stack.raw(record).get();
        }
        join.settled();
    }

    @Test
    void aDocumentThatIsDroppedDoubledOrOutOfOrderIsFoundByItsNumber() throws Exception {
        var even = new Numbering();
        var join = new Numbering();
        for (int batch = 0; batch < 5; batch++) {
            var documents = new ArrayList<ProducerRecord<byte[], byte[]>>();
            var others = new ArrayList<ProducerRecord<byte[], byte[]>>();
            for (int id = 0; id < 10; id++) {
                documents.add(numbered(join, "miscounted", id));
                others.add(numbered(even, "counted", id));
            }
            switch (batch) {
                case 1 -> documents.remove(4);
                case 2 -> documents.add(5, documents.get(4));
                case 3 -> documents.add(4, documents.remove(5));
                default -> { }
            }
            send(join, documents);
            send(even, others);
        }
        try {
            await().atMost(SOON).untilAsserted(() -> {
                var says = stack.ready().toString();
                assertTrue(says.contains("1 written and not in the log, 1 twice, 1 out of order") && says.contains("./millrace verify miscounted --repair"), says);
                assertFalse(says.contains("documents.counted"), says);
            });
            assertEquals("DOWN", stack.ready().path("status").asText());
            assertEquals(3.0, metric("millrace_ledger_gaps{pipeline=\"miscounted\""));
            await().atMost(SOON).untilAsserted(() -> assertEquals(50, stack.committed("counted")));
            assertEquals(0.0, metric("millrace_ledger_gaps{pipeline=\"counted\""));
        } finally {
            stack.restartIndexer();
        }
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
    }
}
