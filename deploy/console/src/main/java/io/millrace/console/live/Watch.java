package io.millrace.console.live;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.console.ConsoleConfig;
import io.millrace.console.Http;
import io.millrace.console.Instances;
import io.millrace.console.Pipelines;
import io.millrace.console.live.StageView.Extra;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BiFunction;

/** Asks all services how they are, at most once a second however many look. Thread-safe. */
@Singleton
public class Watch {

    private static final long PACE_NANOS = 900_000_000;
    private static final List<String> STEPS = List.of("capture", "gate", "join", "index");

    private final List<Stage> stages;
    private final Http http;
    private final Pipelines pipelines;
    private final ObjectMapper json;
    /** Guarded by this, as all below. */
    private LiveView last;
    private long lookedAt;
    private final Map<String, Totals> before = new HashMap<>();

    private record Stage(String name, String label, List<URI> instances, BiFunction<Samples, Map<String, String>, List<Extra>> extra) {}

    private record Totals(long nanos, Double records, Double bytes) {}

    private record Answer(String state, String reason, String metrics) {}

    Watch(ConsoleConfig config, Http http, Pipelines pipelines, ObjectMapper json) {
        this.http = http;
        this.pipelines = pipelines;
        this.json = json;
        this.stages = List.of(
                new Stage("capture", "Capture", config.captureUrls(), (s, l) -> List.of(new Extra("WAL kept", s.sum("millrace_slot_retained_bytes", Map.of()), "B"),
                        new Extra("WAL until the slot is lost", s.sum("millrace_slot_safe_bytes", Map.of()), "B"),
                        new Extra("tables to read", s.sum("millrace_snapshot_tables_remaining", l), ""))),
                new Stage("gate", "Gate", config.gateUrls(), (s, l) -> List.of(new Extra("parked tables", (double) s.where("millrace_table_parked", "table").size(), ""))),
                new Stage("join", "Denormalizer", config.denormalizerUrls(), (s, l) -> List.of(new Extra("state", s.sum("millrace_state_bytes", l), "B"), new Extra("fan-outs", s.sum("millrace_fan_outs", l), ""))),
                new Stage("index", "Indexer", config.indexerUrls(), (s, l) -> List.of(new Extra("a bulk takes, p99", s.max("millrace_processing_seconds", Map.of("stage", "index", "quantile", "0.99")), "s"))),
                new Stage("purge", "Purge", config.purgeUrls(), (s, l) -> List.of()));
    }

    /** The present state, not older than a second. */
    public synchronized LiveView look() throws InterruptedException {
        if (last == null || System.nanoTime() - lookedAt > PACE_NANOS) {
            last = ask();
            lookedAt = System.nanoTime();
        }
        return last;
    }

    private LiveView ask() throws InterruptedException {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var answers = new LinkedHashMap<Stage, List<Future<Answer>>>();
            stages.forEach(stage -> answers.put(stage, Instances.of(stage.instances).stream().map(i -> threads.submit(() -> ask(i))).toList()));
            var counts = new LinkedHashMap<String, Future<Long>>();
            pipelines.all().forEach(p -> counts.put(p.index().name(), threads.submit(() -> count(p.index().name()))));
            var views = new ArrayList<StageView>();
            var hops = new LinkedHashMap<String, Double>();
            List<String> parked = List.of();
            for (var entry : answers.entrySet()) {
                var got = new ArrayList<Answer>();
                for (var answer : entry.getValue()) {
                    got.add(answer.get());
                }
                var samples = Samples.parse(String.join("\n", got.stream().map(Answer::metrics).toList()));
                views.add(view(entry.getKey(), got, samples));
                switch (entry.getKey().name) {
                    case "gate" -> parked = samples.where("millrace_table_parked", "table");
                    case "index" -> STEPS.forEach(step -> hops.put(step, samples.max("millrace_hop_seconds", Map.of("to", step, "quantile", "0.5"))));
                    default -> { }
                }
            }
            var documents = new LinkedHashMap<String, Long>();
            for (var count : counts.entrySet()) {
                documents.put(count.getKey(), count.getValue().get());
            }
            return new LiveView(System.currentTimeMillis(), views, parked, hops, documents);
        } catch (ExecutionException e) {
            throw new IllegalStateException("Asking the services failed: " + e.getCause(), e.getCause());
        }
    }

    private StageView view(Stage stage, List<Answer> answers, Samples samples) {
        var labels = Map.of("stage", stage.name);
        long up = answers.stream().filter(a -> a.state.equals("up")).count();
        var worst = answers.stream().filter(a -> a.state.equals("down")).findFirst().or(() -> answers.stream().filter(a -> a.state.equals("waiting")).findFirst()).orElse(answers.getFirst());
        var records = samples.sum("millrace_records_total", labels);
        var bytes = samples.sum("millrace_bytes_total", Map.of("stage", stage.name, "direction", "out"));
        var now = new Totals(System.nanoTime(), records, bytes);
        var then = before.put(stage.name, now);
        return new StageView(stage.name, stage.label, worst.state, worst.reason, up + " of " + answers.size(), rate(then, now, then == null ? null : then.records, records),
                rate(then, now, then == null ? null : then.bytes, bytes), samples.sum("millrace_lag_records", labels), samples.max("millrace_lag_seconds", labels),
                samples.max("millrace_commit_to_stage_seconds", Map.of("stage", stage.name, "quantile", "0.5")),
                samples.max("millrace_commit_to_stage_seconds", Map.of("stage", stage.name, "quantile", "0.99")), stage.extra.apply(samples, labels));
    }

    /** Null for the first look; 0 where a counter began anew. */
    private static Double rate(Totals then, Totals now, Double from, Double to) {
        return then == null || from == null || to == null ? null : Math.max(0, (to - from) / ((now.nanos - then.nanos) / 1e9));
    }

    private Answer ask(URI instance) throws InterruptedException {
        try {
            var health = http.quick(instance.resolve("/q/health/ready"));
            var metrics = http.quick(instance.resolve("/q/metrics")).body();
            return health.statusCode() == 200 ? new Answer("up", "", metrics) : new Answer("waiting", reasons(health.body()), metrics);
        } catch (IOException e) {
            return new Answer("down", instance + " does not answer", "");
        }
    }

    private String reasons(String health) throws IOException {
        var reasons = new ArrayList<String>();
        for (var check : json.readTree(health).path("checks")) {
            if (!check.path("status").asText().equals("UP")) {
                check.path("data").properties().forEach(d -> reasons.add(d.getKey().equals("reason") ? d.getValue().asText() : d.getKey() + ": " + d.getValue().asText()));
            }
        }
        return reasons.isEmpty() ? "not ready, without a reason" : String.join("; ", reasons);
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
