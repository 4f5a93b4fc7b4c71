package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.millrace.launcher.Output;
import io.millrace.launcher.stack.Stage;
import io.millrace.local.ServiceTraining;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.Health;
import io.millrace.tests.stack.SharedStack;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each service is a process of its own, and none of them needs another to start. */
@ExtendWith(SharedStack.class)
class ProcessesIT {

    private static final int LONELY_PORT_BASE = 26_200;

    @Test
    void theServicesAndTheConsoleAreJvmsEachWithItsOwnProgramAndConfiguration(DemoStack stack) {
        var processes = Arrays.stream(Stage.values()).collect(Collectors.toMap(s -> s, s -> stack.process(s).running().orElseThrow()));
        assertEquals(6, processes.values().stream().map(ProcessHandle::pid).distinct().count());
        processes.forEach((stage, process) -> {
            var command = process.info().commandLine().orElseThrow();
            assertTrue(command.endsWith("/" + stage.stageName() + "/quarkus-run.jar"), command);
            assertTrue(command.contains("-Dmillrace." + stage.stageName() + "."), command);
            for (var other : Stage.values()) {
                assertTrue(other == stage || !command.contains("-Dmillrace." + other.stageName() + "."), () -> stage + " is configured for " + other + ": " + command);
            }
        });
    }

    /** A JVM that has to take the cache, or refuses to run, with the options and the copy of the build of a service's start. */
    @ParameterizedTest
    @EnumSource
    void aServicesStartTakesTheCacheThatTheBuildMade(Stage stage, DemoStack stack) throws IOException, InterruptedException {
        var start = stack.process(stage).spec().command();
        assumeTrue(Files.exists(stage.jar(stack.stack().options().home()).resolveSibling(ServiceTraining.CACHE)), "the build could not make it, and said so");
        assertTrue(start.stream().anyMatch(option -> option.startsWith("-XX:AOTCache=")), () -> stage + " starts without its cache: " + start);
        int jar = start.indexOf("-jar");
        var command = new ArrayList<>(start.subList(0, jar));
        // It would make this one a leftover of the stack.
        command.removeIf(option -> option.startsWith("-Dmillrace.process="));
        command.addAll(List.of("-XX:AOTMode=on", "-cp", start.get(jar + 1), "-version"));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "CONSOLE")
    void aServiceStartsWithNothingElseThereAndSaysWhatItWaitsFor(Stage stage) {
        var data = DemoStack.home().resolve("tests").resolve("target").resolve("lonely");
        try (var lonely = new DemoStack(data, LONELY_PORT_BASE, 0, new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8)))) {
            lonely.process(stage).start();
            var health = new Health(lonely);
            health.awaitWaiting(stage, "kafka", "postgres", "database", "localhost", "registry", "connection");
            assertTrue(health.isLive(stage), "it waits, it does not die");
        }
    }
}
