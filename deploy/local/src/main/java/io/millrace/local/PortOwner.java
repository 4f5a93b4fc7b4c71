package io.millrace.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Who listens on a TCP port of this machine, as Linux tells it under {@code /proc}. */
final class PortOwner {

    private static final Path PROC = Path.of("/proc");
    /** Columns of /proc/net/tcp, see proc_pid_net(5). */
    private static final int LOCAL_ADDRESS = 1;
    private static final int STATE = 3;
    private static final int INODE = 9;
    private static final String LISTENING = "0A";

    private PortOwner() {}

    /** Empty where the system does not tell: elsewhere than on Linux, or of another user's process. */
    static Optional<ProcessHandle> of(int port) {
        var sockets = Stream.of("tcp", "tcp6").flatMap(table -> sockets(PROC.resolve("net").resolve(table), port)).collect(Collectors.toSet());
        return sockets.isEmpty() ? Optional.empty() : ProcessHandle.allProcesses().filter(process -> holds(process, sockets)).findFirst();
    }

    /** The sockets that listen on the port, as links to open files name them. */
    private static Stream<String> sockets(Path table, int port) {
        var suffix = ":%04X".formatted(port);
        try {
            return Files.readAllLines(table).stream().map(line -> line.strip().split("\\s+"))
                    .filter(columns -> columns.length > INODE && columns[STATE].equals(LISTENING) && columns[LOCAL_ADDRESS].endsWith(suffix))
                    .map(columns -> "socket:[" + columns[INODE] + "]");
        } catch (IOException e) {
            return Stream.empty();
        }
    }

    private static boolean holds(ProcessHandle process, Set<String> sockets) {
        try (var open = Files.list(PROC.resolve(Long.toString(process.pid())).resolve("fd"))) {
            return open.anyMatch(file -> isOneOf(sockets, file));
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean isOneOf(Set<String> sockets, Path file) {
        try {
            return sockets.contains(Files.readSymbolicLink(file).toString());
        } catch (IOException e) {
            return false;
        }
    }
}
