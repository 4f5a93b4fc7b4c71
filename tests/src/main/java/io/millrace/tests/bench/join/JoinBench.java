package io.millrace.tests.bench.join;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.launcher.Within;
import io.millrace.local.LocalException;
import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.topic.Topics;
import io.millrace.tests.bench.BenchLine;
import io.millrace.tests.bench.Footprint;
import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The denormalizer alone: rows straight into its topics, documents read back, held against what the bench knows. */
@Command(name = "bench join", mixinStandardHelpOptions = true,
        description = "Measures the denormalizer alone, with Kafka and the registry: backfill, latency, fan-out, restart, memory; compares every document with the ground truth.")
public final class JoinBench implements Callable<Integer> {

    private static final long SNAPSHOT = 1 << 20;
    private static final Duration BUILD = Duration.ofMinutes(30);
    private static final Duration QUIET = Duration.ofSeconds(3);

    @Within(of = "documents", from = 1)
    @Option(names = "--documents", defaultValue = "400000", description = "Documents; rows are about 5.4 times as many. Default: ${DEFAULT-VALUE}.")
    private int documents;
    @Within(of = "changes a second", from = 1)
    @Option(names = "--rate", defaultValue = "1000", description = "Row changes a second. Default: ${DEFAULT-VALUE}.")
    private int rate;
    @Within(of = "seconds", from = 1)
    @Option(names = "--seconds", defaultValue = "60", description = "How long they go on. Default: ${DEFAULT-VALUE}.")
    private int seconds;
    @Within(of = "seconds", from = 0)
    @Option(names = "--warm-up", defaultValue = "15", description = "Seconds of the same before they are measured. Default: ${DEFAULT-VALUE}.")
    private int warmUp;
    @Within(of = "partitions", from = 1)
    @Option(names = "--partitions", defaultValue = "4", description = "Of every topic. Default: ${DEFAULT-VALUE}.")
    private int partitions;
    @Within(of = "pipelines", from = 1)
    @Option(names = "--pipelines", defaultValue = "1", description = "Joined by the same process, all alike; documents are read of the first. Default: ${DEFAULT-VALUE}.")
    private int pipelines;
    @Option(names = "--subscribe", description = "A look-up table that is subscribed to, not broadcast: --subscribe public.product.")
    private List<String> subscribed = List.of();
    @Option(names = "--heap", defaultValue = "448m", description = "Of the denormalizer, as -Xmx takes it. Default: ${DEFAULT-VALUE}, as in ./millrace up.")
    private String heap;
    @Option(names = "--set", description = "A setting of the denormalizer: --set millrace.denormalizer.threads=1.")
    private Map<String, String> settings = Map.of();
    @Option(names = "--java", description = "An option of the denormalizer's Java.")
    private List<String> javaOptions = List.of();
    @Option(names = "--dsl", description = "Then joins the same rows by the Streams DSL, for comparison.")
    private boolean dsl;
    @Within(of = "threads", from = 1)
    @Option(names = "--dsl-threads", defaultValue = "2", description = "Stream threads of the DSL. Default: ${DEFAULT-VALUE}.")
    private int dslThreads;
    @Within(of = "a port", from = 1, to = 65_000)
    @Option(names = "--port-base", defaultValue = "27000", description = "The first of eight ports. Default: ${DEFAULT-VALUE}.")
    private int portBase;
    @Option(names = "--out", description = "The JSON file. Default: tests/target/bench/join.json.")
    private Path out;

    private final Map<String, Object> report = new TreeMap<>();

    public static void main(String[] args) {
        // Kafka's clients print their whole configuration.
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(BenchLine.of(new JoinBench()).execute(args));
    }

    /** Exits with 0 when every document is the right one. */
    @Override
    public Integer call() throws Exception {
        var folder = DemoStack.home().resolve("tests").resolve("target").resolve("bench");
        var data = folder.resolve("join");
        delete(data);
        try (var stack = new JoinStack(DemoStack.home(), data, portBase, partitions, pipelines, subscribed, heap, settings, javaOptions)) {
            var stop = new Thread(stack::close, "stop");
            Runtime.getRuntime().addShutdownHook(stop);
            stack.startServers();
            int wrong = measure(stack);
            write(folder);
            Runtime.getRuntime().removeShutdownHook(stop);
            return wrong == 0 ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
        }
    }

    private int measure(JoinStack stack) throws Exception {
        var shop = new Shop(documents, SNAPSHOT);
        var bootstrap = stack.servers().kafkaBootstrap();
        try (var writer = new RowWriter(shop, new SchemaIds(stack.servers().registryUrl()), bootstrap, partitions)) {
            long begin = System.nanoTime();
            writer.snapshot(SNAPSHOT);
            say("%,d rows of %,d documents are in rows.* after %.1f s", writer.sent(), documents, seconds(begin));
            try (var watch = new DocumentWatch(bootstrap, Topics.documents(OrderTables.PIPELINE), partitions, documents); var memory = new MemoryWatch(stack.service())) {
                var traffic = new ShopTraffic(shop, writer, SNAPSHOT);
                backfill(stack, watch, shop);
                steady("", watch, traffic);
                fanOut("", watch, traffic, shop);
                restart(stack, watch, traffic, "restart with its state", false);
                restart(stack, watch, traffic, "restore from an empty disk", true);
                memory(stack.service(), stack.state(), "memory at the end");
                say("RSS in MB each %d seconds, from the first start to here: %s", MemoryWatch.SECONDS, memory.megabytes());
                put("memory.rssMegabytesOverTime", memory.megabytes());
                int wrong = verdict("", watch, shop);
                if (dsl) {
                    stack.service().stop();
                    compare(stack, traffic, shop);
                }
                return wrong;
            }
        }
    }

    private void backfill(JoinStack stack, DocumentWatch watch, Shop shop) throws Exception {
        var before = Footprint.of(processes(stack));
        long begin = System.nanoTime();
        stack.service().launch();
        await(BUILD, "every document", () -> watch.state().present() >= documents || stack.service().running().isEmpty());
        double took = seconds(begin);
        if (stack.service().running().isEmpty()) {
            throw new LocalException("The denormalizer ended; its log is " + stack.service().spec().log());
        }
        await(BUILD, "the end of the first build", stack::isLive);
        var after = Footprint.of(processes(stack));
        say("backfill: %.1f s from the start of the process, %,.0f rows/s, %,.0f documents/s, %.3f records per document", took, shop.rows() / took, documents / took,
                watch.state().records() / (double) documents);
        put("backfill.seconds", took);
        put("backfill.rowsPerSecond", shop.rows() / took);
        put("backfill.documentsPerSecond", documents / took);
        put("backfill.recordsPerDocument", watch.state().records() / (double) documents);
        var written = stack.written();
        var sizes = stack.sizes();
        for (var name : List.of("exchange", "rows-changelog", "documents-changelog", "lookups-changelog")) {
            var topic = "millrace-denormalizer-" + OrderTables.PIPELINE + "-" + name;
            say("  %-22s %,12d records, %6.2f per row, %6d MB on disk now", name, written.getOrDefault(topic, 0L), written.getOrDefault(topic, 0L) / (double) shop.rows(), sizes.getOrDefault(topic, 0L) >> 20);
            put("backfill.records." + name, written.getOrDefault(topic, 0L));
        }
        say("  CPU seconds: denormalizer %.1f, Kafka %.1f", after.cpuSeconds("denormalizer"), after.cpuSince(before, "kafka"));
        put("backfill.cpu.denormalizer", after.cpuSeconds("denormalizer"));
        put("backfill.cpu.kafka", after.cpuSince(before, "kafka"));
        memory(stack.service(), stack.state(), "memory after the backfill");
    }

    /** The DSL has the rows as they are now, and then the same kinds of change. */
    private void compare(JoinStack stack, ShopTraffic traffic, Shop shop) throws Exception {
        System.out.println("The Streams DSL on the same rows:");
        var process = stack.dsl(DemoStack.home(), heap, dslThreads);
        try (var watch = new DocumentWatch(stack.servers().kafkaBootstrap(), JoinStack.DSL_DOCUMENTS, partitions, documents)) {
            int present = shop.present();
            long begin = System.nanoTime();
            process.launch();
            await(BUILD, "the DSL's documents", () -> process.running().isEmpty() || watch.state().present() >= present && watch.state().quiet().compareTo(QUIET) > 0);
            if (process.running().isEmpty()) {
                throw new LocalException("The process of the DSL ended by itself. The end of its log:\n" + process.tail());
            }
            double took = seconds(begin) - watch.state().quiet().toMillis() / 1e3;
            say("backfill: %.1f s, %,.0f rows/s, %,.0f documents/s, %.3f records per document", took, shop.rows() / took, present / took, watch.state().records() / (double) present);
            put("dsl.backfill.rowsPerSecond", shop.rows() / took);
            put("dsl.backfill.documentsPerSecond", present / took);
            put("dsl.backfill.recordsPerDocument", watch.state().records() / (double) present);
            memory(process, stack.dslState(), "dsl.memory");
            steady("dsl.", watch, traffic);
            fanOut("dsl.", watch, traffic, shop);
            verdict("dsl.", watch, shop);
        } finally {
            process.stop();
        }
    }

    private static List<ManagedProcess> processes(JoinStack stack) {
        return List.of(stack.service(), stack.servers().kafka());
    }

    private void memory(ManagedProcess process, Path folder, String when) throws IOException {
        long rss = Footprint.of(List.of(process)).rssBytes();
        long peak = process.running().map(p -> Footprint.peakRssBytes(p.pid())).orElse(0L);
        long state = size(folder);
        int threads = process.running().map(p -> Footprint.threads(p.pid())).orElse(0);
        say("%s: RSS %d MB (highest %d MB), %d threads, state on disk %d MB", when, rss >> 20, peak >> 20, threads, state >> 20);
        put(when + ".threads", threads);
        put(when + ".rssMegabytes", rss >> 20);
        put(when + ".peakRssMegabytes", peak >> 20);
        put(when + ".stateMegabytes", state >> 20);
    }

    private void steady(String prefix, DocumentWatch watch, ShopTraffic traffic) throws Exception {
        if (seconds == 0) {
            return;
        }
        traffic.run(rate, Duration.ofSeconds(warmUp), () -> false);
        settle(watch);
        long before = watch.state().records();
        watch.startTimes();
        long begin = System.nanoTime();
        int sent = traffic.run(rate, Duration.ofSeconds(seconds), () -> false);
        double took = seconds(begin);
        settle(watch);
        say("steady: %,.0f changes/s sent, %,.0f documents/s", sent / took, (watch.state().records() - before) / took);
        System.out.println(Percentiles.head());
        times(prefix + "steady.direct", "row in to document out, own rows", watch.direct());
        times(prefix + "steady.lookup", "the same, look-ups of several documents", watch.spread());
    }

    private void times(String name, String label, long[] micros) {
        var times = Percentiles.ofMicros(micros);
        System.out.println(times.row(label));
        put(name, times);
    }

    private void fanOut(String prefix, DocumentWatch watch, ShopTraffic traffic, Shop shop) throws Exception {
        spread(watch, shop, traffic, prefix + "fan-out alone", 0);
        watch.startTimes();
        spread(watch, shop, traffic, prefix + "fan-out under load", rate);
        if (rate > 0) {
            times(prefix + "fanOut.unrelated", "own rows meanwhile", watch.direct());
        }
    }

    private void spread(DocumentWatch watch, Shop shop, ShopTraffic traffic, String name, int besides) throws Exception {
        int expected = shop.hotDocuments();
        long at = traffic.renameHotProduct(watch::count);
        if (besides > 0) {
            traffic.run(besides, Duration.ofSeconds(60), () -> watch.counted().documents() >= expected * 0.99);
        }
        await(Duration.ofMinutes(2), "the documents of a look-up", () -> watch.counted().documents() > 0);
        settle(watch);
        var counted = watch.counted();
        double millis = (counted.lastMicros() - at) / 1e3;
        say("%s: %,d of %,d documents, the last after %,.0f ms", name, counted.documents(), expected, millis);
        put(name + ".documents", counted.documents());
        put(name + ".milliseconds", millis);
    }

    private void restart(JoinStack stack, DocumentWatch watch, ShopTraffic traffic, String name, boolean emptyDisk) throws Exception {
        settle(watch);
        stack.service().stop();
        if (emptyDisk) {
            delete(stack.state());
        }
        long begin = System.nanoTime();
        stack.service().launch();
        await(BUILD, "the join to run again", stack::isLive);
        double took = seconds(begin);
        watch.startTimes();
        traffic.run(100, Duration.ofSeconds(2), () -> false);
        settle(watch);
        say("%s: running after %.1f s", name, took);
        put(name + ".seconds", took);
    }

    /** Waits until nothing comes any more. */
    private static void settle(DocumentWatch watch) throws Exception {
        await(BUILD, "the documents to rest", () -> watch.state().quiet().compareTo(QUIET) > 0);
    }

    /** Compares every document with what it has to be. */
    private int verdict(String prefix, DocumentWatch watch, Shop shop) {
        int wrong = 0;
        int low = 0;
        int first = -1;
        for (int order = 0; order < documents; order++) {
            boolean isWrong = watch.hash(order) != DocumentWatch.hash(shop.document(order));
            wrong += isWrong ? 1 : 0;
            low += shop.orderPresent[order] && watch.version(order) < shop.leastVersion(order) ? 1 : 0;
            first = isWrong && first < 0 ? order : first;
        }
        long regressions = watch.state().regressions();
        say("verdict: %,d documents, %d differ from the ground truth, %d versions too low, %d records with a lower version than one before", documents, wrong, low, regressions);
        if (first >= 0) {
            say("the first that differs is %d; it should be %s", first, shop.document(first) == null ? "absent" : new String(shop.document(first), java.nio.charset.StandardCharsets.UTF_8));
        }
        put(prefix + "verdict.different", wrong);
        put(prefix + "verdict.versionsTooLow", low);
        put(prefix + "verdict.regressions", regressions);
        return wrong + low + (int) regressions;
    }

    private interface Condition {
        boolean holds() throws InterruptedException, ExecutionException;
    }

    private static void await(Duration most, String what, Condition condition) throws InterruptedException, ExecutionException {
        long until = System.nanoTime() + most.toNanos();
        while (!condition.holds()) {
            if (System.nanoTime() > until) {
                throw new LocalException("Waited " + most.toMinutes() + " minutes for " + what + ", in vain");
            }
            Thread.sleep(10);
        }
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }

    private void put(String name, Object value) {
        report.put(name, value);
    }

    private static void say(String line, Object... values) {
        System.out.printf(line + "%n", values);
    }

    private static long size(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).mapToLong(f -> f.toFile().length()).sum();
        }
    }

    private static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (var files = Files.walk(folder)) {
                for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private void write(Path folder) throws IOException {
        put("documents", documents);
        put("cores", Runtime.getRuntime().availableProcessors());
        var file = out == null ? folder.resolve("join.json") : out;
        Files.createDirectories(file.toAbsolutePath().getParent());
        JsonMapper.builder().findAndAddModules().build().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), report);
        say("All figures: %s", file);
    }
}
