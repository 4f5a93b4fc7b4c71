package io.millrace.tests.bench.index;

import io.millrace.launcher.Within;
import io.millrace.local.LocalException;
import io.millrace.local.ManagedProcess;
import io.millrace.tests.bench.BenchLine;
import io.millrace.tests.bench.Figures;
import io.millrace.tests.bench.Footprint;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The indexer alone: ready documents from their topic to a search that finds them, beside what the search engine takes from a loader that does nothing else. */
@Command(name = "bench index", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Documents a second and processor time of the indexer and of a bare _bulk loader with the same settings at the same search engine, by turns; then many updates of few documents, and its memory over all of it.")
public final class IndexBench implements Callable<Integer> {

    private static final Duration LONGEST = Duration.ofMinutes(20);
    private static final String INDEX = Documents.PIPELINE + "-000001";
    /** Of the first round, in which both indexes are empty and both JVMs cold. */
    private static final int WARM_UPS = 1;
    /** Before this process was given some of them. */
    private static final int CORES = Runtime.getRuntime().availableProcessors();

    @Within(of = "documents", from = 1)
    @Option(names = "--documents", defaultValue = "100000", description = "Documents of a round; each round writes all of them anew. Default: ${DEFAULT-VALUE}.")
    private int documents;
    @Within(of = "rounds", from = 1)
    @Option(names = "--rounds", defaultValue = "5", description = "Rounds of each that are measured, after one that is not. Default: ${DEFAULT-VALUE}.")
    private int rounds;
    @Within(of = "documents", from = 1)
    @Option(names = "--hot", defaultValue = "1000", description = "How many documents are hot. Default: ${DEFAULT-VALUE}.")
    private int hot;
    @Within(of = "updates", from = 1)
    @Option(names = "--updates", defaultValue = "100", description = "Updates of each hot document. Default: ${DEFAULT-VALUE}.")
    private int updates;
    @Option(names = "--heap", defaultValue = "256m", description = "Of the indexer. Default: ${DEFAULT-VALUE}.")
    private String heap;
    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "A setting of the indexer; may be repeated.")
    private Map<String, String> settings = Map.of();
    @Option(names = "--java", description = "An option of the indexer's Java: --java=-XX:StartFlightRecording=filename=/tmp/indexer.jfr,settings=profile.")
    private List<String> javaOptions = List.of();
    @Option(names = "--apart", description = "Gives the search engine one half of the processors, and the indexer, Kafka and the loader the other, as where it has machines of its own. Needs taskset, which Linux has.")
    private boolean apart;
    @Within(of = "a port", from = 1, to = 65_000)
    @Option(names = "--port-base", defaultValue = "27000", description = "The first of some nine ports. Default: ${DEFAULT-VALUE}.")
    private int portBase;
    @Option(names = "--out", description = "The JSON file. Default: tests/target/bench/index.json.")
    private Path out;

    /**
     * One round of one of both.
     *
     * @param perSecond documents by the clock, from the first one that is ready to the last one that a search finds
     * @param ownCpu seconds of the indexer's process, or of the loader
     * @param engineCpu of the search engine meanwhile
     */
    record Round(double perSecond, double ownCpu, double engineCpu, double kafkaCpu) {}

    /**
     * @param updates of all hot documents together
     * @param writes of the search engine for them; several versions of a document in one batch are one
     * @param wrong documents that were not at their last update in the end
     */
    record Collapse(int updates, int documents, long writes, double seconds, long wrong) {}

    /**
     * @param apart whether the search engine had one half of the cores for itself
     * @param rssMegabytes of the indexer's process after each round, and after the updates of hot documents
     */
    record Report(Instant at, int cores, boolean apart, int documents, List<Round> indexer, List<Round> bare, double ratio, Collapse collapse, List<Long> rssMegabytes, long highestRssMegabytes) {}

    public static void main(String[] args) {
        Logger.getLogger("").setLevel(Level.SEVERE);
        System.exit(BenchLine.of(new IndexBench()).execute(args));
    }

    /** Exits with 0 when every document is at its last version in the end. */
    @Override
    public Integer call() throws Exception {
        var folder = DemoStack.home().resolve("tests").resolve("target").resolve("bench");
        var data = folder.resolve("index");
        DemoStack.delete(data);
        try (var stack = new IndexStack(DemoStack.home(), data, portBase, heap, settings, javaOptions)) {
            var stop = new Thread(stack::close, "stop");
            Runtime.getRuntime().addShutdownHook(stop);
            stack.start();
            if (apart) {
                part(stack);
            }
            var report = measure(stack);
            Figures.tell(out == null ? folder.resolve("index.json") : out, report, text(report), List.of());
            Runtime.getRuntime().removeShutdownHook(stop);
            return report.collapse().wrong() == 0 ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
        }
    }

    /** Threads that a process makes later stay where the one is that makes them. */
    private static void part(IndexStack stack) throws IOException, InterruptedException {
        if (CORES < 2) {
            throw new LocalException("--apart gives the search engine processors for itself, and there is one. Leave it out");
        }
        pin(stack.servers().search().running().orElseThrow().pid(), 0, CORES / 2 - 1);
        for (long pid : List.of(stack.indexer().running().orElseThrow().pid(), stack.servers().kafka().running().orElseThrow().pid(), ProcessHandle.current().pid())) {
            pin(pid, CORES / 2, CORES - 1);
        }
    }

    private static void pin(long pid, int first, int last) throws IOException, InterruptedException {
        var command = List.of("taskset", "--all-tasks", "--cpu-list", "--pid", first + "-" + last, Long.toString(pid));
        int code = new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.INHERIT).start().waitFor();
        if (code != 0) {
            throw new LocalException(String.join(" ", command) + " ended with " + code + ", so the processors are not apart. Leave --apart out, or let this user set where its processes run");
        }
    }

    private Report measure(IndexStack stack) throws Exception {
        var loader = new BareLoader(stack);
        var indexer = new ArrayList<Round>();
        var bare = new ArrayList<Round>();
        var memory = new ArrayList<Long>();
        for (int round = 1; round <= WARM_UPS + rounds; round++) {
            // Who comes second would pay for merges of the first one alone, so they take turns, and each begins at rest.
            boolean indexerFirst = round % 2 == 1;
            var first = indexerFirst ? byIndexer(stack, round) : byLoader(stack, loader, round);
            if (round == 1) {
                loader.copy(INDEX);
            }
            var second = indexerFirst ? byLoader(stack, loader, round) : byIndexer(stack, round);
            var one = indexerFirst ? first : second;
            var other = indexerFirst ? second : first;
            memory.add(rss(stack.indexer()));
            System.out.printf("round %d: indexer %,.0f documents/s, bare loader %,.0f, RSS of the indexer %d MB%n", round, one.perSecond(), other.perSecond(), memory.getLast());
            if (round > WARM_UPS) {
                indexer.add(one);
                bare.add(other);
            }
        }
        var collapse = collapse(stack, WARM_UPS + rounds);
        memory.add(rss(stack.indexer()));
        long highest = stack.indexer().running().map(p -> Footprint.peakRssBytes(p.pid())).orElse(0L) >> 20;
        return new Report(Instant.now(), CORES, apart, documents, indexer, bare, median(indexer).perSecond() / median(bare).perSecond(), collapse, memory, highest);
    }

    private static Round median(List<Round> rounds) {
        return rounds.stream().sorted(java.util.Comparator.comparingDouble(Round::perSecond)).toList().get(rounds.size() / 2);
    }

    private static long rss(ManagedProcess process) {
        return Footprint.of(List.of(process)).rssBytes() >> 20;
    }

    /** The documents become ready while the indexer is halted, and are all there when it goes on. */
    private Round byIndexer(IndexStack stack, int round) throws IOException, InterruptedException {
        var processes = List.of(stack.indexer(), stack.servers().search(), stack.servers().kafka());
        signal(stack.indexer(), "STOP");
        produce(stack, IntStream.range(0, documents).mapToObj(number -> Documents.record(number, round)));
        awaitRest(stack);
        var before = Footprint.of(processes);
        long begin = System.nanoTime();
        signal(stack.indexer(), "CONT");
        awaitFound(stack, Documents.PIPELINE, round, CompletableFuture.completedFuture(null));
        double seconds = (System.nanoTime() - begin) / 1e9;
        var after = Footprint.of(processes);
        return new Round(documents / seconds, after.cpuSince(before, "indexer"), after.cpuSince(before, "search"), after.cpuSince(before, "kafka"));
    }

    private Round byLoader(IndexStack stack, BareLoader loader, int round) throws InterruptedException, ExecutionException {
        var bodies = BareLoader.bodies(documents, round);
        awaitRest(stack);
        var engine = List.of(stack.servers().search());
        var before = Footprint.of(engine);
        var own = ownCpu();
        long begin = System.nanoTime();
        // The engine is asked in these rounds as often as in the indexer's.
        try (var sender = Executors.newVirtualThreadPerTaskExecutor()) {
            var sent = sender.submit(() -> {
                loader.send(bodies);
                return null;
            });
            awaitFound(stack, BareLoader.INDEX, round, sent);
            sent.get();
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        return new Round(documents / seconds, ownCpu().minus(own).toMillis() / 1e3, Footprint.of(engine).cpuSince(before, "search"), 0);
    }

    private static Duration ownCpu() {
        return ProcessHandle.current().info().totalCpuDuration().orElseThrow();
    }

    /** @param sending ends the wait when it has failed */
    private void awaitFound(IndexStack stack, String index, int round, Future<?> sending) {
        Awaitility.await(index + " has round " + round).pollInterval(Duration.ofMillis(50)).pollDelay(Duration.ZERO).timeout(LONGEST)
                .until(() -> sending.state() == Future.State.FAILED || stack.found(index, "{\"term\":{\"round\":" + round + "}}") == documents);
    }

    /** Nothing of an earlier round is merged any more. */
    private static void awaitRest(IndexStack stack) {
        Awaitility.await("merges").pollInterval(Duration.ofMillis(200)).timeout(LONGEST).until(() -> stack.search("GET", "/_stats/merge", null).at("/_all/total/merges/current").asLong() == 0);
    }

    private static void produce(IndexStack stack, Stream<ProducerRecord<byte[], byte[]>> records) {
        var failure = new AtomicReference<Exception>();
        try (var producer = Documents.producer(stack.servers().kafkaBootstrap())) {
            records.forEach(record -> producer.send(record, (sent, failed) -> failure.compareAndSet(null, failed)));
        }
        if (failure.get() != null) {
            throw new IllegalStateException("Kafka did not take every document", failure.get());
        }
    }

    private static void signal(ManagedProcess process, String name) throws IOException, InterruptedException {
        var pid = Long.toString(process.running().orElseThrow().pid());
        int code = new ProcessBuilder("kill", "-" + name, pid).inheritIO().start().waitFor();
        if (code != 0) {
            throw new IOException("kill -" + name + " " + pid + " ended with " + code);
        }
    }

    /** The hot documents change in turn, as they would while their rows are hot and the search engine is slower than they are. */
    private Collapse collapse(IndexStack stack, long before) throws IOException, InterruptedException {
        signal(stack.indexer(), "STOP");
        produce(stack, IntStream.range(0, hot * updates).mapToObj(i -> Documents.record(i % hot, before + 1 + i / hot)));
        long last = before + updates;
        long written = stack.writes(INDEX);
        long begin = System.nanoTime();
        signal(stack.indexer(), "CONT");
        Awaitility.await("the hot documents are at their last update").pollInterval(Duration.ofMillis(50)).timeout(LONGEST)
                .until(() -> stack.found(Documents.PIPELINE, "{\"term\":{\"round\":" + last + "}}") == hot);
        double seconds = (System.nanoTime() - begin) / 1e9;
        long right = stack.found(Documents.PIPELINE, "{\"bool\":{\"should\":[{\"term\":{\"round\":" + last + "}},{\"term\":{\"round\":" + before + "}}]}}");
        return new Collapse(hot * updates, hot, stack.writes(INDEX) - written, seconds, documents - right);
    }

    private String text(Report report) {
        var lines = new LinkedHashMap<String, Object>();
        lines.put("documents/s, indexer", report.indexer().stream().map(round -> "%,.0f".formatted(round.perSecond())).toList());
        lines.put("documents/s, bare loader", report.bare().stream().map(round -> "%,.0f".formatted(round.perSecond())).toList());
        lines.put("median of the indexer / of the loader", "%.2f".formatted(report.ratio()));
        lines.put("CPU seconds of a median round: indexer, search engine, Kafka", cpu(median(report.indexer())));
        lines.put("CPU seconds of a median round: loader, search engine", cpu(median(report.bare())));
        var collapse = report.collapse();
        lines.put("updates of hot documents", "%,d of %,d documents: %,d writes, %.1f s, %d documents not at their last update".formatted(collapse.updates(), collapse.documents(), collapse.writes(), collapse.seconds(), collapse.wrong()));
        lines.put("RSS of the indexer after each round, MB", report.rssMegabytes() + ", the highest ever " + report.highestRssMegabytes());
        var text = new StringBuilder("| `bench index`, %,d documents a round, %d cores%s | |%n|---|---|%n".formatted(report.documents(), report.cores(), report.apart() ? ", half of them the search engine's" : ""));
        lines.forEach((name, value) -> text.append("| %s | %s |%n".formatted(name, value)));
        return text.toString();
    }

    private static String cpu(Round round) {
        return "%.1f, %.1f, %.1f".formatted(round.ownCpu(), round.engineCpu(), round.kafkaCpu());
    }
}
