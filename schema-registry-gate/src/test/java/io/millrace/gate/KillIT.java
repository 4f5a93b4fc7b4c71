package io.millrace.gate;

import static io.millrace.gate.Captured.nullable;
import static io.millrace.gate.Captured.required;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.record.Op;
import io.restassured.response.Response;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** kill -9 of the gate at random moments of parking, accepting, replaying, holding and discarding: the same result as without. */
@Tag("long")
@ExtendWith(SharedGate.Extension.class)
class KillIT {

    private static final int ROWS = 300;
    private static final byte[] JUNK = "no Avro".getBytes();
    /** Within this time after an action begins the gate is killed. */
    private static final int LATEST_MILLIS = 1_500;

    private final SharedGate gate;

    KillIT(SharedGate gate) {
        this.gate = gate;
    }

    @Test
    void killedWhileDiscardingItLosesTheDiscardedRecordAndNoOther() throws Exception {
        var random = new Random(1);
        var name = "discarded";
        var table = gate.stack().captured(name);
        var schema = table.schema(nullable("name", "string"));
        discard(table, name, schema, random);
        assertRight(name);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void killedAtRandomMomentsItLosesNothingAndKeepsTheOrder(long seed) throws Exception {
        var random = new Random(seed);
        var name = "killed" + seed;
        var table = gate.stack().captured(name);
        var was = table.schema(nullable("name", "string"));
        var is = table.schema(required("name", "long"));
        killedDuring(random, () -> rows(table, was, "old"));
        killedDuring(random, () -> rows(table, is, 1L));
        gate.awaitState(name, "parked");
        killedDuring(random, () -> attempt(name, "accept"));
        decided(name, "accept");
        rows(table, is, 2L);
        killedDuring(random, () -> attempt(name, "replay"));
        if (random.nextBoolean()) {
            killedDuring(random, () -> attempt(name, "hold"));
        }
        decided(name, "replay");
        killedDuring(random, () -> rows(table, is, 3L));
        gate.awaitState(name, "flowing");
        discard(table, name, is, random);
        assertRight(name);
    }

    private void discard(Captured table, String name, Schema schema, Random random) throws Exception {
        Object value = schema.getField("name").schema().getType() == Schema.Type.LONG ? 4L : "text";
        rows(table, schema, value);
        table.write(table.key(1), JUNK, Op.UPDATE).get();
        rows(table, schema, value);
        gate.awaitState(name, "parked");
        killedDuring(random, () -> discardRefused(name));
        SharedGate.soon().until(() -> discardRefused(name));
        gate.awaitState(name, "flowing");
    }

    private void assertRight(String name) {
        SharedGate.soon().untilAsserted(() -> Ledger.assertNothingLostOrOvertaken(gate.stack(), name, r -> !Arrays.equals(r.value(), JUNK)));
    }

    private void rows(Captured table, Schema schema, Object value) {
        for (int i = 0; i < ROWS; i++) {
            table.row(i % 10, schema, Map.of("name", value));
        }
        gate.stack().producer().flush();
    }

    /** The gate dies some time after the action has begun, and is started again. */
    private void killedDuring(Random random, Runnable action) {
        var killed = CompletableFuture.runAsync(gate.process()::kill, CompletableFuture.delayedExecutor(random.nextInt(LATEST_MILLIS), TimeUnit.MILLISECONDS));
        action.run();
        killed.join();
        gate.process().start();
    }

    /** Once; whether it was done before the gate died is not known. */
    private void attempt(String table, String action) {
        try {
            call(table, action);
        } catch (Exception e) {
            assertTrue(String.valueOf(e).contains("Conn") || String.valueOf(e).contains("NoHttpResponse") || String.valueOf(e).contains("Socket"), () -> "Not an answer that broke off: " + e);
        }
    }

    private Response call(String table, String action) {
        return gate.caller().body("{\"reason\": \"made by a test\"}").post("/quarantine/it.public." + table + "/" + action);
    }

    /** Until the gate says that it is done, or that it was done before. */
    private void decided(String table, String action) {
        SharedGate.soon().until(() -> {
            var answer = call(table, action);
            return answer.statusCode() == 200 || answer.statusCode() == 409 && (answer.asString().contains("is not parked") || answer.asString().contains("is being replayed"));
        });
    }

    /** Whether nothing is left to discard. */
    private boolean discardRefused(String table) {
        try {
            var shown = gate.caller().get("/quarantine/it.public." + table).then().statusCode(200).extract().jsonPath();
            if (shown.getString("state").equals("flowing")) {
                return true;
            }
            if (shown.getString("state").equals("parked")) {
                gate.caller().body("{\"count\": " + shown.getLong("refused") + ", \"which\": \"REFUSED\", \"reason\": \"made by a test\"}").post("/quarantine/it.public." + table + "/discard");
            }
            return false;
        } catch (Exception e) {
            return false;
        }
    }
}
