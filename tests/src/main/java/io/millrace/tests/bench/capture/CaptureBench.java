package io.millrace.tests.bench.capture;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.Within;
import io.millrace.local.LocalException;
import io.millrace.local.ManagedProcess;
import io.millrace.tests.bench.BenchLine;
import io.millrace.tests.bench.Footprint;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Capture alone: against COPY and a bare reader on the same rows and the same log, and whether every row has arrived. */
@Command(name = "bench capture", mixinStandardHelpOptions = true,
        description = "Measures capture alone, with PostgreSQL, Kafka and the registry: reading tables against COPY and a bare producer, a backlog against a bare reader of the same WAL, latency, CPU, memory; compares the rows of the topic with those of the table.")
public final class CaptureBench implements Callable<Integer> {

    private static final long IN_TRANSACTION = 1000;
    private static final int SAMPLE_SECONDS = 5;
    /** A bare producer sends them over and over. */
    private static final int SAME_RECORDS = 10_000;

    @Within(of = "rows", from = 1)
    @Option(names = "--rows", defaultValue = "1000000", description = "Of the table that is read, and of each backlog. Default: ${DEFAULT-VALUE}.")
    private long rows;
    @Within(of = "rounds", from = 1)
    @Option(names = "--rounds", defaultValue = "2", description = "How often tables and backlogs are measured, each time beside what they are compared with. Default: ${DEFAULT-VALUE}.")
    private int rounds;
    @Within(of = "changes a second", from = 1)
    @Option(names = "--rate", defaultValue = "1000", description = "Changes a second while latency is measured. Default: ${DEFAULT-VALUE}.")
    private int rate;
    @Within(of = "seconds", from = 0)
    @Option(names = "--seconds", defaultValue = "30", description = "How long; 0 for not at all. Default: ${DEFAULT-VALUE}.")
    private int seconds;
    @Within(of = "seconds", from = 0)
    @Option(names = "--idle", defaultValue = "60", description = "Seconds for which the CPU of a capture is measured that has nothing to do; 0 for not at all. Default: ${DEFAULT-VALUE}.")
    private int idle;
    @Within(of = "minutes", from = 0)
    @Option(names = "--minutes", defaultValue = "10", description = "Of writing at full speed while memory is looked at; 0 for none. Default: ${DEFAULT-VALUE}.")
    private int minutes;
    @Within(of = "rows", from = 0)
    @Option(names = "--transaction", defaultValue = "0", description = "Rows of one transaction whose peak memory is measured. Default: none.")
    private long transaction;
    @Within(of = "megabytes", from = 0)
    @Option(names = "--megabytes", defaultValue = "0", description = "Size of one row whose peak memory is measured. Default: none.")
    private int megabytes;
    @Within(of = "partitions", from = 1)
    @Option(names = "--partitions", defaultValue = "4", description = "Of every topic. Default: ${DEFAULT-VALUE}.")
    private int partitions;
    @Option(names = "--heap", defaultValue = "256m", description = "Of capture, as -Xmx takes it. Default: ${DEFAULT-VALUE}.")
    private String heap;
    @Option(names = "--set", description = "A setting of capture: --set millrace.capture.snapshot-threads=4.")
    private Map<String, String> settings = Map.of();
    @Option(names = "--java", description = "An option of capture's Java: --java=-XX:StartFlightRecording=filename=/tmp/capture.jfr,settings=profile.")
    private List<String> javaOptions = List.of();
    @Within(of = "a port", from = 1, to = 65_000)
    @Option(names = "--port-base", defaultValue = "27000", description = "The first of eight ports. Default: ${DEFAULT-VALUE}.")
    private int portBase;

    private final Map<String, Object> report = new LinkedHashMap<>();
    private final List<String> lines = new ArrayList<>();

    public static void main(String[] args) {
        // Kafka's clients print their whole configuration.
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(BenchLine.of(new CaptureBench()).execute(args));
    }

    /** Exits with 0 when the topics have the rows of the tables. */
    @Override
    public Integer call() throws Exception {
        var folder = DemoStack.home().resolve("tests").resolve("target").resolve("bench");
        var data = folder.resolve("capture");
        DemoStack.delete(data);
        long wrong;
        try (var stack = new CaptureStack(DemoStack.home(), data, portBase, partitions, heap, settings, javaOptions)) {
            var stop = new Thread(stack::close, "stop");
            Runtime.getRuntime().addShutdownHook(stop);
            stack.startServers();
            wrong = measure(stack);
            Runtime.getRuntime().removeShutdownHook(stop);
        }
        write(folder);
        return wrong == 0 ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }

    private long measure(CaptureStack stack) throws Exception {
        title("Capture, " + Runtime.getRuntime().availableProcessors() + " cores, " + rows + " rows, heap " + heap);
        long wrong = 0;
        String source = null;
        for (int round = 1; round <= rounds; round++) {
            source = "bench" + round;
            stack.source(source, rows);
            wrong += tables(stack, source, round);
        }
        if (source == null) {
            throw new LocalException("--rounds is to be at least 1");
        }
        try (var watch = new TopicWatch(stack, source)) {
            var capture = stack.capture(source);
            for (int round = 1; round <= rounds; round++) {
                backlog(stack, source, capture, watch, round);
            }
            capture.start();
            if (idle > 0) {
                idle(capture);
            }
            if (seconds > 0) {
                latency(stack, source, watch);
            }
            if (minutes > 0) {
                memory(stack, source, capture, watch);
            }
            stack.settleAndStop(source, capture);
            if (transaction > 0) {
                large("transaction of " + transaction + " rows", stack, source, capture, watch, transaction, CaptureStack.insert(next(stack, source), next(stack, source) + transaction - 1));
            }
            if (megabytes > 0) {
                large("row of " + megabytes + " MB", stack, source, capture, watch, 1,
                        "INSERT INTO item SELECT " + next(stack, source) + ", 0, 'large', 0, now(), string_agg(md5(i::text), '') FROM generate_series(1, " + megabytes * 32_768L + ") i");
            }
            return wrong + verdict(stack, source, watch);
        }
    }

    private static long next(CaptureStack stack, String source) throws SQLException {
        return stack.number(source, "SELECT max(id) + 1 FROM item");
    }

    private long tables(CaptureStack stack, String source, int round) throws Exception {
        double before = copy(stack, source);
        var capture = stack.capture(source);
        try (var watch = new TopicWatch(stack, source)) {
            capture.launch();
            var read = watch.drained(capture, 0, rows);
            capture.awaitReady();
            stack.settleAndStop(source, capture);
            double after = copy(stack, source);
            double bare = BareProducer.send(stack, watch.some(SAME_RECORDS), rows);
            say("tables, round %d: capture %,.0f rows/s, %.1f µs of CPU each; COPY to /dev/null %,.0f and %,.0f rows/s; share %.2f; a bare producer of the same records %,.0f/s; share %.2f", round, read.rowsPerSecond(), read.cpuMicrosPerRow(), before, after,
                    read.rowsPerSecond() / Math.max(before, after), bare, read.rowsPerSecond() / bare);
            put("tables." + round + ".bareProducerRecordsPerSecond", bare);
            put("tables." + round + ".capture", read);
            put("tables." + round + ".copyRowsPerSecond", List.of(before, after));
            return verdict(stack, source, watch);
        }
    }

    private double copy(CaptureStack stack, String source) throws SQLException {
        long began = System.nanoTime();
        stack.sql(source, "COPY item TO '/dev/null'");
        return rows * 1e9 / (System.nanoTime() - began);
    }

    private void backlog(CaptureStack stack, String source, ManagedProcess capture, TopicWatch watch, int round) throws Exception {
        BareReader.begin(stack, source);
        long from = next(stack, source);
        stack.sql(source, "DO $$ BEGIN FOR t IN 0.." + (rows / IN_TRANSACTION - 1) + " LOOP " + CaptureStack.insert(0, 0).replace("generate_series(0, 0)", "generate_series(" + from + " + t * " + IN_TRANSACTION + ", " + from + " + (t + 1) * " + IN_TRANSACTION + " - 1)") + "; COMMIT; END LOOP; END $$");
        long written = rows / IN_TRANSACTION * IN_TRANSACTION;
        double before = BareReader.read(stack, source, written);
        long there = watch.count();
        capture.launch();
        var drained = watch.drained(capture, there, written);
        capture.awaitReady();
        stack.settleAndStop(source, capture);
        double after = BareReader.read(stack, source, written);
        BareReader.end(stack, source);
        say("backlog, round %d: capture %,.0f rows/s, %.1f µs of CPU each; bare reader %,.0f and %,.0f rows/s; share %.2f", round, drained.rowsPerSecond(), drained.cpuMicrosPerRow(), before, after, drained.rowsPerSecond() / Math.max(before, after));
        put("backlog." + round + ".capture", drained);
        put("backlog." + round + ".bareRowsPerSecond", List.of(before, after));
    }

    private void idle(ManagedProcess capture) throws InterruptedException {
        Thread.sleep(10_000);
        var before = Footprint.of(List.of(capture));
        Thread.sleep(idle * 1000L);
        double share = Footprint.of(List.of(capture)).cpuSince(before, capture.name()) / idle;
        say("idle: %.2f %% of a core", share * 100);
        put("idle.cores", share);
    }

    private void latency(CaptureStack stack, String source, TopicWatch watch) throws Exception {
        var from = watch.ends();
        long changes = (long) rate * seconds;
        long began = System.nanoTime();
        try (var connection = stack.connect(source); var settings = connection.createStatement(); var update = connection.prepareStatement("UPDATE item SET note = ? WHERE id = ?")) {
            // Whether a commit waits for the disk is the database's affair, and slows the writer only.
            settings.execute("SET synchronous_commit = off");
            for (long i = 0; i < changes; i++) {
                long wait = began + i * 1_000_000_000L / rate - System.nanoTime();
                if (wait > 0) {
                    Thread.sleep(wait / 1_000_000, (int) (wait % 1_000_000));
                }
                update.setString(1, "change " + i);
                update.setLong(2, 1 + i * 7919 % rows);
                update.executeUpdate();
            }
        }
        double took = (System.nanoTime() - began) / 1e9;
        long there = from.values().stream().mapToLong(Long::longValue).sum();
        while (watch.count() < there + changes) {
            Thread.sleep(10);
        }
        var times = watch.times(from);
        say("latency: %,.0f changes/s, from the commit to Kafka's log p50 %.0f ms, p99 %.0f ms, longest %.0f ms", changes / took, times.p50(), times.p99(), times.max());
        put("latency.changesPerSecond", changes / took);
        put("latency.milliseconds", times);
    }

    /** Writes as fast as the database takes it, and waits where capture falls behind by more than a backlog. */
    private void memory(CaptureStack stack, String source, ManagedProcess capture, TopicWatch watch) throws Exception {
        var stop = new AtomicBoolean();
        long there = watch.count();
        var writer = CompletableFuture.supplyAsync(() -> {
            long written = 0;
            try (var connection = stack.connect(source); var statement = connection.createStatement()) {
                statement.execute("SET synchronous_commit = off");
                while (!stop.get()) {
                    long first = 1 + written % (rows - IN_TRANSACTION);
                    written += statement.executeUpdate("UPDATE item SET price = price + 1 WHERE id >= " + first + " AND id < " + (first + IN_TRANSACTION));
                    while (!stop.get() && there + written - watch.count() > 50 * IN_TRANSACTION) {
                        Thread.sleep(5);
                    }
                }
                return written;
            } catch (SQLException | InterruptedException | java.util.concurrent.ExecutionException e) {
                throw new IllegalStateException(e);
            }
        });
        var megabytesSeen = new ArrayList<Long>();
        var cpu = Footprint.of(List.of(capture));
        long began = System.nanoTime();
        while (System.nanoTime() - began < minutes * 60_000_000_000L && !writer.isDone()) {
            Thread.sleep(SAMPLE_SECONDS * 1000L);
            megabytesSeen.add(Footprint.of(List.of(capture)).rssBytes() >> 20);
        }
        stop.set(true);
        long written = writer.get();
        watch.await(capture, there + written);
        double took = (System.nanoTime() - began) / 1e9;
        say("full speed for %d minutes: %,.0f rows/s with the writer on the same cores, %.1f µs of CPU each; RSS %d MB after a minute, %d MB at the end, peak %d MB", minutes, written / took,
                Footprint.of(List.of(capture)).cpuSince(cpu, capture.name()) * 1e6 / written, megabytesSeen.get(Math.min(megabytesSeen.size() - 1, 60 / SAMPLE_SECONDS)), megabytesSeen.getLast(), peak(capture));
        put("memory.rowsPerSecond", written / took);
        put("memory.rssMegabytesEach" + SAMPLE_SECONDS + "Seconds", megabytesSeen);
    }

    private static long peak(ManagedProcess capture) {
        return capture.running().map(p -> Footprint.peakRssBytes(p.pid()) >> 20).orElse(0L);
    }

    private void large(String name, CaptureStack stack, String source, ManagedProcess capture, TopicWatch watch, long records, String statement) throws Exception {
        capture.start();
        long calm = peak(capture);
        long there = watch.count();
        long began = System.nanoTime();
        stack.sql(source, statement);
        double committed = (System.nanoTime() - began) / 1e9;
        watch.await(capture, there + records);
        say("%s: committed after %.1f s, in Kafka after %.1f s; peak RSS %d MB, %d MB before", name, committed, (System.nanoTime() - began) / 1e9, peak(capture), calm);
        put(name + ".seconds", (System.nanoTime() - began) / 1e9);
        put(name + ".peakRssMegabytes", peak(capture));
        stack.settleAndStop(source, capture);
    }

    /** Compares the ids of the topic with those of the table. A row that is too large for a record is parked, and so not missing. */
    private long verdict(CaptureStack stack, String source, TopicWatch watch) throws SQLException {
        var expected = new BitSet();
        try (var connection = stack.connect(source)) {
            connection.setAutoCommit(false);
            try (var statement = connection.createStatement()) {
                statement.setFetchSize(10_000);
                try (var row = statement.executeQuery("SELECT id FROM item")) {
                    while (row.next()) {
                        expected.set(row.getInt(1));
                    }
                }
            }
        }
        var found = watch.ids();
        long there = expected.cardinality();
        expected.andNot(found.parked());
        expected.xor(found.present());
        say("verdict of %s: %,d rows in the table, %d of them parked, %d differ in the topic", source, there, found.parked().cardinality(), expected.cardinality());
        put("verdict." + source + ".rows", there);
        put("verdict." + source + ".different", expected.cardinality());
        return expected.cardinality();
    }

    private void title(String line) {
        lines.add("# " + line + "\n");
        System.out.println(line);
    }

    private void say(String line, Object... values) {
        var said = String.format(Locale.ROOT, line, values);
        lines.add("- " + said);
        System.out.println(said);
    }

    private void put(String name, Object value) {
        report.put(name, value);
    }

    private void write(Path folder) throws IOException {
        put("rows", rows);
        put("cores", Runtime.getRuntime().availableProcessors());
        Files.createDirectories(folder);
        JsonMapper.builder().findAndAddModules().build().writerWithDefaultPrettyPrinter().writeValue(folder.resolve("capture.json").toFile(), report);
        Files.writeString(folder.resolve("capture.md"), String.join("\n", lines) + "\n");
        System.out.println("All figures: " + folder.resolve("capture.json") + " and capture.md");
    }
}
