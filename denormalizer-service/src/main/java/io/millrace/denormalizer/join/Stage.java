package io.millrace.denormalizer.join;

import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.TraceParent;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** What one pipeline's join tells the world: meters and traces. Thread-safe; recording is cheap. */
public final class Stage {

    private final Plan plan;
    private final Tracer tracer;
    private final Counter[] routed;
    private final Counter written;
    private final Counter deleted;
    private final Counter superseded;
    private final Counter parked;
    private final Counter unreadable;
    private final Counter bytesOut;
    private final Counter retries;
    private final Timer sinceCommit;
    private final AtomicLong lag = new AtomicLong();
    private final Map<Integer, String> phases = new ConcurrentHashMap<>();
    private final Map<Integer, Integer> fanOuts = new ConcurrentHashMap<>();

    public Stage(Plan plan, MeterRegistry meters, Tracer tracer) {
        this.plan = plan;
        this.tracer = tracer;
        routed = plan.tables().stream()
                .map(t -> Counter.builder("millrace.records").tag("stage", "join").tag("pipeline", plan.pipeline()).tag("table", t.name().toString()).tag("outcome", "passed").register(meters))
                .toArray(Counter[]::new);
        written = outcome(meters, "written");
        deleted = outcome(meters, "deleted");
        superseded = outcome(meters, "superseded");
        parked = outcome(meters, "parked");
        unreadable = outcome(meters, "failed");
        bytesOut = Counter.builder("millrace.bytes").tag("stage", "join").tag("pipeline", plan.pipeline()).tag("direction", "out").register(meters);
        retries = Counter.builder("millrace.retries").tag("stage", "join").register(meters);
        sinceCommit = Timer.builder("millrace.commit.to.stage").tag("stage", "join").tag("pipeline", plan.pipeline())
                .publishPercentiles(0.5, 0.95, 0.99).register(meters);
        Gauge.builder("millrace.lag.records", lag, AtomicLong::get).strongReference(true).tag("stage", "join").tag("pipeline", plan.pipeline()).register(meters);
        Gauge.builder("millrace.fan.outs", fanOuts, m -> m.values().stream().mapToInt(Integer::intValue).sum()).strongReference(true)
                .tag("stage", "join").tag("pipeline", plan.pipeline()).register(meters);
    }

    private Counter outcome(MeterRegistry meters, String outcome) {
        return Counter.builder("millrace.records").tag("stage", "join").tag("pipeline", plan.pipeline()).tag("table", "").tag("outcome", outcome).register(meters);
    }

    void routed(TablePlan table) {
        routed[table.id()].increment();
    }

    void superseded() {
        superseded.increment();
    }

    void parked() {
        parked.increment();
    }

    void unreadable(String topic) {
        unreadable.increment();
    }

    void written(org.apache.kafka.common.header.Headers cause, int bytes) {
        written.increment();
        bytesOut.increment(bytes);
        time(cause);
    }

    void deleted(org.apache.kafka.common.header.Headers cause) {
        deleted.increment();
        time(cause);
    }

    private void time(org.apache.kafka.common.header.Headers cause) {
        long committed = Headers.number(cause, Headers.COMMITTED, 0);
        if (committed > 0) {
            sinceCommit.record(Math.max(0, Headers.nowMicros() - committed), TimeUnit.MICROSECONDS);
        }
    }

    void phase(int partition, String phase) {
        phases.put(partition, phase);
    }

    void fanOuts(int partition, int pending) {
        fanOuts.put(partition, pending);
    }

    /** How many records the group has not committed, on the rows and on the exchange. */
    public void lag(long records) {
        lag.set(records);
    }

    /** A stream thread failed and is started again. */
    public void retried() {
        retries.increment();
    }

    /** For each partition that runs, or ran, here: how far its first build is. */
    public Map<Integer, String> phases() {
        return Map.copyOf(phases);
    }

    /** Continues a sampled trace with a span of this stage; hands any other context on untouched. */
    void trace(org.apache.kafka.common.header.Headers cause, org.apache.kafka.common.header.Headers out, String documentId) {
        var text = Headers.text(cause, Headers.TRACEPARENT);
        var parent = TraceParent.parse(text);
        if (parent == null) {
            return;
        }
        if (!parent.sampled()) {
            out.add(Headers.TRACEPARENT, Headers.bytes(text));
            return;
        }
        var remote = SpanContext.createFromRemoteParent(parent.traceId(), parent.spanId(), TraceFlags.getSampled(), TraceState.getDefault());
        var span = tracer.spanBuilder("join " + plan.pipeline()).setSpanKind(SpanKind.INTERNAL).setParent(Context.root().with(Span.wrap(remote)))
                .setAttribute("millrace.pipeline", plan.pipeline()).setAttribute("millrace.document", documentId).startSpan();
        var own = span.getSpanContext();
        span.end();
        out.add(Headers.TRACEPARENT, Headers.bytes(own.isValid() ? new TraceParent(own.getTraceId(), own.getSpanId(), true).toString() : text));
    }
}
