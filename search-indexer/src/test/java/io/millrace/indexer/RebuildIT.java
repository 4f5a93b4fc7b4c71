package io.millrace.indexer;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.local.Ports;
import io.millrace.pipeline.topic.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An index is built anew, takes over and gives back while documents change and somebody reads without a pause. */
@Tag("long")
class RebuildIT {

    private static final Duration SOON = Duration.ofMinutes(4);
    private static final String FIELDS = "{\"name\":\"id\",\"type\":\"long\",\"pg.type\":\"int8\"},{\"name\":\"name\",\"type\":[\"null\",\"string\"],\"default\":null,\"pg.type\":\"text\"}";
    private static final List<String> PIPELINES = List.of("busy", "killed", "shared", "asked", "waiting", "retired", "guarded", "ordered", "refusing", "mixed", "templated", "copied", "stepped", "twice", "cleared");
    private static final int STABLE = 3_000;
    private static final int RATE = 200;

    @TempDir
    static Path folder;
    private static Stack stack;

    @BeforeAll
    static void startAll() throws Exception {
        stack = new Stack(folder);
        for (var name : PIPELINES) {
            stack.pipeline(name, "id, name", FIELDS, name.equals("copied") ? "settings: {number_of_replicas: 1}" : "");
        }
        start();
        awaitUp();
    }

    @AfterAll
    static void stopAll() {
        if (stack != null) {
            stack.close();
        }
    }

    /** A service writes no more than a few indexes aside. */
    @AfterEach
    void retireWhatIsKept() {
        for (var pipeline : PIPELINES) {
            for (var one : generations(pipeline)) {
                if (one.path("role").asText().equals("ASIDE")) {
                    stack.operate("DELETE", "/pipelines/" + pipeline + "/generations/" + one.path("index").asText());
                }
            }
        }
    }

    private static void start() {
        stack.startIndexer(Map.of("millrace.indexer.mark-interval", "1s"), Map.of());
    }

    private static void awaitUp() {
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
    }

    private static JsonNode generations(String pipeline) {
        return stack.operate("GET", "/pipelines/" + pipeline + "/generations").path("body");
    }

    private static String role(String pipeline, String index) {
        for (var one : generations(pipeline)) {
            if (one.path("index").asText().equals(index)) {
                return one.path("role").asText();
            }
        }
        return "none";
    }

    private static void awaitServes(String pipeline, String index) {
        await().atMost(SOON).untilAsserted(() -> assertEquals("SERVES", role(pipeline, index), () -> stack.ready().toString() + generations(pipeline)));
    }

    private static String rebuild(String pipeline, String query) {
        var answer = stack.operate("POST", "/pipelines/" + pipeline + "/generations" + query);
        assertEquals(202, answer.path("status").asInt(), answer::toString);
        return answer.path("body").path("index").asText();
    }

    private static void serve(String pipeline, String index) {
        var answer = stack.operate("POST", "/pipelines/" + pipeline + "/generations/" + index + "/service");
        assertEquals(202, answer.path("status").asInt(), answer::toString);
    }

    private static String setting(String index, String key) {
        return stack.get("/" + index + "/_settings?flat_settings=true").path(index).path("settings").path(key).asText();
    }

    /** Every document of an index with its version. */
    private static Map<String, String> content(String index) {
        stack.call("POST", "/" + index + "/_refresh", null);
        var content = new TreeMap<String, String>();
        stack.call("POST", "/" + index + "/_search", "{\"size\":10000,\"version\":true}").path("hits").path("hits").forEach(hit -> content.put(hit.path("_id").asText(), hit.path("_version").asLong() + " " + hit.path("_source")));
        return content;
    }

    /** Nobody reads any more. */
    private static void notStalerThanToldBy(Reader reader) throws InterruptedException {
        reader.stop();
        assertEquals(List.of(), reader.faults());
        assertTrue(reader.standings() > 10, () -> "what an answer has to show was known " + reader.standings() + " times");
        System.out.printf("%d reads, the stalest answer %d ms behind what was sent, and none behind what %d looks at the group had committed%n", reader.reads(), reader.stalestMillis(), reader.standings());
    }

    private static void awaitBoth(Traffic traffic, String one, String other) {
        var expected = traffic.expected();
        for (var index : List.of(one, other)) {
            await().atMost(SOON).untilAsserted(() -> assertEquals(expected, content(index), () -> stack.ready().toString()));
        }
    }

    @Test
    void readersSeeOneWholeIndexThatNeverGoesBackWhileAnotherTakesOverAndGivesBack() throws Exception {
        try (var traffic = new Traffic(stack, "busy", STABLE, RATE)) {
            await().atMost(SOON).untilAsserted(() -> assertTrue(stack.count("busy") >= STABLE));
            try (var reader = new Reader(stack, traffic, "busy")) {
                var second = rebuild("busy", "");
                assertEquals("busy-000002", second);
                awaitServes("busy", second);
                Thread.sleep(3_000);
                assertEquals("ASIDE", role("busy", "busy-000001"), "the old one is a way back");
                serve("busy", "busy-000001");
                awaitServes("busy", "busy-000001");
                Thread.sleep(3_000);
                serve("busy", second);
                awaitServes("busy", second);
                Thread.sleep(3_000);
                notStalerThanToldBy(reader);
                assertTrue(reader.reads() > 100, () -> "only " + reader.reads() + " reads");
            }
            traffic.stop();
            awaitBoth(traffic, "busy-000001", "busy-000002");
        }
        awaitUp();
    }

    @Test
    void anIndexerThatIsKilledAtAnyMomentOfItGoesOnWhereItWas() throws Exception {
        var random = new Random(21);
        try (var traffic = new Traffic(stack, "killed", STABLE, RATE)) {
            await().atMost(SOON).untilAsserted(() -> assertTrue(stack.count("killed") >= STABLE));
            try (var reader = new Reader(stack, traffic, "killed")) {
                var second = rebuild("killed", "");
                for (var wanted : List.of(second, "killed-000001", second, "killed-000001")) {
                    if (!wanted.equals(second) || role("killed", second).equals("ASIDE")) {
                        await().atMost(SOON).until(() -> stack.operate("POST", "/pipelines/killed/generations/" + wanted + "/service").path("status").asInt() == 202 || role("killed", wanted).equals("SERVES"));
                    }
                    for (int kill = 0; kill < 3; kill++) {
                        Thread.sleep(random.nextInt(2_500));
                        stack.indexer().kill();
                        start();
                    }
                    awaitServes("killed", wanted);
                }
                notStalerThanToldBy(reader);
            }
            traffic.stop();
            awaitBoth(traffic, "killed-000001", "killed-000002");
        }
        awaitUp();
    }

    @Test
    void twoIndexersShareTheWorkOnBothIndexes() throws Exception {
        var other = stack.process("second", Ports.free(1).getFirst(), Map.of("millrace.indexer.mark-interval", "1s"));
        other.start();
        try (var traffic = new Traffic(stack, "shared", STABLE, RATE)) {
            await().atMost(SOON).untilAsserted(() -> assertTrue(stack.count("shared") >= STABLE));
            try (var reader = new Reader(stack, traffic, "shared")) {
                var second = rebuild("shared", "");
                awaitServes("shared", second);
                Thread.sleep(2_000);
                serve("shared", "shared-000001");
                awaitServes("shared", "shared-000001");
                Thread.sleep(2_000);
                notStalerThanToldBy(reader);
            }
            traffic.stop();
            awaitBoth(traffic, "shared-000001", "shared-000002");
        } finally {
            other.stop();
        }
        awaitUp();
    }

    @Test
    void whatDoesNotGoTogetherWithWhatIsThereIsRefusedWithAReason() throws Exception {
        stack.document("asked", "1", 1, "{\"id\":1,\"name\":\"one\"}").get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(1, stack.count("asked")));
        var held = rebuild("asked", "?hold=true");
        assertEquals("30s", setting(held, "index.refresh_interval"), "what nobody reads yet is seldom refreshed");
        await("it is filled").atMost(SOON).untilAsserted(() -> assertEquals("100ms", setting(held, "index.refresh_interval"), () -> stack.ready().toString()));
        await().atMost(SOON).untilAsserted(() -> assertEquals(1, stack.count(held), () -> stack.ready().toString()));
        var refusals = new HashMap<String, String>();
        refusals.put("POST /pipelines/asked/generations", "is already built beside asked-000001");
        refusals.put("POST /pipelines/nobody/generations", "There is no pipeline nobody here");
        refusals.put("POST /pipelines/asked/generations/asked-000007/service", "There is no index asked-000007");
        refusals.put("POST /pipelines/asked/generations/asked-000001/service", "is the one that readers see already");
        refusals.put("DELETE /pipelines/asked/generations/asked-000001", "Readers see the index asked-000001");
        refusals.forEach((request, reason) -> {
            var answer = stack.operate(request.substring(0, request.indexOf(' ')), request.substring(request.indexOf(' ') + 1));
            assertEquals(reason.startsWith("There is no") ? 404 : 409, answer.path("status").asInt(), answer::toString);
            assertTrue(answer.path("body").path("message").asText().contains(reason), answer::toString);
        });
        await().during(Duration.ofSeconds(5)).atMost(SOON).untilAsserted(() -> assertEquals("ASIDE", role("asked", held), "what is held does not serve by itself"));
        var compared = stack.operate("GET", "/pipelines/asked/generations/" + held + "/comparison").path("body");
        assertEquals("1 1 1 0", compared.path("documents").asText() + " " + compared.path("servedDocuments").asText() + " " + compared.path("sampled").asText() + " " + compared.path("differing").asText());
        stack.call("POST", "/" + held + "/_update/1", "{\"doc\":{\"name\":\"by hand\"}}");
        var differing = stack.operate("GET", "/pipelines/asked/generations/" + held + "/comparison").path("body");
        assertEquals("1 [\"1\"]", differing.path("differing").asText() + " " + differing.path("examples"));
        var theirs = "asked-000009";
        stack.call("PUT", "/" + theirs, "{\"mappings\":{\"_meta\":{\"pipeline\":\"of another team\",\"replaces\":[]}}}");
        var refused = stack.operate("DELETE", "/pipelines/asked/generations/" + theirs);
        assertTrue(refused.path("status").asInt() == 409 && refused.toString().contains("belongs to the pipeline of another team"), refused::toString);
        stack.call("DELETE", "/" + theirs, null);
        assertEquals(204, stack.operate("DELETE", "/pipelines/asked/generations/" + held).path("status").asInt());
        await().atMost(SOON).untilAsserted(() -> assertEquals(1, generations("asked").size()));
        stack.document("asked", "2", 1, "{\"id\":2,\"name\":\"two\"}").get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(2, stack.count("asked")));
        awaitUp();
    }

    private static String waits(String pipeline, String index) {
        for (var one : generations(pipeline)) {
            if (one.path("index").asText().equals(index)) {
                return one.path("waits").asText("");
            }
        }
        return "";
    }

    /** What is held is carried out after the one who sent it was killed, and while the next one looks. */
    @Test
    void anIndexerThatIsKilledInTheMiddleOfAnyStepLeavesReadersOnOneWholeIndexAndTheNextOneGoesOn() throws Exception {
        try (var search = new FaultySearch(stack.servers.searchUrl()); var operator = Executors.newSingleThreadExecutor(); var traffic = new Traffic(stack, "stepped", STABLE, RATE)) {
            var through = Map.of("millrace.indexer.mark-interval", "1s", "millrace.indexer.search-url", search.url());
            stack.indexer().stop();
            stack.startIndexer(through, Map.of());
            await().atMost(SOON).untilAsserted(() -> assertTrue(stack.count("stepped") >= STABLE));
            int number = 1;
            try (var reader = new Reader(stack, traffic, "stepped")) {
                for (var step : List.of("%s-filling\":{", "\"alias\":\"%s-filling\"", "%s-next-", "\"alias\":\"%s-Writer\"", "remove_index")) {
                    var served = "stepped-%06d".formatted(number);
                    var next = "stepped-%06d".formatted(++number);
                    search.hold(step.formatted(next));
                    boolean deletes = step.equals("remove_index");
                    operator.submit(() -> stack.operate("POST", "/pipelines/stepped/generations"));
                    if (deletes) {
                        awaitServes("stepped", next);
                        operator.submit(() -> stack.operate("DELETE", "/pipelines/stepped/generations/" + served));
                    }
                    await(step).atMost(SOON).until(() -> search.spoilt() > 0);
                    stack.indexer().kill();
                    search.release();
                    stack.startIndexer(through, Map.of());
                    awaitServes("stepped", next);
                    await().atMost(SOON).until(() -> Set.of(204, 404).contains(stack.operate("DELETE", "/pipelines/stepped/generations/" + served).path("status").asInt()));
                    assertEquals(1, generations("stepped").size(), () -> generations("stepped").toString());
                }
                notStalerThanToldBy(reader);
            }
            traffic.stop();
            var last = "stepped-%06d".formatted(number);
            await().atMost(SOON).untilAsserted(() -> assertEquals(traffic.expected(), content(last), () -> stack.ready().toString()));
        } finally {
            stack.indexer().stop();
            start();
        }
        awaitUp();
    }

    /** The table's column became a number, and three documents of an earlier time have none there. */
    @Test
    void anIndexThatRefusedDocumentsDoesNotTakeOverByItselfAndByCommandOnlyWhereThatIsSaid() throws Exception {
        for (int i = 0; i < 10; i++) {
            stack.document("refusing", "r" + i, 1, "{\"id\":" + i + ",\"name\":\"" + (i < 3 ? "no number" : i) + "\"}").get();
        }
        await().atMost(SOON).untilAsserted(() -> assertEquals(10, stack.count("refusing")));
        stack.schema("refusing", FIELDS.replace("\"string\"", "\"long\"").replace("\"text\"", "\"int8\""));
        var second = rebuild("refusing", "");
        await().atMost(SOON).untilAsserted(() -> assertTrue(waits("refusing", second).contains("3 of 10 documents that were compared are missing, older or changed in " + second)
                && waits("refusing", second).contains("3 of them stand in quarantine because it refused them") && waits("refusing", second).contains(second + " has 7 documents, and refusing-000001 has 10")
                && waits("refusing", second).contains("--despite-differences"), () -> generations("refusing").toString()));
        assertTrue(stack.ready().toString().contains("3 of 10 documents"), () -> stack.ready().toString());
        await().during(Duration.ofSeconds(5)).atMost(SOON).untilAsserted(() -> assertEquals(10, stack.count("refusing"), "readers lose nothing"));
        var refused = stack.operate("POST", "/pipelines/refusing/generations/" + second + "/service");
        assertTrue(refused.path("status").asInt() == 409 && refused.toString().contains("3 of 10 documents"), refused::toString);
        assertEquals(202, stack.operate("POST", "/pipelines/refusing/generations/" + second + "/service?despite=true").path("status").asInt());
        awaitServes("refusing", second);
        assertEquals(7, stack.count("refusing"));
        serve("refusing", "refusing-000001");
        awaitServes("refusing", "refusing-000001");
        assertEquals(10, stack.count("refusing"));
    }

    /** Of that pipeline; where there is one, readiness is down. */
    private static void awaitTrouble(String of, String text) {
        await().atMost(SOON).untilAsserted(() -> {
            var ready = stack.ready();
            assertTrue(ready.path("checks").valueStream().flatMap(check -> check.path("data").properties().stream()).anyMatch(said -> said.getKey().contains(of) && said.getValue().asText().contains(text)), ready::toString);
            assertEquals("DOWN", ready.path("status").asText());
        });
    }

    @Test
    void anAliasThatSomebodyTakesAwayComesBackAndOneThatStandsForTwoIsNamedWhileDocumentsFlow() throws Exception {
        var held = filled("mixed");
        aliases(alias("remove", "mixed-000001", "mixed"));
        await().atMost(SOON).untilAsserted(() -> assertEquals("SERVES", role("mixed", "mixed-000001"), () -> stack.ready().toString()));
        assertEquals("ASIDE", role("mixed", held));
        aliases(alias("add", held, "mixed"));
        awaitTrouble("mixed", "The alias mixed stands for [" + held + ", mixed-000001]; it must stand for one index");
        stack.document("mixed", "2", 1, "{\"id\":2,\"name\":\"two\"}").get();
        await("both are written").atMost(SOON).untilAsserted(() -> assertEquals("2 2", stack.count(held) + " " + stack.count("mixed-000001")));
        aliases(alias("remove", held, "mixed"));
        awaitUp();
    }

    @Test
    void anIndexThatATemplateGivesTheAliasIsDeletedAndTheTemplateIsNamed() throws Exception {
        stack.document("templated", "1", 1, "{\"id\":1,\"name\":\"one\"}").get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(1, stack.count("templated")));
        stack.call("PUT", "/_index_template/of-another-time", "{\"index_patterns\":[\"templated-*\"],\"template\":{\"aliases\":{\"templated\":{}}}}");
        var refused = stack.operate("POST", "/pipelines/templated/generations");
        assertTrue(refused.path("status").asInt() == 409 && refused.toString().contains("the index template of-another-time"), refused::toString);
        assertTrue(stack.get("/templated-000002").has("error"), "it is not there any more");
        assertEquals(1, generations("templated").size());
        stack.call("DELETE", "/_index_template/of-another-time", null);
        awaitServes("templated", rebuild("templated", ""));
    }

    @Test
    void anIndexWhoseCopiesTheEngineRefusesDoesNotTakeOverBeforeItHasThem() throws Exception {
        stack.document("copied", "1", 1, "{\"id\":1,\"name\":\"one\"}").get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(1, stack.count("copied")));
        await("no more shards are made by what the indexer needs").atMost(SOON).until(() -> stack.get("/millrace-marks").has("millrace-marks") && PIPELINES.stream().noneMatch(name -> stack.get("/_alias/" + name).has("error")));
        var health = stack.get("/_cluster/health");
        most(Long.toString(health.path("active_shards").asLong() + health.path("unassigned_shards").asLong() + 1));
        var second = rebuild("copied", "");
        try {
            await().atMost(SOON).untilAsserted(() -> assertTrue(waits("copied", second).contains("index.number_of_replicas") && waits("copied", second).contains("shards open"), () -> generations("copied").toString()));
            assertTrue(stack.ready().toString().contains("index.number_of_replicas"), () -> stack.ready().toString());
            assertEquals("SERVES", role("copied", "copied-000001"));
        } finally {
            most("null");
        }
        awaitServes("copied", second);
        assertEquals("1", setting(second, "index.number_of_replicas"));
    }

    @Test
    void ofSeveralThatAreAskedForAtOnceOneIndexIsBegun() throws Exception {
        stack.document("twice", "1", 1, "{\"id\":1,\"name\":\"one\"}").get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(1, stack.count("twice")));
        try (var operators = Executors.newVirtualThreadPerTaskExecutor()) {
            var answers = new ArrayList<Future<Integer>>();
            for (int i = 0; i < 5; i++) {
                answers.add(operators.submit(() -> stack.operate("POST", "/pipelines/twice/generations?hold=true").path("status").asInt()));
            }
            var statuses = new TreeMap<Integer, Integer>();
            for (var answer : answers) {
                statuses.merge(answer.get(), 1, Integer::sum);
            }
            assertEquals(Map.of(202, 1, 409, 4), statuses);
        }
        assertEquals(2, generations("twice").size(), () -> generations("twice").toString());
    }

    private static void most(String shards) {
        assertTrue(stack.call("PUT", "/_cluster/settings", "{\"transient\":{\"cluster.max_shards_per_node\":" + shards + "}}").path("acknowledged").asBoolean());
    }

    private static String filled(String pipeline) throws Exception {
        stack.document(pipeline, "1", 1, "{\"id\":1,\"name\":\"one\"}").get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(1, stack.count(pipeline)));
        var held = rebuild(pipeline, "?hold=true");
        await("it is filled").atMost(SOON).untilAsserted(() -> assertEquals("100ms", setting(held, "index.refresh_interval"), () -> stack.ready().toString()));
        await().atMost(SOON).untilAsserted(() -> assertEquals(1, stack.count(held), () -> stack.ready().toString()));
        return held;
    }

    private static void blocked(String index, String blocked) {
        assertTrue(stack.call("PUT", "/" + index + "/_settings", "{\"index.blocks.write\":" + blocked + "}").path("acknowledged").asBoolean());
    }

    @Test
    void whatKeepsAnIndexFromServingIsSaidBesideItAndInHealth() throws Exception {
        var held = filled("waiting");
        blocked(held, "true");
        stack.document("waiting", "2", 1, "{\"id\":2,\"name\":\"two\"}").get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(2, stack.count("waiting")));
        serve("waiting", held);
        try {
            await().atMost(SOON).untilAsserted(() -> assertEquals("1 of the records that its topic had are still to be indexed", waits("waiting", held), () -> generations("waiting").toString()));
            assertTrue(stack.ready().toString().contains("it is not served yet: "), () -> stack.ready().toString());
            assertEquals("SERVES", role("waiting", "waiting-000001"));
        } finally {
            blocked(held, "null");
        }
        awaitServes("waiting", held);
        assertEquals(2, stack.count("waiting"));
        await().atMost(SOON).untilAsserted(() -> assertEquals("", waits("waiting", held)));
        awaitUp();
    }

    @Test
    void anIndexThatIsDeletedWhileItIsReconciledKeepsNobodyWaiting() throws Exception {
        var held = filled("retired");
        stack.call("PUT", "/" + held + "/_doc/orphan?refresh=true", "{\"id\":9,\"name\":\"is in no topic\"}");
        blocked(held, "true");
        var uuid = setting(held, "index.uuid");
        for (int i = 0; i < Stack.PARTITIONS; i++) {
            stack.call("DELETE", "/millrace-marks/_doc/" + Stack.GROUP + "%2F" + new TopicPartition(Topics.documents("retired"), i) + "%2F" + uuid, null);
        }
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains("reconciling the index " + held + " with its topic failed"), () -> stack.ready().toString()));
        assertEquals(204, stack.operate("DELETE", "/pipelines/retired/generations/" + held).path("status").asInt());
        awaitUp();
        assertEquals(1, generations("retired").size());
        await().during(Duration.ofSeconds(5)).atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
    }

    @Test
    void whatADeletedIndexLeavesBehindGoesToo() throws Exception {
        var held = filled("cleared");
        var uuid = setting(held, "index.uuid");
        var group = Stack.GROUP + "-" + held;
        await("it is written aside").atMost(SOON).until(() -> stack.marks("cleared", uuid) == Stack.PARTITIONS && stack.groups().contains(group));
        assertEquals(204, stack.operate("DELETE", "/pipelines/cleared/generations/" + held).path("status").asInt());
        await().atMost(SOON).untilAsserted(() -> assertFalse(stack.groups().contains(group), "Kafka has its group"));
        await().atMost(SOON).untilAsserted(() -> assertEquals(0, stack.marks("cleared", uuid)));
        assertEquals(Stack.PARTITIONS, stack.marks("cleared", setting("cleared-000001", "index.uuid")), "those of the index that serves stay");
    }

    @Test
    void anIndexThatServesWhenItsDeletionIsCarriedOutIsNotDeleted() throws Exception {
        try (var search = new FaultySearch(stack.servers.searchUrl())) {
            stack.indexer().stop();
            stack.startIndexer(Map.of("millrace.indexer.mark-interval", "1s", "millrace.indexer.search-url", search.url()), Map.of());
            var held = filled("guarded");
            search.hold("remove_index");
            try (var operator = Executors.newSingleThreadExecutor()) {
                var answer = operator.submit(() -> stack.operate("DELETE", "/pipelines/guarded/generations/" + held).path("status").asInt());
                await("the deletion is on its way").atMost(SOON).until(() -> search.spoilt() > 0);
                serve("guarded", held);
                awaitServes("guarded", held);
                search.release();
                assertEquals(409, answer.get());
            }
            assertEquals("SERVES", role("guarded", held));
            assertEquals(1, stack.count("guarded"));
        } finally {
            stack.indexer().stop();
            start();
        }
        awaitUp();
    }

    private static void aliases(String... actions) {
        assertTrue(stack.call("POST", "/_aliases", "{\"actions\":[" + String.join(",", actions) + "]}").path("acknowledged").asBoolean());
    }

    private static String alias(String action, String index, String alias) {
        return "{\"" + action + "\":{\"index\":\"" + index + "\",\"alias\":\"" + alias + "\"}}";
    }

    private static String next(String index) {
        var names = new ArrayList<String>();
        stack.get("/" + index + "/_alias").path(index).path("aliases").fieldNames().forEachRemaining(names::add);
        return names.stream().filter(name -> name.contains("-next-")).findFirst().orElse("none");
    }

    @Test
    void aHandOverThatWasGivenUpAndBegunAgainElsewhereIsNotFinishedByWhatWasKnownBefore() throws Exception {
        try (var search = new FaultySearch(stack.servers.searchUrl())) {
            stack.indexer().stop();
            stack.startIndexer(Map.of("millrace.indexer.mark-interval", "1s", "millrace.indexer.search-url", search.url()), Map.of());
            var held = filled("ordered");
            search.hold("ordered-000001-held");
            serve("ordered", held);
            await("the last step is on its way").atMost(SOON).until(() -> search.spoilt() > 0);
            var first = next(held);
            blocked(held, "true");
            aliases(alias("remove", held, first), alias("add", "ordered-000001", "ordered-000001-Writer"));
            stack.document("ordered", "2", 1, "{\"id\":2,\"name\":\"two\"}").get();
            await().atMost(SOON).untilAsserted(() -> assertEquals(2, stack.count("ordered-000001")));
            aliases(alias("remove", "ordered-000001", "ordered-000001-Writer"), alias("add", held, held + "-next-second"));
            search.release();
            await("it lacks a document").atMost(SOON).untilAsserted(() -> assertTrue(waits("ordered", held).contains("1 of the records that its topic had are still to be indexed"), () -> generations("ordered").toString()));
            assertEquals(2, stack.count("ordered"));
            blocked(held, "null");
            awaitServes("ordered", held);
            assertEquals(2, stack.count("ordered"));
        } finally {
            stack.indexer().stop();
            start();
        }
        awaitUp();
    }
}
