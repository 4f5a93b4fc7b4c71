package io.millrace.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManagedProcessTest {

    @TempDir
    Path folder;
    private ManagedProcess process;

    @AfterEach
    void stop() {
        if (process != null) {
            process.kill();
        }
    }

    @Test
    void aLaterRunFindsTheProcessOfAnEarlierOneAndReplacesIt() throws Exception {
        process = new ManagedProcess(sleeper(Map.of()));
        process.start();
        var first = process.running().orElseThrow();

        var later = new ManagedProcess(sleeper(Map.of()));
        assertEquals(first.pid(), later.running().orElseThrow().pid());
        later.start();

        assertFalse(first.onExit().get(60, TimeUnit.SECONDS).isAlive(), "the leftover has been ended");
        assertNotEquals(first.pid(), later.running().orElseThrow().pid());
    }

    @Test
    void aShellThatOnlyMentionsTheMarkerIsLeftAlone() throws IOException {
        var spec = sleeper(Map.of());
        var bystander = new ProcessBuilder("sh", "-c", "read line # " + spec.marker()).start();
        try {
            process = new ManagedProcess(spec);
            process.start();
            assertTrue(bystander.isAlive());
        } finally {
            bystander.destroyForcibly();
        }
    }

    @Test
    void theSameNameInAFolderWhoseNameOnlyStartsTheSameIsAnotherProcess() {
        process = new ManagedProcess(sleeper(Map.of()));
        process.start();
        var other = new ManagedProcess(spec(folder.resolveSibling(folder.getFileName() + "-b"), "sleeper", List.of("60"), Map.of()));
        assertTrue(other.running().isEmpty());
    }

    @Test
    void aTakenPortIsNamedWithTheProcessAndTheKeyThatChangesIt() throws IOException {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            process = new ManagedProcess(sleeper(Map.of("sleeper-http", taken.getLocalPort())));
            var failure = assertThrows(LocalException.class, process::start);
            assertTrue(failure.getMessage().startsWith("Port " + taken.getLocalPort() + " for sleeper is taken by process " + ProcessHandle.current().pid() + " (java)"), failure.getMessage());
            assertTrue(failure.getMessage().contains("--port sleeper-http=N"), failure.getMessage());
            assertTrue(process.running().isEmpty());
        }
    }

    @Test
    void aProcessThatEndsWhileStartingIsReportedWithItsLastWords() {
        process = new ManagedProcess(spec(folder, "broken", List.of("not-a-number"), Map.of()));
        var failure = assertThrows(LocalException.class, process::start);
        assertTrue(failure.getMessage().startsWith("broken ended while starting"), failure.getMessage());
        assertTrue(failure.getMessage().contains("NumberFormatException"), failure.getMessage());
    }

    @Test
    void stoppingWhatDoesNotRunDoesNothing() {
        process = new ManagedProcess(sleeper(Map.of()));
        process.stop();
        process.kill();
        assertTrue(process.running().isEmpty());
        assertTrue(process.onExit().isDone());
    }

    private ProcessSpec sleeper(Map<String, Integer> ports) {
        return spec(folder, "sleeper", List.of("60"), ports);
    }

    private ProcessSpec spec(Path data, String name, List<String> arguments, Map<String, Integer> ports) {
        var started = data.resolve("logs").resolve(name + ".log");
        var command = new ArrayList<>(List.of("-cp", System.getProperty("java.class.path"), "io.millrace.local.Sleeper"));
        command.addAll(arguments);
        return ProcessSpec.jvm(name, data, "32m", command, folder, Map.of(), ports,
                () -> Files.exists(started) && Files.readString(started).contains("sleeping")).withStartTimeout(Duration.ofSeconds(60));
    }
}
