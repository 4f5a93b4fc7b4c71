package io.millrace.indexer;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.jdi.ThreadReference;
import io.millrace.local.Debugger;
import io.millrace.local.Ports;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Faults of an index wait and are said, faults of a thread end in a restart, and no document is parked for either. */
class IndexFaultsIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String ID = "{\"name\":\"id\",\"type\":\"long\",\"pg.type\":\"int8\"}";
    private static final String NAME = ",{\"name\":\"name\",\"type\":[\"null\",\"string\"],\"default\":null,\"pg.type\":\"text\"}";
    private static final String NAME_AS_NUMBER = ",{\"name\":\"name\",\"type\":[\"null\",\"long\"],\"default\":null,\"pg.type\":\"int8\"}";
    private static final String COLOUR = ",{\"name\":\"colour\",\"type\":[\"null\",\"string\"],\"default\":null,\"pg.type\":\"varchar\"}";
    private static final Map<String, String> QUICK = Map.of("millrace.indexer.stuck-after", "3s", "millrace.indexer.request-timeout", "5s");
    private static final String LOOP = "io.millrace.pipeline.liveness.Loop";
    private static final int DEBUGGED = Ports.free(1).getFirst();

    @TempDir
    static Path folder;
    private static Stack stack;

    @BeforeAll
    static void startAll() throws Exception {
        stack = new Stack(folder);
        stack.pipeline("faults", "id, name", ID + NAME, "");
        stack.pipeline("narrow", "id, name, colour", ID + NAME, "settings: {mapping.total_fields.limit: 4}");
        stack.pipeline("retyped", "id, name, colour", ID + NAME, "");
        stack.pipeline("analysed", "id, name", ID + NAME, """
                settings:
                  analysis: {analyzer: {plain: {type: custom, tokenizer: standard, filter: [lowercase, asciifolding]}}}
                  max_result_window: 20000""");
        start();
    }

    private static void start() {
        stack.startIndexer(QUICK, Map.of("JAVA_TOOL_OPTIONS", Debugger.option(DEBUGGED)));
    }

    @AfterAll
    static void stopAll() {
        if (stack != null) {
            stack.close();
        }
    }

    private static void awaitName(String index, String id, String name) {
        await().atMost(SOON).untilAsserted(() -> assertEquals(name, stack.indexed(index, id).path("_source").path("name").asText(), () -> stack.ready().toString()));
    }

    private static void awaitReason(String reason) {
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.ready().toString().contains(reason), () -> stack.ready().toString()));
    }

    private static String doc(String name) {
        return "{\"id\":1,\"name\":\"" + name + "\"}";
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "closed  | POST | /_close    | {}                                                         | open the index again (POST /faults-000001/_open) | POST | /_open     | {}",
            "flooded | PUT  | /_settings | {\"index.blocks.read_only_allow_delete\":true}             | free disk, or lift the block                     | PUT  | /_settings | {\"index.blocks.read_only_allow_delete\":null}",
            "routed  | PUT  | /_settings | {\"index.default_pipeline\":\"nowhere\"}                   | pipeline with id [nowhere] does not exist        | PUT  | /_settings | {\"index.default_pipeline\":null}"})
    void aFaultOfTheIndexWaitsAndIsSaidAndParksNoDocument(String id, String how, String path, String body, String reason, String back, String backPath, String backBody) throws Exception {
        stack.document("faults", id, 1, doc("before")).get();
        awaitName("faults", id, "before");
        stack.call(how, "/faults-000001" + path, body);
        stack.document("faults", id, 2, doc("meanwhile")).get();
        awaitReason(reason);
        assertEquals("DOWN", stack.ready().path("status").asText());
        stack.call(back, "/faults-000001" + backPath, backBody);
        awaitName("faults", id, "meanwhile");
        assertEquals(0, stack.quarantined("faults").size());
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
    }

    @Test
    void aMappingThatIsFullWaitsForItsLimitToBeRaised() throws Exception {
        stack.document("narrow", "1", 1, doc("before")).get();
        awaitName("narrow", "1", "before");
        stack.schema("narrow", ID + NAME + COLOUR);
        stack.document("narrow", "2", 1, "{\"colour\":\"red\",\"id\":2,\"name\":\"wide\"}").get();
        awaitReason("does not take new columns: HTTP 400 illegal_argument_exception: Limit of total fields [4] has been exceeded");
        assertEquals(0, stack.quarantined("narrow").size());
        stack.call("PUT", "/narrow-000001/_settings", "{\"index.mapping.total_fields.limit\":10}");
        awaitName("narrow", "2", "wide");
    }

    @Test
    void aColumnThatChangedItsTypeKeepsNoNewColumnOut() throws Exception {
        stack.document("retyped", "1", 1, doc("before")).get();
        awaitName("retyped", "1", "before");
        stack.schema("retyped", ID + NAME_AS_NUMBER + COLOUR);
        stack.document("retyped", "2", 1, "{\"colour\":\"red\",\"id\":2,\"name\":\"7\"}").get();
        awaitName("retyped", "2", "7");
        assertEquals(0, stack.quarantined("retyped").size());
    }

    @Tag("long")
    @Test
    void aThreadThatIsStuckOrEndedByAnErrorIsFoundByLiveness() throws Exception {
        stack.document("faults", 0, "live", 1, doc("alive")).get();
        awaitName("faults", "live", "alive");
        assertEquals("UP", stack.live().path("status").asText(), () -> stack.live().toString());
        try (var debugger = Debugger.attach(DEBUGGED)) {
            var blocked = List.of("cutover", "search probe", "commit clock", "lane faults[0]");
            var threads = new ArrayList<ThreadReference>();
            for (var thread : blocked) {
                threads.add(debugger.block(thread, LOOP, "waits"));
            }
            for (var thread : blocked) {
                await().atMost(SOON).untilAsserted(() -> assertTrue(stack.live().toString().contains("\"" + thread + "\":\"it has given no sign of life"), () -> stack.live().toString()));
            }
            assertEquals("DOWN", stack.live().path("status").asText());
            assertTrue(stack.live().toString().contains("io.millrace.indexer.intake.Lane.write"), () -> "it says where it stands: " + stack.live());
            for (var thread : threads) {
                thread.interrupt();
            }
            debugger.fail("lane faults[1]", LOOP, "waits");
        }
        await().atMost(SOON).untilAsserted(() -> assertTrue(stack.live().toString().contains("\"lane faults[1]\":\"it ended by java.lang.StackOverflowError"), () -> stack.live().toString()));
        assertEquals("DOWN", stack.ready().path("status").asText());
        stack.indexer().stop();
        start();
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.live().path("status").asText(), () -> stack.live().toString()));
        assertFalse(stack.indexer().tail().contains("stays as it is"), () -> "what is as it is asked for is not asked for: " + stack.indexer().tail());
    }
}
