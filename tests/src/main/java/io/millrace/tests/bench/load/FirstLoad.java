package io.millrace.tests.bench.load;

import io.millrace.launcher.Output;
import io.millrace.launcher.stack.Stage;
import io.millrace.launcher.stack.Supervisor;
import io.millrace.launcher.status.Probe;
import io.millrace.local.LocalException;
import io.millrace.local.ManagedProcess;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.tests.bench.Footprint;
import io.millrace.tests.bench.KafkaRequests;
import io.millrace.tests.bench.StageCounts;
import io.millrace.tests.bench.StageCounts.Point;
import io.millrace.tests.stack.DemoStack;
import java.sql.SQLException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/** From a full database, running servers and no service at all to a full index, as {@code ./millrace up} does it; who was when how far, and what it took. */
public final class FirstLoad implements AutoCloseable {

    private static final long BEAT_NANOS = Duration.ofMillis(250).toNanos();
    /** No load stands still for so long while it goes on, not even while a table of a million rows is read. */
    private static final Duration STANDS = Duration.ofMinutes(10);
    private static final Map<Stage, Point> OUTPUT = Map.of(Stage.CAPTURE, Point.CAPTURED, Stage.GATE, Point.GATED, Stage.DENORMALIZER, Point.JOINED, Stage.INDEXER, Point.INDEXED);

    /**
     * When a service was how far, in seconds since the first of them was started; NaN where that was not seen.
     *
     * @param started its process was there
     * @param ready it said that it was ready
     * @param first its first output
     * @param last its last output
     */
    public record Moments(double started, double ready, double first, double last) {}

    /**
     * @param first seconds until a search found a document
     * @param all seconds until every index had all of them
     * @param documents of all pipelines
     * @param put what each stage has put out: records, or writes and deletes of the indexes
     * @param moments by service
     * @param cpu by process, from the start of the services until all documents were there
     * @param serversCpu by server, until the services were started
     * @param pssBytes memory by process at the end, shared pages divided among those who share them
     * @param requests that Kafka answered meanwhile, by API
     */
    public record Result(double first, double all, long documents, Map<Point, Long> put, Map<String, Moments> moments, Map<String, CpuParts> cpu, Map<String, CpuParts> serversCpu, Map<String, Long> pssBytes, Map<String, Long> requests) {}

    private final DemoStack stack;
    private final List<PipelineFile> files;
    private final Supervisor supervisor;
    private final CpuWatch cpu;
    private final Map<Stage, Long> started = new EnumMap<>(Stage.class);
    private final Map<Stage, Long> ready = new EnumMap<>(Stage.class);
    private final AtomicReference<RuntimeException> failure = new AtomicReference<>();
    private Thread services;

    /** @param files the pipelines whose documents are waited for; all that the stack has */
    public FirstLoad(DemoStack stack, List<PipelineFile> files, Output output) {
        this.stack = stack;
        this.files = List.copyOf(files);
        this.supervisor = new Supervisor(stack.stack(), files, output);
        this.cpu = new CpuWatch(stack.stack().processes());
    }

    public void startServers() {
        stack.stack().requireBuilt();
        supervisor.startServers();
    }

    /** Starts the services and returns when the index is full. The servers run, and all is provisioned. */
    public Result run() throws SQLException {
        try (var requests = KafkaRequests.of(stack.stack().servers().kafka().running().orElseThrow().pid())) {
            return run(requests);
        }
    }

    private Result run(KafkaRequests requests) throws SQLException {
        var wanted = wanted();
        var answered = requests.counts();
        var before = cpu.look();
        long begin = System.nanoTime();
        services = Thread.ofPlatform().name("services").start(() -> {
            try {
                supervisor.startServices();
                supervisor.awaitServices();
            } catch (RuntimeException e) {
                failure.set(e);
            } catch (InterruptedException e) {
                failure.set(new LocalException("Interrupted while the services were started"));
            }
        });
        try (var counts = new StageCounts(stack, files)) {
            long first = 0;
            while (true) {
                var progress = counts.look();
                look();
                var used = cpu.look();
                var found = found();
                long now = System.nanoTime();
                first = first == 0 && found.values().stream().anyMatch(count -> count > 0) ? now : first;
                if (wanted.entrySet().stream().allMatch(index -> found.get(index.getKey()) >= index.getValue())) {
                    return new Result(seconds(begin, first), seconds(begin, now), sum(wanted), counts.map(StageCounts.Progress::count), moments(begin, progress), used(before, used), before, memory(),
                            since(answered, requests.counts()));
                }
                requireStarted();
                long moved = Math.max(begin, progress.values().stream().mapToLong(StageCounts.Progress::last).max().orElse(begin));
                if (now - moved > STANDS.toNanos()) {
                    throw new LocalException("The indexes had " + found + " documents of " + wanted + ", and nothing moved for " + STANDS.toMinutes() + " minutes; the logs are in " + stack.stack().options().data().resolve("logs"));
                }
                LockSupport.parkNanos(BEAT_NANOS);
            }
        }
    }

    /** Returns when the purge service and the console answer as well, for which no document waits. */
    public void awaitServices() throws InterruptedException {
        services.join();
        requireStarted();
    }

    private void requireStarted() {
        if (failure.get() != null) {
            throw failure.get();
        }
    }

    /** Rows of the root tables, none of which a pipeline of the demo leaves out, by index. */
    private Map<String, Long> wanted() throws SQLException {
        var wanted = new LinkedHashMap<String, Long>();
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            for (var file : files) {
                try (var count = statement.executeQuery("SELECT count(*) FROM " + file.pipeline().tableNames().getFirst())) {
                    count.next();
                    wanted.put(file.pipeline().index().name(), count.getLong(1));
                }
            }
        }
        return wanted;
    }

    private Map<String, Long> found() {
        var probe = new Probe(stack.stack().access());
        var found = new LinkedHashMap<String, Long>();
        files.forEach(file -> found.put(file.pipeline().index().name(), probe.documents(stack.stack().servers().searchUrl(), file.pipeline().index().name()).orElse(0)));
        return found;
    }

    private static long sum(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    private void look() {
        for (var stage : Stage.values()) {
            if (stack.process(stage).running().isPresent()) {
                started.putIfAbsent(stage, System.nanoTime());
                if (!ready.containsKey(stage) && isReady(stack.process(stage), stage)) {
                    ready.put(stage, System.nanoTime());
                }
            }
        }
    }

    private boolean isReady(ManagedProcess process, Stage stage) {
        return process.isReady() && new Probe(stack.stack().access()).health(stack.address(stage).toString()).state().equals("up");
    }

    private Map<String, Moments> moments(long begin, Map<Point, StageCounts.Progress> progress) {
        var moments = new LinkedHashMap<String, Moments>();
        for (var stage : Stage.values()) {
            var output = OUTPUT.containsKey(stage) ? progress.get(OUTPUT.get(stage)) : new StageCounts.Progress(0, 0, 0);
            moments.put(stage.stageName(), new Moments(seconds(begin, started.getOrDefault(stage, 0L)), seconds(begin, ready.getOrDefault(stage, 0L)), seconds(begin, output.first()),
                    seconds(begin, output.last())));
        }
        return moments;
    }

    private static Map<String, CpuParts> used(Map<String, CpuParts> before, Map<String, CpuParts> now) {
        var used = new LinkedHashMap<String, CpuParts>();
        now.forEach((name, parts) -> used.put(name, parts.minus(before.getOrDefault(name, CpuParts.NONE))));
        return used;
    }

    private Map<String, Long> memory() {
        var memory = new LinkedHashMap<String, Long>();
        Footprint.of(stack.stack().processes()).processes().forEach((name, use) -> memory.put(name, use.pssBytes()));
        return memory;
    }

    private static Map<String, Long> since(Map<String, Long> before, Map<String, Long> now) {
        var more = new TreeMap<String, Long>();
        now.forEach((api, count) -> more.put(api, count - before.getOrDefault(api, 0L)));
        more.values().removeIf(count -> count == 0);
        return more;
    }

    private static double seconds(long begin, long moment) {
        return moment == 0 ? Double.NaN : (moment - begin) / 1e9;
    }

    /** Stops all that it has started. */
    @Override
    public void close() {
        supervisor.stop();
    }
}
