package io.millrace.purge.retention;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.retention.Holding;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.freshness.Freshness;
import io.millrace.purge.problem.RefusedException;
import io.millrace.purge.source.Pipelines;
import io.quarkus.runtime.Startup;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;

/** Lets time pass for documents: looks whether something is due, and whether what was ordered is carried out, whichever instance ordered it. */
@ApplicationScoped
@Startup
class RetentionDuty {

    private static final Logger LOG = Logger.getLogger(RetentionDuty.class);
    /** Whom the audit names where time alone began a run. */
    private static final String TIME = "retention";
    private static final Duration ROUND = Duration.ofSeconds(15);
    /** While it is awaited that something has left. */
    private static final Duration SOON = Duration.ofSeconds(2);
    private static final Duration LOOK = Duration.ofSeconds(1);

    private final Pipelines pipelines;
    private final Retentions retentions;
    private final Freshness freshness;
    private final PurgeConfig config;
    private final MeterRegistry meters;
    private final LoopThread thread;
    private final Map<String, Double> held = new ConcurrentHashMap<>();
    private final Map<String, Double> asOf = new ConcurrentHashMap<>();
    private final Map<String, String> refusals = new ConcurrentHashMap<>();
    /** By pipeline; of the one thread. */
    private final Map<String, Awaited> awaited = new HashMap<>();

    /** Runs whose orders stand in the log before a position, which stays the same until searches see everything up to it: one that moved on with each look might never be reached. */
    private record Awaited(List<UUID> runs, long position) {}

    RetentionDuty(Pipelines pipelines, Retentions retentions, Freshness freshness, PurgeConfig config, MeterRegistry meters, Loops loops) {
        this.pipelines = pipelines;
        this.retentions = retentions;
        this.freshness = freshness;
        this.config = config;
        this.meters = meters;
        this.thread = loops.thread("retention", Thread.ofVirtual(), config.stuckAfter(), this::live);
    }

    @PostConstruct
    void start() {
        for (var pipeline : pipelines.all()) {
            meters.counter("millrace.documents.retired", "stage", "purge", "pipeline", pipeline.name());
            gauge("millrace.retention.held", pipeline, held);
            gauge("millrace.retention.as.of.timestamp.seconds", pipeline, asOf);
        }
        thread.start();
    }

    private void gauge(String name, Pipeline pipeline, Map<String, Double> values) {
        Gauge.builder(name, values, all -> all.getOrDefault(pipeline.name(), Double.NaN)).tag("stage", "purge").tag("pipeline", pipeline.name()).register(meters);
    }

    private void live(Loop loop) throws InterruptedException {
        while (true) {
            for (var pipeline : pipelines.all()) {
                loop.beat();
                look(pipeline);
            }
            var round = awaited.isEmpty() ? ROUND : SOON;
            var pause = config.retention().every().compareTo(round) < 0 ? config.retention().every() : round;
            loop.waits(pause);
            Thread.sleep(pause);
        }
    }

    private void look(Pipeline pipeline) throws InterruptedException {
        try {
            retentions.run(pipeline, TIME, config.retention().every());
            tell(pipeline);
            see(pipeline);
            refusals.remove(pipeline.name());
        } catch (SQLException | RefusedException | IllegalArgumentException e) {
            var why = String.valueOf(e.getMessage());
            if (!why.equals(refusals.put(pipeline.name(), why))) {
                LOG.warnf("The retention of the pipeline %s was not looked at, documents stay: %s%s", pipeline.name(), why, e instanceof RefusedException refused ? ". Do this: " + refused.next() : "");
            }
        }
    }

    private void tell(Pipeline pipeline) throws SQLException {
        var waiting = retentions.read(connection -> RunBook.held(connection, pipeline.name()));
        held.put(pipeline.name(), waiting.map(entry -> (double) entry.run().impact().leaving()).orElse(0.0));
        var holding = retentions.read(connection -> Holding.of(connection, pipeline));
        asOf.put(pipeline.name(), holding == null ? Double.NaN : holding.asOf().toEpochMilli() / 1000.0);
    }

    /** What was ordered is carried out once searches see everything up to a position behind it. */
    private void see(Pipeline pipeline) throws SQLException, InterruptedException {
        var open = awaited.get(pipeline.name());
        if (open == null) {
            open = ordered(pipeline);
        }
        if (open.runs.isEmpty()) {
            return;
        }
        awaited.put(pipeline.name(), open);
        if (freshness.ask(pipeline.name(), List.of(pipeline.name()), open.position, LOOK).fresh()) {
            for (var run : open.runs) {
                retentions.read(connection -> RunBook.seen(connection, run));
            }
            awaited.remove(pipeline.name());
        }
    }

    private Awaited ordered(Pipeline pipeline) throws SQLException {
        return retentions.read(connection -> {
            var runs = RunBook.ordered(connection, pipeline.name()).stream().map(entry -> entry.run().id()).toList();
            try (var statement = connection.createStatement(); var row = statement.executeQuery("SELECT pg_current_wal_insert_lsn()::text")) {
                row.next();
                return new Awaited(runs, Position.parseLsn(row.getString(1)));
            }
        });
    }

    @PreDestroy
    void stop() {
        thread.interrupt();
    }
}
