package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.Output;
import io.millrace.launcher.stack.Stage;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.OnCall;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Topics get more partitions while rows change, by one command and by what health says afterwards. */
@Tag("long")
class RepartitionIT {

    private static final int PORT_BASE = 28_000;
    private static final int MONITORS = 300;

    private static DemoStack stack;

    @BeforeAll
    static void start() throws IOException {
        var data = DemoStack.home().resolve("tests").resolve("target").resolve("repartition");
        DemoStack.delete(data);
        stack = new DemoStack(data, PORT_BASE, MONITORS, new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8)));
        stack.start();
    }

    @AfterAll
    static void stop() {
        if (stack != null) {
            stack.close();
        }
    }

    @Test
    void fromFourPartitionsToEightUnderTraffic() throws Exception {
        stack.settled().await();
        var servers = stack.stack().servers();
        var source = stack.stack().sourceEnvironment();
        var regions = Files.writeString(stack.stack().options().data().resolve("regions.yaml"), """
                millrace: 1
                regions:
                  here:
                    pipelines: [%s]
                    source:
                      variables: {MILLRACE_SOURCE_URL: "%s", MILLRACE_SOURCE_USER: %s, MILLRACE_SOURCE_PASSWORD: {env: READER}}
                      admin: {user: %s, password: {env: ADMIN}}
                    kafka:
                      settings: {bootstrap.servers: "%s"}
                      partitions: 8
                    registry: %s
                """.formatted(DemoStack.home().resolve("deploy/demo/pipelines"), servers.jdbcUrl("demo"), source.get("MILLRACE_SOURCE_USER"), servers.postgresUser(), servers.kafkaBootstrap(), servers.registryUrl()));
        var secrets = Map.of("READER", source.get("MILLRACE_SOURCE_PASSWORD"), "ADMIN", servers.postgresPassword());
        var onCall = new OnCall(stack);
        try (var traffic = BackgroundTraffic.start(stack, 990, 40)) {
            assertEquals(1, onCall.run(secrets, "plan", "--regions", regions.toString()), "another number is refused");
            assertEquals(0, onCall.run(secrets, "repartition", "--yes", "--regions", regions.toString()));
            onCall.recover();
            traffic.stop();
        }
        stack.settled().await().forEach(comparison -> assertTrue(comparison.agrees() && comparison.expected() > 0, comparison::describe));
        assertEquals(0, onCall.run(secrets, "plan", "--regions", regions.toString()));
        for (var stage : new Stage[] {Stage.GATE, Stage.DENORMALIZER, Stage.INDEXER}) {
            stack.process(stage).stop();
            stack.process(stage).start();
        }
        onCall.recover();
        stack.settled().await();
    }
}
