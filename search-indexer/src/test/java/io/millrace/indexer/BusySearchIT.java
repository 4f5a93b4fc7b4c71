package io.millrace.indexer;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.indexer.FaultySearch.Fault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A search engine that has too much to do, or loses its answers, while documents change and somebody reads without a pause. */
@Tag("long")
class BusySearchIT {

    private static final Duration SOON = Duration.ofSeconds(90);
    private static final Duration FAULT = Duration.ofSeconds(12);
    private static final String FIELDS = "{\"name\":\"id\",\"type\":\"long\",\"pg.type\":\"int8\"},{\"name\":\"name\",\"type\":[\"null\",\"string\"],\"default\":null,\"pg.type\":\"text\"}";
    private static final int STABLE = 2_000;
    private static final int RATE = 200;

    @TempDir
    static Path folder;
    private static Stack stack;
    private static FaultySearch search;

    @BeforeAll
    static void startAll() throws Exception {
        stack = new Stack(folder);
        search = new FaultySearch(stack.servers.searchUrl());
        stack.pipeline("busy", "id, name", FIELDS, "");
        stack.startIndexer(Map.of("millrace.indexer.search-url", search.url(), "millrace.indexer.slow-bulk", "1s"), Map.of());
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
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

    private static double limit() throws Exception {
        return stack.metrics().lines().filter(line -> line.startsWith("millrace_bulk_limit")).mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1))).sum();
    }

    private static Map<String, String> content() {
        stack.call("POST", "/busy/_refresh", null);
        var content = new TreeMap<String, String>();
        stack.call("POST", "/busy/_search", "{\"size\":10000,\"version\":true}").path("hits").path("hits").forEach(hit -> content.put(hit.path("_id").asText(), hit.path("_version").asLong() + " " + hit.path("_source")));
        return content;
    }

    @Test
    void fewerRequestsAreSentWhileItHasTooMuchToDoAndNothingIsLostOrGoesBackwards() throws Exception {
        try (var traffic = new Traffic(stack, "busy", STABLE, RATE)) {
            await().atMost(SOON).untilAsserted(() -> assertTrue(stack.count("busy") >= STABLE));
            assertEquals(4, limit());
            try (var reader = new Reader(stack, traffic, "busy")) {
                for (var fault : List.of(Fault.BUSY, Fault.BUSY_FOR_SOME, Fault.SLOW, Fault.UNANSWERED)) {
                    search.set(fault);
                    await(fault + " is felt").atMost(SOON).untilAsserted(() -> assertEquals(1, limit()));
                    Thread.sleep(FAULT);
                    assertTrue(search.spoilt() > 1, () -> fault + " spoilt " + search.spoilt() + " requests");
                    search.set(Fault.NONE);
                    await("after " + fault).atMost(SOON).untilAsserted(() -> assertEquals(4, limit()));
                }
                reader.stop();
                assertEquals(List.of(), reader.faults());
            }
            traffic.stop();
            await().atMost(SOON).untilAsserted(() -> assertEquals(traffic.expected(), content(), () -> stack.ready().toString()));
            assertEquals(0, stack.quarantined("busy").size());
        }
    }
}
