package io.millrace.tests.stack;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.comparison.Json;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;

/** A later generation of the monitors, built from the rows alone: what they lack or have too much shows in its documents. */
public final class NextGeneration {

    private static final String ALIAS = "monitors";
    private static final List<Stage> READERS = List.of(Stage.DENORMALIZER, Stage.INDEXER, Stage.PURGE);

    private final DemoStack stack;

    public NextGeneration(DemoStack stack) {
        this.stack = stack;
    }

    /**
     * Builds it, compares every document of all pipelines with the database, and takes it away again.
     *
     * @param name of the pipeline, another one each time
     */
    public void isRight(String name) throws Exception {
        var before = behindAlias();
        var file = stack.pipelines().resolve(name + ".yaml");
        Files.writeString(file, Files.readString(DemoStack.home().resolve("deploy/demo/pipelines/monitors.yaml")).replace("name: monitors\nsource", "name: " + name + "\nreplaces: [monitors]\nsource"));
        try {
            stack.provision();
            stack.restart(READERS);
            Awaitility.await("the generation from the rows is served").pollInterval(Duration.ofMillis(500)).atMost(Duration.ofMinutes(4)).until(() -> !behindAlias().equals(before));
            stack.settled().await().forEach(comparison -> assertTrue(comparison.agrees() && comparison.expected() > 0, comparison::describe));
        } finally {
            Files.delete(file);
            stack.restart(READERS);
        }
        Awaitility.await("the alias goes back").pollInterval(Duration.ofMillis(500)).atMost(Duration.ofMinutes(2)).until(() -> behindAlias().equals(before));
    }

    private String behindAlias() {
        return stack.index().ask("GET", "/_alias/" + ALIAS, null) instanceof Json.Members(var members) ? String.join(",", members.keySet()) : "";
    }
}
