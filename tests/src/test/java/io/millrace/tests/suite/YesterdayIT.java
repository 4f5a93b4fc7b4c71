package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.Output;
import io.millrace.launcher.stack.Stack;
import io.millrace.launcher.stack.Stage;
import io.millrace.local.ManagedProcess;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.NextGeneration;
import io.millrace.tests.stack.OnCall;
import io.millrace.tests.stack.SharedStack;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Two of what the stages stand on are of yesterday, or gone, while rows change. Whoever does what health says, and nothing else, has every document right afterwards, also
 * in a generation that is built from the rows.
 */
@Tag("long")
class YesterdayIT {

    private static final int PORT_BASE = SharedStack.PORT_BASE + 1000;
    private static final int MONITORS = 300;
    private static final int RATE = 40;

    private static Path data;
    private static DemoStack stack;
    private static OnCall onCall;

    /** What is of yesterday; the join's disk is empty instead. */
    enum Lost { DISK, KAFKA, INDEX, POSTGRES }

    @BeforeAll
    static void start() throws IOException {
        data = DemoStack.home().resolve("tests").resolve("target").resolve("yesterday");
        DemoStack.delete(data);
        stack = new DemoStack(data, PORT_BASE, MONITORS, new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8)));
        stack.start();
        onCall = new OnCall(stack);
    }

    @AfterAll
    static void stop() {
        if (stack != null) {
            stack.close();
        }
    }

    @ParameterizedTest
    @CsvSource({"DISK, POSTGRES", "INDEX, POSTGRES", "KAFKA, INDEX", "DISK, INDEX", "DISK, KAFKA", "KAFKA, POSTGRES"})
    void whoeverDoesWhatHealthSaysHasEveryDocumentRight(Lost one, Lost other) throws Exception {
        stack.settled().await();
        var lost = List.of(one, other);
        keep(lost);
        change(200);
        stack.settled().await();
        boolean isSourceAway = lost.contains(Lost.POSTGRES);
        try (var traffic = BackgroundTraffic.start(stack, 900 + one.ordinal(), RATE)) {
            awaitMore(traffic, 30);
            if (isSourceAway) {
                traffic.stop();
            }
            lose(lost);
            try (var on = isSourceAway ? BackgroundTraffic.start(stack, 950 + other.ordinal(), RATE) : traffic) {
                onCall.recover();
                on.stop();
            }
        }
        stack.settled().await().forEach(comparison -> assertTrue(comparison.agrees() && comparison.expected() > 0, comparison::describe));
        new NextGeneration(stack).isRight("monitors-" + one.name().toLowerCase() + "-" + other.name().toLowerCase());
    }

    private static void change(int transactions) throws InterruptedException {
        try (var traffic = BackgroundTraffic.start(stack, 800, 4 * RATE)) {
            awaitMore(traffic, transactions);
            traffic.stop();
        }
    }

    private static void awaitMore(BackgroundTraffic traffic, int transactions) {
        long until = traffic.transactions() + transactions;
        Awaitility.await("the traffic goes on").atMost(Duration.ofSeconds(120)).until(() -> traffic.transactions() >= until);
    }

    /** Copies what is to come back, of servers that are stopped. */
    private static void keep(List<Lost> lost) throws Exception {
        Stack.stopOrder().forEach(stage -> stack.process(stage).stop());
        for (var what : lost) {
            if (what != Lost.DISK) {
                server(what).stop();
                copy(folder(what), data.resolve("yesterday").resolve(what.name()));
            }
        }
        begin(lost);
        stack.startServices();
    }

    private static void lose(List<Lost> lost) throws Exception {
        for (var what : lost) {
            if (what == Lost.DISK) {
                stack.process(Stage.DENORMALIZER).kill();
                DemoStack.delete(data.resolve("denormalizer"));
            } else {
                server(what).stop();
                copy(data.resolve("yesterday").resolve(what.name()), folder(what));
            }
        }
        begin(lost);
        if (lost.contains(Lost.DISK)) {
            stack.process(Stage.DENORMALIZER).start();
        }
    }

    private static void begin(List<Lost> lost) {
        for (var what : lost) {
            if (what != Lost.DISK) {
                server(what).start();
            }
            if (what == Lost.POSTGRES) {
                // The registry keeps its schemas in the same server.
                stack.stack().servers().registry().restart();
            }
        }
    }

    private static ManagedProcess server(Lost what) {
        var servers = stack.stack().servers();
        return switch (what) {
            case KAFKA -> servers.kafka();
            case INDEX -> servers.search();
            case POSTGRES -> servers.postgres();
            case DISK -> throw new IllegalArgumentException("The join's disk has no server");
        };
    }

    private static Path folder(Lost what) {
        return data.resolve(what == Lost.INDEX ? "search" : what.name().toLowerCase());
    }

    private static void copy(Path from, Path to) throws IOException, InterruptedException {
        Files.createDirectories(to.getParent());
        if (new ProcessBuilder("sh", "-c", "rm -rf '" + to + "' && cp -a '" + from + "' '" + to + "'").inheritIO().start().waitFor() != 0) {
            throw new IOException("Copying " + from + " to " + to + " failed");
        }
    }
}
