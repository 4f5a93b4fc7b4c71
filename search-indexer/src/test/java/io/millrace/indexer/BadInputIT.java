package io.millrace.indexer;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.pipeline.file.InvalidPipelineException;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.record.Headers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
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
import org.junit.jupiter.params.provider.ValueSource;

/** What a search engine refuses, by its own fault or a document's: what is said of it, what health tells meanwhile, and the way back. */
@Tag("long")
@TestMethodOrder(OrderAnnotation.class)
class BadInputIT {

    private static final Duration SOON = Duration.ofSeconds(90);
    private static final String ID = "{\"name\":\"id\",\"type\":\"long\",\"pg.type\":\"int8\"}";
    private static final String NAME = ",{\"name\":\"name\",\"type\":[\"null\",\"string\"],\"default\":null,\"pg.type\":\"text\"}";
    private static final String DAY = ",{\"name\":\"day\",\"type\":[\"null\",{\"type\":\"int\",\"logicalType\":\"date\"}],\"default\":null,\"pg.type\":\"date\"}";
    private static final String MOMENT = ",{\"name\":\"moment\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}],\"default\":null,\"pg.type\":\"timestamptz\"}";
    private static final String TYPED = ",{\"name\":\"typed\",\"type\":[\"null\",\"string\"],\"default\":null,\"pg.type\":\"text\"}";
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
        stack.pipeline("vectors", "id, name", ID + NAME, "mappings:\n  name: {type: knn_vector, dimension: 3}");
        stack.pipeline("elsewhere", "id, name", ID + NAME, "");
        stack.pipeline("managed", "id, name", ID + NAME, "");
        stack.pipeline("dates", "id, day, moment, typed", ID + DAY + MOMENT + TYPED, "mappings:\n  typed:\n    type: date\n    format: strict_year_month_day");
        stack.pipeline("parts", "id, name", ID + NAME, "settings: {number_of_shards: 3}");
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
            awaitReason("red", "The index red-000001 is red: shard 0 of it is on no node; ask why by GET /_cluster/allocation/explain");
        } finally {
            allocation("null");
        }
        awaitName("red", "1", "meanwhile");
        awaitNothingOf("red");
        assertEquals(0, stack.quarantined("red").size());
    }

    /** Both shards of it that are there take their documents, and the third one's wait; so do all after them in their partitions. */
    @Test
    void whatGoesToAShardThatIsOnNoNodeWaitsAloneAndTheShardIsNamed() throws Exception {
        stack.document("parts", "before", 1, doc("before")).get();
        awaitName("parts", "before", "before");
        int away = 1;
        var there = folder.resolve("stack").resolve("search").resolve("data").resolve("nodes").resolve("0").resolve("indices")
                .resolve(stack.get("/parts-000001/_settings").at("/parts-000001/settings/index/uuid").asText()).resolve(Integer.toString(away));
        var elsewhere = folder.resolve("shard");
        for (int i = 0; i < 60; i++) {
            search.shard("parts-000001", "p" + i);
        }
        stack.servers.search().stop();
        Files.move(there, elsewhere);
        stack.servers.search().launch();
        awaitShardAway(away);
        var green = new ArrayList<String>();
        var red = new ArrayList<String>();
        for (int i = 0; i < 60; i++) {
            (search.shard("parts-000001", "p" + i) == away ? red : green).add("p" + i);
        }
        assertTrue(red.size() > 5 && green.size() > 15, () -> red + " " + green);
        // A batch of its own may be what comes first, as the answer to a fetch that waited for it.
        var ids = new ArrayList<>(green.subList(0, 10));
        ids.addAll(red);
        ids.addAll(green.subList(10, green.size()));
        signal("STOP");
        for (var id : ids) {
            stack.document("parts", id, 1, doc("meanwhile")).get();
        }
        signal("CONT");
        for (var id : green) {
            awaitName("parts-000001", id, "meanwhile");
        }
        awaitReason("parts", "shard " + away + " of the index parts-000001 takes no write now: ask why by GET /_cluster/allocation/explain");
        assertFalse(stack.ready().toString().contains("meanwhile"), () -> "health tells a document: " + stack.ready());
        await("only what waits is sent again").atMost(SOON).until(() -> green.stream().noneMatch(id -> search.last("parts-000001").contains("\"" + id + "\"")));
        stack.document("faulty", "beside", 1, doc("another index")).get();
        awaitName("faulty", "beside", "another index");
        stack.servers.search().stop();
        delete(there);
        Files.move(elsewhere, there);
        stack.servers.search().start();
        for (var id : red) {
            awaitName("parts", id, "meanwhile");
        }
        awaitNothingOf("parts");
        assertEquals(0, stack.quarantined("parts").size());
    }

    private static void awaitShardAway(int away) {
        await("one shard is on no node").atMost(SOON).until(() -> {
            var shards = stack.get("/_cluster/health/parts-000001?level=shards").at("/indices/parts-000001/shards");
            return shards.size() == 3 && shards.properties().stream().allMatch(shard -> shard.getValue().path("status").asText().equals(shard.getKey().equals(Integer.toString(away)) ? "red" : "green"));
        });
    }

    private static void signal(String signal) throws Exception {
        var pid = Long.toString(stack.indexer().running().orElseThrow().pid());
        assertEquals(0, new ProcessBuilder("kill", "-" + signal, pid).start().waitFor());
    }

    /** Another shard would take any delete, and so clear the index of the fault. */
    @Test
    void aShardThatFailsOverEveryDocumentHasNoneOfThemParkedNotEvenWhereItIsWellAgainWhenItIsAsked() throws Exception {
        stack.document("parts", "sound", 1, doc("sound")).get();
        awaitName("parts", "sound", "sound");
        int failing = (search.shard("parts-000001", "millrace-nobody") + 1) % 3;
        search.failShard("parts-000001", failing);
        try {
            for (int i = 0; i < 20; i++) {
                stack.document("parts", "f" + i, 1, doc("after all")).get();
            }
            awaitReason("parts", "the index takes no write at all where some of the documents go: HTTP 500 i_o_exception");
        } finally {
            search.failShard(null, 0);
        }
        for (int i = 0; i < 20; i++) {
            awaitName("parts", "f" + i, "after all");
        }
        awaitNothingOf("parts");
        assertEquals(0, stack.quarantined("parts").size());
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
        awaitReason("vectors", "vectors.yaml:14: index.mappings.name.type");
        awaitReason("vectors", "; knn_vector comes with the plugin opensearch-knn, which this search engine lacks: install that on each of its nodes, or correct the file");
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

    /** Years of any length and before Christ have the right moment; what Postgres has and the engine has not is kept and told as ignored. */
    @Test
    void datesOfColumnsAreFoundByTheirMomentOrKeptAndToldAsIgnored() throws Exception {
        var days = Map.of("d1", "2026-01-31", "d2", "0000-12-31", "d3", "-0043-03-15", "d4", "9999-12-31", "d5", "12345-01-01", "d6", "294276-12-31");
        for (var day : days.entrySet()) {
            stack.document("dates", day.getKey(), 1, "{\"day\":\"" + day.getValue() + "\",\"id\":1,\"moment\":\"" + day.getValue() + "T23:59:59.999999Z\"}").get();
        }
        var strange = List.of("infinity", "-infinity");
        for (var day : strange) {
            stack.document("dates", day, 1, "{\"day\":\"" + day + "\",\"id\":1,\"moment\":\"" + day + "\"}").get();
        }
        for (var id : Stream.concat(days.keySet().stream(), strange.stream()).toList()) {
            await().atMost(SOON).untilAsserted(() -> assertTrue(stack.indexed("dates", id).path("found").asBoolean(), () -> id + " " + stack.ready()));
        }
        stack.call("POST", "/dates/_refresh", null);
        for (var day : days.entrySet()) {
            var midnight = LocalDate.parse((day.getValue().indexOf('-') > 4 ? "+" : "") + day.getValue()).atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
            var hit = hit(day.getKey());
            assertEquals(Long.toString(midnight), hit.path("fields").path("day").path(0).asText(), hit::toString);
            assertEquals(Long.toString(midnight + Duration.ofDays(1).toMillis() - 1), hit.path("fields").path("moment").path(0).asText(), hit::toString);
            assertTrue(hit.path("_ignored").isMissingNode(), hit::toString);
        }
        for (var id : strange) {
            var hit = hit(id);
            assertTrue(hit.path("fields").isMissingNode(), hit::toString);
            assertEquals(Set.of("day", "moment"), hit.path("_ignored").valueStream().map(JsonNode::asText).collect(Collectors.toSet()), hit::toString);
            assertEquals(id, hit.path("_source").path("day").asText(), hit::toString);
        }
        for (var id : days.keySet()) {
            assertEquals(List.of(), parked(id));
        }
    }

    /** Moments in milliseconds since 1970. */
    private static JsonNode hit(String id) {
        return stack.call("POST", "/dates/_search", "{\"query\":{\"ids\":{\"values\":[\"" + id + "\"]}},\"docvalue_fields\":[{\"field\":\"day\",\"format\":\"epoch_millis\"},{\"field\":\"moment\",\"format\":\"epoch_millis\"}]}").at("/hits/hits/0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"2026-02-30", "2026-01-31T24:00:00Z", "2026-1-31", "31.01.2026", "20260131", "10000-01-01", "0044-03-15 BC", "2026-01-31+02:00", "infinity", "1769817600000", ""})
    void aDateThatTheFieldsFormatDoesNotTakeParksItsDocumentAloneAndIsNotTaken(String date) throws Exception {
        var id = "t" + Math.abs(date.hashCode());
        stack.document("dates", id, 1, "{\"id\":1,\"typed\":\"" + date + "\"}").get();
        stack.document("dates", "after" + id, 1, "{\"id\":1,\"typed\":\"2026-01-31\"}").get();
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.indexed("dates", "after" + id).path("found").asBoolean(), () -> stack.ready().toString()));
        await().atMost(SOON).untilAsserted(() -> assertEquals(1, parked(id).size(), () -> stack.indexed("dates", id).toString()));
        var detail = Headers.text(parked(id).getFirst().headers(), Headers.DETAIL);
        assertTrue(detail.contains("failed to parse field [typed] of type [date]"), detail);
        assertTrue(detail.endsWith(date.isEmpty() ? "; write null at the source where there is no date, or give the field ignore_malformed (under index.mappings) and have the index built anew (./millrace rebuild)" : "; write dates of the format [strict_year_month_day] at the source, or give the field one that takes them (format, or ignore_malformed, of the field under index.mappings) and have the index built anew (./millrace rebuild)"), detail);
        assertFalse(stack.indexed("dates", id).path("found").asBoolean());
        stack.document("dates", id, 2, "{\"id\":1,\"typed\":\"2026-01-31\"}").get();
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.indexed("dates", id).path("found").asBoolean(), () -> stack.ready().toString()));
        awaitNothingOf("dates");
    }

    /** Each of the engine's named formats and a pattern: a day that there is not, in its own writing, is taken by those alone that a file is refused for. */
    @ParameterizedTest
    @ValueSource(strings = {"iso8601", "basic_date", "basic_date_time", "basic_date_time_no_millis", "basic_ordinal_date", "basic_ordinal_date_time", "basic_ordinal_date_time_no_millis", "date", "date_hour", "date_hour_minute", "date_hour_minute_second",
            "date_hour_minute_second_fraction", "date_hour_minute_second_millis", "date_optional_time", "date_time", "date_time_no_millis", "ordinal_date", "ordinal_date_time", "ordinal_date_time_no_millis", "year_month_day", "rfc3339_lenient",
            "strict_date", "strict_date_hour", "strict_date_hour_minute", "strict_date_hour_minute_second", "strict_date_hour_minute_second_fraction", "strict_date_hour_minute_second_millis", "strict_date_optional_time", "strict_date_optional_time_nanos",
            "strict_date_time", "strict_date_time_no_millis", "strict_ordinal_date", "strict_ordinal_date_time", "strict_ordinal_date_time_no_millis", "strict_year_month_day", "uuuu-MM-dd", "dd.MM.yyyy"})
    void aFormatByWhichTheEngineTakesADayThatThereIsNotIsRefusedInAFileAndNoOtherOneIs(String format) throws Exception {
        stack.call("PUT", "/formats", "{\"settings\":{\"number_of_replicas\":0},\"mappings\":{\"properties\":{\"at\":{\"type\":\"date\",\"format\":\"epoch_millis\"}}}}");
        stack.call("PUT", "/formats/_doc/february?refresh=true", "{\"at\":" + Instant.parse("2026-02-28T10:00:00.123Z").toEpochMilli() + "}");
        stack.call("PUT", "/formats/_mapping", "{\"properties\":{\"" + format.replace('.', '-') + "\":{\"type\":\"date\",\"format\":\"" + format + "\"}}}");
        var written = stack.call("POST", "/formats/_search", "{\"query\":{\"ids\":{\"values\":[\"february\"]}},\"docvalue_fields\":[{\"field\":\"at\",\"format\":\"" + format + "\"}]}").at("/hits/hits/0/fields/at/0").asText();
        var impossible = written.contains("059") ? written.replace("059", "366") : written.replace("28", "30");
        assertNotEquals(written, impossible);
        var answer = stack.call("PUT", "/formats/_doc/" + format, "{\"" + format.replace('.', '-') + "\":\"" + impossible + "\"}");
        var file = folder.resolve("formats").resolve("formats.yaml");
        Files.createDirectories(file.getParent());
        Files.writeString(file, "millrace: 1\nname: formats\nsource: {name: demo, url: {env: U}, user: {env: U}, password: {env: U}}\ndocument: {root: public.formats, fields: [id]}\nindex: {mappings: {id: {type: date, format: " + format + "}}}\n");
        var refused = "";
        try {
            PipelineFiles.load(List.of(file));
        } catch (InvalidPipelineException e) {
            refused = e.getMessage();
        }
        assertEquals(answer.path("result").asText().equals("created"), refused.contains("takes dates that there are not by the format " + format), () -> impossible + ": " + answer);
    }

    private static List<ConsumerRecord<byte[], byte[]>> parked(String id) {
        return stack.quarantined("dates").stream().filter(record -> id.equals(new String(record.key(), StandardCharsets.UTF_8))).toList();
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

    @Test
    void anOfferThatLeavesOutWhatDocumentsAreWrittenByIsSaidByNameBeforeAnythingIsWritten() throws Exception {
        stack.document("managed", "1", 1, doc("before")).get();
        awaitName("managed", "1", "before");
        search.offer(FaultySearch.SERVERLESS);
        stack.call("DELETE", "/managed-000001", null);
        stack.document("managed", "1", 2, doc("meanwhile")).get();
        awaitReason("managed", "does not serve GET /_cluster/health, POST /<index>/_refresh, POST /_search/scroll. Documents are written by all of these; Amazon OpenSearch Serverless, for one, lacks the most of them.");
        assertTrue(stack.get("/managed-000001").has("error"), "it was not made there");
        search.offer(FaultySearch.MANAGED);
        awaitName("managed", "1", "meanwhile");
        awaitNothingOf("managed");
        search.offer(null);
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
        if (!Files.exists(folder)) {
            return;
        }
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
