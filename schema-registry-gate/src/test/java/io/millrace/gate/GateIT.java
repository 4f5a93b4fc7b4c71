package io.millrace.gate;

import static io.millrace.gate.Captured.nullable;
import static io.millrace.gate.Captured.required;
import static io.millrace.gate.SharedGate.soon;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import io.restassured.specification.RequestSpecification;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedGate.Extension.class)
class GateIT {

    /** For a gate with the first compiler only, on a slow machine. */
    private static final Duration MANY_ROWS = Duration.ofMinutes(3);

    private final SharedGate gate;
    private final Stack stack;

    GateIT(SharedGate gate) {
        this.gate = gate;
        this.stack = gate.stack();
    }

    private RequestSpecification caller() {
        return gate.caller();
    }

    private void post(String path, String body) {
        caller().body(body).post(path).then().statusCode(200);
    }

    private void awaitRows(String table, int count) {
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
            monitors.write(partition, new byte[0], new byte[0], Op.TRUNCATE).get();
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
                // The gate's time and number.
                assertEquals(in.get(i).headers().toArray().length + 2, out.get(i).headers().toArray().length);
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
        given().get(registry + "/subjects/rows.it.public.compatible-value/versions").then().statusCode(200).body("size()", is(2));
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
                .body("find { it.table == 'it.public.incompatible' }.records", is(40))
                .body("find { it.table == 'it.public.incompatible' }.cause.reason", is("schema-refused"))
                .body("find { it.table == 'it.public.incompatible' }.cause.difference[0].field", is("name")));

        given().baseUri(gate.url()).contentType("application/json").body("{\"reason\": \"x\"}").post("/quarantine/it.public.incompatible/accept").then().statusCode(401);
        given().baseUri(gate.url()).get("/quarantine").then().statusCode(401);
        caller().body("{\"reason\": \"\"}").post("/quarantine/it.public.incompatible/accept").then().statusCode(400);

        // Without acceptance a replay meets the same refusal and loses nothing.
        post("/quarantine/it.public.incompatible/replay", "{\"reason\": \"try\"}");
        soon().untilAsserted(() -> caller().get("/quarantine/it.public.incompatible").then().body("state", is("parked")));
        assertEquals(20, stack.read("rows.it.public.incompatible").size());

        post("/quarantine/it.public.incompatible/accept", "{\"reason\": \"planned\", \"by\": \"on call\"}");
        post("/quarantine/it.public.incompatible/replay", "{\"reason\": \"planned\"}");
        awaitRows("incompatible", 60);
        bad.row(99, is, Map.of("name", 99L)).get();
        awaitRows("incompatible", 61);
        assertInOrder(stack.read("rows.it.public.incompatible"));
        soon().untilAsserted(() -> caller().get("/quarantine/it.public.incompatible").then()
                .body("state", is("flowing")).body("records", is(0)));
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
        soon().untilAsserted(() -> caller().get("/quarantine/it.public.broken").then().body("state", is("flowing")));
    }

    @Test
    void aRecordOverTheLimitIsParkedWholeWithItsStory() throws Exception {
        var table = stack.captured("large");
        var schema = table.schema(nullable("name", "string"));
        table.row(1, schema, Map.of("name", "x".repeat(930_000))).get();
        table.row(1, schema, Map.of("name", "behind")).get();
        soon().untilAsserted(() -> assertEquals(2, stack.read("quarantine.it.public.large").size()));
        var captured = stack.read("captured.it.public.large");
        var parked = stack.read("quarantine.it.public.large");
        assertArrayEquals(captured.getFirst().value(), parked.getFirst().value());
        assertEquals("too-large", Headers.text(parked.getFirst().headers(), Headers.REASON));
        assertEquals("captured.it.public.large/" + captured.getFirst().partition() + "/0", Headers.text(parked.getFirst().headers(), "millrace-origin"));
        assertEquals(Headers.position(captured.getFirst().headers()), Headers.position(parked.getFirst().headers()));
        soon().untilAsserted(() -> caller().get("/quarantine/it.public.large").then().statusCode(200).body("state", is("parked")).body("refused", is(1)));
        post("/quarantine/it.public.large/discard", "{\"count\": 1, \"which\": \"REFUSED\", \"reason\": \"made by a test\"}");
        awaitRows("large", 1);
    }

    @Test
    void aRowThatBreaksARuleIsCountedOrParksItsTableWithoutGivingItsValueAway() throws Exception {
        var people = stack.captured("ruled");
        var schema = people.schema(nullable("name", "string"), nullable("age", "int"));
        people.row(1, schema, Map.of("name", "good", "age", 40)).get();
        people.row(2, schema, Map.of("name", "counted", "age", 151)).get();
        awaitRows("ruled", 2);
        var metrics = given().baseUri(gate.url()).get("/q/metrics").then().statusCode(200).extract().asString();
        assertTrue(metrics.lines().anyMatch(l -> l.startsWith("millrace_rule_breaches_total") && l.contains("rule=\"max\"") && l.contains("outcome=\"counted\"") && l.endsWith(" 1.0")), metrics);

        people.row(1, schema, Map.of("name", "Privatus Secretus", "age", 41)).get();
        people.row(2, schema, Map.of("name", "behind", "age", 42)).get();
        people.row(3, schema, Map.of("age", 43)).get();
        soon().untilAsserted(() -> assertEquals(3, stack.read("quarantine.it.public.ruled").size()));
        var parked = stack.read("quarantine.it.public.ruled").stream().filter(r -> "row-rule".equals(Headers.text(r.headers(), Headers.REASON))).toList();
        assertEquals("maxLength", Headers.text(parked.getFirst().headers(), "millrace-rule"));
        assertEquals("[{\"field\":\"name\",\"was\":\"maxLength 12\",\"is\":\"too long\"}]", Headers.text(parked.getFirst().headers(), "millrace-difference"));
        var shown = caller().get("/quarantine/it.public.ruled").then().statusCode(200).body("state", is("parked")).body("cause.reason", is("row-rule"))
                .body("cause.rule", is("maxLength")).extract().asString();
        assertTrue(!shown.contains("Privatus") && !Headers.text(parked.getFirst().headers(), Headers.DETAIL).contains("Privatus"), shown);

        // A replay alone meets the same rule again; accepted, what is queued passes, and the next breach parks again.
        post("/quarantine/it.public.ruled/replay", "{\"reason\": \"try\"}");
        soon().untilAsserted(() -> caller().get("/quarantine/it.public.ruled").then().body("state", is("parked")));
        assertEquals(2, stack.read("rows.it.public.ruled").size());
        post("/quarantine/it.public.ruled/accept", "{\"reason\": \"true all the same\"}");
        post("/quarantine/it.public.ruled/replay", "{\"reason\": \"true all the same\"}");
        awaitRows("ruled", 5);
        soon().untilAsserted(() -> caller().get("/quarantine/it.public.ruled").then().body("state", is("flowing")));
        people.row(4, schema, Map.of("age", 44)).get();
        soon().untilAsserted(() -> caller().get("/quarantine/it.public.ruled").then().body("state", is("parked")).body("cause.rule", is("notNull")));
        assertEquals(5, stack.read("rows.it.public.ruled").size());
    }

    @Test
    void whatWouldTakeTooManyRowsWaitsForAPersonWhoAgreesOrRefuses() throws Exception {
        var table = stack.captured("emptied");
        var schema = table.schema(nullable("name", "string"));
        for (long id = 1; id <= 4; id++) {
            table.row(id, schema, Map.of("name", "there")).get();
        }
        table.reread(1_000, 800);
        awaitRows("emptied", 4 + Captured.PARTITIONS);

        table.truncate();
        table.row(1, schema, Map.of("name", "behind")).get();
        soon().untilAsserted(() -> caller().get("/quarantine/it.public.emptied").then().body("state", is("parked")).body("cause.reason", is("takes-too-much")).body("cause.rule", is("hold"))
                .body("cause.difference[0].is", is("100 %")).body("refused", is(Captured.PARTITIONS)).body("records", is(Captured.PARTITIONS + 1)));
        assertEquals(4 + Captured.PARTITIONS, stack.read("rows.it.public.emptied").size(), "nothing has left");
        post("/quarantine/it.public.emptied/replay", "{\"reason\": \"try\"}");
        soon().untilAsserted(() -> caller().get("/quarantine/it.public.emptied").then().body("state", is("parked")));
        post("/quarantine/it.public.emptied/accept", "{\"reason\": \"emptied on purpose\"}");
        post("/quarantine/it.public.emptied/replay", "{\"reason\": \"emptied on purpose\"}");
        awaitRows("emptied", 5 + 2 * Captured.PARTITIONS);
        gate.awaitState("emptied", "flowing");

        table.reread(1_000, 500);
        table.row(2, schema, Map.of("name", "behind")).get();
        soon().untilAsserted(() -> caller().get("/quarantine/it.public.emptied").then().body("state", is("parked")).body("cause.detail", containsString("about 500 of 1,000 rows"))
                .body("cause.difference[0].is", is("50 %")).body("refused", is(Captured.PARTITIONS)).body("records", is(Captured.PARTITIONS + 1)));
        post("/quarantine/it.public.emptied/discard", "{\"count\": " + Captured.PARTITIONS + ", \"which\": \"REFUSED\", \"reason\": \"a mistake\"}");
        awaitRows("emptied", 6 + 2 * Captured.PARTITIONS);
        gate.awaitState("emptied", "flowing");
        assertInOrder(stack.read("rows.it.public.emptied"));
    }

    private void assertNothingLostOrOvertaken(String table) {
        Ledger.assertNothingLostOrOvertaken(stack, table);
    }

    @Test
    void killedWhileParkingAcceptingOrReplayingTheGateLosesNothingAndKeepsTheOrder() throws Exception {
        var table = stack.captured("killed");
        var was = table.schema(nullable("name", "string"));
        var is = table.schema(required("name", "long"));
        int rounds = 400;
        for (int i = 0; i < rounds; i++) {
            table.row(i % 10, was, Map.of("name", "n" + i));
        }
        soon().until(() -> !stack.read("rows.it.public.killed").isEmpty());
        gate.restart();
        for (int i = 0; i < rounds; i++) {
            table.row(i % 10, is, Map.of("name", (long) i));
        }
        soon().until(() -> !stack.read("quarantine.it.public.killed").isEmpty());
        gate.restart();
        for (int i = 0; i < rounds; i++) {
            table.row(i % 10, is, Map.of("name", (long) i));
        }
        soon().untilAsserted(() -> caller().get("/quarantine/it.public.killed").then().statusCode(200).body("state", is("parked")));
        post("/quarantine/it.public.killed/accept", "{\"reason\": \"planned\"}");
        gate.restart();
        post("/quarantine/it.public.killed/replay", "{\"reason\": \"planned\"}");
        gate.restart();
        for (int i = 0; i < rounds; i++) {
            table.row(i % 10, is, Map.of("name", (long) i)).get();
        }
        soon().untilAsserted(() -> caller().get("/quarantine/it.public.killed").then().body("state", is("flowing")));
        soon().untilAsserted(() -> assertNothingLostOrOvertaken("killed"));
    }

    @Test
    void aReplayThatIsInterruptedGoesOnWhereItStopped() throws Exception {
        var table = stack.captured("interrupted");
        var schema = table.schema(nullable("name", "string"));
        table.row(0, schema, Map.of("name", "first")).get();
        awaitRows("interrupted", 1);
        post("/quarantine/it.public.interrupted/hold", "{\"reason\": \"made by a test\"}");
        int rows = 30_000;
        for (int i = 1; i < rows; i++) {
            table.row(i % 50, schema, Map.of("name", "n" + i));
        }
        stack.producer().flush();
        soon().atMost(MANY_ROWS).untilAsserted(() -> assertEquals(rows - 1, stack.count("quarantine.it.public.interrupted")));
        for (int i = 0; i < 3; i++) {
            caller().body("{\"reason\": \"go\"}").post("/quarantine/it.public.interrupted/replay").then().statusCode(200);
            post("/quarantine/it.public.interrupted/hold", "{\"reason\": \"stop\"}");
            caller().get("/quarantine/it.public.interrupted").then().statusCode(200).body("state", is("parked"));
        }
        System.out.printf("%d of %d rows had passed when the replay was interrupted for the third time%n", stack.count("rows.it.public.interrupted"), rows);
        post("/quarantine/it.public.interrupted/replay", "{\"reason\": \"go on\"}");
        soon().atMost(MANY_ROWS).untilAsserted(() -> caller().get("/quarantine/it.public.interrupted").then().body("state", is("flowing")));
        soon().atMost(MANY_ROWS).untilAsserted(() -> assertEquals(rows, stack.count("rows.it.public.interrupted")));
        // Nothing was killed, so nothing is repeated either.
        awaitRows("interrupted", rows);
        assertNothingLostOrOvertaken("interrupted");
    }

    @Test
    void whileTheRegistryIsAwayKnownSchemasFlowAndNewOnesWait() throws Exception {
        var known = stack.captured("known");
        var waiting = stack.captured("waiting");
        var schema = known.schema(nullable("name", "string"));
        for (long id = 0; id < 10; id++) {
            known.row(id, schema, Map.of("name", "before")).get();
        }
        awaitRows("known", 10);
        var later = waiting.schema(nullable("name", "string"));
        int laterId = waiting.register("-value", later);
        var laterKey = waiting.key(1);
        var knownId = known.register("-value", schema);
        stack.servers().registry().kill();
        for (int i = 0; i < 10; i++) {
            waiting.write(laterKey, Captured.encode(new GenericRecordBuilder(later).set("id", 1L).set("name", "w" + i).build(), laterId), Op.UPDATE).get();
            known.write(known.key(i), Captured.encode(new GenericRecordBuilder(schema).set("id", (long) i).set("name", "after").build(), knownId), Op.UPDATE).get();
        }
        awaitRows("known", 20);
        soon().untilAsserted(() -> given().baseUri(gate.url()).get("/q/health/ready").then().statusCode(503).body("checks.data.registry", not(empty())));
        given().baseUri(gate.url()).get("/q/health/live").then().statusCode(200);
        assertEquals(List.of(), stack.read("rows.it.public.waiting"));
        assertEquals(List.of(), stack.read("quarantine.it.public.waiting"));
        // A gate that starts now knows no schema: everything waits, and nothing is parked for it.
        gate.restart();
        for (int i = 0; i < 10; i++) {
            known.write(known.key(i), Captured.encode(new GenericRecordBuilder(schema).set("id", (long) i).set("name", "after the restart").build(), knownId), Op.UPDATE).get();
        }
        soon().untilAsserted(() -> given().baseUri(gate.url()).get("/q/health/ready").then().statusCode(503).body(containsString("wait for the registry")));
        assertEquals(List.of(), stack.read("quarantine.it.public.known"));
        stack.servers().registry().start();
        awaitRows("waiting", 10);
        soon().untilAsserted(() -> Ledger.assertNothingLostOrOvertaken(stack, "known"));
        soon().untilAsserted(() -> given().baseUri(gate.url()).get("/q/health/ready").then().statusCode(200));
    }

    @Test
    void aSecondInstanceSharesThePartitionsAndTakesOverWhatAKilledOneLeaves() throws Exception {
        var second = stack.gate(2, Map.of());
        second.process().start();
        var table = stack.captured("shared");
        var was = table.schema(nullable("name", "string"));
        var is = table.schema(required("name", "long"));
        for (int i = 0; i < 100; i++) {
            table.row(i % 10, was, Map.of("name", "n" + i)).get();
        }
        soon().untilAsserted(() -> assertNothingLostOrOvertaken("shared"));
        for (int i = 0; i < 50; i++) {
            table.row(i % 10, is, Map.of("name", (long) i)).get();
        }
        soon().untilAsserted(() -> assertTrue(stack.read("quarantine.it.public.shared").size() >= 50));
        second.process().kill();
        for (int i = 0; i < 50; i++) {
            table.row(i % 10, is, Map.of("name", (long) i)).get();
        }
        post("/quarantine/it.public.shared/accept", "{\"reason\": \"planned\"}");
        post("/quarantine/it.public.shared/replay", "{\"reason\": \"planned\"}");
        soon().untilAsserted(() -> assertNothingLostOrOvertaken("shared"));
        soon().untilAsserted(() -> caller().get("/quarantine/it.public.shared").then().body("state", is("flowing")));
    }

    @Test
    void whenMostOfSeveralTablesIsBadTheGateStopsInsteadOfParkingEverything() throws Exception {
        var stopped = stack.gate(3, Map.of("millrace.gate.sources", "wrong", "millrace.gate.group", "wrong",
                "millrace.gate.breaker.tables", "2", "millrace.gate.breaker.records", "3", "millrace.gate.reads", "permit"));
        stopped.process().start();
        var first = stack.captured("wrong", "first");
        var second = stack.captured("wrong", "second");
        var row = Captured.encode(new GenericRecordBuilder(first.schema()).set("id", 1L).build(), 999_999);
        for (int i = 0; i < 5; i++) {
            first.write(first.key(1), row, Op.UPDATE).get();
        }
        soon().untilAsserted(() -> assertEquals(5, stack.read("quarantine.wrong.public.first").size()));
        for (int i = 0; i < 5; i++) {
            second.write(second.key(1), row, Op.UPDATE).get();
        }
        soon().untilAsserted(() -> given().baseUri(stopped.url()).get("/breaker").then().statusCode(200).body("open", is(true)).body("reason", containsString("unknown-schema")));
        given().baseUri(stopped.url()).get("/q/health/ready").then().statusCode(503);
        given().baseUri(stopped.url()).get("/q/health/live").then().statusCode(200);
        assertEquals(List.of(), stack.read("quarantine.wrong.public.second"));
        given().baseUri(stopped.url()).contentType("application/json").body("{\"reason\": \"x\"}").post("/breaker/reset").then().statusCode(401);
        given().baseUri(stopped.url()).contentType("application/json").header("Authorization", "Bearer " + Stack.TOKEN).body("{\"reason\": \"known\"}").post("/breaker/reset").then().statusCode(200);
        soon().untilAsserted(() -> assertEquals(5, stack.read("quarantine.wrong.public.second").size()));
        given().baseUri(stopped.url()).get("/quarantine").then().statusCode(200).body("findAll { it.table.startsWith('wrong') }.size()", is(2));
        stopped.process().stop();
    }
}
