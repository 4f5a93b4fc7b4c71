package io.millrace.console.live;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.console.ConsoleConfig;
import io.millrace.console.Http;
import io.millrace.console.Instances;
import io.millrace.console.Pipelines;
import io.millrace.console.live.LiveView.Slow;
import io.millrace.console.live.PipelineFigures.Troubles;
import io.millrace.console.live.StageView.Extra;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.Target;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.metrics.CommitToStage;
import io.millrace.pipeline.metrics.Samples;
import io.millrace.pipeline.topic.Topics;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BiFunction;
import java.util.stream.Collectors;

/** Asks all services how they are, at most once a second however many look. Thread-safe. */
@Singleton
public class Watch {

    private static final long PACE_NANOS = 900_000_000;
    static final List<String> STEPS = List.of("capture", "gate", "join", "index", "search");

    private static final int UNAUTHORIZED = 401;
    private static final String NO_TOKEN = ": the console's millrace.services.token-file does not hold the token of its millrace.http.figures-token-file";
    private static final String CAPTURE = "capture";
    private static final String PARKED = "millrace_table_parked";
    private static final String REFUSED = "millrace_refused_documents";
    private static final String BESIDE = "millrace_indexes_beside";
    /** Rows of tables that are read while the stream goes on. */
    static final String READ_BESIDE = "rows to read beside it";

    private final List<Stage> stages;
    private final Http http;
    private final Pipelines pipelines;
    private final ObjectMapper json;
    private final Duration stuckAfter;
    private final Loops loops;
    /** Guarded by this, as the one before it. */
    private Look last;
    private Look before;

    private record Stage(String name, String label, List<URI> instances, BiFunction<Samples, Map<String, String>, List<Extra>> extra) {}

    record Answer(String state, String reason, String metrics) {}

    record Seen(List<Answer> answers, Samples samples) {

        static Seen of(List<Answer> answers) {
            return new Seen(answers, Samples.parse(String.join("\n", answers.stream().map(Answer::metrics).toList())));
        }
    }

    /** What all services said at one moment. */
    record Look(long nanos, long atMillis, Map<String, Seen> stages, Slots slots, Map<String, Long> documents) {

        /** @param pipeline null for all together */
        Seen seen(Pipeline pipeline, String stage) {
            return pipeline == null || !stage.equals(CAPTURE) ? stages.get(stage) : slots.seen(Topics.slot(pipeline.source().name()));
        }
    }

    Watch(ConsoleConfig config, Http http, Pipelines pipelines, ObjectMapper json, Loops loops) {
        this.http = http;
        this.pipelines = pipelines;
        this.json = json;
        this.stuckAfter = config.stuckAfter();
        this.loops = loops;
        this.stages = List.of(
                new Stage("capture", "Capture", config.captureUrls(), (s, l) -> List.of(
                        new Extra("tables to read", s.sum("millrace_snapshot_tables_remaining", l), ""),
                        new Extra("rows to read before the stream", s.sum("millrace_snapshot_rows_remaining", l), ""),
                        new Extra(READ_BESIDE, s.sum("millrace_resnapshot_rows_remaining", l), ""))),
                new Stage("gate", "Gate", config.gateUrls(), (s, l) -> List.of(new Extra("parked tables", parkedTables(s), ""))),
                new Stage("join", "Denormalizer", config.denormalizerUrls(), (s, l) -> List.of(new Extra("state", s.sum("millrace_state_bytes", l), "B"), new Extra("fan-outs", s.sum("millrace_fan_outs", l), ""), new Extra("documents walked", s.sum("millrace_walked_documents", l), ""))),
                new Stage("index", "Indexer", config.indexerUrls(), (s, l) -> List.of(new Extra("a bulk takes, p99", quantile(s, "millrace_processing_seconds", Map.of("stage", "index", "quantile", "0.99")), "s"))),
                new Stage("purge", "Purge", config.purgeUrls(), (s, l) -> List.of(new Extra("documents that differ", s.max("millrace_differences", l), ""),
                        new Extra("documents held", s.max("millrace_retention_held", l), ""))));
    }

    /**
     * The present state, not older than a second.
     *
     * @param pipeline whose figures are wanted; null for those of all
     */
    public LiveView look(Pipeline pipeline) throws InterruptedException {
        Look now;
        Look then;
        synchronized (this) {
            now = now();
            then = before;
        }
        return view(pipeline, now, then);
    }

    /** Not older than a second. */
    synchronized Look now() throws InterruptedException {
        if (last == null || System.nanoTime() - last.nanos > PACE_NANOS) {
            before = last;
            last = ask();
        }
        return last;
    }

    /** The present figures of each pipeline, not older than a second. */
    public List<PipelineFigures> figures() throws InterruptedException {
        var now = now();
        return pipelines.all().stream().map(pipeline -> figures(pipeline, now)).toList();
    }

    private PipelineFigures figures(Pipeline pipeline, Look now) {
        var away = stages.stream().filter(stage -> !isUp(now.seen(pipeline, stage.name).answers)).map(Stage::label).toList();
        var said = of(pipeline, now);
        var index = said.get("index");
        var purge = said.get("purge");
        var verified = purge.max("millrace_verified_timestamp_seconds", Map.of());
        return new PipelineFigures(pipeline.name(), away, now.documents.get(pipeline.index().name()), waiting(pipeline, now), CommitToStage.seconds(index, "index", "0.5"), CommitToStage.seconds(index, "index", "0.99"),
                PipelineFigures.target(pipeline), Behind.oldest(said), parked(said.get("gate")), verified == null ? null : Math.round(verified * 1e3), purge.max("millrace_differences", Map.of()),
                purge.max("millrace_retention_held", Map.of()), Troubles.of(said));
    }

    private static boolean isUp(List<Answer> answers) {
        return !answers.isEmpty() && answers.stream().allMatch(answer -> answer.state.equals("up"));
    }

    private static Double waiting(Pipeline pipeline, Look now) {
        double sum = 0;
        for (var stage : List.of("gate", "join", "index")) {
            var lag = isWhole(now, stage) ? of(pipeline, now, stage).sum("millrace_lag_records", Map.of()) : null;
            if (lag == null) {
                return null;
            }
            sum += lag;
        }
        return sum;
    }

    /** Whether every instance of a stage has answered. */
    private static boolean isWhole(Look look, String stage) {
        return look.stages.get(stage).answers.stream().noneMatch(answer -> answer.state.equals("down"));
    }

    private Look ask() throws InterruptedException {
        // Everybody who looks waits for it.
        try (var _ = loops.begin("look at the services", stuckAfter, Thread.currentThread()); var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var asked = new LinkedHashMap<String, List<Future<Answer>>>();
            stages.forEach(stage -> asked.put(stage.name, Instances.of(stage.instances).stream().map(i -> threads.submit(() -> ask(i))).toList()));
            var counts = new LinkedHashMap<String, Future<Long>>();
            pipelines.all().stream().filter(p -> p.target() == Target.OPENSEARCH).forEach(p -> counts.put(p.index().name(), threads.submit(() -> count(p.index().name()))));
            var seen = new LinkedHashMap<String, Seen>();
            for (var stage : asked.entrySet()) {
                var answers = new ArrayList<Answer>();
                for (var answer : stage.getValue()) {
                    answers.add(answer.get());
                }
                seen.put(stage.getKey(), Seen.of(answers));
            }
            var documents = new LinkedHashMap<String, Long>();
            for (var count : counts.entrySet()) {
                documents.put(count.getKey(), count.getValue().get());
            }
            var slots = new Slots(seen.get(CAPTURE), seen.get("purge").samples);
            return new Look(System.nanoTime(), System.currentTimeMillis(), seen, slots, documents);
        } catch (ExecutionException e) {
            throw new IllegalStateException("Asking the services failed: " + e.getCause(), e.getCause());
        }
    }

    /**
     * What one look says, with rates since another.
     *
     * @param then null where there is none: then there are no rates
     */
    LiveView view(Pipeline pipeline, Look now, Look then) {
        var views = stages.stream().map(stage -> view(stage, pipeline, now, then)).toList();
        var said = of(pipeline, now);
        var index = said.get("index");
        var hops = new LinkedHashMap<String, Double>();
        STEPS.forEach(step -> hops.put(step, quantile(index, "millrace_hop_seconds", Map.of("to", step, "quantile", "0.5"))));
        var documents = new LinkedHashMap<>(now.documents);
        if (pipeline != null) {
            documents.keySet().retainAll(Set.of(pipeline.index().name()));
        }
        return new LiveView(now.atMillis, views, parked(said.get("gate")), refused(index), beside(index), hops, documents, slow(pipeline == null ? pipelines.all() : List.of(pipeline), now),
                now.slots.least(pipeline == null ? null : Topics.slot(pipeline.source().name())), Behind.oldest(said), Behind.reads(said.get(CAPTURE)));
    }

    /** Null where no gate tells. */
    private static Double parkedTables(Samples gate) {
        var parked = parked(gate);
        return parked.isEmpty() ? null : Double.valueOf(parked.values().stream().filter(is -> is).count());
    }

    /** A gate that was just started tells of a table once it has looked at it. */
    private static Map<String, Boolean> parked(Samples gate) {
        var parked = new LinkedHashMap<String, Boolean>();
        gate.values(PARKED, "table").forEach(table -> parked.put(table, gate.max(PARKED, Map.of("table", table)) > 0));
        return parked;
    }

    /** A pipeline of which nobody tells it is not in it. */
    private static Map<String, Long> refused(Samples index) {
        var refused = new LinkedHashMap<String, Long>();
        index.values(REFUSED, "pipeline").forEach(pipeline -> refused.put(pipeline, index.max(REFUSED, Map.of("pipeline", pipeline)).longValue()));
        return refused;
    }

    /** A pipeline of which nobody tells it is not in it. */
    private static Map<String, String> beside(Samples index) {
        var beside = new LinkedHashMap<String, String>();
        for (var pipeline : index.values(BESIDE, "pipeline")) {
            beside.put(pipeline, index.values(BESIDE, "state").stream().filter(state -> index.max(BESIDE, Map.of("pipeline", pipeline, "state", state)) instanceof Double many && many > 0).findFirst().orElse(""));
        }
        return beside;
    }

    private static List<Slow> slow(List<Pipeline> pipelines, Look now) {
        return pipelines.stream().map(pipeline -> {
            var stages = of(pipeline, now);
            return Slow.of(pipeline.name(), CommitToStage.seconds(stages.get("index"), "index", "0.99"), Behind.oldest(stages), PipelineFigures.target(pipeline));
        }).filter(Objects::nonNull).toList();
    }

    /** What all stages said of one pipeline. */
    private static Map<String, Samples> of(Pipeline pipeline, Look look) {
        return look.stages.keySet().stream().collect(Collectors.toMap(stage -> stage, stage -> of(pipeline, look, stage)));
    }

    private static Samples of(Pipeline pipeline, Look look, String stage) {
        var all = look.seen(pipeline, stage).samples;
        if (pipeline == null) {
            return all;
        }
        var tables = new HashSet<String>();
        for (var table : pipeline.tableNames()) {
            tables.add(table.toString());
            tables.add(Topics.suffix(pipeline.source().name(), table));
        }
        return all.of(pipeline.name(), tables);
    }

    private static StageView view(Stage stage, Pipeline pipeline, Look now, Look then) {
        var labels = Map.of("stage", stage.name);
        var out = Map.of("stage", stage.name, "direction", "out");
        var answers = now.seen(pipeline, stage.name).answers;
        var samples = of(pipeline, now, stage.name);
        var index = of(pipeline, now, "index");
        var earlier = then == null ? null : of(pipeline, then, stage.name);
        double seconds = then == null ? 0 : (now.nanos - then.nanos) / 1e9;
        long up = answers.stream().filter(a -> a.state.equals("up")).count();
        var worst = answers.stream().filter(a -> a.state.equals("down")).findFirst().or(() -> answers.stream().filter(a -> a.state.equals("waiting")).findFirst()).or(() -> answers.stream().findFirst())
                .orElseGet(() -> new Answer("down", "each that answers has another source than " + pipeline.source().name(), ""));
        var reason = worst.state.equals("up") ? answers.stream().map(Answer::reason).filter(said -> !said.isEmpty()).distinct().collect(Collectors.joining("; ")) : worst.reason;
        return new StageView(stage.name, stage.label, worst.state, reason, up + " of " + answers.size(), rate("millrace_records_total", labels, samples, earlier, seconds),
                rate("millrace_bytes_total", out, samples, earlier, seconds), samples.sum("millrace_lag_records", labels), Behind.seconds(samples, stage.name),
                CommitToStage.seconds(index, stage.name, "0.5"), CommitToStage.seconds(index, stage.name, "0.99"), samples.max("process_start_time_seconds", Map.of()), stage.extra.apply(samples, labels));
    }

    /** Null where nothing was measured of late: a quantile of nothing is told as 0, and no change takes no time. */
    private static Double quantile(Samples samples, String name, Map<String, String> labels) {
        var value = samples.max(name, labels);
        return value == null || value == 0 ? null : value;
    }

    /** Null for the first look; 0 where a counter began anew. */
    private static Double rate(String name, Map<String, String> labels, Samples now, Samples then, double seconds) {
        var from = then == null ? null : then.sum(name, labels);
        var to = now.sum(name, labels);
        return from == null || to == null ? null : Math.max(0, (to - from) / seconds);
    }

    private Answer ask(URI instance) throws InterruptedException {
        try {
            var health = http.quick(instance.resolve("/q/health/ready"));
            var told = http.quick(instance.resolve("/q/metrics"));
            if (told.statusCode() != 200) {
                return new Answer("down", instance + " gives no figures: /q/metrics answers HTTP " + told.statusCode() + (told.statusCode() == UNAUTHORIZED ? NO_TOKEN : ""), "");
            }
            var metrics = told.body();
            return health.statusCode() == 200 ? new Answer("up", warnings(health.body()), metrics) : new Answer("waiting", reasons(health.body()), metrics);
        } catch (IOException e) {
            return new Answer("down", instance + " does not answer", "");
        }
    }

    /** What is said of several partitions, say, is said once. */
    private String reasons(String health) throws IOException {
        var reasons = new LinkedHashMap<String, Set<String>>();
        for (var check : json.readTree(health).path("checks")) {
            if (!check.path("status").asText().equals("UP")) {
                check.path("data").properties().forEach(d -> reasons.computeIfAbsent(d.getValue().asText(), w -> new TreeSet<>()).add(d.getKey()));
            }
        }
        return reasons.isEmpty() ? "not ready, without a reason" : String.join("; ", reasons.entrySet().stream().map(r -> reason(List.copyOf(r.getValue()), r.getKey())).toList());
    }

    /** What a person should know though nothing is wrong. */
    private String warnings(String health) throws IOException {
        var warnings = new ArrayList<String>();
        for (var check : json.readTree(health).path("checks")) {
            var warning = check.path("data").path("warning").asText();
            if (!warning.isEmpty()) {
                warnings.add(warning);
            }
        }
        return String.join("; ", warnings);
    }

    private static String reason(List<String> of, String what) {
        return of.equals(List.of("reason")) ? what : of.getFirst() + (of.size() == 1 ? "" : " and " + (of.size() - 1) + " more") + ": " + what;
    }

    private Long count(String index) throws InterruptedException {
        try {
            var answer = http.quickSearch("/" + Http.step(index) + "/_count");
            return answer.statusCode() == 200 ? json.readTree(answer.body()).path("count").asLong() : null;
        } catch (IOException e) {
            return null;
        }
    }
}
