package io.millrace.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class FreePortsTest {

    /** So many of ten thousand that two who choose freely meet. */
    private static final int MANY = 500;
    /** Where the kernel's own ports begin. */
    private static final int KERNEL = 32_768;

    @Test
    void noPortIsGivenTwiceNeitherHereNorByAnotherProcessThatRuns() throws Exception {
        var other = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx64m", "-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
                "-cp", System.getProperty("java.class.path"), Other.class.getName()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (var told = other.inputReader()) {
            var theirs = Stream.of(told.readLine().split(" ")).map(Integer::valueOf).collect(Collectors.toSet());
            assertEquals(MANY, theirs.size());
            var ours = new HashSet<>(Ports.free(MANY));
            assertEquals(MANY, ours.size());
            assertTrue(ours.stream().allMatch(port -> port < KERNEL), ours::toString);
            ours.retainAll(theirs);
            assertEquals(new HashSet<>(), ours, "given to both");
        } finally {
            other.destroyForcibly().waitFor();
        }
    }

    @Test
    void aPortOnWhichSomebodyListensIsNotGiven() throws IOException {
        var listening = new HashMap<Integer, ServerSocket>();
        try {
            for (int port = 20_000; port < 20_000 + MANY; port++) {
                try {
                    listening.put(port, new ServerSocket(port, 1, InetAddress.getLoopbackAddress()));
                } catch (BindException _) {
                    // Somebody else does.
                }
            }
            var given = new HashSet<>(Ports.free(MANY));
            given.retainAll(listening.keySet());
            assertEquals(new HashSet<>(), given);
        } finally {
            for (var socket : listening.values()) {
                socket.close();
            }
        }
    }

    /** Takes ports, says which, and keeps them until it is ended. */
    static final class Other {
        public static void main(String[] args) throws IOException {
            System.out.println(Ports.free(MANY).stream().map(String::valueOf).collect(Collectors.joining(" ")));
            System.in.read();
        }
    }
}
