package io.millrace.tests.bench.scale;

import io.millrace.launcher.Output;
import io.millrace.launcher.Within;
import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.topic.Topics;
import io.millrace.tests.bench.BenchLine;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.kafka.clients.admin.Admin;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Scales real processes of a stage as KEDA would, by the stage's own ScaledObject and by what its group has committed, and asks the SQL join at the end. */
@Command(name = "bench scale", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Gate, denormalizer and indexer one after the other: rows change as fast as Postgres takes them, then a few; replicas come and go as the ScaledObject in deploy/kubernetes says; a table of lag and replicas; zero differences at the end.")
public final class ScaleBench implements Callable<Integer> {

    private static final Duration KEDA_LOOKS = Duration.ofSeconds(15);
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final int OTHER_PORTS = 20;

    @Option(names = "--stage", description = "Only this one (gate, denormalizer, indexer); may be given several times.")
    private List<Stage> stages = List.of(Stage.GATE, Stage.DENORMALIZER, Stage.INDEXER);
    @Within(of = "seconds", from = 1)
    @Option(names = "--seconds", defaultValue = "30", description = "How long rows change at full speed. Default: ${DEFAULT-VALUE}.")
    private int seconds;
    @Within(of = "monitors", from = 1)
    @Option(names = "--monitors", defaultValue = "2000", description = "How many monitors the demo gets. Default: ${DEFAULT-VALUE}.")
    private int monitors;
    @Within(of = "a factor", from = 1)
    @Option(names = "--hurry", defaultValue = "30", description = "By how much every time of the ScaledObject is shorter. Default: ${DEFAULT-VALUE}.")
    private int hurry;
    @Within(of = "a factor", from = 1)
    @Option(names = "--shrink", defaultValue = "50", description = "By how much lagThreshold is smaller. Default: ${DEFAULT-VALUE}.")
    private int shrink;
    @Within(of = "a port", from = 1, to = 65_000)
    @Option(names = "--port-base", defaultValue = "27000", description = "The first of some thirty ports. Default: ${DEFAULT-VALUE}.")
    private int portBase;

    /** @param second since the burst began; @param wish what KEDA wishes for; @param replicas what the autoscaler lets be; @param answering of them */
    private record Row(double second, long lag, int wish, int replicas, int answering) {}

    public static void main(String[] args) {
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(BenchLine.of(new ScaleBench()).execute(args));
    }

    @Override
    public Integer call() throws IOException, ExecutionException, InterruptedException {
        var data = DemoStack.home().resolve("tests/target/bench/scale");
        DemoStack.delete(data);
        var output = new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
        try (var stack = new DemoStack(data, portBase, monitors, output)) {
            Runtime.getRuntime().addShutdownHook(new Thread(stack::close, "stop"));
            stack.start();
            stack.settled().await();
            try (var admin = Admin.create(Map.of("bootstrap.servers", stack.stack().servers().kafkaBootstrap()))) {
                for (var stage : stages) {
                    scale(stack, admin, stage);
                    stack.settled().await().forEach(comparison -> System.out.println(comparison.describe()));
                }
            }
        }
        return CommandLine.ExitCode.OK;
    }

    private void scale(DemoStack stack, Admin admin, Stage stage) throws ExecutionException, InterruptedException, IOException {
        var stated = ScalingRule.read(DemoStack.home().resolve("deploy/kubernetes/components/keda").resolve(stage.module() + ".yaml"));
        // Who keeps state is never sent to sleep.
        var rule = (stage == Stage.DENORMALIZER ? stated : stated.withNone()).reduced(hurry, shrink);
        System.out.printf("%n%s: %d to %d replicas, one for each %,d records of lag (the ScaledObject says %,d), times divided by %d%n", stage.stageName(), rule.min(), rule.max(), rule.lagThreshold(),
                stated.lagThreshold(), hurry);
        var lag = new CommittedLag(admin, groups(stack, stage));
        try (var replicas = new Replicas(stack, stage, rule.max(), portBase + OTHER_PORTS)) {
            replicas.be(rule.min());
            var rows = run(stack, lag, rule, replicas);
            replicas.be(1);
            write(stage, rows);
        }
        stack.process(stage).awaitReady();
    }

    private static List<String> groups(DemoStack stack, Stage stage) {
        return switch (stage) {
            case GATE -> List.of("millrace-gate");
            case INDEXER -> List.of("millrace-indexer");
            case DENORMALIZER -> PipelineFiles.load(stack.stack().options().pipelines()).stream().map(f -> Topics.joinGroup(f.pipeline().name())).toList();
            default -> throw new IllegalArgumentException(stage.stageName() + " does not scale by lag");
        };
    }

    private List<Row> run(DemoStack stack, CommittedLag lag, ScalingRule rule, Replicas replicas) throws ExecutionException, InterruptedException {
        var rows = new ArrayList<Row>();
        long committed = lag.committed();
        long began = System.nanoTime();
        var scaler = new Autoscaler(rule, rule.min(), began);
        try (var burst = Burst.start(stack)) {
            long woken = 0;
            boolean many = false;
            for (int now = rule.min(); ; ) {
                double second = (System.nanoTime() - began) / 1e9;
                if (second > seconds) {
                    burst.slowDown();
                }
                long records = lag.now();
                now = scaler.decide(records, System.nanoTime());
                replicas.be(now);
                rows.add(new Row(second, records, scaler.wish(records), now, replicas.answering()));
                print(rows);
                many |= now > 1;
                if (woken == 0 && lag.committed() > committed) {
                    woken = System.nanoTime();
                    System.out.printf("  the first records were dealt with %.1f s after the first change%n", (woken - began) / 1e9);
                }
                if (second > seconds && now <= 1 && (many || second > 2 * seconds)) {
                    break;
                }
                if (second > seconds + PATIENCE.toSeconds()) {
                    throw new IllegalStateException("The stage did not come back to one replica within " + PATIENCE.toMinutes() + " minutes after the burst; lag " + records);
                }
                LockSupport.parkNanos(KEDA_LOOKS.dividedBy(hurry).toNanos());
            }
            System.out.printf("  %,d rows were changed; the most lag was %,d, the most replicas %d%n", burst.stop(), rows.stream().mapToLong(Row::lag).max().orElse(0),
                    rows.stream().mapToInt(Row::replicas).max().orElse(0));
        }
        return rows;
    }

    /** A line whenever replicas change, and every few seconds. */
    private static void print(List<Row> rows) {
        var last = rows.getLast();
        if (rows.size() == 1) {
            System.out.printf("  %8s %12s %6s %9s %10s%n", "second", "lag", "wish", "replicas", "answering");
        } else if (last.replicas() == rows.get(rows.size() - 2).replicas() && last.answering() == rows.get(rows.size() - 2).answering() && rows.size() % 10 != 0) {
            return;
        }
        System.out.printf("  %8.1f %,12d %6d %9d %10d%n", last.second(), last.lag(), last.wish(), last.replicas(), last.answering());
    }

    private static void write(Stage stage, List<Row> rows) throws IOException {
        var file = DemoStack.home().resolve("tests/target/bench/scale-" + stage.stageName() + ".csv");
        var lines = new ArrayList<>(List.of("second,lag,wish,replicas,answering"));
        rows.forEach(r -> lines.add("%.1f,%d,%d,%d,%d".formatted(r.second(), r.lag(), r.wish(), r.replicas(), r.answering())));
        Files.write(file, lines);
    }
}
