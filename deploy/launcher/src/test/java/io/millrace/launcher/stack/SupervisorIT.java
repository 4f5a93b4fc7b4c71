package io.millrace.launcher.stack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.Output;
import io.millrace.local.Keyring;
import io.millrace.local.LocalException;
import io.millrace.local.ManagedProcess;
import io.millrace.local.Ports;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SupervisorIT {

    @TempDir
    Path folder;
    private final Output output = new Output(new PrintWriter(System.out, true));
    private Stack stack;
    private Supervisor supervisor;

    @AfterEach
    void stopAll() {
        supervisor.stop();
    }

    @Test
    void aKilledServerIsStartedAgainAndReportedAndAStopLeavesNothing() {
        start();
        var first = stack.servers().kafka().running().orElseThrow();
        assertEquals(first.pid(), pidInFile("kafka"));

        var second = new Supervisor(new Stack(stack.options()), List.of(), output);
        var refused = assertThrows(LocalException.class, second::startServers);
        assertTrue(refused.getMessage().contains("./millrace down"), refused.getMessage());
        second.stop();
        assertTrue(first.isAlive(), "a second supervisor that was refused leaves the first one's processes alone");

        first.destroyForcibly();
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> StackFile.read(folder).orElseThrow().process("kafka").orElseThrow().restarts() == 1
                && stack.servers().kafka().isReady() && pidInFile("kafka") > 0);
        assertNotEquals(first.pid(), pidInFile("kafka"));

        supervisor.stop();
        assertTrue(stack.processes().stream().map(ManagedProcess::running).noneMatch(Optional::isPresent));
    }

    @Test
    void aSecuredStackWhosePortIsTakenLeavesNoSecuredFolder() throws IOException {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var ports = new EnumMap<>(stagePorts());
            ports.put(Stage.GATE, taken.getLocalPort());
            var home = Path.of(System.getProperty("millrace.home"));
            stack = new Stack(new StackOptions(home, folder, List.of(home.resolve("deploy").resolve("demo").resolve("pipelines")), new StackOptions.DemoSource("demo", 0), Ports.free(), ports, null, Set.of(), true, Ports.free(1).getFirst(), Set.of()));
            assertTrue(Keyring.isIn(folder));
            supervisor = new Supervisor(stack, List.of(), output);
            assertTrue(assertThrows(LocalException.class, supervisor::startServers).getMessage().contains("Port " + taken.getLocalPort()));
            supervisor.stop();
            assertFalse(Keyring.isIn(folder));
        }
    }

    private void start() {
        stack = new Stack(new StackOptions(Path.of(System.getProperty("millrace.home")), folder, List.of(), null, Ports.free(), stagePorts(), null, Set.of(), false, Ports.free(1).getFirst(), Set.of()));
        supervisor = new Supervisor(stack, List.of(), output);
        supervisor.startServers();
    }

    private long pidInFile(String name) {
        return StackFile.read(folder).orElseThrow().process(name).orElseThrow().pid();
    }

    private static Map<Stage, Integer> stagePorts() {
        var ports = Ports.free(6);
        return Map.of(Stage.CAPTURE, ports.get(0), Stage.GATE, ports.get(1), Stage.DENORMALIZER, ports.get(2), Stage.INDEXER, ports.get(3), Stage.PURGE, ports.get(4), Stage.CONSOLE, ports.get(5));
    }
}
