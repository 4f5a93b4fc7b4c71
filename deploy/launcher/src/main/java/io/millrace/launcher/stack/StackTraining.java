package io.millrace.launcher.stack;

import io.millrace.demo.Traffic;
import io.millrace.launcher.Output;
import io.millrace.launcher.status.Probe;
import io.millrace.local.LocalException;
import io.millrace.local.ManagedProcess;
import io.millrace.local.ServiceTraining;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;

/**
 * Runs the demo once, small, while every service records what it loads and which of its methods are run how; that becomes the services' AOT caches. A service that was only started, as the
 * build of its module does it, has in its cache nothing of what rows and documents go through.
 */
public final class StackTraining {

    private static final int MONITORS = 2_000;
    private static final int CHANGES_PER_SECOND = 200;
    private static final Duration TRAFFIC = Duration.ofSeconds(15);
    /** For the documents to come, and later for the cache to be put together. */
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final long SEED = 3;

    private final Stack stack;
    private final List<PipelineFile> files;
    private final Output output;
    private final Probe probe = new Probe(StackAccess.NONE);
    private final Map<Stage, ManagedProcess> trained = new EnumMap<>(Stage.class);

    /**
     * @param home the root of the checkout, where the built services are
     * @param data a folder for what the run writes, which is not there yet
     * @param portBase the first of some fifteen ports
     */
    public StackTraining(Path home, Path data, int portBase, Output output) {
        var pipelines = List.of(StackOptions.demo(home));
        this.stack = new Stack(StackOptions.of(home, data, pipelines, new StackOptions.DemoSource("demo", MONITORS), portBase, Map.of()));
        this.files = PipelineFiles.load(pipelines);
        this.output = output;
    }

    /**
     * Trains the services. The caches that are there stay where it fails.
     *
     * @throws LocalException when a service does not start, its documents do not come, or it leaves no cache
     */
    public void run() throws IOException, SQLException, InterruptedException {
        stack.requireBuilt();
        try {
            Files.createDirectories(made(Stage.GATE).getParent());
            stack.servers().start();
            DemoDatabase.prepare(stack, output);
            Provisioning.apply(stack, files, output);
            for (var stage : Stage.values()) {
                var process = new ManagedProcess(stack.stage(stage).spec().trained(made(stage), PATIENCE));
                trained.put(stage, process);
                process.launch();
            }
            trained.values().forEach(ManagedProcess::awaitReady);
            awaitDocuments();
            try (var connection = DriverManager.getConnection(stack.servers().jdbcUrl(stack.options().source().database()), stack.servers().postgresUser(), stack.servers().postgresPassword())) {
                long end = System.nanoTime() + TRAFFIC.toNanos();
                new Traffic(connection, SEED, Traffic.Mix.STEADY).run(CHANGES_PER_SECOND, () -> System.nanoTime() < end);
            }
            awaitDocuments();
            for (var stage : Stage.values()) {
                probe.health(stack.address(stage));
                probe.metrics(stack.address(stage));
            }
        } finally {
            try {
                stop();
            } finally {
                stack.servers().stop();
            }
        }
        var missing = Arrays.stream(Stage.values()).filter(stage -> !Files.exists(made(stage))).map(Stage::module).toList();
        if (!missing.isEmpty()) {
            throw new LocalException("These services were trained and left no cache: " + String.join(", ", missing) + ". Their logs in " + stack.options().data().resolve("logs") + " say why");
        }
        for (var stage : Stage.values()) {
            Files.move(made(stage), cache(stage), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** All at once, for putting a cache together takes seconds. */
    private void stop() {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            trained.values().forEach(process -> threads.submit(process::stop));
        }
    }

    private void awaitDocuments() throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        for (var file : files) {
            while (!probe.isFresh(stack.address(Stage.PURGE), file.pipeline().name(), stack.token())) {
                if (System.nanoTime() > deadline) {
                    throw new LocalException("The documents of " + file.pipeline().name() + " did not come within " + PATIENCE.toSeconds() + " s, so the services were not trained. Their logs in "
                            + stack.options().data().resolve("logs") + " say what they wait for; on a loaded machine try again later");
                }
                Thread.sleep(100);
            }
        }
    }

    /** Where the services run from is a copy of this folder, so both have to be of the same jars. */
    private Path cache(Stage stage) {
        return stage.jar(stack.options().home()).resolveSibling(ServiceTraining.CACHE);
    }

    private Path made(Stage stage) {
        return stack.options().data().resolve("caches").resolve(stage.stageName() + ".aot");
    }
}
