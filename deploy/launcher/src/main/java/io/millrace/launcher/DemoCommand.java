package io.millrace.launcher;

import io.millrace.demo.DemoData;
import io.millrace.demo.Traffic;
import io.millrace.launcher.stack.StackAccess;
import io.millrace.launcher.stack.StackFile;
import io.millrace.local.LocalException;
import io.millrace.local.LocalServers;
import io.millrace.pipeline.wording.Counted;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(name = "demo", description = "Works on the demo database of the running stack.", mixinStandardHelpOptions = true)
final class DemoCommand implements Runnable {

    private static final long REPORT_NANOS = Duration.ofSeconds(5).toNanos();

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new UsageException("Say what to do: traffic or load");
    }

    @Command(name = "load", description = "Fills the demo's tables, which must be empty (./millrace up --scale 0).", mixinStandardHelpOptions = true)
    int load(@Mixin DataFolder data,
            @Within(of = "how many monitors", from = 1) @Option(names = "--scale", paramLabel = "N", defaultValue = "10000", description = "Monitors; all else is in proportion. Default: ${DEFAULT-VALUE}.") int scale,
            @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "The same seed gives the same rows. Default: ${DEFAULT-VALUE}.") long seed) throws SQLException {
        try (var connection = connect(data.running())) {
            var loaded = DemoData.load(connection, seed, scale);
            print("Loaded %s, %s in all, in %.1f s".formatted(Counted.of(loaded.monitors(), "monitor"), Counted.of(loaded.rows(), "row"), loaded.took().toMillis() / 1000.0));
            return 0;
        } catch (IllegalStateException e) {
            throw new LocalException(e.getMessage(), e);
        }
    }

    @Command(name = "traffic", description = "Realistic transactions until Ctrl-C, or for some seconds.", mixinStandardHelpOptions = true)
    int traffic(@Mixin DataFolder data,
            @Within(of = "row changes a second", from = 1) @Option(names = "--rate", paramLabel = "N", defaultValue = "50", description = "Row changes a second. Default: ${DEFAULT-VALUE}.") int rate,
            @Within(of = "seconds", from = 1) @Option(names = "--seconds", paramLabel = "S", description = "Stop after so many seconds. Default: go on.") Integer seconds,
            @Option(names = "--seed", paramLabel = "S", description = "The same seed on the same rows does the same. Default: another each time.") Long seed,
            @Option(names = "--mix", defaultValue = "STEADY", description = "steady, or broad: rare things often. Default: ${DEFAULT-VALUE}.") Traffic.Mix mix) throws SQLException {
        var goOn = new AtomicBoolean(true);
        var worker = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> endTransaction(goOn, worker), "stop"));
        try (var connection = connect(data.running())) {
            var traffic = new Traffic(connection, seed == null ? System.nanoTime() & 0xFFFFFF : seed, mix);
            long begin = System.nanoTime();
            long end = begin + (seconds == null ? Long.MAX_VALUE / 2 : Duration.ofSeconds(seconds).toNanos());
            var next = new long[] {begin + REPORT_NANOS};
            var done = traffic.run(rate, () -> {
                if (System.nanoTime() - next[0] > 0) {
                    next[0] += REPORT_NANOS;
                    print(describe(traffic.done(), begin));
                }
                return goOn.get() && System.nanoTime() - end < 0;
            });
            print(describe(done, begin));
        }
        return 0;
    }

    private static String describe(Traffic.Done done, long begin) {
        double seconds = (System.nanoTime() - begin) / 1e9;
        return "%6.1f s  %,d transactions, %,d row changes (%,.0f/s), %,d refused".formatted(seconds, done.transactions(), done.changes(), done.changes() / seconds, done.refused());
    }

    /** Lets the transaction in work end, so that Ctrl-C leaves no half told total. */
    private static void endTransaction(AtomicBoolean goOn, Thread worker) {
        if (goOn.getAndSet(false)) {
            try {
                worker.join(Duration.ofSeconds(2));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static Connection connect(StackFile stack) throws SQLException {
        if (stack.source() == null) {
            throw new LocalException("This stack replicates a database of your own (" + String.join(", ", stack.pipelines()) + "), and the demo does not touch that. "
                    + "Start the demo beside it with ./millrace up --data DIR --port-base N");
        }
        return DriverManager.getConnection(stack.source(), LocalServers.POSTGRES_USER, StackAccess.of(Path.of(stack.data())).postgresPassword());
    }

    private void print(String line) {
        spec.commandLine().getOut().println(line);
        spec.commandLine().getOut().flush();
    }
}
