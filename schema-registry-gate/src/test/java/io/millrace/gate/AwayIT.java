package io.millrace.gate;

import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.lessThan;
import static org.hamcrest.Matchers.matchesPattern;

import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Calls while Kafka is there and does not answer: each is answered, and says what is away. */
@Tag("long")
@ExtendWith(SharedGate.Extension.class)
class AwayIT {

    private static final long PATIENCE_MILLIS = 12_000;

    private final SharedGate gate;

    AwayIT(SharedGate gate) {
        this.gate = gate;
    }

    @Test
    void whoeverAsksIsToldWhatIsAwayAndHowOldAnAnswerWouldBe() throws Exception {
        SharedGate.soon().untilAsserted(() -> gate.caller().get("/breaker").then().statusCode(200));
        gate.stack().signalKafka("STOP");
        try {
            var reads = Stream.of("/quarantine", "/quarantine/it.public.any", "/breaker").map(path -> CompletableFuture.runAsync(() -> told(gate.caller().get(path))
                    .body("asOf", matchesPattern("20\\d\\d-.*Z"))));
            var changes = Stream.of("/quarantine/it.public.any/replay", "/quarantine/it.public.any/hold", "/breaker/reset")
                    .map(path -> CompletableFuture.runAsync(() -> told(gate.caller().body("{\"reason\": \"x\"}").post(path))));
            CompletableFuture.allOf(Stream.concat(reads, changes).toArray(CompletableFuture[]::new)).join();
        } finally {
            gate.stack().signalKafka("CONT");
        }
        SharedGate.soon().untilAsserted(() -> gate.caller().get("/quarantine").then().statusCode(200));
    }

    private static ValidatableResponse told(Response answer) {
        return answer.then().time(lessThan(PATIENCE_MILLIS)).statusCode(503).body("message", containsString("This cannot be answered now: "));
    }
}
