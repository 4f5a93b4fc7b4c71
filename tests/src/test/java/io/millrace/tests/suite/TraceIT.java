package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.comparison.CanonicalJson;
import io.millrace.pipeline.comparison.Json;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import io.millrace.tests.stack.SpanReceiver;
import io.millrace.tests.stack.SpanReceiver.Span;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** One change is one trace, from the commit to the index, for a backend and without one. */
@ExtendWith(SharedStack.class)
class TraceIT {

    private static final List<String> WAY = List.of("capture public.monitor", "gate demo.public.monitor", "join monitors", "index monitors");
    private static final String SENT_BY_THE_APPLICATION = "00f067aa0ba902b7";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final DemoStack stack;
    private final SpanReceiver receiver;

    TraceIT(DemoStack stack, SpanReceiver receiver) {
        this.stack = stack;
        this.receiver = receiver;
    }

    @Test
    void aChangeOfWhichTheApplicationSaidNothingIsATraceThatBeginsAtTheCommit() throws SQLException {
        var before = receiver.spans().stream().map(Span::traceId).collect(Collectors.toSet());
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            var way = Awaitility.await("one of a hundred changes is traced").atMost(PATIENCE).until(() -> {
                for (int i = 0; i < 100; i++) {
                    statement.executeUpdate("UPDATE public.monitor SET modified = clock_timestamp() WHERE id = (SELECT min(id) FROM public.monitor)");
                }
                return whole().entrySet().stream().filter(t -> !before.contains(t.getKey())).map(Map.Entry::getValue).findFirst().orElse(Map.of());
            }, w -> !w.isEmpty());
            assertEquals("", way.get(WAY.getFirst()).parentId(), "nobody comes before the capture");
            assertParents(way);
        }
    }

    @Test
    void theContextOfTheApplicationGoesThroughAllStagesAndARestart() throws SQLException {
        var traceId = "4bf92f3577b34da6a3ce929d0e0e" + "%04x".formatted(ProcessHandle.current().pid() & 0xFFFF);
        stack.process(Stage.DENORMALIZER).stop();
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.execute("ALTER TABLE public.monitor ADD COLUMN IF NOT EXISTS tracingspancontext text");
            statement.executeUpdate("UPDATE public.monitor SET modified = clock_timestamp(), tracingspancontext = '00-" + traceId + "-" + SENT_BY_THE_APPLICATION
                    + "-01' WHERE id = (SELECT min(id) FROM public.monitor)");
            Awaitility.await("the gate has seen the change while the join is away").atMost(PATIENCE).until(() -> named(traceId).containsKey(WAY.get(1)));
            stack.process(Stage.DENORMALIZER).start();
            var way = Awaitility.await("all spans of the trace").atMost(PATIENCE).until(() -> named(traceId), w -> w.keySet().containsAll(WAY) && w.containsKey("bulk monitors"));
            assertEquals(SENT_BY_THE_APPLICATION, way.get(WAY.getFirst()).parentId());
            assertParents(way);
            assertEquals("public.monitor", way.get(WAY.getFirst()).attributes().get("millrace.table"));
            assertFalse(way.get(WAY.get(2)).attributes().get("millrace.position").isEmpty());
            var bulk = way.get("bulk monitors");
            assertTrue(bulk.links().contains(way.get("join monitors").spanId()), "the request is linked with its documents");
            assertTrue(way.get("index monitors").links().contains(bulk.spanId()), "and they with it");
            statement.executeUpdate("UPDATE public.monitor SET modified = clock_timestamp() WHERE id = (SELECT min(id) FROM public.monitor)");
            Awaitility.await("the next change of the document is linked with this one").atMost(PATIENCE).until(() -> receiver.spans().stream()
                    .anyMatch(s -> s.name().equals("join monitors") && s.links().contains(way.get("join monitors").spanId())));
            statement.executeUpdate("UPDATE public.monitor SET tracingspancontext = NULL WHERE tracingspancontext IS NOT NULL");
        }
        stack.settled().await().forEach(comparison -> assertTrue(comparison.agrees(), comparison::describe));
    }

    @Test
    void theLastChangeOfADocumentIsShownStageByStageWithoutABackend() throws SQLException {
        stack.settled().await();
        String id;
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            try (var row = statement.executeQuery("UPDATE public.monitor SET name = 'seen on its way' WHERE id = (SELECT max(id) FROM public.monitor) RETURNING id::text")) {
                row.next();
                id = row.getString(1);
            }
        }
        var trace = Awaitility.await("the indexer knows the change").atMost(PATIENCE).until(() -> trace(id), t -> t.get("hops") != null && t.get("hops").items().size() == 7);
        var stages = trace.get("hops").items().stream().map(h -> h.get("stage").asText()).toList();
        assertEquals(List.of("postgres", "capture", "gate", "join", "index", "index", "search"), stages);
        var times = trace.get("hops").items().stream().map(h -> Long.parseLong(h.get("atMicros").asText())).toList();
        assertEquals(times.stream().sorted().toList(), times, "each step ends after the one before, by one machine's clock");
        assertEquals(List.of(), trace.get("notes").items());
        RestAssured.given().baseUri(stack.address(Stage.INDEXER).toString()).get("/pipelines/monitors/documents/none/trace").then().statusCode(404);
    }

    @Test
    void anErasureThatAsksForItIsTracedThroughAllStages() throws Exception {
        long id;
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            try (var row = statement.executeQuery("INSERT INTO public.monitor (organisation_id, name, query, status, type, created, modified) VALUES (1, 'to be erased', '', 'ok', 'metric', now(), now()) RETURNING id")) {
                row.next();
                id = row.getLong(1);
            }
            stack.settled().await();
            var answer = RestAssured.given().baseUri(stack.address(Stage.PURGE).toString()).contentType(ContentType.JSON).header("Authorization", "Bearer " + Files.readString(stack.stack().token()).strip())
                    .header("Idempotency-Key", "trace " + id).queryParam("trace", 1).body("{\"reason\": \"to see its way\"}").post("/pipelines/monitors/documents/" + id + "/erasure");
            assertEquals(202, answer.statusCode(), answer::asString);
            var traceId = answer.header("traceparent").split("-")[1];
            var way = List.of("capture millrace.outboxevent", "gate demo.millrace.outboxevent", "join monitors", "index monitors");
            var spans = Awaitility.await("all spans of the erasure").atMost(PATIENCE).until(() -> named(traceId), w -> w.keySet().containsAll(way));
            assertEquals(Long.toString(id), spans.get("index monitors").attributes().get("millrace.document"));
            statement.executeUpdate("DELETE FROM public.monitor WHERE id = " + id);
        }
        stack.settled().await().forEach(comparison -> assertTrue(comparison.agrees(), comparison::describe));
    }

    private Json trace(String id) {
        return CanonicalJson.read(RestAssured.given().baseUri(stack.address(Stage.INDEXER).toString()).get("/pipelines/monitors/documents/" + id + "/trace").asString());
    }

    private static void assertParents(Map<String, Span> way) {
        for (int i = 1; i < WAY.size(); i++) {
            assertEquals(way.get(WAY.get(i - 1)).spanId(), way.get(WAY.get(i)).parentId(), WAY.get(i) + " follows " + WAY.get(i - 1));
        }
        assertEquals(4, WAY.stream().map(name -> way.get(name).service()).distinct().count(), "four services");
        assertNotEquals("", way.get(WAY.getLast()).parentId());
    }

    /** The spans of each trace that has all of them, by name. */
    private Map<String, Map<String, Span>> whole() {
        return receiver.spans().stream().filter(s -> s.name().equals(WAY.getLast())).map(Span::traceId).distinct()
                .collect(Collectors.toMap(t -> t, this::named)).entrySet().stream()
                .filter(t -> t.getValue().keySet().containsAll(WAY)).collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    private Map<String, Span> named(String traceId) {
        return receiver.spans().stream().filter(s -> s.traceId().equals(traceId)).collect(Collectors.toMap(Span::name, s -> s, (first, again) -> first));
    }
}
