package io.millrace.gate;

import static io.millrace.gate.Captured.nullable;
import static io.millrace.gate.Captured.required;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.topic.Topics;
import io.restassured.response.ValidatableResponse;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A gate on a Kafka that authorizes, with the rights that the provisioner gives it and no other: it may make no topic of a table. */
@ExtendWith(SharedGate.Extension.class)
class AuthorizerIT {

    private static final String SOURCE = "guarded";

    private final Stack stack;

    AuthorizerIT(SharedGate gate) {
        this.stack = gate.stack();
    }

    @Test
    void withTheRightsOfTheProvisionerItPassesParksAndDrainsAndNamesARightThatIsMissing() throws Exception {
        var table = provisioned("whole");
        var gate = stack.guarded(6, Map.of("millrace.gate.sources", SOURCE, "millrace.gate.group", "millrace-gate-" + SOURCE));
        gate.process().start();
        try {
            forbid(Topics.QUARANTINE, AclOperation.DELETE);
            table.row(1, table.schema(nullable("name", "string")), Map.of("name", "a")).get();
            awaitRows("whole", 1);
            var changed = table.schema(required("name", "long"));
            table.row(2, changed, Map.of("name", 2L)).get();
            SharedGate.soon().untilAsserted(() -> ask(gate, "whole").body("state", equalTo("parked")).body("records", equalTo(1)));
            for (var decision : List.of("accept", "replay")) {
                given().baseUri(gate.url()).header("Authorization", "Bearer " + Stack.TOKEN).contentType("application/json").body("{\"reason\": \"planned\"}")
                        .post("/quarantine/guarded.public.whole/" + decision).then().statusCode(200);
            }
            awaitRows("whole", 2);
            // It may not delete what it has replayed: it says so until it may.
            awaitTold(gate, "Deleting the replayed records of quarantine.guarded.public.whole", "lacks the right Delete");
            ask(gate, "whole").body("state", equalTo("flowing")).body("undeleted", equalTo(1));
            list(gate).body("table", hasItem("guarded.public.whole"));
            assertEquals(1, stack.read("quarantine.guarded.public.whole").size());
            stack.admin().createAcls(Stack.rights(right -> true)).all().get();
            SharedGate.soon().untilAsserted(() -> assertEquals(List.of(), stack.read("quarantine.guarded.public.whole"), "what was replayed is deleted"));
            SharedGate.soon().untilAsserted(() -> list(gate).body("size()", equalTo(0)));
            SharedGate.soon().untilAsserted(() -> given().baseUri(gate.url()).get("/q/health/ready").then().statusCode(200));

            var homeless = stack.captured(SOURCE, "homeless");
            homeless.row(1, homeless.schema(), Map.of()).get();
            awaitTold(gate, "Creating the topic rows.guarded.public.homeless, which is not there, failed", "lacks the right Create");
            make("rows.guarded.public.homeless");
            awaitRows("homeless", 1);

            forbid(Topics.ROWS, AclOperation.WRITE);
            homeless.row(2, homeless.schema(), Map.of()).get();
            awaitTold(gate, "Kafka did not acknowledge a record for rows.guarded.public.homeless", "lacks the right Write");
            stack.admin().createAcls(Stack.rights(right -> true)).all().get();
            awaitRows("homeless", 2);
        } finally {
            gate.process().stop();
        }
    }

    @Test
    void aTableAtRestIsInNoTroubleAnyMoreWhenWhatStoodInTheWayAtTheStartIsOver() throws Exception {
        stack.captured("quiet", "rest");
        make("rows.quiet.public.rest");
        make("quarantine.quiet.public.rest");
        var gate = stack.guarded(7, Map.of("millrace.gate.sources", "quiet", "millrace.gate.group", "millrace-gate-quiet"));
        // Whoever may read or write may describe as well.
        stack.admin().deleteAcls(Stack.rights(right -> right.pattern().name().equals(Topics.QUARANTINE)).stream().map(AclBinding::toFilter).toList()).all().get();
        try {
            gate.process().start();
            awaitTold(gate, "Describing the topic quarantine.quiet.public.rest", "lacks the right Describe");
            stack.admin().createAcls(Stack.rights(right -> true)).all().get();
            SharedGate.soon().untilAsserted(() -> given().baseUri(gate.url()).get("/q/health/ready").then().statusCode(200));
        } finally {
            gate.process().stop();
            stack.admin().createAcls(Stack.rights(right -> true)).all().get();
        }
    }

    private Captured provisioned(String name) throws Exception {
        make("rows.guarded.public." + name);
        make("quarantine.guarded.public." + name);
        return stack.captured(SOURCE, name);
    }

    private void forbid(String topics, AclOperation operation) throws Exception {
        var given = Stack.rights(right -> right.pattern().name().equals(topics)).stream().filter(r -> r.entry().operation() == operation).map(AclBinding::toFilter).toList();
        assertEquals(1, given.size());
        stack.admin().deleteAcls(given).all().get();
    }

    private void make(String topic) throws Exception {
        stack.admin().createTopics(List.of(new NewTopic(topic, Captured.PARTITIONS, (short) 1))).all().get();
    }

    private void awaitRows(String table, int count) {
        SharedGate.soon().untilAsserted(() -> assertEquals(count, stack.read("rows.guarded.public." + table).size()));
    }

    private static ValidatableResponse ask(Stack.Gate gate, String table) {
        return given().baseUri(gate.url()).header("Authorization", "Bearer " + Stack.TOKEN).get("/quarantine/guarded.public." + table).then().statusCode(200);
    }

    private static ValidatableResponse list(Stack.Gate gate) {
        return given().baseUri(gate.url()).header("Authorization", "Bearer " + Stack.TOKEN).get("/quarantine").then().statusCode(200);
    }

    private static void awaitTold(Stack.Gate gate, String attempted, String right) {
        SharedGate.soon().untilAsserted(() -> {
            var health = given().baseUri(gate.url()).get("/q/health/ready").asString();
            assertTrue(health.contains(attempted) && health.contains(right), health);
        });
    }
}
