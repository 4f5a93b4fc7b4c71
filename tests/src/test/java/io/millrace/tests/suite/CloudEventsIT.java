package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.Output;
import io.millrace.launcher.stack.Stage;
import io.millrace.local.LocalServers;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import io.millrace.tests.oracle.Comparison;
import io.millrace.tests.oracle.SqlOracle;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.EventCopy;
import io.millrace.tests.stack.Mirror;
import io.millrace.tests.stack.SharedStack;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever knows CloudEvents alone has a right copy of the documents, here and in another region's Kafka, though each process that they come by, and who copies the topic, is killed while rows change. */
@Tag("long")
class CloudEventsIT {

    private static final int MONITORS = 500;
    private static final int RATE = 150;
    private static final Duration LONGEST = Duration.ofMinutes(4);

    @TempDir
    static Path folder;
    private static DemoStack stack;
    private static LocalServers region;
    private static ManagedProcess mirror;

    @BeforeAll
    static void start() throws Exception {
        var demo = Files.readString(DemoStack.home().resolve("deploy/demo/pipelines/monitors.yaml"));
        Files.writeString(folder.resolve("monitors.yaml"), demo + "\nevents: cloudevents\n");
        var data = DemoStack.home().resolve("tests").resolve("target").resolve("events-stack");
        DemoStack.delete(data);
        stack = new DemoStack(data, SharedStack.PORT_BASE + 1000, MONITORS, null, List.of(folder), new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8)));
        stack.startServers();
        stack.load();
        stack.provision();
        for (var stage : List.of(Stage.CAPTURE, Stage.GATE, Stage.DENORMALIZER)) {
            stack.process(stage).launch();
        }
        stack.process(Stage.DENORMALIZER).awaitReady();
        region = LocalServers.in(folder.resolve("region"), Ports.free());
        region.claim();
        region.kafka().start();
        mirror = Mirror.of(folder.resolve("mirror"), stack.stack().servers().kafkaBootstrap(), region.kafkaBootstrap());
        mirror.start();
    }

    @AfterAll
    static void stop() {
        if (mirror != null) {
            mirror.stop();
        }
        if (region != null) {
            region.stop();
        }
        if (stack != null) {
            stack.close();
        }
    }

    @Test
    void aReaderOfEventsHasWhatTheJoinOfTheRowsHas() throws Exception {
        try (var copy = new EventCopy(stack.stack().servers().kafkaBootstrap(), "documents.monitors"); var there = new EventCopy(region.kafkaBootstrap(), "documents.monitors")) {
            try (var traffic = BackgroundTraffic.start(stack, 29, RATE)) {
                awaitMore(traffic, 150);
                stack.process(Stage.DENORMALIZER).kill();
                awaitMore(traffic, 100);
                mirror.kill();
                mirror.start();
                stack.process(Stage.DENORMALIZER).start();
                awaitMore(traffic, 100);
                var servers = stack.stack().servers();
                for (var killed : List.of(stack.process(Stage.CAPTURE), stack.process(Stage.GATE), servers.registry(), servers.kafka())) {
                    killed.kill();
                    killed.start();
                    awaitMore(traffic, 50);
                }
                traffic.stop();
            }
            awaitAgreement(copy);
            awaitAgreement(there);
            assertTrue(there.deleted() > 0, "deletes were copied");
            assertTrue(copy.deleted() > 0, "documents were deleted");
            assertTrue(copy.repeated() > 0, "events were read again");
        }
    }

    private static void awaitMore(BackgroundTraffic traffic, int transactions) {
        long until = traffic.transactions() + transactions;
        Awaitility.await("the traffic goes on").atMost(LONGEST).until(() -> traffic.transactions() >= until);
    }

    private static void awaitAgreement(EventCopy copy) {
        var last = new AtomicReference<Comparison>();
        try {
            Awaitility.await("the copy equals the join").pollInterval(Duration.ofSeconds(2)).atMost(LONGEST).until(() -> {
                try (var connection = stack.connect()) {
                    last.set(Comparison.of("events", SqlOracle.of("monitors").read(connection), copy.documents()));
                }
                return last.get().agrees() && last.get().expected() > MONITORS / 2;
            });
        } finally {
            System.out.println(last.get() == null ? "no comparison" : last.get().describe());
        }
    }
}
