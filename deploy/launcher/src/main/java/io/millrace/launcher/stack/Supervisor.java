package io.millrace.launcher.stack;

import io.millrace.launcher.Output;
import io.millrace.launcher.status.Probe;
import io.millrace.local.LocalException;
import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.Target;
import io.millrace.pipeline.retry.Backoff;
import io.millrace.pipeline.topic.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Starts a stack, starts again what ends by itself, and stops all of it in order. One use only.
 *
 * <p>Thread-safe: {@link #stop} may come from a shutdown hook at any moment.
 */
public final class Supervisor {

    private static final Duration FIRST_BACK_OFF = Duration.ofSeconds(1);
    private static final Duration LONGEST_BACK_OFF = Duration.ofSeconds(30);
    /** A process that lived so long is taken for healthy again. */
    private static final Duration HEALTHY = Duration.ofSeconds(60);
    /** A load that takes longer is one that people watch on the console. */
    private static final Duration HELD_BACK = Duration.ofSeconds(15);
    private static final Duration LOOK_AT_TASKS = Duration.ofSeconds(5);

    /** Against the stream: whoever reads knows of a pipeline before anything of it is written. */
    private static final List<Stage> AGAINST_THE_STREAM = List.of(Stage.PURGE, Stage.INDEXER, Stage.DENORMALIZER, Stage.GATE, Stage.CAPTURE, Stage.CONSOLE);

    /** Exchanged by one thread at a time. */
    private volatile Stack stack;
    private volatile List<PipelineFile> files;
    private final Output output;
    private final Map<String, Integer> restarts = new ConcurrentHashMap<>();
    /** What is started again when it ends, by name; another one of that name takes its place in {@link #exchange}. */
    private final Map<String, Watched> watched = new ConcurrentHashMap<>();
    /** The state of its pipeline files when a process was started, by its name. */
    private final Map<String, String> started = new ConcurrentHashMap<>();
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final CountDownLatch stopped = new CountDownLatch(1);
    private volatile String state = "starting";

    /** @param files that it reads whenever it starts, if it is a service */
    private record Watched(ManagedProcess process, List<PipelineFile> files) {}

    public Supervisor(Stack stack, List<PipelineFile> files, Output output) {
        this.stack = stack;
        this.files = files;
        this.output = output;
    }

    /** Starts the servers; what a crashed run has left is ended first, services before servers. */
    public void startServers() {
        stack.servers().claim();
        stack.connect().stop();
        Stack.stopOrder().forEach(stage -> stack.stage(stage).stop());
        stack.servers().servers().reversed().forEach(ManagedProcess::stop);
        // A service's port that is taken should be known before the servers have been waited for.
        stack.processes().forEach(ManagedProcess::requirePorts);
        output.line("Starting PostgreSQL, Kafka, Apicurio Registry and OpenSearch; data in " + stack.options().data());
        stack.servers().start(output::line);
        describe();
        stack.servers().servers().forEach(this::watch);
    }

    /**
     * Starts the services that documents pass through side by side, and returns when each answers and the first documents
     * can be found, or have not come within {@link #HELD_BACK}. The purge service and the console are only begun by then:
     * on few cores they would delay the first documents, which do not need them.
     */
    public void startServices() throws InterruptedException {
        var onTheWay = Arrays.stream(Stage.values()).filter(stage -> stage != Stage.PURGE && stage != Stage.CONSOLE).toList();
        onTheWay.forEach(stage -> launch(stack.stage(stage)));
        onTheWay.forEach(this::awaitAnswer);
        FirstDocuments.awaitFound(stack, files, HELD_BACK, this::isStopping);
        launch(stack.stage(Stage.PURGE));
        launch(stack.stage(Stage.CONSOLE));
        stack.extras().forEach(this::launch);
        describe();
    }

    /** Returns when the purge service, the console, and what runs beside them answer as well. */
    public void awaitServices() {
        awaitAnswer(Stage.PURGE);
        awaitAnswer(Stage.CONSOLE);
        for (var extra : stack.extras()) {
            awaitAnswer(extra, address(extra));
            Thread.ofVirtual().name("tasks-of-" + extra.name()).start(this::keepTasks);
        }
        describe();
    }

    private void awaitAnswer(Stage stage) {
        awaitAnswer(stack.stage(stage), stack.address(stage));
    }

    private void awaitAnswer(ManagedProcess process, String address) {
        process.awaitReady();
        output.line("%-12s runs, pid %d, %s".formatted(process.name(), process.running().map(ProcessHandle::pid).orElse(-1L), address));
        watch(process);
    }

    /** From now on other programs are told that documents can be searched. */
    public void ready() {
        state = "ready";
        describe();
    }

    /** The stack as it runs now. */
    public Stack stack() {
        return stack;
    }

    /** The pipeline files that its services read. */
    public List<PipelineFile> files() {
        return files;
    }

    /**
     * Lets the services read other pipeline files: one after the other is stopped and started again, against the stream, but for those that have read
     * these files as they are now. The servers go on, and so do searches.
     *
     * @param next the stack with these files, as {@link Stack#with} makes it of the one that runs
     * @param all the files
     * @param progress receives a line for each process that was started again
     * @param between is run behind each of them, before the next one is stopped
     * @return whether any was started again
     * @throws LocalException when one does not start; it is tried again by itself, and calling this again goes on with the others
     */
    public boolean exchange(Stack next, List<PipelineFile> all, Output progress, Runnable between) {
        stack = next;
        files = List.copyOf(all);
        be("starting");
        boolean any = false;
        try {
            for (var stage : AGAINST_THE_STREAM) {
                if (exchange(next.stage(stage), progress)) {
                    any = true;
                    between.run();
                }
            }
            for (var extra : next.extras()) {
                any |= exchange(extra, progress);
            }
        } finally {
            be("ready");
        }
        return any;
    }

    private void be(String now) {
        synchronized (stopping) {
            if (!isStopping()) {
                state = now;
            }
        }
        describe();
    }

    /** @return whether it was started again */
    private boolean exchange(ManagedProcess fresh, Output progress) {
        var old = watched.get(fresh.name());
        if (stateOf(files).equals(started.get(fresh.name())) && old.process().running().isPresent()) {
            old.process().awaitReady();
            return false;
        }
        long begin = System.nanoTime();
        var next = new Watched(fresh, files);
        watched.put(fresh.name(), next);
        old.process().stop();
        try {
            launch(next);
        } finally {
            watch(next);
        }
        fresh.awaitReady();
        describe();
        progress.line("%-12s has read the files, pid %d, %.1f s after it was stopped".formatted(fresh.name(), fresh.running().map(ProcessHandle::pid).orElse(-1L), (System.nanoTime() - begin) / 1e9));
        return true;
    }

    /** Which files there are, and what is in them. */
    private static String stateOf(List<PipelineFile> files) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            for (var file : files) {
                digest.update(path(file).getBytes(StandardCharsets.UTF_8));
                digest.update(Files.readAllBytes(file.path()));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            // The process says itself what it cannot read.
            return "unread: " + e;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java has SHA-256", e);
        }
    }

    /** Returns when {@link #stop} has been called and is done. */
    public void awaitStopped() throws InterruptedException {
        stopped.await();
    }

    public boolean isStopping() {
        return stopping.getCount() == 0;
    }

    /** Stops everything in order; the second call waits for the first. */
    public void stop() {
        synchronized (stopping) {
            if (isStopping()) {
                return;
            }
            state = "stopping";
            stopping.countDown();
        }
        if (!stack.servers().isOwner()) {
            // What runs on this folder belongs to another supervisor.
            stopped.countDown();
            return;
        }
        stack.extras().forEach(this::stop);
        for (var stage : Stack.stopOrder()) {
            stop(stack.stage(stage));
        }
        for (var server : stack.servers().servers().reversed()) {
            stop(server);
        }
        try {
            stack.servers().forgetUnusedSecrets();
        } catch (LocalException e) {
            output.line(e.getMessage());
        }
        stack.servers().stop();
        stopped.countDown();
    }

    private void stop(ManagedProcess process) {
        if (process.running().isPresent()) {
            long begin = System.nanoTime();
            process.stop();
            output.line("%-12s stopped in %.1f s".formatted(process.name(), (System.nanoTime() - begin) / 1e9));
        }
    }

    private void watch(ManagedProcess process) {
        watch(new Watched(process, files));
    }

    private void watch(Watched one) {
        var process = one.process();
        watched.put(process.name(), one);
        Thread.ofVirtual().name("watch-" + process.name()).start(() -> {
            var backoff = new Backoff(FIRST_BACK_OFF, LONGEST_BACK_OFF);
            while (true) {
                long begin = System.nanoTime();
                process.onExit().join();
                if (isStopping() || !isWatched(one)) {
                    return;
                }
                if (System.nanoTime() - begin > HEALTHY.toNanos()) {
                    backoff.reset();
                }
                var pause = backoff.next();
                output.line("%s has ended; starting it again in %.1f s. Its log: %s".formatted(process.name(), pause.toMillis() / 1e3, process.spec().log()));
                if (sleptUntilStop(pause) || !startAgain(one)) {
                    return;
                }
            }
        });
    }

    private boolean isWatched(Watched one) {
        return watched.get(one.process().name()) == one;
    }

    /** A task of the worker that has failed stays so, and nobody else starts it again. */
    private void keepTasks() {
        var probe = new Probe(stack.access());
        var backoff = new Backoff(FIRST_BACK_OFF, LONGEST_BACK_OFF);
        int port = stack.options().connectPort();
        long failedAt = System.nanoTime();
        while (!sleptUntilStop(LOOK_AT_TASKS)) {
            var failed = probe.failedConnectors(ConnectWorker.address(port));
            if (failed.isEmpty() && System.nanoTime() - failedAt > HEALTHY.toNanos()) {
                backoff.reset();
            }
            for (var connector : failed) {
                failedAt = System.nanoTime();
                output.line("A task of %s has failed; starting it again. Its log: %s".formatted(connector, stack.connect().spec().log()));
                try {
                    ConnectWorker.restartFailed(port, connector);
                } catch (IOException e) {
                    output.line("Starting the tasks of %s again failed: %s".formatted(connector, e.getMessage()));
                }
            }
            if (!failed.isEmpty() && sleptUntilStop(backoff.next())) {
                return;
            }
        }
    }

    /** @return false when another one has its place meanwhile */
    private boolean startAgain(Watched one) {
        var process = one.process();
        try {
            synchronized (stopping) {
                if (!isWatched(one)) {
                    return false;
                }
                restarts.merge(process.name(), 1, Integer::sum);
                launch(one);
            }
            process.awaitReady();
            output.line("%-12s runs again, pid %d".formatted(process.name(), process.running().map(ProcessHandle::pid).orElse(-1L)));
        } catch (LocalException e) {
            if (!isStopping()) {
                output.line(e.getMessage());
            }
        }
        describe();
        return true;
    }

    private void launch(ManagedProcess process) {
        launch(new Watched(process, files));
    }

    /** Under the lock of {@link #stop}, which therefore sees either no such process or a running one. */
    private void launch(Watched one) {
        var process = one.process();
        synchronized (stopping) {
            if (isStopping()) {
                throw new LocalException("Not starting " + process.name() + ", everything is being stopped");
            }
            started.put(process.name(), stateOf(one.files()));
            process.launch();
        }
    }

    private boolean sleptUntilStop(Duration time) {
        try {
            return stopping.await(time.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private synchronized void describe() {
        var options = stack.options();
        var entries = stack.processes().stream().map(this::entry).toList();
        new StackFile(state, ProcessHandle.current().pid(), options.data().toString(), files.stream().map(Supervisor::path).toList(), own(options),
                options.source() == null ? null : stack.servers().jdbcUrl(options.source().database()),
                files.stream().map(f -> Topics.slot(f.pipeline().source().name())).distinct().toList(), stack.servers().searchUrl(),
                files.stream().filter(f -> f.pipeline().target() == Target.OPENSEARCH).map(f -> f.pipeline().index().name()).toList(), entries).write(options.data());
    }

    private static String path(PipelineFile file) {
        return file.path().toAbsolutePath().normalize().toString();
    }

    private List<String> own(StackOptions options) {
        var demo = StackOptions.demo(options.home()).toAbsolutePath().normalize();
        return files.stream().map(Supervisor::path).filter(file -> options.source() == null || !demo.equals(Path.of(file).getParent())).toList();
    }

    private String address(ManagedProcess process) {
        return Stage.named(process.name()).map(stack::address)
                .orElseGet(() -> process == stack.connect() ? ConnectWorker.address(stack.options().connectPort()) : stack.servers().addresses().get(process.name()));
    }

    private StackFile.Entry entry(ManagedProcess process) {
        var stage = Stage.named(process.name());
        int port = process.spec().ports().get(process.name());
        return new StackFile.Entry(process.name(), stage.isPresent() ? "service" : process == stack.connect() ? "worker" : "server",
                address(process), port,
                process.running().map(ProcessHandle::pid).orElse(-1L), restarts.getOrDefault(process.name(), 0), process.spec().log().toString());
    }
}
