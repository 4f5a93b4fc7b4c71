package io.millrace.indexer;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.indexer.FaultySearch.Fault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
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
    private static final Duration LONG_FAULT = Duration.ofMinutes(1);
    private static final String FIELDS = "{\"name\":\"id\",\"type\":\"long\",\"pg.type\":\"int8\"},{\"name\":\"name\",\"type\":[\"null\",\"string\"],\"default\":null,\"pg.type\":\"text\"}";
    private static final int STABLE = 2_000;
    private static final int RATE = 200;
    private static final int LARGE = 8_000;
    /** By the settings. */
    private static final double WHOLE = 3 << 20;

    @TempDir
    static Path folder;
    private static Stack stack;
    private static FaultySearch search;

    @BeforeAll
    static void startAll() throws Exception {
        stack = new Stack(folder);
        search = new FaultySearch(stack.servers.searchUrl());
        stack.pipeline("busy", "id, name", FIELDS, "");
        stack.pipeline("large", "id, name", FIELDS, "");
        stack.pipeline("stopped", "id, name", FIELDS, "");
        stack.startIndexer(Map.of("millrace.indexer.search-url", search.url(), "millrace.indexer.slow-bulk", "1s", "millrace.indexer.request-timeout", "5s"), Map.of());
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
        return metric("millrace_bulk_limit{");
    }

    private static double bytes() throws Exception {
        return metric("millrace_bulk_limit_bytes{");
    }

    private static double metric(String name) throws Exception {
        return stack.metrics().lines().filter(line -> line.startsWith(name)).mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1))).sum();
    }

    private static Map<String, String> content(String index) {
        stack.call("POST", "/" + index + "/_refresh", null);
        var content = new TreeMap<String, String>();
        stack.call("POST", "/" + index + "/_search", "{\"size\":10000,\"version\":true}").path("hits").path("hits").forEach(hit -> content.put(hit.path("_id").asText(), hit.path("_version").asLong() + " " + hit.path("_source")));
        return content;
    }

    private static void awaitLimit(String what, double limit) {
        await(what).atMost(SOON).untilAsserted(() -> assertEquals(limit, limit(), () -> stack.ready().toString()));
    }

    /** What was sent is there and nothing else, nothing went back on the way, and nothing was given up. */
    private static void awaitAll(String pipeline, Traffic traffic, VersionWatch versions) throws InterruptedException {
        traffic.stop();
        await("what is sent late is applied").atMost(SOON).until(() -> search.late() == 0);
        await().atMost(SOON).untilAsserted(() -> assertEquals(traffic.expected(), content(pipeline), () -> stack.ready().toString()));
        versions.stop();
        assertEquals(List.of(), versions.faults());
        assertTrue(versions.read() > traffic.ids().size(), () -> "versions were read " + versions.read() + " times");
        assertEquals(0, stack.quarantined(pipeline).size());
    }

    private static void spoil(Fault fault, Duration howLong) throws InterruptedException {
        search.set(fault);
        Thread.sleep(howLong);
        assertTrue(search.spoilt() > 1, () -> fault + " spoilt " + search.spoilt() + " requests");
    }

    @Test
    void fewerRequestsAreSentWhileItHasTooMuchToDoAndNothingIsLostOrGoesBackwards() throws Exception {
        try (var traffic = new Traffic(stack, "busy", STABLE, RATE); var versions = new VersionWatch(stack, "busy", traffic.ids())) {
            await().atMost(SOON).untilAsserted(() -> assertTrue(stack.count("busy") >= STABLE));
            awaitLimit("before", 4);
            try (var reader = new Reader(stack, traffic, "busy")) {
                for (var fault : List.of(Fault.BUSY, Fault.BUSY_FOR_SOME, Fault.SLOW, Fault.UNANSWERED)) {
                    search.set(fault);
                    awaitLimit(fault + " is felt", 1);
                    spoil(fault, fault == Fault.BUSY ? LONG_FAULT : FAULT);
                    search.set(Fault.NONE);
                    awaitLimit("after " + fault, 4);
                }
                for (var fault : List.of(Fault.FAILED_FOR_SOME, Fault.LATE)) {
                    spoil(fault, FAULT);
                    search.set(Fault.NONE);
                    awaitLimit("after " + fault, 4);
                }
                reader.stop();
                assertEquals(List.of(), reader.faults());
            }
            awaitAll("busy", traffic, versions);
        }
    }

    /** The documents come at once, so that requests would be as large as the settings allow, and the engine takes none that has more than an eighth of that. */
    @Test
    void requestsBecomeSmallerWhereOneAtATimeIsTooLargeAndWholeAgainAfterwards() throws Exception {
        stack.document("large", "first", 1, "{\"id\":0,\"name\":\"first\"}").get();
        await().atMost(SOON).untilAsserted(() -> assertEquals(1, stack.count("large"), () -> stack.ready().toString()));
        awaitLimit("before", 4);
        assertEquals(WHOLE, bytes());
        search.set(Fault.TOO_MUCH);
        for (int i = 0; i < LARGE; i++) {
            stack.document("large", "l" + i, 1, "{\"id\":" + i + ",\"name\":\"" + "word ".repeat(400) + "\"}");
        }
        await("all are taken in small requests").atMost(SOON).untilAsserted(() -> assertEquals(LARGE + 1, stack.count("large"), () -> stack.ready().toString()));
        assertTrue(search.spoilt() > 0);
        assertTrue(bytes() < WHOLE, () -> "requests may have as many bytes as before: " + stack.ready());
        var warning = stack.ready().path("checks").findValuesAsText("warning").toString();
        assertTrue(warning.matches(".*requests to opensearch: \\d of 4 bulk requests at once, of [\\d,]+ of 2,000 documents and \\d\\.\\d of 3\\.0 MB each at most, since the search engine (answers a bulk request with HTTP 429|does not answer a bulk request).*"), warning);
        search.set(Fault.NONE);
        var more = new AtomicInteger();
        await("it becomes more again while somebody writes").atMost(SOON.multipliedBy(2)).until(() -> {
            int version = more.incrementAndGet();
            stack.document("large", "more", version, "{\"id\":0,\"name\":\"more " + version + "\"}").get();
            return bytes() == WHOLE && limit() == 4;
        });
        await().atMost(SOON).untilAsserted(() -> assertEquals(List.of(), stack.ready().path("checks").findValuesAsText("warning")));
        assertEquals(0, stack.quarantined("large").size());
    }

    private static void signal(String signal) throws Exception {
        var pid = stack.servers.search().running().orElseThrow().pid();
        assertEquals(0, new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor());
    }

    /** While it stands still it takes requests and answers none; it carries them out when it goes on, after they were given up here. */
    @Test
    void nothingIsLostOrGoesBackwardsWhereItIsKilledAndWhereItStandsStill() throws Exception {
        try (var traffic = new Traffic(stack, "stopped", STABLE, RATE); var versions = new VersionWatch(stack, "stopped", traffic.ids())) {
            await().atMost(SOON).untilAsserted(() -> assertTrue(stack.count("stopped") >= STABLE));
            stack.servers.search().kill();
            awaitReason("does not answer a bulk request");
            Thread.sleep(FAULT);
            stack.servers.search().start();
            awaitLimit("after it was killed", 4);
            signal("STOP");
            awaitReason("does not answer a bulk request");
            Thread.sleep(FAULT);
            signal("CONT");
            awaitLimit("after it stood still", 4);
            awaitAll("stopped", traffic, versions);
        }
        await().atMost(SOON).untilAsserted(() -> assertEquals("UP", stack.ready().path("status").asText(), () -> stack.ready().toString()));
    }

    private static void awaitReason(String reason) {
        await().atMost(SOON).untilAsserted(() -> {
            var ready = stack.ready();
            assertTrue(ready.toString().contains(reason), ready::toString);
            assertEquals("DOWN", ready.path("status").asText());
        });
    }

    private static void leadTo(String index) {
        stack.call("POST", "/_aliases", "{\"actions\":[{\"remove\":{\"index\":\"back-*\",\"alias\":\"back\"}},{\"add\":{\"index\":\"" + index + "\",\"alias\":\"back\"}}]}");
    }

    /** The engine itself does not go back, so an alias leads from one index to another here. */
    @Test
    void aVersionThatGoesBackAndADocumentThatComesBackAreNoted() throws Exception {
        stack.call("PUT", "/back-high/_doc/1?version=5&version_type=external", "{}");
        stack.call("PUT", "/back-low/_doc/1?version=3&version_type=external", "{}");
        stack.call("PUT", "/back-empty", "{\"aliases\":{\"back\":{}}}");
        try (var versions = new VersionWatch(stack, "back", List.of("1"))) {
            for (var index : List.of("back-high", "back-low", "back-high", "back-empty", "back-high")) {
                leadTo(index);
                Thread.sleep(Duration.ofSeconds(1));
            }
            versions.stop();
            assertEquals(Set.of("1 was at version 5, and later at 3", "1 was deleted, and came back at version 5"), Set.copyOf(versions.faults()));
        }
    }
}
