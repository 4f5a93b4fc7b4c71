package io.millrace.launcher.status;

import io.millrace.launcher.stack.StackAccess;
import io.millrace.launcher.stack.StackFile;
import io.millrace.pipeline.metrics.CommitToStage;
import io.millrace.pipeline.metrics.Samples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * A stack at one moment.
 *
 * @param state {@code starting}, {@code ready}, {@code stopping}, {@code stopped}, or {@code unsupervised} where the supervisor is gone and processes run on
 * @param supervisor pid; null when there is none
 * @param processes servers and services
 * @param documents how many each index has; null where the search engine does not tell
 * @param retention for each service that has used half or more of the time for which Kafka keeps what it has not read: how much, in percent
 * @param reading what capture has still to read of its tables; null where that is nothing
 * @param differences how many documents the last verification of each pipeline left different from the database; a pipeline that was not verified yet is not in it
 * @param held how many documents of a pipeline wait for a person's word to leave by time; a pipeline of which none do is not in it
 * @param verified when the last verification of all documents of a pipeline ended, in seconds since the Unix epoch; a pipeline that was not verified yet is not in it
 * @param slots the bytes of WAL that the source keeps for each slot, as capture tells, or while that is away the purge service
 * @param budgets the bytes that the pipeline file allows each slot to keep; a slot without a limit is not in it
 * @param spreading how many look-ups, truncates and added fields the join is spreading over documents
 * @param refused how many documents of a pipeline were refused and stand in its quarantine now, 10,000 for as many and more; a pipeline of which none do is not in it
 * @param building pipelines of which another index is built beside the one that serves
 * @param holding pipelines of which another index is held beside the one that serves
 * @param needs what a person has to look at; empty where all is well, or gets well by itself
 */
public record StatusReport(String state, Long supervisor, String data, List<String> pipelines, String source, List<ProcessStatus> processes, Map<String, Long> documents, Map<String, Long> retention, Reading reading, Map<String, Long> differences, Map<String, Long> held,
        Map<String, Long> verified, Map<String, Long> slots, Map<String, Long> budgets, long spreading, Map<String, Long> refused, List<String> building, List<String> holding, List<Need> needs) {

    private static final String CONSOLE = "console";
    private static final Samples NONE = Samples.parse("");
    /** Over how long it is measured how fast tables are read. */
    private static final Duration WINDOW = Duration.ofSeconds(1);
    private static final String RETENTION = "millrace_retention_used_ratio";
    /** The share of a retention from which on it is said. */
    private static final double NEAR = 0.5;
    private static final String DIFFERENCES = "millrace_differences";
    private static final String HELD = "millrace_retention_held";
    private static final String REFUSED = "millrace_refused_documents";
    private static final String BESIDE = "millrace_indexes_beside";
    private static final String VERIFIED = "millrace_verified_timestamp_seconds";
    private static final Map<String, String> STAGE_LABELS = Map.of("capture", "capture", "gate", "gate", "denormalizer", "join", "indexer", "index", "purge", "purge", "console", "console");

    /**
     * Tables that capture reads, before the stream or beside it.
     *
     * @param rows that are left, by an estimate
     * @param rowsPerSecond over the last second
     * @param secondsLeft at this rate; null where none was read
     */
    public record Reading(long rows, long rowsPerSecond, Long secondsLeft) {}

    /**
     * One server or service.
     *
     * @param state {@code up}, {@code starting}, {@code waiting} or {@code down}
     * @param reason why it is not up; of one that is, what a person should know though nothing is wrong, mostly empty
     * @param recordsPerSecond over the last seconds, as the console has seen it; null for a server, and where it or the console does not answer
     * @param lagRecords records that it has yet to read; null for who reads no topic, and where it does not tell
     * @param p50Seconds from commit in Postgres to the end of this stage, the slowest pipeline, of the documents that the index has; null when nothing was measured
     * @param p99Seconds the same
     * @param memoryBytes proportional share of memory, children included; null where the system does not tell
     */
    public record ProcessStatus(String name, String kind, String state, String reason, String address, int port, Long pid, int restarts, Double recordsPerSecond,
            Long lagRecords, Double p50Seconds, Double p99Seconds, Long memoryBytes, String log) {}

    /** What one process said. @param samples none of a server, and while a service does not answer */
    private record Asked(Probe.Health health, Samples samples, ProcessHandle process, Long memory) {}

    /**
     * Asks every process, all at the same time, so it takes as long as the slowest answer; while tables are read a second more, for how fast that goes.
     *
     * <p>Not on virtual threads: their poller waits in native code as long as the program lives, and a virtual machine that is to exit waits 300 ms for whoever does.
     */
    public static StatusReport of(StackFile stack, boolean supervised) throws InterruptedException {
        var data = Path.of(stack.data());
        var probe = new Probe(StackAccess.of(data));
        boolean starting = supervised && stack.state().equals("starting");
        var asked = new LinkedHashMap<String, Asked>();
        var documents = new LinkedHashMap<String, Long>();
        Map<String, Double> rates;
        try (var threads = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().name("ask-", 0).factory())) {
            var seen = threads.submit(() -> stack.process(CONSOLE).filter(console -> running(console).isPresent()).map(console -> probe.rates(console.address(), data.resolve("token"))).orElse(Map.of()));
            var answers = new LinkedHashMap<String, Future<Asked>>();
            stack.processes().forEach(entry -> answers.put(entry.name(), threads.submit(() -> ask(entry, probe, starting, threads))));
            var counts = new LinkedHashMap<String, Future<OptionalLong>>();
            stack.indexes().forEach(index -> counts.put(index, threads.submit(() -> probe.documents(stack.search(), index))));
            for (var answer : answers.entrySet()) {
                asked.put(answer.getKey(), answer.getValue().get());
            }
            for (var count : counts.entrySet()) {
                var many = count.getValue().get();
                documents.put(count.getKey(), many.isPresent() ? many.getAsLong() : null);
            }
            rates = seen.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("Asking the processes of " + data + " failed: " + e.getCause(), e.getCause());
        }
        var metrics = new LinkedHashMap<String, Samples>();
        stack.processes().stream().filter(StatusReport::isService).forEach(entry -> metrics.put(entry.name(), asked.get(entry.name()).samples()));
        var processes = stack.processes().stream().map(entry -> status(entry, asked.get(entry.name()), metrics.get("indexer"), rates)).toList();
        var reading = reading(stack.process("capture"), metrics.get("capture"), probe);
        boolean running = processes.stream().anyMatch(p -> p.pid() != null);
        var state = supervised ? stack.state() : running ? "unsupervised" : "stopped";
        var purge = metrics.get("purge");
        return new StatusReport(state, supervised ? stack.supervisor() : null, stack.data(), stack.pipelines(), stack.source(), processes, documents, retention(metrics), reading,
                by("pipeline", purge, DIFFERENCES, 0), by("pipeline", purge, HELD, 1), by("pipeline", purge, VERIFIED, 1), by("slot", Needs.slots(metrics), Needs.RETAINED, 0), by("slot", Needs.slots(metrics), Needs.BUDGET, 0), spreading(metrics.get("denormalizer")),
                by("pipeline", metrics.get("indexer"), REFUSED, 1), beside(metrics.get("indexer"), "built"), beside(metrics.get("indexer"), "held"),
                needs(state, processes, metrics));
    }

    /** @param starting whether the supervisor has yet to start what does not run or answer */
    private static Asked ask(StackFile.Entry entry, Probe probe, boolean starting, ExecutorService threads) throws InterruptedException, ExecutionException {
        var process = running(entry).orElse(null);
        if (process == null) {
            return new Asked(new Probe.Health(starting ? "starting" : "down", starting ? "" : "not running"), NONE, null, null);
        }
        var samples = isService(entry) ? threads.submit(() -> probe.metrics(entry.address())) : null;
        var memory = threads.submit(() -> memory(process));
        var said = isService(entry) ? probe.health(entry.address()) : entry.kind().equals("worker") ? probe.tasks(entry.address()) : new Probe.Health("up", "");
        var health = starting && said.state().equals("down") ? new Probe.Health("starting", "") : said;
        return new Asked(health, samples == null ? NONE : samples.get(), process, memory.get());
    }

    private static List<Need> needs(String state, List<ProcessStatus> processes, Map<String, Samples> metrics) {
        if (state.equals("stopped")) {
            return List.of();
        }
        var needs = new ArrayList<Need>();
        if (state.equals("unsupervised")) {
            needs.add(new Need("supervisor", "is gone, and its processes run on: what ends is not started again, until this takes over", "up"));
        }
        var told = new HashSet<String>();
        for (var process : processes) {
            // What waits while the stack starts gets well by itself, and what does not start is told by who starts it.
            if (state.equals("starting")) {
                told.add(process.name());
            } else if (!process.state().equals("up")) {
                told.add(process.name());
                needs.add(new Need(process.name(), process.state().equals("down") ? "is down: " + process.reason() : "waits: " + process.reason(), "logs " + process.name()));
            }
        }
        needs.addAll(Needs.of(metrics, told, Instant.now()));
        return List.copyOf(needs);
    }

    static List<String> beside(Samples indexer, String state) {
        return indexer == null ? List.of() : indexer.values(BESIDE, "pipeline").stream().filter(pipeline -> indexer.max(BESIDE, Map.of("pipeline", pipeline, "state", state)) instanceof Double many && many > 0).toList();
    }

    private static long spreading(Samples join) {
        return join == null ? 0 : Math.round(sum(join, "millrace_fan_outs"));
    }

    static Map<String, Long> retention(Map<String, Samples> metrics) {
        var retention = new LinkedHashMap<String, Long>();
        metrics.forEach((service, samples) -> {
            var used = samples.max(RETENTION, Map.of());
            if (used != null && used >= NEAR) {
                retention.put(service, Math.round(used * 100));
            }
        });
        return retention;
    }

    /** Looks at capture once more where it has something to read. */
    private static Reading reading(Optional<StackFile.Entry> capture, Samples first, Probe probe) throws InterruptedException {
        if (capture.isEmpty() || left(first) == 0) {
            return null;
        }
        long begin = System.nanoTime();
        Thread.sleep(WINDOW);
        return reading(first, probe.metrics(capture.get().address()), (System.nanoTime() - begin) / 1e9);
    }

    static Reading reading(Samples before, Samples after, double seconds) {
        long left = left(after);
        long rate = Math.round(Math.max(0, read(after) - read(before)) / seconds);
        return left == 0 ? null : new Reading(left, rate, rate == 0 ? null : left / rate);
    }

    private static long left(Samples capture) {
        return Math.round(sum(capture, "millrace_snapshot_rows_remaining") + sum(capture, "millrace_resnapshot_rows_remaining"));
    }

    private static double read(Samples capture) {
        return sum(capture, "millrace_snapshot_rows_total") + sum(capture, "millrace_resnapshot_rows_total");
    }

    /** @param least of what is told */
    private static Map<String, Long> by(String label, Samples service, String metric, long least) {
        var values = new LinkedHashMap<String, Long>();
        if (service != null) {
            for (var name : service.values(metric, label)) {
                long value = service.max(metric, Map.of(label, name)).longValue();
                if (value >= least) {
                    values.put(name, value);
                }
            }
        }
        return values;
    }

    /** Empty where it does not run; its port may be another's then, to whom no token is shown. */
    private static Optional<ProcessHandle> running(StackFile.Entry entry) {
        return ProcessHandle.of(entry.pid()).filter(ProcessHandle::isAlive);
    }

    private static boolean isService(StackFile.Entry entry) {
        return entry.kind().equals("service");
    }

    private static ProcessStatus status(StackFile.Entry entry, Asked asked, Samples indexer, Map<String, Double> rates) {
        var pid = asked.process() == null ? null : asked.process().pid();
        if (!isService(entry)) {
            return new ProcessStatus(entry.name(), entry.kind(), asked.health().state(), asked.health().reason(), entry.address(), entry.port(), pid, entry.restarts(), null, null, null, null, asked.memory(), entry.log());
        }
        var samples = asked.samples();
        Double rate = samples.isEmpty() ? null : rate(samples, rates.get(STAGE_LABELS.get(entry.name())));
        var lag = samples.sum("millrace_lag_records", Map.of());
        return new ProcessStatus(entry.name(), entry.kind(), asked.health().state(), asked.health().reason(), entry.address(), entry.port(), pid, entry.restarts(), rate, lag == null ? null : Math.round(lag),
                sinceCommit(indexer, entry.name(), "0.5"), sinceCommit(indexer, entry.name(), "0.99"), asked.memory(), entry.log());
    }

    /** What has never counted a record takes none, whether the console has seen it or not. */
    private static Double rate(Samples samples, Double seen) {
        return seen == null && sum(samples, "millrace_records_total") == 0 ? Double.valueOf(0) : seen;
    }

    private static Double sinceCommit(Samples indexer, String service, String quantile) {
        return indexer == null ? null : CommitToStage.seconds(indexer, STAGE_LABELS.get(service), quantile);
    }

    /** Of a process that answers: what it has not counted yet is none. */
    private static double sum(Samples metrics, String name) {
        return Objects.requireNonNullElse(metrics.sum(name, Map.of()), 0.0);
    }

    /** Pages that several processes share are counted once over all of them. */
    private static Long memory(ProcessHandle process) {
        long kibibytes = Stream.concat(Stream.of(process), process.descendants()).mapToLong(StatusReport::proportionalKibibytes).sum();
        return kibibytes == 0 ? null : kibibytes << 10;
    }

    private static long proportionalKibibytes(ProcessHandle process) {
        try {
            return Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "smaps_rollup")).stream().filter(line -> line.startsWith("Pss:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", ""))).sum();
        } catch (IOException e) {
            return 0;
        }
    }
}
