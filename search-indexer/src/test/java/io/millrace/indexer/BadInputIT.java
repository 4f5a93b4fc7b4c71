package io.millrace.indexer;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.Headers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a search engine refuses, by its own fault or a document's: what is said of it, what health tells meanwhile, and the way back. */
@Tag("long")
@TestMethodOrder(OrderAnnotation.class)
class BadInputIT {

    private static final Duration SOON = Duration.ofSeconds(90);
    private static final String ID = "{\"name\":\"id\",\"type\":\"long\",\"pg.type\":\"int8\"}";
    private static final String NAME = ",{\"name\":\"name\",\"type\":[\"null\",\"string\"],\"default\":null,\"pg.type\":\"text\"}";
    private static final String COLOUR = ",{\"name\":\"colour\",\"type\":[\"null\",\"string\"],\"default\":null,\"pg.type\":\"varchar\"}";

    @TempDir
    static Path folder;
    private static Stack stack;
    private static FaultySearch search;

    @BeforeAll
    static void startAll() throws Exception {
        stack = new Stack(folder);
        search = new FaultySearch(stack.servers.searchUrl());
        stack.pipeline("faulty", "id, name", ID + NAME, "");
        stack.pipeline("red", "id, name", ID + NAME, "");
        stack.pipeline("full", "id, name", ID + NAME, "");
        stack.pipeline("flooded", "id, name", ID + NAME, "");
        stack.pipeline("taken", "id, name", ID + NAME, "");
        stack.call("PUT", "/taken", "{}");
        stack.pipeline("byhand", "id, name, colour", ID + NAME, "");
        stack.pipeline("misspelt", "id, name", ID + NAME, "mappings:\n  name:\n    type: text\n    analyzer: germn");
        stack.pipeline("elsewhere", "id, name", ID + NAME, "");
        stack.startIndexer(Map.of("millrace.indexer.search-url", search.url(), "millrace.indexer.request-timeout", "6s", "millrace.indexer.mark-interval", "1s"), Map.of());
    }

    @AfterAll
    static void stopAll() {
        if (search != null) {
            search.close();
        }
        if (stack != null) {
            stack.close();
        }
    }

    private static String doc(String name) {
        return "{\"id\":1,\"name\":\"" + name + "\"}";
    }

    private static void awaitName(String index, String id, String name) {
        await().atMost(SOON).untilAsserted(() -> assertEquals(name, stack.indexed(index, id).path("_source").path("name").asText(), () -> stack.ready().toString()));
    }

    /** Of a partition of that pipeline, for another one may wait as well; where a partition has a reason, readiness is down. */
    private static void awaitReason(String pipeline, String reason) {
        await().atMost(SOON).untilAsserted(() -> {
            var ready = stack.ready();
            assertTrue(ready.path("checks").valueStream().flatMap(check -> check.path("data").properties().stream()).anyMatch(said -> said.getKey().startsWith(pipeline + "[") && said.getValue().asText().contains(reason)), ready::toString);
            assertEquals("DOWN", ready.path("status").asText());
        });
    }

    private static void awaitNothingOf(String pipeline) {
        await().atMost(SOON).untilAsserted(() -> assertFalse(stack.ready().toString().contains("\"" + pipeline), () -> stack.ready().toString()));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "read-only | PUT | /_settings | {\"index.blocks.read_only\":true} | free disk, or lift the block that somebody set | {\"index.blocks.read_only\":null}",
            "unwritten | PUT | /_settings | {\"index.blocks.write\":true}     | free disk, or lift the block that somebody set | {\"index.blocks.write\":null}"})
    void anIndexThatTakesNoWriteKeepsItsDocumentsWaiting(String id, String how, String path, String body, String reason, String back) throws Exception {
        stack.document("faulty", id, 1, doc("before")).get();
        awaitName("faulty", id, "before");
        stack.call(how, "/faulty-000001" + path, body);
        stack.document("faulty", id, 2, doc("meanwhile")).get();
        awaitReason("faulty", reason);
        stack.call(how, "/faulty-000001" + path, back);
        awaitName("faulty", id, "meanwhile");
        awaitNothingOf("faulty");
        assertEquals(0, stack.quarantined("faulty").size());
    }

    /** No new shard is given to a node, and the index that takes the place of a deleted one has none. */
    @Test
    void anIndexThatIsRedIsNamedUntilItsShardIsThere() throws Exception {
        stack.document("red", "1", 1, doc("before")).get();
        awaitName("red", "1", "before");
        allocation("\"none\"");
        try {
            stack.call("DELETE", "/red-000001", null);
            stack.document("red", "1", 2, doc("meanwhile")).get();
            awaitReason("red", "The index red-000001 is red: a shard of it is on no node; ask why by GET /_cluster/allocation/explain");
        } finally {
            allocation("null");
        }
        awaitName("red", "1", "meanwhile");
        awaitNothingOf("red");
        assertEquals(0, stack.quarantined("red").size());
    }

    private static void allocation(String which) {
        stack.call("PUT", "/_cluster/settings", "{\"transient\":{\"cluster.routing.allocation.enable\":" + which + "}}");
    }

    @Test
    void aDiskAtItsFloodStageIsNamedAndItGoesOnByItselfOnceThereIsRoom() throws Exception {
        stack.document("full", "1", 1, doc("before")).get();
        awaitName("full", "1", "before");
        watermarks("true", "\"9000gb\"", "\"8000gb\"", "\"7000gb\"", "\"10s\"");
        await("the engine blocks it").atMost(SOON).until(() -> stack.get("/full-000001/_settings?flat_settings=true").toString().contains("read_only_allow_delete"));
        stack.document("full", "1", 2, doc("meanwhile")).get();
        awaitReason("full", "free disk");
        watermarks("true", "null", "null", "null", "\"10s\"");
        awaitName("full", "1", "meanwhile");
        await("the engine lets indexes be made again").atMost(SOON).until(() -> !stack.get("/_cluster/state/blocks").toString().contains("create-index"));
        watermarks("null", "null", "null", "null", "null");
        assertEquals(0, stack.quarantined("full").size());
        awaitNothingOf("full");
    }

    @Test
    void atTheFloodStageAnIndexThatStandsAsideCanBeRetiredToFreeTheDisk() throws Exception {
        stack.document("flooded", "1", 1, doc("before")).get();
        awaitName("flooded", "1", "before");
        assertEquals(202, stack.operate("POST", "/pipelines/flooded/generations").path("status").asInt());
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.get("/_alias/flooded").has("flooded-000002"), () -> stack.ready().toString()));
        watermarks("true", "\"9000gb\"", "\"8000gb\"", "\"7000gb\"", "\"10s\"");
        await("the engine blocks both").atMost(SOON).until(() -> stack.get("/flooded-*/_settings?flat_settings=true").properties().stream().allMatch(index -> index.getValue().toString().contains("read_only_allow_delete")));
        try {
            stack.document("flooded", "1", 2, doc("meanwhile")).get();
            awaitReason("flooded", "./millrace retire");
            var serving = stack.operate("DELETE", "/pipelines/flooded/generations/flooded-000002");
            assertEquals(409, serving.path("status").asInt(), serving::toString);
            var moved = stack.operate("POST", "/pipelines/flooded/generations/flooded-000001/service?despite=true");
            assertTrue(moved.path("status").asInt() == 503 && moved.toString().contains("./millrace retire"), moved::toString);
            var retired = stack.operate("DELETE", "/pipelines/flooded/generations/flooded-000001");
            assertEquals(204, retired.path("status").asInt(), retired::toString);
            assertTrue(stack.get("/flooded-000001").has("error"));
        } finally {
            watermarks("true", "null", "null", "null", "\"10s\"");
        }
        awaitName("flooded", "1", "meanwhile");
        await("the engine lets indexes be made again").atMost(SOON).until(() -> !stack.get("/_cluster/state/blocks").toString().contains("create-index"));
        watermarks("null", "null", "null", "null", "null");
        awaitNothingOf("flooded");
    }

    private static void watermarks(String enabled, String low, String high, String flood, String interval) {
        stack.call("PUT", "/_cluster/settings", "{\"transient\":{\"cluster.routing.allocation.disk.threshold_enabled\":" + enabled + ",\"cluster.routing.allocation.disk.watermark.low\":" + low
                + ",\"cluster.routing.allocation.disk.watermark.high\":" + high + ",\"cluster.routing.allocation.disk.watermark.flood_stage\":" + flood + ",\"cluster.info.update.interval\":" + interval + "}}");
    }

    /** It comes first, because no index is built anew while one pipeline's indexes cannot be told. */
    @Test
    @Order(1)
    void anIndexThatHasTheAliasesNameIsNamedAndItGoesOnOnceItIsAway() throws Exception {
        stack.document("taken", "1", 1, doc("waits")).get();
        awaitReason("taken", "has an index named taken, where the pipeline needs an alias of that name");
        stack.call("DELETE", "/taken", null);
        awaitName("taken", "1", "waits");
        awaitNothingOf("taken");
    }

    @Test
    void aMappingThatIsNotTakenIsNamedByItsLineInTheFile() {
        awaitReason("misspelt", "misspelt.yaml:16: index.mappings.name.analyzer");
    }

    @Test
    void aColumnThatSomebodyMappedByHandParksWhatDoesNotFitAndARebuildHasIt() throws Exception {
        stack.document("byhand", "1", 1, "{\"id\":1,\"name\":\"before\"}").get();
        awaitName("byhand", "1", "before");
        stack.call("PUT", "/byhand-000001/_mapping", "{\"properties\":{\"colour\":{\"type\":\"long\"}}}");
        stack.schema("byhand", ID + NAME + COLOUR);
        stack.document("byhand", "2", 1, "{\"colour\":\"red\",\"id\":2,\"name\":\"refused\"}").get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(1, stack.quarantined("byhand").size(), () -> stack.ready().toString()));
        assertTrue(Headers.text(stack.quarantined("byhand").getFirst().headers(), Headers.DETAIL).contains("failed to parse field [colour] of type [long]"));
        awaitNothingOf("byhand");
        var rebuilt = stack.operate("POST", "/pipelines/byhand/generations");
        assertEquals(2, rebuilt.path("status").asInt() / 100, rebuilt::toString);
        await().atMost(SOON).untilAsserted(() -> assertEquals("refused", stack.indexed("byhand-000002", "2").path("_source").path("name").asText(), () -> stack.ready().toString()));
    }

    @Test
    void aClusterOfAnotherVersionIsNamedAndNothingIsWrittenToItUntilTheRightOneAnswers() throws Exception {
        stack.document("elsewhere", "1", 1, doc("before")).get();
        awaitName("elsewhere", "1", "before");
        search.disguise("{\"version\":{\"number\":\"8.15.0\",\"build_flavor\":\"default\"},\"tagline\":\"You Know, for Search\"}");
        stack.call("DELETE", "/elsewhere-000001", null);
        stack.document("elsewhere", "1", 2, doc("meanwhile")).get();
        awaitReason("elsewhere", "answers Elasticsearch 8.15.0, and documents are written to OpenSearch 2 or later; correct millrace.indexer.search-url");
        assertTrue(stack.get("/elsewhere-000001").has("error"), "it was not made there");
        search.disguise("{\"version\":{\"distribution\":\"opensearch\",\"number\":\"1.3.20\"}}");
        awaitReason("elsewhere", "answers OpenSearch 1.3.20");
        search.disguise(null);
        awaitName("elsewhere", "1", "meanwhile");
        awaitNothingOf("elsewhere");
    }

    /** As where the address leads to a new cluster after the old one was given up. It comes last, for it has nothing of what the other tests made. */
    @Test
    @Order(Integer.MAX_VALUE)
    void anotherClusterBehindTheSameAddressIsFilledFromTheFirstRecord() throws Exception {
        for (int i = 0; i < 50; i++) {
            stack.document("elsewhere", "moved" + i, 1, doc("kept in Kafka")).get();
        }
        awaitName("elsewhere", "moved49", "kept in Kafka");
        var before = stack.get("/").path("cluster_uuid").asText();
        stack.servers.search().stop();
        delete(folder.resolve("stack").resolve("search").resolve("data"));
        stack.servers.search().start();
        assertNotEquals(before, stack.get("/").path("cluster_uuid").asText());
        stack.document("elsewhere", "moved50", 1, doc("first of the new one")).get();
        awaitName("elsewhere", "moved50", "first of the new one");
        for (int i = 0; i < 50; i++) {
            awaitName("elsewhere", "moved" + i, "kept in Kafka");
        }
        awaitNothingOf("elsewhere");
        assertTrue(Files.readString(stack.indexer().spec().log()).contains("answers another cluster"), () -> stack.indexer().tail());
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
