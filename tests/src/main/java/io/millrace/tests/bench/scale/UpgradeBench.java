package io.millrace.tests.bench.scale;

import io.millrace.demo.Traffic;
import io.millrace.launcher.Output;
import io.millrace.launcher.Within;
import io.millrace.launcher.stack.Stage;
import io.millrace.local.LocalException;
import io.millrace.local.ManagedProcess;
import io.millrace.tests.bench.BenchLine;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Two builds side by side: each stage is replaced by the other build's and replaced back, while rows change; the SQL join judges at the end. */
@Command(name = "bench upgrade", mixinStandardHelpOptions = true,
        description = "Runs each stage of this checkout and of another one, built, beside each other on the same topics: both for a while, the other alone, both again, and back, while rows change all the time. Zero differences at the end.")
public final class UpgradeBench implements Callable<Integer> {

    private static final int MONITORS = 800;
    private static final int OTHER_PORTS = 20;
    private static final int RATE = 150;
    private static final long BATCH = 20;

    @Option(names = "--beside", required = true, paramLabel = "CHECKOUT", description = "Root of the other version's checkout, which has been built there.")
    private Path other;
    @Option(names = "--stage", description = "Only this one; may be given several times. Default: all, down the stream.")
    private List<Stage> stages = Arrays.stream(Stage.values()).filter(stage -> stage != Stage.CONSOLE).toList();
    @Within(of = "seconds", from = 1)
    @Option(names = "--seconds", defaultValue = "5", description = "How long each constellation lasts. Default: ${DEFAULT-VALUE}.")
    private int seconds;
    @Within(of = "a port", from = 1, to = 65_000)
    @Option(names = "--port-base", defaultValue = "27000", description = "The first of some thirty ports. Default: ${DEFAULT-VALUE}.")
    private int portBase;

    public static void main(String[] args) {
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(BenchLine.of(new UpgradeBench()).execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException, ExecutionException {
        var missing = stages.stream().map(this::jar).filter(jar -> !Files.exists(jar)).toList();
        if (!missing.isEmpty()) {
            throw new LocalException("Not built: " + missing + ". Run ./mvnw package -DskipTests in " + other);
        }
        var data = DemoStack.home().resolve("tests/target/bench/upgrade");
        DemoStack.delete(data);
        var output = new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
        try (var stack = new DemoStack(data, portBase, MONITORS, output)) {
            Runtime.getRuntime().addShutdownHook(new Thread(stack::close, "stop"));
            stack.start();
            stack.settled().await();
            var goOn = new AtomicBoolean(true);
            var traffic = CompletableFuture.supplyAsync(() -> write(stack, goOn));
            try {
                for (var stage : stages) {
                    replaceAndBack(stack, stage, output);
                }
            } finally {
                goOn.set(false);
            }
            System.out.printf("%,d transactions were made meanwhile%n", traffic.get());
            stack.settled().await().forEach(comparison -> System.out.println(comparison.describe()));
        }
        return CommandLine.ExitCode.OK;
    }

    private Path jar(Stage stage) {
        return other.toAbsolutePath().normalize().resolve(stage.module()).resolve("target/quarkus-app/quarkus-run.jar");
    }

    private void replaceAndBack(DemoStack stack, Stage stage, Output output) {
        var own = stack.process(stage);
        var next = new ManagedProcess(Another.from(jar(stage), Another.like(own.spec(), stack.address(stage).getPort(), 2, portBase + OTHER_PORTS + stage.ordinal())));
        try {
            // The slot lets one in: capture is replaced, never doubled.
            if (stage == Stage.CAPTURE) {
                own.stop();
            }
            next.start();
            rest();
            own.stop();
            rest();
            output.line(stage.stageName() + ": the other version runs alone");
            if (stage == Stage.CAPTURE) {
                next.stop();
            }
            own.start();
            rest();
        } finally {
            next.stop();
        }
        rest();
        output.line(stage.stageName() + ": replaced back");
    }

    private void rest() {
        LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(seconds));
    }

    private static long write(DemoStack stack, AtomicBoolean goOn) {
        try (var connection = stack.connect()) {
            long sum = 0;
            for (int round = 0; goOn.get(); round++) {
                var left = new AtomicLong(BATCH);
                sum += new Traffic(connection, 7_000 + round, Traffic.Mix.BROAD).run(RATE, () -> goOn.get() && left.getAndDecrement() > 0).transactions();
            }
            return sum;
        } catch (SQLException e) {
            throw new IllegalStateException("The traffic failed: " + e.getMessage(), e);
        }
    }
}
