package io.millrace.gate;

import static io.millrace.gate.Captured.nullable;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Parked records go by a person's word or their replay. Where they are gone otherwise, that is said, and nothing is replayed as if they had never been. */
@Tag("long")
@ExtendWith(SharedGate.Extension.class)
class KeepingIT {

    private static final String QUARANTINE = "quarantine.it.public.kept";

    private final SharedGate gate;

    KeepingIT(SharedGate gate) {
        this.gate = gate;
    }

    @Test
    void recordsThatAreGoneFromTheQuarantineAreMissedUntilAPersonGivesThemUp() throws Exception {
        gate.stack().admin().createTopics(List.of(new NewTopic(QUARANTINE, Captured.PARTITIONS, (short) 1).configs(Map.of("retention.ms", "86400000")))).all().get();
        var table = gate.stack().captured("kept");
        var schema = table.schema(nullable("name", "string"));
        table.row(1, schema, Map.of("name", "before")).get();
        gate.awaitCount("rows", "kept", 1);
        gate.post("kept", "hold", "{\"reason\": \"made by a test\"}");
        int partition = 0;
        for (int i = 0; i < 4; i++) {
            partition = table.row(1, schema, Map.of("name", "parked " + i)).get().partition();
        }
        gate.awaitCount("quarantine", "kept", 4);
        var settings = new ConfigResource(ConfigResource.Type.TOPIC, QUARANTINE);
        SharedGate.soon().untilAsserted(() -> assertEquals("-1", gate.stack().admin().describeConfigs(List.of(settings)).all().get().get(settings).get("retention.ms").value(), "parked records go by no time"));

        gate.stack().admin().deleteRecords(Map.of(new TopicPartition(QUARANTINE, partition), RecordsToDelete.beforeOffset(2))).all().get();
        gate.awaitHealth(503, containsString("the parked records 0 to 1 are gone from " + QUARANTINE + "-" + partition));
        gate.caller().get("/quarantine/it.public.kept").then().statusCode(200).body("state", equalTo("parked")).body("records", equalTo(2)).body("missing", equalTo(2))
                .body("gaps[0].partition", equalTo(partition)).body("gaps[0].from", equalTo(0)).body("gaps[0].to", equalTo(2));
        gate.caller().body("{\"reason\": \"x\"}").post("/quarantine/it.public.kept/replay").then().statusCode(409).body("message", containsString("has lost parked records before they were replayed"));
        // A discard of others opens the table; its lane then finds the gap itself.
        gate.post("kept", "discard", "{\"count\": 0, \"which\": \"REFUSED\", \"reason\": \"made by a test\"}");
        SharedGate.soon().untilAsserted(() -> gate.caller().get("/quarantine/it.public.kept").then().body("state", equalTo("parked")).body("cause.reason", equalTo("records-missing")));
        assertEquals(1, gate.stack().read("rows.it.public.kept").size(), "nothing was replayed past the gap");

        gate.caller().body("{\"count\": 3, \"which\": \"MISSING\", \"reason\": \"x\"}").post("/quarantine/it.public.kept/discard").then().statusCode(409)
                .body("message", containsString("has 2 records missing from its quarantine, not 3"));
        gate.post("kept", "discard", "{\"count\": 2, \"which\": \"MISSING\", \"reason\": \"the table was read anew\"}");
        gate.awaitState("kept", "flowing");
        gate.awaitCount("rows", "kept", 3);
        gate.awaitHealth(200, containsString("UP"));
        SharedGate.soon().untilAsserted(() -> assertEquals(List.of(), gate.stack().read(QUARANTINE)));
    }
}
