package io.millrace.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * One child process that can be started, awaited, stopped, killed and found again by a later run.
 *
 * <p>A process is recognised by a marker in its command line, not by a pid file: a marker cannot go stale, cannot name a
 * recycled pid, and is there from the first instant. Thread-safe.
 */
public final class ManagedProcess {

    private static final long LOG_LIMIT_BYTES = 64L << 20;
    private static final int TAIL_LINES = 15;
    private static final long POLL_MILLIS = 20;
    /** Fields 3 and 20 of /proc/PID/stat, counted from the one after the name. */
    private static final int STATE = 0;
    private static final int THREADS = 17;
    private static final Pattern STACK_FRAME = Pattern.compile("\\s+(at |\\.\\.\\. ).*");

    private final ProcessSpec spec;
    /** Guarded by this. The last known process; empty before the first start or find. */
    private Optional<ProcessHandle> handle = Optional.empty();

    public ManagedProcess(ProcessSpec spec) {
        this.spec = spec;
    }

    public String name() {
        return spec.name();
    }

    public ProcessSpec spec() {
        return spec;
    }

    /** The running process, also one that an earlier run of this program has left. */
    public synchronized Optional<ProcessHandle> running() {
        if (handle.filter(ManagedProcess::isAlive).isEmpty()) {
            handle = leftovers().stream().findFirst();
        }
        return handle;
    }

    /** Whether it runs and answers. */
    public boolean isReady() {
        try {
            return running().isPresent() && spec.readiness().isReady();
        } catch (IOException e) {
            return false;
        }
    }

    /** Completes when the process that runs now has ended; at once when none runs. */
    public CompletableFuture<?> onExit() {
        return running().<CompletableFuture<?>>map(ProcessHandle::onExit).orElseGet(() -> CompletableFuture.completedFuture(null));
    }

    /**
     * Ends what an earlier run has left, then starts the process and returns when it serves.
     *
     * @return how long that took
     * @throws LocalException when a port is taken, when it ends early, or when it does not serve in time
     */
    public Duration start() {
        long begin = System.nanoTime();
        launch();
        awaitReady();
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    /** As {@link #start}, but returns before the process serves. */
    public synchronized void launch() {
        for (var leftover : leftovers()) {
            end(leftover);
        }
        requirePorts();
        spec.prepare().run();
        try {
            Files.createDirectories(spec.log().getParent());
            rotateLog();
            var builder = new ProcessBuilder(inOwnSession(spec.command()))
                    .directory(spec.folder().toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(spec.log().toFile()))
                    .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
            builder.environment().putAll(spec.environment());
            handle = Optional.of(builder.start().toHandle());
        } catch (IOException e) {
            throw new LocalException("Starting " + name() + " failed: " + e.getMessage() + ". Command: " + String.join(" ", spec.command()), e);
        }
    }

    /** @throws LocalException when another process listens on one of its ports */
    public void requirePorts() {
        spec.ports().forEach(this::requireFree);
    }

    /**
     * Returns when the process serves.
     *
     * @throws LocalException when it ends early or does not serve within its start timeout
     */
    public void awaitReady() {
        long deadline = System.nanoTime() + spec.startTimeout().toNanos();
        while (!isReady()) {
            if (running().isEmpty()) {
                throw new LocalException(name() + " ended while starting. Its last words in " + spec.log() + ":\n" + lastWords());
            }
            if (System.nanoTime() > deadline) {
                throw new LocalException(name() + " did not become ready within " + spec.startTimeout().toSeconds()
                        + " s (it still runs, pid " + running().map(ProcessHandle::pid).orElse(-1L) + "). Its last words in " + spec.log() + ":\n" + lastWords());
            }
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new LocalException("Interrupted while waiting for " + name() + " to become ready", e);
            }
        }
    }

    /** Stops it cleanly, and kills it when it does not stop in time. Does nothing when it does not run. */
    public synchronized void stop() {
        running().ifPresent(this::end);
        handle = Optional.empty();
    }

    /** SIGKILL; returns when it and the children that it had are gone. Does nothing when it does not run. */
    public synchronized void kill() {
        running().ifPresent(this::destroy);
        handle = Optional.empty();
    }

    /** Stop, then start. */
    public Duration restart() {
        stop();
        return start();
    }

    /** The last lines of the log without stack frames, or a note that there is none. */
    public String tail() {
        if (!Files.exists(spec.log())) {
            return "(no log yet)";
        }
        try (var file = Files.newByteChannel(spec.log())) {
            long from = Math.max(0, file.size() - (32 << 10));
            file.position(from);
            var bytes = new byte[(int) (file.size() - from)];
            file.read(ByteBuffer.wrap(bytes));
            var lines = new String(bytes, StandardCharsets.UTF_8).lines().filter(line -> !STACK_FRAME.matcher(line).matches()).toList();
            return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size())).indent(2).stripTrailing();
        } catch (IOException e) {
            return "(log cannot be read: " + e.getMessage() + ")";
        }
    }

    private String lastWords() {
        return (tail() + "\n" + FullDisk.under(spec.log().getParent())).stripTrailing();
    }

    private List<ProcessHandle> leftovers() {
        long own = ProcessHandle.current().pid();
        return ProcessHandle.allProcesses()
                .filter(p -> p.pid() != own && runsProgram(p) && p.info().commandLine().filter(this::bearsMarker).isPresent())
                .toList();
    }

    /** A shell or an editor may bear the marker too; it is not ours to end. */
    private boolean runsProgram(ProcessHandle process) {
        return process.info().command().filter(c -> Path.of(c).endsWith(spec.program())).isPresent();
    }

    /** The marker must end where it ends: /data/a is not /data/ab. */
    private boolean bearsMarker(String commandLine) {
        int at = commandLine.indexOf(spec.marker());
        int end = at + spec.marker().length();
        return at >= 0 && (end == commandLine.length() || commandLine.charAt(end) == ' ');
    }

    private void requireFree(String key, int port) {
        try (var probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            probe.getLocalPort();
        } catch (IOException e) {
            throw new LocalException("Port " + port + " for " + name() + " is taken by " + PortOwner.of(port).map(ManagedProcess::named).orElse("another process") + ". Stop that process, or choose another port with --port "
                    + key + "=N, or move all ports with --port-base N", e);
        }
    }

    /** By its program alone: a command line may bear secrets. */
    private static String named(ProcessHandle process) {
        return "process " + process.pid() + process.info().command().map(command -> " (" + Path.of(command).getFileName() + ")").orElse("");
    }

    private void end(ProcessHandle process) {
        try {
            // ProcessHandle can send only TERM and KILL; PostgreSQL waits for its clients on TERM, and stops at once on INT.
            new ProcessBuilder("kill", "-" + spec.stopSignal(), Long.toString(process.pid())).start().waitFor();
            if (!ended(List.of(process))) {
                destroy(process);
            }
        } catch (IOException e) {
            destroy(process);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private void destroy(ProcessHandle process) {
        // PostgreSQL refuses to start while a backend of a killed postmaster still holds the shared memory.
        var all = Stream.concat(process.descendants(), Stream.of(process)).toList();
        process.destroyForcibly();
        try {
            if (!ended(all)) {
                throw new LocalException("Killing " + name() + " (pid " + process.pid() + ") did not end it within " + spec.stopTimeout().toSeconds() + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether they end within the stop timeout. */
    private boolean ended(List<ProcessHandle> processes) throws InterruptedException {
        long deadline = System.nanoTime() + spec.stopTimeout().toNanos();
        while (processes.stream().anyMatch(ManagedProcess::isAlive)) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            Thread.sleep(POLL_MILLIS);
        }
        return true;
    }

    /**
     * A process that has ended and that nobody collects, as in a container whose first process does not, is not alive. See
     * proc_pid_stat(5): its state is Z, and no other thread is left, which would still hold its files and ports.
     */
    private static boolean isAlive(ProcessHandle process) {
        if (!process.isAlive()) {
            return false;
        }
        try {
            var stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
            var afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return !afterName[STATE].equals("Z") || Integer.parseInt(afterName[THREADS]) > 1;
        } catch (IOException e) {
            // No such file system, or the process has gone since.
            return process.isAlive();
        }
    }

    /** A session of its own, so that Ctrl-C in the terminal reaches only the supervisor, which then stops all in order. */
    private static List<String> inOwnSession(List<String> command) {
        for (var folder : System.getenv().getOrDefault("PATH", "/usr/bin:/bin").split(":")) {
            var setsid = Path.of(folder, "setsid");
            if (Files.isExecutable(setsid)) {
                var wrapped = new ArrayList<String>();
                wrapped.add(setsid.toString());
                wrapped.addAll(command);
                return wrapped;
            }
        }
        return command;
    }

    private void rotateLog() {
        try {
            if (Files.exists(spec.log()) && Files.size(spec.log()) > LOG_LIMIT_BYTES) {
                Files.move(spec.log(), spec.log().resolveSibling(spec.log().getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Rotating " + spec.log() + " failed", e);
        }
    }
}
