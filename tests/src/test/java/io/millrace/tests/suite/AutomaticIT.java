package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.demo.Traffic;
import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.topic.Topics;
import io.millrace.tests.oracle.Comparison;
import io.millrace.tests.oracle.SqlOracle;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.Health;
import io.millrace.tests.stack.SharedStack;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A pipeline whose file says so has its join built anew and its index compared with the database by itself; nobody runs a command. */
@Tag("long")
@ExtendWith(SharedStack.class)
class AutomaticIT {

    private static final String PIPELINE = "monitors-automatic";
    private static final String GROUP = Topics.joinGroup(PIPELINE);
    private static final String SAID = "recovery: automatic";
    private static final List<Stage> READERS = List.of(Stage.DENORMALIZER, Stage.INDEXER, Stage.PURGE);
    private static final int RATE = 20;

    private final DemoStack stack;
    private final Health health;

    AutomaticIT(DemoStack stack) {
        this.stack = stack;
        this.health = new Health(stack);
    }

    @BeforeEach
    void addPipeline() throws Exception {
        var monitors = Files.readString(DemoStack.home().resolve("deploy/demo/pipelines/monitors.yaml"));
        Files.writeString(stack.pipelines().resolve(PIPELINE + ".yaml"), monitors.replace("name: monitors\nsource", "name: " + PIPELINE + "\nrecovery: automatic\nsource").replace("  name: monitors\n  refresh", "  name: " + PIPELINE + "\n  refresh"));
        stack.provision();
        stack.restart(READERS);
        stack.settled().await();
        patience("its index is whole", Duration.ofMinutes(2)).untilAsserted(this::assertRight);
    }

    @AfterEach
    void removePipeline() throws Exception {
        Files.delete(stack.pipelines().resolve(PIPELINE + ".yaml"));
        stack.restart(READERS);
    }

    @Test
    void stateThatIsGoneIsMadeAnewAndTheIndexProvenUnderTrafficWithoutACommand() throws Exception {
        int lives = count("SELECT count(*) FROM millrace.outboxevent WHERE type = 'proven'");
        try (var traffic = BackgroundTraffic.start(stack, 4_242, RATE, Traffic.Mix.STEADY); var admin = Admin.create(Map.of("bootstrap.servers", stack.stack().servers().kafkaBootstrap()))) {
            stack.process(Stage.DENORMALIZER).kill();
            admin.deleteTopics(Stream.of("rows", "documents", "lookups").map(store -> GROUP + "-" + store + "-changelog").toList()).all().get();
            DemoStack.delete(stack.stack().options().data().resolve("denormalizer").resolve(GROUP));
            stack.process(Stage.DENORMALIZER).start();
            patience("it is said", Duration.ofSeconds(30)).until(() -> health.ready(Stage.DENORMALIZER).contains(PIPELINE) && health.ready(Stage.DENORMALIZER).contains(SAID));
            patience("the join is right by itself", Duration.ofMinutes(6)).untilAsserted(() -> assertTrue(health.ready(Stage.DENORMALIZER).startsWith("200"), () -> health.ready(Stage.DENORMALIZER)));
            traffic.stop();
        }
        assertEquals(lives + 1, count("SELECT count(*) FROM millrace.outboxevent WHERE type = 'proven'"), "it is told once");
        assertEquals("recovery: automatic agrees", one("SELECT split_part(requested_by, ',', 1) || ' ' || state FROM millrace.verification WHERE pipeline = '" + PIPELINE + "' ORDER BY requested_at DESC LIMIT 1"));
        stack.settled().await();
        patience("its index is that of the database", Duration.ofMinutes(2)).untilAsserted(this::assertRight);
    }

    private void assertRight() throws SQLException {
        try (var connection = stack.connect()) {
            var comparison = Comparison.of(PIPELINE, SqlOracle.of("monitors").read(connection), stack.index().read(PIPELINE));
            assertTrue(comparison.agrees() && comparison.expected() > 0, comparison::describe);
        }
    }

    private int count(String query) throws SQLException {
        return Integer.parseInt(one(query));
    }

    private String one(String query) throws SQLException {
        try (var connection = stack.connect(); var statement = connection.createStatement(); var row = statement.executeQuery(query)) {
            row.next();
            return row.getString(1);
        }
    }

    private static ConditionFactory patience(String what, Duration most) {
        return Awaitility.await(what).pollInterval(Duration.ofMillis(500)).atMost(most).ignoreExceptions();
    }
}
