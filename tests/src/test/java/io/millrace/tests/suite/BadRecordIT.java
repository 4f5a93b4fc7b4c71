package io.millrace.tests.suite;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasEntry;
import static org.hamcrest.Matchers.hasItem;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.topic.Topics;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.RawTopics;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A record that cannot go on stands in quarantine with its reason, and everything else goes on. */
@ExtendWith(SharedStack.class)
class BadRecordIT {

    private static final TableName TABLE = new TableName("public", "dashboard_list_entry");
    private static final String REFUSED_ID = "900000001";
    private static final String GOOD_ID = "900000002";

    private final DemoStack stack;
    private final RawTopics topics;

    BadRecordIT(DemoStack stack) {
        this.stack = stack;
        this.topics = new RawTopics(stack);
    }

    @Test
    void aRecordThatIsNotAvroIsParkedWithItsReasonWhileOtherTablesFlowAndCanBeDiscarded() throws Exception {
        stack.settled().await();
        var junk = "this is not Avro".getBytes(UTF_8);
        topics.send(new ProducerRecord<>(Topics.captured("demo", TABLE), 0, "junk".getBytes(UTF_8), junk));
        var parked = parked(Topics.quarantine("demo", TABLE), junk);
        assertTrue(Headers.text(parked.headers(), Headers.REASON).equals("not-wire-format"), () -> Headers.text(parked.headers(), Headers.REASON));
        assertFalse(Headers.text(parked.headers(), Headers.DETAIL).isBlank());

        var table = "demo.public.dashboard_list_entry";
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE public.dashboard_list_entry SET position = position + 100");
            statement.executeUpdate("UPDATE public.monitor SET name = 'flowsbesides' WHERE id = (SELECT max(id) FROM public.monitor)");
        }
        patience("the table of monitors flows while another is parked").until(() -> stack.index().search("monitors", "{\"match\":{\"name\":\"flowsbesides\"}}").size() == 1);

        RestAssured.given().baseUri(stack.address(Stage.GATE).toString()).get("/quarantine").then().statusCode(401);
        gate().get("/quarantine").then().statusCode(200).body("table", hasItem(table));
        gate().get("/quarantine/" + table).then().statusCode(200).body("state", equalTo("parked")).body("refused", equalTo(1)).body("reasons", hasEntry("not-wire-format", 1));
        gate().body("{\"count\":1,\"which\":\"REFUSED\",\"reason\":\"made by a test\"}").post("/quarantine/" + table + "/discard").then().statusCode(200);
        patience("the table flows again").untilAsserted(() -> gate().get("/quarantine/" + table).then().body("state", equalTo("flowing")).body("records", equalTo(0)));
        stack.settled().await();
    }

    @Test
    void aDocumentThatTheSearchEngineRefusesIsParkedWithItsReasonAndItsNeighboursAreIndexed() throws Exception {
        stack.settled().await();
        var refused = "{\"id\":\"no number\"}".getBytes(UTF_8);
        // One partition, so that they may share a bulk request.
        topics.send(document(REFUSED_ID, 1, refused));
        topics.send(document(GOOD_ID, 1, "{\"id\":900000002,\"name\":\"good neighbour\"}".getBytes(UTF_8)));
        var parked = parked(Topics.quarantineDocuments("monitors"), refused);
        assertArrayEquals(REFUSED_ID.getBytes(UTF_8), parked.key());
        assertFalse(Headers.text(parked.headers(), Headers.REASON).isBlank());
        assertTrue(Headers.text(parked.headers(), Headers.DETAIL).contains("id"), () -> Headers.text(parked.headers(), Headers.DETAIL));
        patience("the neighbour is indexed").until(() -> stack.index().get("monitors", GOOD_ID) != null);
        assertTrue(stack.index().get("monitors", REFUSED_ID) == null);
        topics.send(document(GOOD_ID, 2, null));
        stack.settled().await();
    }

    @Test
    void aRowOfThreeMegabytesIsNotBadAndBecomesItsDocument() throws Exception {
        stack.settled().await();
        String id;
        try (var connection = stack.connect(); var statement = connection.createStatement(); var row = statement.executeQuery(
                "UPDATE public.monitor SET message = (SELECT string_agg(md5(word::text), ' ') FROM generate_series(1, 100000) AS word) WHERE id = (SELECT min(id) FROM public.monitor) RETURNING id::text")) {
            row.next();
            id = row.getString(1);
        }
        stack.settled().await();
        assertTrue(stack.index().get("monitors", id).toString().length() > 3_000_000);
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE public.monitor SET message = 'short again' WHERE id = " + id);
        }
        stack.settled().await();
    }

    @Test
    void anErasedDocumentIsGoneAndNeitherAReplayNorANewerRowBringsItBack() throws Exception {
        stack.settled().await();
        String id;
        try (var connection = stack.connect(); var statement = connection.createStatement(); var row = statement.executeQuery("SELECT max(id)::text FROM public.monitor WHERE team_id IS NOT NULL")) {
            row.next();
            id = row.getString(1);
        }
        var older = rowsOf(id);
        var path = "/pipelines/monitors/documents/" + id + "/erasure";
        RestAssured.given().baseUri(stack.address(Stage.PURGE).toString()).contentType(ContentType.JSON).body("{\"reason\":\"asked for\"}").post(path).then().statusCode(401);
        assertTrue(stack.index().get("monitors", id) != null, "a refused request erases nothing");
        var location = purge().header("Idempotency-Key", "erase " + id).body("{\"reason\":\"asked for\"}").post(path).then().statusCode(202).extract().header("Location");
        patience("the document is gone").until(() -> stack.index().get("monitors", id) == null);
        patience("the erasure says so").untilAsserted(() -> purge().get(location.replaceFirst("https?://[^/]*", "")).then().statusCode(200).body("state", equalTo("carried-out")));

        for (var record : older) {
            topics.resend(record);
        }
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE public.team SET name = name || ' renamed' WHERE id = (SELECT team_id FROM public.monitor WHERE id = " + id + ")");
            statement.executeUpdate("UPDATE public.monitor SET name = 'written after the erasure' WHERE id = " + id);
            statement.executeUpdate("INSERT INTO public.monitor_recipient (monitor_id, kind, address) VALUES (" + id + ", 'chat', 'after the erasure')");
            // Everything before this is through when this can be found.
            statement.executeUpdate("UPDATE public.monitor SET name = 'aftertheerasure' WHERE id = (SELECT min(id) FROM public.monitor)");
        }
        stack.settledBut("monitors", id).await();
        assertTrue(stack.index().get("monitors", id) == null, "erased stays erased");

        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.executeUpdate("DELETE FROM public.monitor WHERE id = " + id);
        }
        stack.settled().await();
    }

    /** What the denormalizer has read of a monitor, oldest first. */
    private List<ConsumerRecord<byte[], byte[]>> rowsOf(String id) {
        var table = new TableName("public", "monitor");
        // The last bytes of an Avro long are its value alone, after the five of the wire format.
        var key = zigzag(Long.parseLong(id));
        var found = topics.read(Topics.rows("demo", table)).stream().filter(r -> r.key().length == 5 + key.length && Arrays.equals(r.key(), 5, r.key().length, key, 0, key.length)).toList();
        assertFalse(found.isEmpty(), "the row is in the topic");
        return found;
    }

    /** A long in Avro's binary form: zigzag, seven bits a byte, the low ones first. */
    private static byte[] zigzag(long value) {
        long rest = value << 1 ^ value >> 63;
        var bytes = new byte[10];
        int length = 0;
        for (; (rest & ~0x7FL) != 0; rest >>>= 7) {
            bytes[length++] = (byte) (rest & 0x7F | 0x80);
        }
        bytes[length++] = (byte) rest;
        return Arrays.copyOf(bytes, length);
    }

    private ConsumerRecord<byte[], byte[]> parked(String topic, byte[] value) {
        return patience("the record stands in " + topic).until(() -> topics.read(topic).stream().filter(r -> Arrays.equals(r.value(), value)).findFirst().orElse(null), found -> found != null);
    }

    private static ProducerRecord<byte[], byte[]> document(String id, long version, byte[] json) {
        var headers = new RecordHeaders().add(Headers.VERSION, Headers.bytes(version));
        return new ProducerRecord<>(Topics.documents("monitors"), 0, id.getBytes(UTF_8), json, headers);
    }

    private RequestSpecification gate() throws IOException {
        return authorised(Stage.GATE);
    }

    private RequestSpecification purge() throws IOException {
        return authorised(Stage.PURGE);
    }

    private RequestSpecification authorised(Stage stage) throws IOException {
        return RestAssured.given().baseUri(stack.address(stage).toString()).contentType(ContentType.JSON)
                .header("Authorization", "Bearer " + Files.readString(stack.stack().token()).strip());
    }

    private static ConditionFactory patience(String what) {
        return Awaitility.await(what).pollInterval(Duration.ofMillis(100)).atMost(Duration.ofSeconds(90));
    }
}
