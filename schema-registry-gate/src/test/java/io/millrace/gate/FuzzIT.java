package io.millrace.gate;

import static io.millrace.gate.Captured.nullable;
import static io.millrace.gate.Captured.required;
import static io.restassured.RestAssured.given;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.record.WireFormat;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A running gate and a hundred thousand rows of which most are broken in some way. */
@Tag("long")
@ExtendWith(SharedGate.Extension.class)
class FuzzIT {

    private static final int RECORDS = 100_000;
    private static final long SEED = 20261124;
    private static final char REPLACEMENT = '\ufffd';

    private final SharedGate gate;

    FuzzIT(SharedGate gate) {
        this.gate = gate;
    }

    @Test
    void everyMutatedRecordEndsInRowsReadableByAvroOrIsDiscardedByCountAndNoneIsLost() throws Exception {
        var table = gate.stack().captured("fuzzed");
        var schema = table.schema(nullable("name", "string"), required("amount", "double"), "{\"name\":\"tags\",\"type\":{\"type\":\"array\",\"items\":[\"null\",\"string\"]},\"default\":[]}",
                nullable("seen", "long"), required("muted", "boolean"));
        int id = table.register("-value", schema);
        table.row(0, schema, Map.of("amount", 1.0, "muted", true)).get();
        gate.awaitCount("rows", "fuzzed", 1);
        var random = new Random(SEED);
        for (int i = 1; i < RECORDS; i++) {
            var row = new GenericRecordBuilder(schema).set("id", (long) i).set("name", random.nextInt(4) == 0 ? null : "n\u00e4me \ud83d\ude42 " + i).set("amount", random.nextDouble())
                    .set("tags", Arrays.asList("a", null, "b".repeat(random.nextInt(40)))).set("seen", random.nextBoolean() ? null : random.nextLong()).set("muted", random.nextBoolean()).build();
            table.write(table.key(i % 500), mutated(Captured.encode(row, i % 20_000 == 0 ? id ^ 1 << 20 : id), random), Op.UPDATE);
        }
        gate.stack().producer().flush();
        var captured = gate.stack().read("captured.it.public.fuzzed");
        assertEquals(RECORDS, captured.size());
        discardUntilItFlows();

        var rows = gate.stack().read("rows.it.public.fuzzed");
        var passed = positions(rows);
        long discarded = discarded();
        assertEquals(RECORDS, passed.size() + discarded, "what passed and what was discarded");
        assertTrue(passed.size() > RECORDS / 10 && discarded > RECORDS / 10, passed.size() + " passed, " + discarded + " were discarded");
        for (var record : rows) {
            assertTrue(isReadable(record.value(), schema, id), () -> "Avro cannot read what passed: " + Arrays.toString(record.value()));
        }
        // The other way round: what the gate kept back is unreadable, except where it is stricter on purpose.
        assertTrue(captured.stream().filter(r -> !passed.contains(Headers.position(r.headers()))).noneMatch(r -> Arrays.equals(r.value(), original(r.value(), schema, id))), "a good row was kept back");
        given().baseUri(gate.url()).get("/q/health/live").then().statusCode(200);
        assertEquals(1, gate.process().running().stream().count());
    }

    /** As a person would, by the counts that are shown. */
    private void discardUntilItFlows() {
        gate.awaitState("fuzzed", "parked");
        // Every record is in rows or in quarantine before anything is decided; what is decided is then exact.
        SharedGate.soon().untilAsserted(() -> assertEquals(RECORDS, gate.stack().count("rows.it.public.fuzzed") + gate.stack().count("quarantine.it.public.fuzzed")));
        while (true) {
            SharedGate.soon().until(() -> !"replaying".equals(state()));
            if (state().equals("flowing")) {
                return;
            }
            long refused = gate.caller().get("/quarantine/it.public.fuzzed").then().statusCode(200).extract().jsonPath().getLong("refused");
            assertTrue(refused > 0, "a parked table has a record that parks it");
            gate.caller().body("{\"count\": " + refused + ", \"which\": \"REFUSED\", \"reason\": \"made by a test\"}").post("/quarantine/it.public.fuzzed/discard").then().statusCode(200);
        }
    }

    /** By the gate's own count; it has not been restarted. */
    private long discarded() {
        return given().baseUri(gate.url()).get("/q/metrics").then().statusCode(200).extract().asString().lines()
                .filter(l -> l.startsWith("millrace_records_total") && l.contains("it.public.fuzzed") && l.contains("outcome=\"discarded\""))
                .mapToLong(l -> (long) Double.parseDouble(l.substring(l.lastIndexOf(' ') + 1))).sum();
    }

    private String state() {
        return gate.caller().get("/quarantine/it.public.fuzzed").then().statusCode(200).extract().path("state");
    }

    private static Set<Position> positions(Iterable<ConsumerRecord<byte[], byte[]>> records) {
        var positions = new HashSet<Position>();
        records.forEach(r -> positions.add(Headers.position(r.headers())));
        return positions;
    }

    private static byte[] mutated(byte[] wire, Random random) {
        switch (random.nextInt(6)) {
            case 0 -> { }
            case 1 -> wire = Arrays.copyOf(wire, random.nextInt(wire.length));
            case 2 -> wire = Arrays.copyOf(wire, wire.length + 1 + random.nextInt(5));
            case 3 -> wire[0] ^= (byte) (1 << random.nextInt(8));
            default -> {
                for (int i = 1 + random.nextInt(4); i > 0; i--) {
                    wire[WireFormat.PREFIX + random.nextInt(wire.length - WireFormat.PREFIX)] = (byte) random.nextInt();
                }
            }
        }
        return wire;
    }

    private static boolean isReadable(byte[] wire, Schema schema, int id) {
        try {
            if (WireFormat.schemaId(wire) != id) {
                return false;
            }
            var decoder = DecoderFactory.get().binaryDecoder(wire, WireFormat.PREFIX, wire.length - WireFormat.PREFIX, null);
            new GenericDatumReader<>(schema).read(null, decoder);
            return decoder.isEnd();
        } catch (IOException | RuntimeException e) {
            return false;
        }
    }

    /** The row encoded again, null where it or a text in it cannot be read; equal bytes mean that nothing was wrong with it. */
    private static byte[] original(byte[] wire, Schema schema, int id) {
        if (!WireFormat.is(wire) || !isReadable(wire, schema, id)) {
            return null;
        }
        try {
            var decoder = DecoderFactory.get().binaryDecoder(wire, WireFormat.PREFIX, wire.length - WireFormat.PREFIX, null);
            var row = new GenericDatumReader<GenericRecord>(schema).read(null, decoder);
            // Avro keeps the bytes of a text that is no UTF-8; read as a text it has replacement characters.
            return row.toString().indexOf(REPLACEMENT) >= 0 ? null : Captured.encode(row, id);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
