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
 * @param spreading how many look-ups and truncates the join is spreading over documents
 * @param refused how many documents of a pipeline were refused and stand in its quarantine now, 10,000 for as many and more; a pipeline of which none do is not in it
 * @param building pipelines of which another index is built beside the one that serves
 * @param holding pipelines of which another index is held beside the one that serves
 * @param needs what a person has to look at; empty where all is well, or gets well by itself
 */
public record StatusReport(String state, Long supervisor, String data, List<String> pipelines, String source, List<ProcessStatus> processes, Map<String, Long> documents, Map<String, Long> retention, Reading reading, Map<String, Long> differences, Map<String, Long> held,
        Map<String, Long> verified, Map<String, Long> slots, Map<String, Long> budgets, long spreading, Map<String, Long> refused, List<String> building, List<String> holding, List<Need> needs) {

    /** Over how long the rate is measured. */
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
     * @param recordsPerSecond over the last second; null for a server, and where it does not answer
     * @param lagRecords records that it has yet to read; null for a server, and where it does not answer
     * @param p50Seconds from commit in Postgres to the end of this stage, the slowest pipeline, of the documents that the index has; null when nothing was measured
     * @param p99Seconds the same
     * @param memoryBytes proportional share of memory, children included; null where the system does not tell
     */
    public record ProcessStatus(String name, String kind, String state, String reason, String address, int port, Long pid, int restarts, Double recordsPerSecond,
            Long lagRecords, Double p50Seconds, Double p99Seconds, Long memoryBytes, String log) {}

    /** Asks every process; takes a little more than a second while the stack runs. */
    public static StatusReport of(StackFile stack, boolean supervised) throws InterruptedException {
        var probe = new Probe(StackAccess.of(Path.of(stack.data())));
        var before = metrics(stack, probe);
        long begin = System.nanoTime();
        if (supervised) {
            Thread.sleep(WINDOW);
        }
        var after = metrics(stack, probe);
        double seconds = (System.nanoTime() - begin) / 1e9;
        var processes = new ArrayList<ProcessStatus>();
        for (var entry : stack.processes()) {
            processes.add(status(entry, probe, before.get(entry.name()), after.get(entry.name()), after.get("indexer"), seconds, supervised && stack.state().equals("starting")));
        }
        var documents = new LinkedHashMap<String, Long>();
        stack.indexes().forEach(index -> {
            var count = probe.documents(stack.search(), index);
            documents.put(index, count.isPresent() ? count.getAsLong() : null);
        });
        boolean running = processes.stream().anyMatch(p -> p.pid() != null);
        var state = supervised ? stack.state() : running ? "unsupervised" : "stopped";
        var purge = after.get("purge");
        return new StatusReport(state, supervised ? stack.supervisor() : null, stack.data(), stack.pipelines(), stack.source(), processes, documents, retention(after), reading(before.get("capture"), after.get("capture"), seconds),
                by("pipeline", purge, DIFFERENCES, 0), by("pipeline", purge, HELD, 1), by("pipeline", purge, VERIFIED, 1), by("slot", Needs.slots(after), Needs.RETAINED, 0), by("slot", Needs.slots(after), Needs.BUDGET, 0), spreading(after.get("denormalizer")),
                by("pipeline", after.get("indexer"), REFUSED, 1), beside(after.get("indexer"), "built"), beside(after.get("indexer"), "held"),
                needs(state, processes, after));
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

    static Reading reading(Samples before, Samples after, double seconds) {
        if (before == null || after == null) {
            return null;
        }
        long left = Math.round(sum(after, "millrace_snapshot_rows_remaining") + sum(after, "millrace_resnapshot_rows_remaining"));
        long rate = Math.round(Math.max(0, read(after) - read(before)) / seconds);
        return left == 0 ? null : new Reading(left, rate, rate == 0 ? null : left / rate);
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

    private static Map<String, Samples> metrics(StackFile stack, Probe probe) {
        var metrics = new LinkedHashMap<String, Samples>();
        stack.processes().stream().filter(StatusReport::isService).forEach(e -> metrics.put(e.name(), probe.metrics(e.address())));
        return metrics;
    }

    private static boolean isService(StackFile.Entry entry) {
        return entry.kind().equals("service");
    }

    /** @param starting whether the supervisor has yet to start what does not run or answer */
    private static ProcessStatus status(StackFile.Entry entry, Probe probe, Samples before, Samples after, Samples indexer, double seconds, boolean starting) {
        var process = ProcessHandle.of(entry.pid()).filter(ProcessHandle::isAlive);
        var asked = process.isEmpty() ? new Probe.Health("down", "not running") : isService(entry) ? probe.health(entry.address()) : entry.kind().equals("worker") ? probe.tasks(entry.address()) : new Probe.Health("up", "");
        var health = starting && asked.state().equals("down") ? new Probe.Health("starting", "") : asked;
        var pid = process.map(ProcessHandle::pid).orElse(null);
        var memory = process.map(StatusReport::memory).orElse(null);
        if (!isService(entry)) {
            return new ProcessStatus(entry.name(), entry.kind(), health.state(), health.reason(), entry.address(), entry.port(), pid, entry.restarts(), null, null, null, null, memory, entry.log());
        }
        Double rate = before.isEmpty() || after.isEmpty() ? null : Math.max(0, (sum(after, "millrace_records_total") - sum(before, "millrace_records_total")) / seconds);
        Long lag = after.isEmpty() ? null : (long) sum(after, "millrace_lag_records");
        return new ProcessStatus(entry.name(), entry.kind(), health.state(), health.reason(), entry.address(), entry.port(), pid, entry.restarts(), rate,
                lag, sinceCommit(indexer, entry.name(), "0.5"), sinceCommit(indexer, entry.name(), "0.99"), memory, entry.log());
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
