package io.millrace.tests.suite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.RawTopics;
import io.millrace.tests.stack.SharedStack;
import io.millrace.tests.stack.SpanReceiver;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Whatever happens to a row, its values stand in no log, span, metric or state of health, which everybody may read. */
@Tag("long")
@ExtendWith(SharedStack.class)
class PrivateDataIT {

    private static final String MARKER = "zqprivatevalue";
    private static final TableName TABLE = new TableName("public", "dashboard_list_entry");
    private static final String PARKED = "demo.public.dashboard_list_entry";
    /** More than half of the documents of which the indexer remembers how they fared, so that it says why. */
    private static final List<String> REFUSED = IntStream.range(0, 1_500).mapToObj(i -> Integer.toString(910_000_000 + i)).toList();

    private final DemoStack stack;
    private final RawTopics topics;
    private final SpanReceiver spans;
    /** What everybody could read meanwhile. */
    private final List<String> said = new ArrayList<>();

    PrivateDataIT(DemoStack stack, SpanReceiver spans) {
        this.stack = stack;
        this.topics = new RawTopics(stack);
        this.spans = spans;
    }

    @Test
    void aValueIsInNoLogSpanMetricOrStateOfHealthWhateverHappensToItsRow() throws Exception {
        stack.settled().await();
        flows();
        theSearchEngineRefusesDocuments();
        theGateRefusesRecords();
        anIndexThatWasChangedByHandIsVerified();
        listen();

        assertEquals(List.of(), said.stream().filter(s -> s.contains(MARKER)).toList(), "said by a service to everybody");
        assertEquals(List.of(), spans.spans().stream().filter(s -> s.toString().contains(MARKER)).toList(), "in spans");
        assertEquals(List.of(), linesOfLogs(), "in logs");
        stack.settled().await();
    }

    private void flows() throws Exception {
        sql("UPDATE public.monitor SET message = '" + MARKER + "', options = jsonb_build_object('" + MARKER + "', '" + MARKER + "') WHERE id = (SELECT min(id) FROM public.monitor)",
                "UPDATE public.team SET name = '" + MARKER + "' WHERE id = (SELECT min(id) FROM public.team)",
                "UPDATE public.monitor_recipient SET address = '" + MARKER + "' WHERE monitor_id = (SELECT min(monitor_id) FROM public.monitor_recipient)");
        stack.settled().await();
        assertFalse(stack.index().search("monitors", "{\"match\":{\"message\":\"" + MARKER + "\"}}").isEmpty(), "the value is in the index");
        listen();
    }

    private void theSearchEngineRefusesDocuments() throws Exception {
        for (var id : REFUSED) {
            topics.send(document(id, 1, "{\"id\":\"" + MARKER + "\"}"));
        }
        patience("the indexer says that documents are refused").until(() -> health(Stage.INDEXER).contains("are refused"));
        listen();
        assertTrue(health(Stage.INDEXER).contains("field [id]"), () -> health(Stage.INDEXER));
        var parked = topics.read(Topics.quarantineDocuments("monitors")).stream().filter(r -> REFUSED.contains(new String(r.key(), UTF_8))).findFirst().orElseThrow();
        assertTrue(Headers.text(parked.headers(), Headers.DETAIL).contains(MARKER), "whoever may read the quarantine has all that the engine said");
        for (var id : REFUSED) {
            topics.send(document(id, 2, null));
        }
        patience("the indexer goes on").until(() -> health(Stage.INDEXER).startsWith("200"));
    }

    private void theGateRefusesRecords() throws Exception {
        var whole = topics.read(Topics.captured("demo", TABLE)).stream().filter(r -> r.value() != null).findFirst().orElseThrow();
        var noAvro = MARKER.getBytes(UTF_8);
        var damaged = Arrays.copyOf(whole.value(), 5 + noAvro.length);
        System.arraycopy(noAvro, 0, damaged, 5, noAvro.length);
        topics.send(new ProducerRecord<>(Topics.captured("demo", TABLE), 0, noAvro, noAvro));
        topics.send(new ProducerRecord<>(Topics.captured("demo", TABLE), 0, whole.timestamp(), whole.key(), damaged, whole.headers()));
        patience("the table is parked").untilAsserted(() -> gate().get("/quarantine/" + PARKED).then().statusCode(200).body("state", equalTo("parked")));
        listen();
        int refused = gate().get("/quarantine/" + PARKED).path("refused");
        gate().body("{\"count\":" + refused + ",\"which\":\"REFUSED\",\"reason\":\"made by a test\"}").post("/quarantine/" + PARKED + "/discard").then().statusCode(200);
        patience("the table flows again").untilAsserted(() -> gate().get("/quarantine/" + PARKED).then().body("state", equalTo("flowing")));
    }

    private void anIndexThatWasChangedByHandIsVerified() throws Exception {
        stack.settled().await();
        var id = stack.index().search("monitors", "{\"match\":{\"message\":\"" + MARKER + "\"}}").getFirst();
        stack.index().ask("POST", "/monitors/_update/" + id, "{\"doc\":{\"name\":\"" + MARKER + " by hand\"}}");
        var found = verify(false);
        purge().get("/verifications/" + found).then().body("state", equalTo("differs"));
        assertTrue(purge().get("/verifications/" + found + "/differences").asString().contains(MARKER), "whoever may read documents is told what differs");
        listen();
        verify(true);
        listen();
        stack.settled().await();
    }

    /** Returns the verification's id when it has ended. */
    private String verify(boolean repair) throws IOException {
        String verification = purge().body("{\"repair\":" + repair + "}").post("/pipelines/monitors/verifications").then().statusCode(202).extract().path("id");
        var purge = purge();
        patience("the verification ends").until(() -> purge.get("/verifications/" + verification).then().statusCode(200).extract().path("state"), state -> !"running".equals(state));
        return verification;
    }

    /** Asks everything that answers without a right. */
    private void listen() {
        for (var stage : Stage.values()) {
            for (var path : List.of("/q/health", "/q/health/ready", "/q/health/live", "/q/metrics", "/quarantine", "/erasures", "/pipelines", "/resnapshots")) {
                said.add(stage + " " + path + ": " + RestAssured.given().baseUri(stack.address(stage).toString()).get(path).asString());
            }
        }
    }

    private String health(Stage stage) {
        var answer = RestAssured.given().baseUri(stack.address(stage).toString()).get("/q/health/ready");
        return answer.statusCode() + " " + answer.asString();
    }

    private List<String> linesOfLogs() throws IOException {
        var found = new ArrayList<String>();
        try (var files = Files.walk(stack.stack().options().data().resolve("logs"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                try (var lines = Files.lines(file)) {
                    lines.filter(l -> l.contains(MARKER)).forEach(l -> found.add(file.getFileName() + ": " + l));
                }
            }
        }
        return found;
    }

    private void sql(String... statements) throws Exception {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            for (var sql : statements) {
                statement.executeUpdate(sql);
            }
        }
    }

    private static ProducerRecord<byte[], byte[]> document(String id, long version, String json) {
        var headers = new RecordHeaders().add(Headers.VERSION, Headers.bytes(version));
        return new ProducerRecord<>(Topics.documents("monitors"), 0, id.getBytes(UTF_8), json == null ? null : json.getBytes(UTF_8), headers);
    }

    private RequestSpecification gate() throws IOException {
        return authorised(Stage.GATE);
    }

    private RequestSpecification purge() throws IOException {
        return authorised(Stage.PURGE);
    }

    private RequestSpecification authorised(Stage stage) throws IOException {
        return RestAssured.given().baseUri(stack.address(stage).toString()).contentType(ContentType.JSON).header("Authorization", "Bearer " + Files.readString(stack.stack().token()).strip());
    }

    private static ConditionFactory patience(String what) {
        return Awaitility.await(what).pollInterval(Duration.ofMillis(200)).atMost(Duration.ofMinutes(2));
    }
}
