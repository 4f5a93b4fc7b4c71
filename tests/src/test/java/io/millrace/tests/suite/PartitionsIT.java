package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.local.ProcessSpec;
import io.millrace.local.Readiness;
import io.millrace.pipeline.comparison.Json;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import io.millrace.provisioner.Admin;
import io.millrace.provisioner.Options;
import io.millrace.provisioner.Provisioner;
import io.millrace.provisioner.Targets;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A pipeline gets twice the partitions beside the old one, by a source of another name over the same database; searches are served and rows change all the time. */
@Tag("long")
@ExtendWith(SharedStack.class)
class PartitionsIT {

    private static final String ALIAS = "monitors";
    private static final String WIDER = "monitors-wide";
    private static final String SOURCE = "demo-wide";
    private static final TableName TABLE = new TableName("public", "monitor");
    private static final int PARTITIONS = 2 * Targets.DEFAULT_PARTITIONS;
    private static final int RATE = 40;
    private static final List<Stage> READERS = List.of(Stage.GATE, Stage.DENORMALIZER, Stage.INDEXER);

    private final DemoStack stack;

    PartitionsIT(DemoStack stack) {
        this.stack = stack;
    }

    @Test
    void aSourceOfAnotherNameBringsMorePartitionsWhileTheOldOneServes() throws Exception {
        stack.settled().await();
        var older = behindAlias();
        var erased = stack.index().read(ALIAS).firstKey();
        erase(erased);
        patience("it is erased", Duration.ofMinutes(1)).until(() -> stack.index().get(ALIAS, erased) == null);
        long documents = stack.index().count(ALIAS);
        var file = stack.pipelines().resolve(WIDER + ".yaml");
        var capture = capture();
        try {
            Files.writeString(file, Files.readString(DemoStack.home().resolve("deploy/demo/pipelines/monitors.yaml"))
                    .replace("name: monitors\nsource:\n  name: demo", "name: " + WIDER + "\nreplaces: [monitors]\nsource:\n  name: " + SOURCE));
            provision(file);
            try (var traffic = BackgroundTraffic.start(stack, 808, RATE)) {
                capture.start();
                stack.restart(READERS);
                patience("the wider one is served", Duration.ofMinutes(5)).until(() -> {
                    assertTrue(stack.index().count(ALIAS) > documents / 2, "a reader never sees an index that is still being filled");
                    return !behindAlias().equals(older);
                });
                traffic.stop();
            }
            assertEquals(PARTITIONS, partitions(Topics.rows(SOURCE, TABLE)));
            assertEquals(PARTITIONS, partitions(Topics.documents(WIDER)));
            assertEquals(Targets.DEFAULT_PARTITIONS, partitions(Topics.rows("demo", TABLE)));
            stack.settledBut(ALIAS, erased).await().forEach(comparison -> assertTrue(comparison.agrees() && comparison.expected() > 0, comparison::describe));
            assertNull(stack.index().get(ALIAS, erased), "what was erased before stays away");
        } finally {
            capture.stop();
            Files.deleteIfExists(file);
            stack.restart(READERS);
            change("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '" + Topics.slot(SOURCE) + "'");
            change("DROP PUBLICATION IF EXISTS " + Topics.publication(SOURCE));
            change("DELETE FROM public.monitor WHERE id = " + erased);
        }
        patience("the alias goes back", Duration.ofMinutes(2)).until(() -> behindAlias().equals(older));
        stack.settled().await();
    }

    /** What a region of its own in the regions file says. */
    private void provision(Path file) {
        var servers = stack.stack().servers();
        var targets = new Targets(servers.kafkaBootstrap(), URI.create(servers.registryUrl()), PARTITIONS, (short) 1);
        new Provisioner(PipelineFiles.load(List.of(file)), new Admin(servers.postgresUser(), servers.postgresPassword()), targets, stack.stack().sourceEnvironment(Stage.CAPTURE)::get,
                new Options(false, false, stack.stack().sourceRoles())).apply(step -> { });
    }

    /** A capture of the wider source beside that of the other. */
    private ManagedProcess capture() {
        int port = Ports.free(1).getFirst();
        var servers = stack.stack().servers();
        var properties = Map.of("quarkus.http.port", Integer.toString(port), "kafka.bootstrap.servers", servers.kafkaBootstrap(), "millrace.capture.registry-url", servers.registryUrl(),
                "millrace.capture.pipelines", stack.pipelines().toString(), "millrace.capture.source", SOURCE, "millrace.capture.token.file", stack.stack().token().toString());
        return new ManagedProcess(ProcessSpec.quarkus("capture-wide", stack.stack().options().data(), "320m", DemoStack.home().resolve("capture-service/target/quarkus-app/quarkus-run.jar"), properties,
                stack.stack().sourceEnvironment(Stage.CAPTURE), Map.of("http", port), Readiness.http(URI.create("http://localhost:" + port + "/q/health/live"))));
    }

    private int partitions(String topic) throws ExecutionException, InterruptedException {
        try (var admin = org.apache.kafka.clients.admin.Admin.create(Map.of("bootstrap.servers", stack.stack().servers().kafkaBootstrap()))) {
            return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
        }
    }

    private void erase(String id) throws IOException {
        RestAssured.given().baseUri(stack.address(Stage.PURGE).toString()).contentType(ContentType.JSON).header("Authorization", "Bearer " + Files.readString(stack.stack().token()).strip())
                .header("Idempotency-Key", "wider " + id).body("{\"reason\":\"asked for\"}").post("/pipelines/" + ALIAS + "/documents/" + id + "/erasure").then().statusCode(202);
    }

    private String behindAlias() {
        return stack.index().ask("GET", "/_alias/" + ALIAS, null) instanceof Json.Members(var members) ? String.join(",", members.keySet()) : "";
    }

    private void change(String sql) throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static ConditionFactory patience(String what, Duration most) {
        return Awaitility.await(what).pollInterval(Duration.ofMillis(200)).atMost(most);
    }
}
