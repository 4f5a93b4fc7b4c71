package io.millrace.gate;

import static io.millrace.gate.Captured.nullable;
import static io.millrace.gate.Captured.required;
import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import io.restassured.specification.RequestSpecification;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GateIT {

    @TempDir
    static Path folder;
    private static Stack stack;
    private static Stack.Gate gate;

    @BeforeAll
    static void start() throws Exception {
        stack = new Stack(folder);
        gate = stack.gate(1, Map.of());
        gate.process().start();
    }

    @AfterAll
    static void stop() {
        stack.close();
    }

    private static ConditionFactory soon() {
        return await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(100)).ignoreExceptions();
    }

    private static RequestSpecification caller() {
        return given().baseUri(gate.url()).header("Authorization", "Bearer " + Stack.TOKEN).contentType("application/json");
    }

    private static void post(String path, String body) {
        caller().body(body).post(path).then().statusCode(200);
    }

    private static void awaitRows(String table, int count) {
        soon().untilAsserted(() -> assertEquals(count, stack.read("rows.it.public." + table).size()));
    }

    /** The last position of each partition never goes back within what a reader keeps: the highest so far. */
    private static void assertInOrder(List<ConsumerRecord<byte[], byte[]>> records) {
        var last = new TreeMap<Integer, Position>();
        for (var record : records) {
            var position = Headers.position(record.headers());
            var before = last.put(record.partition(), position);
            assertTrue(before == null || !position.isBefore(before), "partition " + record.partition() + ": " + position + " after " + before);
        }
    }

    @Test
    void recordsPassWithTheSameBytesAndPartitionAndTheirHeaders() throws Exception {
        var monitors = stack.captured("same");
        var schema = monitors.schema(nullable("name", "string"));
        for (long id = 0; id < 50; id++) {
            monitors.row(id, schema, Map.of("name", "monitor " + id)).get();
        }
        monitors.delete(7).get();
        for (int partition = 0; partition < Captured.PARTITIONS; partition++) {
            monitors.write(partition, new byte[0], null, Op.TRUNCATE).get();
        }
        awaitRows("same", 53);
        var before = stack.read("captured.it.public.same");
        var after = stack.read("rows.it.public.same");
        for (int partition = 0; partition < Captured.PARTITIONS; partition++) {
            int p = partition;
            var in = before.stream().filter(r -> r.partition() == p).toList();
            var out = after.stream().filter(r -> r.partition() == p).toList();
            assertEquals(in.size(), out.size());
            for (int i = 0; i < in.size(); i++) {
                assertArrayEquals(in.get(i).key(), out.get(i).key());
                assertArrayEquals(in.get(i).value(), out.get(i).value());
                assertEquals(Headers.position(in.get(i).headers()), Headers.position(out.get(i).headers()));
                assertTrue(Headers.number(out.get(i).headers(), Headers.GATED, 0) >= Headers.number(in.get(i).headers(), Headers.COMMITTED, Long.MAX_VALUE));
                assertEquals(in.get(i).headers().toArray().length + 1, out.get(i).headers().toArray().length);
            }
        }
    }

    @Test
    void aCompatibleChangeFlowsAndAnyConfluentReaderFindsItsSchema() throws Exception {
        var monitors = stack.captured("compatible");
        monitors.row(1, monitors.schema(nullable("name", "string")), Map.of("name", "old")).get();
        monitors.row(1, monitors.schema(nullable("name", "string"), nullable("muted", "boolean")), Map.of("name", "new", "muted", true)).get();
        awaitRows("compatible", 2);
        var registry = stack.servers().registryUrl().replace("/apis/registry/v3", "/apis/ccompat/v7");
        given().get(registry + "/subjects/rows.it.public.compatible-value/versions").then().statusCode(200).body("size()", org.hamcrest.Matchers.is(2));
        var last = stack.read("rows.it.public.compatible").getLast().value();
        int id = io.millrace.pipeline.record.WireFormat.schemaId(last);
        String text = given().get(registry + "/schemas/ids/" + id).then().statusCode(200).extract().path("schema");
        var schema = new Schema.Parser().parse(text);
        GenericRecord row = new GenericDatumReader<GenericRecord>(schema).read(null, DecoderFactory.get().binaryDecoder(last, 5, last.length - 5, null));
        assertEquals("new", row.get("name").toString());
        assertEquals(true, row.get("muted"));
    }

    @Test
    void anIncompatibleChangeParksItsTableInOrderWhileOthersFlowAndAcceptAndReplayBringItBack() throws Exception {
        var bad = stack.captured("incompatible");
        var good = stack.captured("neighbour");
        var was = bad.schema(nullable("name", "string"));
        var is = bad.schema(required("name", "long"));
        for (long id = 0; id < 20; id++) {
            bad.row(id, was, Map.of("name", "n" + id)).get();
        }
        awaitRows("incompatible", 20);
        for (long id = 0; id < 20; id++) {
            bad.row(id, is, Map.of("name", id)).get();
            bad.delete(id).get();
            good.row(id, good.schema(nullable("name", "string")), Map.of("name", "x")).get();
        }
        awaitRows("neighbour", 20);
        soon().untilAsserted(() -> assertEquals(40, stack.read("quarantine.it.public.incompatible").size()));
        assertEquals(20, stack.read("rows.it.public.incompatible").size());
        assertInOrder(stack.read("quarantine.it.public.incompatible"));
        soon().untilAsserted(() -> caller().get("/quarantine").then().statusCode(200)
                .body("find { it.table == 'it.public.incompatible' }.records", org.hamcrest.Matchers.is(40))
                .body("find { it.table == 'it.public.incompatible' }.cause.reason", org.hamcrest.Matchers.is("schema-refused"))
                .body("find { it.table == 'it.public.incompatible' }.cause.difference[0].field", org.hamcrest.Matchers.is("name")));

        given().baseUri(gate.url()).contentType("application/json").body("{\"reason\": \"x\"}").post("/quarantine/it.public.incompatible/accept").then().statusCode(401);
        given().baseUri(gate.url()).get("/quarantine").then().statusCode(401);
        caller().body("{\"reason\": \"\"}").post("/quarantine/it.public.incompatible/accept").then().statusCode(400);

        // Without acceptance a replay meets the same refusal and loses nothing.
        post("/quarantine/it.public.incompatible/replay", "{\"reason\": \"try\"}");
        soon().untilAsserted(() -> caller().get("/quarantine/it.public.incompatible").then().body("state", org.hamcrest.Matchers.is("parked")));
        assertEquals(20, stack.read("rows.it.public.incompatible").size());

        post("/quarantine/it.public.incompatible/accept", "{\"reason\": \"planned\", \"by\": \"on call\"}");
        post("/quarantine/it.public.incompatible/replay", "{\"reason\": \"planned\"}");
        awaitRows("incompatible", 60);
        bad.row(99, is, Map.of("name", 99L)).get();
        awaitRows("incompatible", 61);
        assertInOrder(stack.read("rows.it.public.incompatible"));
        soon().untilAsserted(() -> caller().get("/quarantine/it.public.incompatible").then()
                .body("state", org.hamcrest.Matchers.is("flowing")).body("records", org.hamcrest.Matchers.is(0)));
        assertTrue(stack.read("millrace.gate.audit").stream().anyMatch(r -> new String(r.value()).contains("\"accept\"") && new String(r.value()).contains("on call")));
    }

    @Test
    void whatIsNotAvroIsQuarantinedAndCanBeDiscardedByItsCount() throws Exception {
        var monitors = stack.captured("broken");
        var schema = monitors.schema(nullable("name", "string"));
        monitors.row(1, schema, Map.of("name", "good")).get();
        monitors.write(monitors.key(1), "{\"id\": 1}".getBytes(), Op.UPDATE).get();
        monitors.row(1, schema, Map.of("name", "behind")).get();
        soon().untilAsserted(() -> assertEquals(2, stack.read("quarantine.it.public.broken").size()));
        var parked = stack.read("quarantine.it.public.broken");
        assertEquals("not-wire-format", Headers.text(parked.getFirst().headers(), Headers.REASON));
        assertNotNull(Headers.text(parked.getFirst().headers(), Headers.DETAIL));
        assertEquals("queued-behind", Headers.text(parked.getLast().headers(), Headers.REASON));
        caller().body("{\"count\": 7, \"which\": \"REFUSED\", \"reason\": \"a script wrote it\"}").post("/quarantine/it.public.broken/discard").then().statusCode(409);
        caller().body("{\"count\": 1, \"which\": \"REFUSED\", \"reason\": \"a script wrote it\"}").post("/quarantine/it.public.broken/discard").then().statusCode(200);
        awaitRows("broken", 2);
        soon().untilAsserted(() -> caller().get("/quarantine/it.public.broken").then().body("state", org.hamcrest.Matchers.is("flowing")));
    }
}
