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
import java.time.Duration;
import java.util.Arrays;
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
    private static final Duration LOOK_AT_TASKS = Duration.ofSeconds(5);

    private final Stack stack;
    private final List<PipelineFile> files;
    private final Output output;
    private final Map<String, Integer> restarts = new ConcurrentHashMap<>();
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final CountDownLatch stopped = new CountDownLatch(1);
    private volatile String state = "starting";

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
     * Starts the services side by side and returns when each that documents pass through answers. The purge service and
     * the console are only begun by then: on few cores they would delay the first documents, which do not need them.
     */
    public void startServices() {
        var onTheWay = Arrays.stream(Stage.values()).filter(stage -> stage != Stage.PURGE && stage != Stage.CONSOLE).toList();
        onTheWay.forEach(stage -> launch(stack.stage(stage)));
        onTheWay.forEach(this::awaitAnswer);
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
        Thread.ofVirtual().name("watch-" + process.name()).start(() -> {
            var backoff = new Backoff(FIRST_BACK_OFF, LONGEST_BACK_OFF);
            while (true) {
                long begin = System.nanoTime();
                process.onExit().join();
                if (isStopping()) {
                    return;
                }
                if (System.nanoTime() - begin > HEALTHY.toNanos()) {
                    backoff.reset();
                }
                var pause = backoff.next();
                output.line("%s has ended; starting it again in %.1f s. Its log: %s".formatted(process.name(), pause.toMillis() / 1e3, process.spec().log()));
                if (sleptUntilStop(pause)) {
                    return;
                }
                startAgain(process);
            }
        });
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

    private void startAgain(ManagedProcess process) {
        restarts.merge(process.name(), 1, Integer::sum);
        try {
            launch(process);
            process.awaitReady();
            output.line("%-12s runs again, pid %d".formatted(process.name(), process.running().map(ProcessHandle::pid).orElse(-1L)));
        } catch (LocalException e) {
            if (!isStopping()) {
                output.line(e.getMessage());
            }
        }
        describe();
    }

    /** Under the lock of {@link #stop}, which therefore sees either no such process or a running one. */
    private void launch(ManagedProcess process) {
        synchronized (stopping) {
            if (isStopping()) {
                throw new LocalException("Not starting " + process.name() + ", everything is being stopped");
            }
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
        new StackFile(state, ProcessHandle.current().pid(), options.data().toString(), files.stream().map(f -> f.path().toAbsolutePath().toString()).toList(),
                options.source() == null ? null : stack.servers().jdbcUrl(options.source().database()),
                files.stream().map(f -> Topics.slot(f.pipeline().source().name())).distinct().toList(), stack.servers().searchUrl(),
                files.stream().filter(f -> f.pipeline().target() == Target.OPENSEARCH).map(f -> f.pipeline().index().name()).toList(), entries).write(options.data());
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
