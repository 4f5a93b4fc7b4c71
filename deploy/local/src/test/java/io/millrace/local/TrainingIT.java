package io.millrace.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingIT {

    @TempDir
    private Path data;

    /** A JVM that has to take the cache, or refuses to run, with the options and the class path of the server's start. */
    @ParameterizedTest
    @ValueSource(strings = {"kafka", "registry", "search"})
    void aServersStartTakesTheCacheThatTheBuildMade(String name) throws IOException, InterruptedException {
        var server = LocalServers.in(data, Ports.free()).servers().stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
        var start = server.spec().command();
        assumeTrue(Files.exists(Installation.find().cache(name)), "the build could not make it, and said so");
        assertTrue(start.stream().anyMatch(o -> o.startsWith("-XX:AOTCache=")), () -> "a start without its cache: " + start);
        int classPath = start.indexOf("-jar") > 0 ? start.indexOf("-jar") : start.indexOf("-cp");
        var command = new ArrayList<>(start.subList(0, classPath));
        command.addAll(List.of("-XX:AOTMode=on", "-cp", start.get(classPath + 1), "-version"));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
    }
}
