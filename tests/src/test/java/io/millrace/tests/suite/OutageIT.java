package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.demo.Traffic;
import io.millrace.launcher.stack.Stage;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.Health;
import io.millrace.tests.stack.SharedStack;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A server goes away while rows change: who needs it waits, says so, and goes on by itself. */
@Tag("long")
@ExtendWith(SharedStack.class)
class OutageIT {

    private static final int RATE = 100;

    private final DemoStack stack;
    private final Health health;

    OutageIT(DemoStack stack) {
        this.stack = stack;
        this.health = new Health(stack);
    }

    @Test
    void whenKafkaIsAwayEveryStageThatNeedsItSaysSoAndGoesOnByItself() throws Exception {
        var kafka = stack.stack().servers().kafka();
        try (var traffic = BackgroundTraffic.start(stack, 301, RATE)) {
            kafka.kill();
            try {
                for (var stage : List.of(Stage.CAPTURE, Stage.GATE, Stage.DENORMALIZER, Stage.INDEXER)) {
                    health.awaitWaiting(stage, "kafka", "broker");
                }
            } finally {
                kafka.start();
            }
            traffic.stop();
        }
        everybodyGoesOn();
    }

    @Test
    void whenTheRegistryIsAwayCaptureWaitsWithANewSchemaAndGoesOnByItself() throws Exception {
        var registry = stack.stack().servers().registry();
        try (var connection = stack.connect(); var statement = connection.createStatement(); var traffic = BackgroundTraffic.start(stack, 302, RATE)) {
            registry.kill();
            try {
                statement.execute("ALTER TABLE public.tag ADD COLUMN note text");
                statement.execute("INSERT INTO public.tag (key, value, note) VALUES ('env', 'added while the registry was away', 'n')");
                health.awaitWaiting(Stage.CAPTURE, "registry");
                health.awaitWaiting(Stage.GATE, "registry");
            } finally {
                registry.start();
            }
            traffic.stop();
        }
        everybodyGoesOn();
    }

    @Test
    void whenTheSearchEngineIsAwayTheIndexerSaysSoAndGoesOnByItself() throws Exception {
        var search = stack.stack().servers().search();
        // How long the engine replays its own log after a crash is not what is tested here.
        stack.index().ask("POST", "/_flush", null);
        try (var traffic = BackgroundTraffic.start(stack, 303, RATE)) {
            search.kill();
            try {
                health.awaitWaiting(Stage.INDEXER, "search");
            } finally {
                search.start();
            }
            traffic.stop();
        }
        everybodyGoesOn();
    }

    @Test
    void whenPostgresIsAwayCaptureSaysSoAndGoesOnByItself() throws Exception {
        var postgres = stack.stack().servers().postgres();
        postgres.kill();
        try {
            health.awaitWaiting(Stage.CAPTURE, "postgres", "database", "connection", "slot");
        } finally {
            postgres.start();
        }
        Arrays.stream(Stage.values()).forEach(health::awaitReady);
        try (var connection = stack.connect()) {
            new Traffic(connection, 304, Traffic.Mix.BROAD).transactions(200);
        }
        everybodyGoesOn();
    }

    /** The same processes as before: nothing was restarted from outside. */
    private void everybodyGoesOn() {
        Arrays.stream(Stage.values()).forEach(health::awaitReady);
        for (var comparison : stack.settled().await()) {
            assertTrue(comparison.agrees(), comparison::describe);
        }
    }
}
