package io.millrace.gate;

import static io.millrace.gate.Captured.nullable;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A gate is frozen in the midst of a backlog, another takes over, then the first one wakes with older rows in its hands. */
@Tag("long")
@ExtendWith(SharedGate.Extension.class)
class FrozenIT {

    private static final int BACKLOG = 120_000;
    private static final int KEYS = 50;

    private final Stack stack;

    FrozenIT(SharedGate gate) {
        this.stack = gate.stack();
    }

    @Test
    void theLastRowOfEachKeyIsTheNewestWhateverTheSleeperSends() throws Exception {
        var settings = Map.of("millrace.gate.sources", "frozen", "millrace.gate.group", "frozen");
        var sleeper = stack.gate(5, settings);
        var successor = stack.gate(6, settings);
        var table = stack.captured("frozen", "rows");
        var schema = table.schema(nullable("name", "string"));
        sleeper.process().start();
        try {
            for (int i = 0; i < BACKLOG; i++) {
                table.row(i % KEYS, schema, Map.of("name", "old " + i));
            }
            stack.producer().flush();
            SharedGate.soon().until(() -> stack.count("rows.frozen.public.rows") > BACKLOG / 10);
            signal(sleeper, "STOP");
            long passed = stack.count("rows.frozen.public.rows");
            assertTrue(passed < BACKLOG, "it was frozen with rows left to pass");
            successor.process().start();
            for (int key = 0; key < KEYS; key++) {
                table.row(key, schema, Map.of("name", "newest")).get();
            }
            SharedGate.soon().untilAsserted(() -> assertNewest(table));
            signal(sleeper, "CONT");
            SharedGate.soon().until(() -> successor.process().running().isPresent() && owns(sleeper));
            SharedGate.soon().untilAsserted(() -> assertNewest(table));
            assertEquals(KEYS, last().size());
            Ledger.assertCounted(stack.read("rows.frozen.public.rows"));
        } finally {
            signal(sleeper, "CONT");
            sleeper.process().stop();
            successor.process().stop();
        }
    }

    private Map<ByteBuffer, byte[]> last() {
        var last = new HashMap<ByteBuffer, byte[]>();
        stack.read("rows.frozen.public.rows").forEach(r -> last.put(ByteBuffer.wrap(r.key()), r.value()));
        return last;
    }

    private void assertNewest(Captured table) {
        var schema = table.schema(nullable("name", "string"));
        var last = last();
        for (long key = 0; key < KEYS; key++) {
            assertArrayEquals(Captured.encode(new org.apache.avro.generic.GenericRecordBuilder(schema).set("id", key).set("name", "newest").build(), table.register("-value", schema)),
                    last.get(ByteBuffer.wrap(table.key(key))), "key " + key);
        }
    }

    /** Whether it is a member of the group again. */
    private static boolean owns(Stack.Gate gate) {
        return io.restassured.RestAssured.given().baseUri(gate.url()).get("/q/health/ready").then().extract().statusCode() == 200;
    }

    private static void signal(Stack.Gate gate, String signal) throws IOException, InterruptedException {
        long pid = gate.process().running().orElseThrow().pid();
        if (new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor() != 0) {
            throw new IOException("kill -" + signal + " of " + pid + " failed");
        }
    }
}
