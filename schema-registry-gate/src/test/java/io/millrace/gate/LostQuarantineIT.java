package io.millrace.gate;

import static io.millrace.gate.Captured.nullable;
import static io.millrace.gate.SharedGate.soon;
import static org.hamcrest.Matchers.containsString;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.log.Recovery;
import io.millrace.pipeline.topic.Topics;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Parked records whose topic is gone are missed, and those of which the gate's own memory is gone are not forgotten. */
@Tag("long")
@ExtendWith(SharedGate.Extension.class)
class LostQuarantineIT {

    private final SharedGate gate;
    private final Stack stack;

    LostQuarantineIT(SharedGate gate) {
        this.gate = gate;
        this.stack = gate.stack();
    }

    /** One row passes, and two changes of it are parked. */
    private Captured parked(String name) throws Exception {
        var table = stack.captured(name);
        var schema = table.schema(nullable("name", "string"));
        table.row(1, schema, Map.of("name", "before")).get();
        gate.awaitCount("rows", name, 1);
        gate.post(name, "hold", "{\"reason\": \"made by a test\"}");
        table.row(1, schema, Map.of("name", "parked")).get();
        table.row(1, schema, Map.of("name", "parked too")).get();
        gate.awaitCount("quarantine", name, 2);
        return table;
    }

    private void deleteTopic(String topic) throws Exception {
        stack.admin().deleteTopics(List.of(topic)).all().get();
        soon().until(() -> !stack.admin().listTopics().names().get().contains(topic));
    }

    @Test
    void aQuarantineThatWasDeletedAndMadeAnewIsMissedAndNothingIsReplayedFromItBeforeAPersonDecides() throws Exception {
        var table = parked("evicted");
        var quarantine = "quarantine.it.public.evicted";
        soon().until(() -> stack.read(Topics.GATE_MARKS).stream().anyMatch(mark -> new String(mark.key()).contains(" " + quarantine + " ") && !new String(mark.value()).split(" ")[2].equals("0")));
        deleteTopic(quarantine);
        stack.admin().createTopics(List.of(new NewTopic(quarantine, Captured.PARTITIONS, (short) 1).configs(Map.of("retention.ms", "-1")))).all().get();
        gate.awaitHealth(503, containsString("Parked changes of the table it.public.evicted are gone"));
        table.row(1, table.schema(nullable("name", "string")), Map.of("name", "after")).get();
        soon().until(() -> !stack.read(quarantine).isEmpty());
        gate.restart();
        gate.awaitHealth(503, containsString("Parked changes of the table it.public.evicted are gone"));
        gate.post("evicted", "replay", "{\"reason\": \"made by a test\"}");
        gate.awaitHealth(503, containsString("parked records are gone: the topic was deleted and made anew"));
        assertEquals(1, stack.read("rows.it.public.evicted").size(), "nothing passes as if nothing had been before it");
        try (var recovery = new Recovery(Map.of("bootstrap.servers", stack.servers().kafkaBootstrap()), Topics.GATE_MARKS, "millrace-gate")) {
            recovery.readFromStart(quarantine);
        }
        // A record that a killed gate had not committed is parked twice.
        soon().untilAsserted(() -> assertTrue(stack.read("rows.it.public.evicted").size() > 1));
        gate.awaitState("evicted", "flowing");
        gate.awaitHealth(200, containsString("UP"));
    }

    @Test
    void recordsThatWereParkedAreReplayedAlsoWhenTheControlTopicIsGone() throws Exception {
        parked("orphaned");
        gate.process().kill();
        deleteTopic("millrace.gate.control");
        gate.process().start();
        gate.awaitCount("rows", "orphaned", 3);
        soon().untilAsserted(() -> assertEquals(List.of(), stack.read("quarantine.it.public.orphaned"), "what is replayed is deleted"));
        gate.awaitHealth(200, containsString("UP"));
    }
}
