package io.millrace.launcher.scratch;

import io.millrace.local.LocalException;
import io.millrace.local.LocalServers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A Postgres in namespaces of its own. It sees no file but its own, which are in memory; no process but its own; no network
 * at all; nothing of the caller's environment. It ends with this process, however that ends. Linux only.
 */
final class Sandbox implements AutoCloseable {

    private static final Duration START = Duration.ofMinutes(1);
    private static final int SOCKET = 5432;
    private static final Map<String, String> SETTINGS = Map.ofEntries(Map.entry("listen_addresses", ""), Map.entry("unix_socket_directories", "/run"), Map.entry("port", "" + SOCKET),
            Map.entry("wal_level", "logical"), Map.entry("max_replication_slots", "20"), Map.entry("max_wal_senders", "5"), Map.entry("max_connections", "20"), Map.entry("shared_buffers", "48MB"),
            Map.entry("max_wal_size", "256MB"), Map.entry("fsync", "off"), Map.entry("full_page_writes", "off"), Map.entry("autovacuum", "off"), Map.entry("TimeZone", "UTC"));

    private final Path folder;
    private final Process process;
    private final SocketRelay relay;

    private Sandbox(Path folder, Process process, SocketRelay relay) {
        this.folder = folder;
        this.process = process;
        this.relay = relay;
    }

    /**
     * Starts one.
     *
     * @param disk most KiB of all its files
     * @param memory most KiB of each of its processes
     * @throws LocalException when this machine does not let it, or it does not start
     */
    static Sandbox start(ClusterTemplate template, Path parent, long disk, long memory) {
        Path folder = null;
        Process process = null;
        try {
            Files.createDirectories(parent);
            folder = Files.createTempDirectory(parent, "check-");
            process = launch(template, folder, disk, memory);
            var relay = SocketRelay.to(Path.of("/proc/" + postmaster(process, folder) + "/root/run/.s.PGSQL." + SOCKET));
            var sandbox = new Sandbox(folder, process, relay);
            sandbox.await();
            return sandbox;
        } catch (IOException e) {
            end(process, folder);
            throw new LocalException("Starting a scratch server in a sandbox failed: " + e.getMessage(), e);
        } catch (LocalException e) {
            end(process, folder);
            throw e;
        }
    }

    private static Process launch(ClusterTemplate template, Path folder, long disk, long memory) throws IOException {
        var script = folder.resolve("sandbox.sh");
        try (var text = Sandbox.class.getResourceAsStream("sandbox.sh")) {
            Files.copy(text, script);
        }
        var root = Files.createDirectory(folder.resolve("root"));
        var inside = new ArrayList<>(List.of("unshare", "--user", "--map-root-user", "--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--kill-child", "sh", script.toString(), template.folder().toString(),
                root.toString(), Long.toString(disk), Long.toString(memory)));
        SETTINGS.forEach((name, value) -> inside.addAll(List.of("-c", name + "=" + value)));
        // Standard input is closed when this process ends, also when it is killed: then the sandbox is ended.
        var command = new ArrayList<>(List.of("sh", "-c", "\"$@\" < /dev/null & child=$!; (cat; kill -9 $child) > /dev/null 2>&1 <&3 & wait $child", "sandbox"));
        command.set(2, "exec 3<&0; " + command.get(2));
        command.addAll(inside);
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve("log").toFile());
        builder.environment().keySet().removeIf(name -> !name.equals("PATH"));
        return builder.start();
    }

    /** Its process as this machine numbers it. */
    private static long postmaster(Process process, Path folder) throws IOException {
        long deadline = System.nanoTime() + START.toNanos();
        while (System.nanoTime() < deadline && process.isAlive()) {
            var found = process.descendants().filter(p -> p.info().command().filter(c -> c.endsWith("/postgres")).isPresent()).mapToLong(ProcessHandle::pid).min();
            if (found.isPresent()) {
                return found.getAsLong();
            }
            pause();
        }
        throw new LocalException("a scratch server in a sandbox did not start: " + Files.readString(folder.resolve("log")).strip());
    }

    private void await() throws IOException {
        long deadline = System.nanoTime() + START.toNanos();
        SQLException last = null;
        while (System.nanoTime() < deadline && process.isAlive()) {
            try (var connection = DriverManager.getConnection(url(), LocalServers.POSTGRES_USER, LocalServers.POSTGRES_PASSWORD)) {
                if (connection.isValid(0)) {
                    return;
                }
            } catch (SQLException e) {
                last = e;
            }
            pause();
        }
        throw new LocalException("a scratch server in a sandbox does not answer (" + (last == null ? "it ended" : last.getMessage()) + "): " + Files.readString(folder.resolve("log")).strip());
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LocalException("Interrupted while a scratch server starts", e);
        }
    }

    String url() {
        return "jdbc:postgresql://localhost:" + relay.port() + "/postgres";
    }

    /** Ends everything that runs in it. May be called twice, and by another thread. */
    @Override
    public void close() {
        try {
            relay.close();
        } catch (IOException e) {
            throw new LocalException("Closing the way to the scratch server failed: " + e.getMessage(), e);
        } finally {
            end(process, folder);
        }
    }

    private static void end(Process process, Path folder) {
        if (process != null) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            process.onExit().join();
        }
        if (folder != null) {
            ClusterTemplate.delete(folder);
        }
    }
}
