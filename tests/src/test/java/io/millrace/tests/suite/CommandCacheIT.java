package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.Launcher;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a command loads comes from the cache that a running stack has had made, so that half a command's time is not spent on reading jars. */
@Tag("long")
class CommandCacheIT {

    private static final Duration PATIENCE = Duration.ofMinutes(5);
    /** Of each command's classes; the others are those in which this very run differs. */
    private static final double FROM_THE_CACHE = 0.99;
    /** Compiled for Java 5, whose classes no cache takes. */
    private static final String OLD = "/picocli-";
    private static final String MADE = ".commands.aot";
    /** Also where something needs a person, status has loaded the same. */
    private static final Set<Integer> LOOKED = Set.of(0, 3);
    private static final String SHARED = "source: shared objects file";

    @TempDir
    Path data;
    private Launcher launcher;
    private Path target;

    @BeforeEach
    void forgetWhatAnEarlierStackHasMade() throws IOException {
        launcher = new Launcher(data, Map.of());
        target = DemoStack.home().resolve(Path.of("deploy", "launcher", "target"));
        for (var cache : caches()) {
            Files.delete(cache);
        }
    }

    @AfterEach
    void stop() throws IOException, InterruptedException {
        launcher.run("down");
    }

    @Test
    void commandsLoadTheirClassesFromTheCacheOnceAStackHasRun() throws Exception {
        var up = launcher.up("--scale", "200");
        assertEquals(0, up.code(), up.output());
        Awaitility.await("the cache is made beside the stack; " + data.resolve("logs")).atMost(PATIENCE).until(() -> caches().stream().anyMatch(file -> file.toString().endsWith(MADE)));
        var cache = caches().stream().filter(file -> file.toString().endsWith(MADE)).findFirst().orElseThrow();
        var shares = new ArrayList<String>();
        for (var words : List.of(List.of("status"), List.of("search", "monitors", "--facet", "type"), List.of("generations", "monitors"), List.of("document", "monitors", "1", "--diff"), List.of("trace", "monitors", "1"),
                List.of("quarantine", "list"), List.of("quarantine", "documents", "list", "monitors"), List.of("erasures"))) {
            var loaded = loaded(cache, words);
            var others = loaded.stream().filter(line -> !line.contains(SHARED) && !line.contains(OLD)).toList();
            double share = 1 - (double) others.size() / loaded.size();
            shares.add("%s: %.1f %% of %,d".formatted(String.join(" ", words), share * 100, loaded.size()));
            assertTrue(share >= FROM_THE_CACHE, () -> String.join(" ", words) + " loads these, and " + (loaded.size() - others.size()) + " more, from elsewhere: " + String.join("\n", others));
        }
        System.out.println(String.join("\n", shares));
        assertEquals(List.of(cache), caches(), "nothing is left of the making");
    }

    private List<Path> caches() throws IOException {
        try (var files = Files.list(target)) {
            return files.filter(file -> file.getFileName().toString().contains(MADE)).toList();
        }
    }

    /** As the script starts it, but for its log. */
    private List<String> loaded(Path cache, List<String> words) throws IOException, InterruptedException {
        var log = data.resolve("loaded.log");
        var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Dmillrace.home=" + DemoStack.home(), "-XX:AOTCache=" + cache, "-Xlog:disable", "-Xlog:class+load:file=" + log,
                "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-XX:+UseSerialGC", "-Xmx512m", "-jar", target.resolve("millrace-launcher.jar").toString()));
        command.addAll(words);
        command.addAll(List.of("--data", data.toString()));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(LOOKED.contains(process.waitFor()), said);
        // What the virtual machine makes itself comes from no file: proxies and lambdas.
        return Files.readAllLines(log).stream().filter(line -> line.contains(SHARED) || line.contains("source: file:") || line.contains("source: jrt:")).toList();
    }
}
