package io.millrace.denormalizer.join.measure;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.millrace.denormalizer.plan.Plan;
import io.millrace.denormalizer.plan.TablePlan;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.TraceParent;
import io.millrace.pipeline.topic.Topics;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/** What one pipeline's join tells the world: meters and traces. Thread-safe; recording is cheap. */
public final class Stage {

    /** The lag in records is looked at every few seconds; until then the last row's age stands. */
    private static final long RESTING_MICROS = 10_000_000;

    private static final int MOST_TRACED = 1_000;

    private final Plan plan;
    private final Tracer tracer;
    private final Ledger ledger;
    private final Counter[] routed;
    private final Counter written;
    private final Counter deleted;
    private final Counter superseded;
    private final Counter parked;
    private final Counter unreadable;
    private final Counter bytesOut;
    private final Counter retries;
    private final Timer sinceCommit;
    private final Timer processing;
    private final AtomicLong lag = new AtomicLong();
    private final AtomicLong stateBytes = new AtomicLong();
    /** When the row that was taken in last was committed, and how old it was then; microseconds. */
    private volatile long lastCommitted;
    private volatile long lastAge;
    private volatile long lastTaken;
    /** The last traced change of each document that had one lately; guarded by itself. */
    private final Map<String, SpanContext> traced = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, SpanContext> eldest) {
            return size() > MOST_TRACED;
        }
    };
    private final AtomicLong proven = new AtomicLong(-1);
    private final Set<Partition> partitions = ConcurrentHashMap.newKeySet();

    public Stage(Plan plan, MeterRegistry meters, Tracer tracer, Ledger ledger) {
        this.plan = plan;
        this.tracer = tracer;
        this.ledger = ledger;
        routed = plan.tables().stream()
                .map(t -> Counter.builder("millrace.records").tag("stage", "join").tag("pipeline", plan.pipeline()).tag("table", t.name().toString()).tag("outcome", "passed").register(meters))
                .toArray(Counter[]::new);
        plan.tables().forEach(t -> gaps(meters, t.topic(), t.name()));
        gaps(meters, Topics.rows(plan.source(), Topics.OUTBOX), Topics.OUTBOX);
        written = outcome(meters, "written");
        deleted = outcome(meters, "deleted");
        superseded = outcome(meters, "superseded");
        parked = outcome(meters, "parked");
        unreadable = outcome(meters, "failed");
        bytesOut = Counter.builder("millrace.bytes").tag("stage", "join").tag("pipeline", plan.pipeline()).tag("direction", "out").register(meters);
        retries = Counter.builder("millrace.retries").tag("stage", "join").tag("pipeline", plan.pipeline()).register(meters);
        // Every record counts here, so without percentiles: those would cost more than many a record does.
        processing = Timer.builder("millrace.processing").description("Work on one record, of the rows or of the exchange").tag("stage", "join").tag("pipeline", plan.pipeline()).register(meters);
        Gauge.builder("millrace.lag.seconds", this, Stage::lagSeconds).description("Age of the row that was taken in last, and of what waits behind it where nothing moves")
                .tag("stage", "join").tag("pipeline", plan.pipeline()).register(meters);
        Gauge.builder("millrace.state.bytes", stateBytes, AtomicLong::get).strongReference(true).description("State stores on this instance, on disk and in memory")
                .tag("stage", "join").tag("pipeline", plan.pipeline()).register(meters);
        sinceCommit = Timer.builder("millrace.commit.to.stage").tag("stage", "join").tag("pipeline", plan.pipeline())
                .publishPercentiles(0.5, 0.95, 0.99).register(meters);
        Gauge.builder("millrace.lag.records", lag, AtomicLong::get).strongReference(true).tag("stage", "join").tag("pipeline", plan.pipeline()).register(meters);
        Gauge.builder("millrace.lookups.asked", this, s -> s.partitions.stream().mapToInt(p -> p.asked).sum()).strongReference(true)
                .description("Look-up keys that were subscribed to and whose rows have not come").tag("stage", "join").tag("pipeline", plan.pipeline()).register(meters);
        Gauge.builder("millrace.fan.outs", this, Stage::pendingFanOuts).strongReference(true)
                .tag("stage", "join").tag("pipeline", plan.pipeline()).register(meters);
        Gauge.builder("millrace.walked.documents", this, s -> s.partitions.stream().mapToLong(p -> p.walked).sum()).strongReference(true)
                .description("Documents that the walks of truncates, of retention and of fields that were added have passed, 0 where none is under way").tag("stage", "join").tag("pipeline", plan.pipeline()).register(meters);
    }

    private void gaps(MeterRegistry meters, String topic, TableName table) {
        Gauge.builder("millrace.ledger.gaps", ledger, l -> l.gaps(topic)).strongReference(true).description("Rows that are missing, came twice or out of order by the counts of who wrote them; health says where")
                .tag("stage", "join").tag("pipeline", plan.pipeline()).tag("table", table.toString()).register(meters);
    }

    private Counter outcome(MeterRegistry meters, String outcome) {
        return Counter.builder("millrace.records").tag("stage", "join").tag("pipeline", plan.pipeline()).tag("table", "").tag("outcome", outcome).register(meters);
    }

    private double lagSeconds() {
        long now = Headers.nowMicros();
        boolean rests = now - lastTaken > RESTING_MICROS;
        if (lastTaken == 0 || rests && lag.get() == 0) {
            return 0;
        }
        return Math.max(0, rests ? now - lastCommitted : lastAge) / 1e6;
    }

    public void routed(TablePlan table, org.apache.kafka.common.header.Headers cause) {
        routed[table.id()].increment();
        if (Headers.number(cause, Headers.COMMITTED, 0) > 0) {
            long now = Headers.nowMicros();
            // A row that was read is as old as its table; what counts is for how long nothing follows it.
            lastCommitted = Headers.changed(cause, now);
            lastAge = now - lastCommitted;
            lastTaken = now;
        }
    }

    /** The log says of a life of this join that its documents were found to be those of the database. */
    public void proven(long life) {
        proven.accumulateAndGet(life, Math::max);
    }

    /** The last life of which the log said that since this process began; below zero where of none. */
    public long proven() {
        return proven.get();
    }

    /** What does not add up in the rows. */
    public Ledger ledger() {
        return ledger;
    }

    public void processed(long nanos) {
        processing.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** The size of the state stores of this instance. */
    public void state(long bytes) {
        stateBytes.set(bytes);
    }

    public void superseded() {
        superseded.increment();
    }

    /** A document, or a record, was set aside. */
    public void parked() {
        parked.increment();
    }

    public void unreadable(String topic) {
        unreadable.increment();
    }

    public void written(org.apache.kafka.common.header.Headers cause, int bytes) {
        written.increment();
        bytesOut.increment(bytes);
        time(cause);
    }

    public void deleted(org.apache.kafka.common.header.Headers cause) {
        deleted.increment();
        time(cause);
    }

    private void time(org.apache.kafka.common.header.Headers cause) {
        long committed = Headers.changed(cause, 0);
        if (committed > 0) {
            sinceCommit.record(Math.max(0, Headers.nowMicros() - committed), TimeUnit.MICROSECONDS);
        }
    }

    /** What one partition tells, for as long as it runs here. */
    public final class Partition {

        private final int number;
        private volatile String phase = "";
        private volatile int fanOuts;
        private volatile long walked;
        private volatile int asked;
        private volatile boolean rests;

        private Partition(int number) {
            this.number = number;
        }

        /** How far its first build is. */
        public void phase(String now) {
            phase = now;
        }

        public void asked(int references) {
            asked = references;
        }

        public void fanOuts(int pending) {
            fanOuts = pending;
        }

        public void walked(long documents) {
            walked = documents;
        }

        /** Whether nothing is left to do before the next record. */
        public void rests(boolean now) {
            rests = now;
        }

        /** It ends here, or moves elsewhere: nothing that it told holds any more. */
        public void leave() {
            partitions.remove(this);
        }
    }

    /** A partition begins here. */
    public Partition partition(int number) {
        var partition = new Partition(number);
        partitions.add(partition);
        return partition;
    }

    /** How many look-ups' changes, and truncates, are on their way into documents here. */
    public int pendingFanOuts() {
        return partitions.stream().mapToInt(p -> p.fanOuts).sum();
    }

    /** Whether all partitions that run here have nothing left to do before the next record. */
    public boolean rests() {
        return !partitions.isEmpty() && partitions.stream().allMatch(p -> p.rests);
    }

    /** How many records the group has not committed, on the rows and on the exchange. */
    public void lag(long records) {
        lag.set(records);
    }

    /** A stream thread failed and is started again. */
    public void retried() {
        retries.increment();
    }

    /** For each partition that runs here: how far its first build is. */
    public Map<Integer, String> phases() {
        return partitions.stream().collect(Collectors.toMap(p -> p.number, p -> p.phase, (one, other) -> other));
    }

    /** Continues a sampled trace with a span of this stage; hands any other context on untouched. */
    public void trace(org.apache.kafka.common.header.Headers cause, org.apache.kafka.common.header.Headers out, String documentId) {
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
        var own = span(remote, cause, out, documentId);
        out.add(Headers.TRACEPARENT, Headers.bytes(own.isValid() ? new TraceParent(own.getTraceId(), own.getSpanId(), true).toString() : text));
    }

    /**
     * From the gate's hand to now, so that the wait in front of the join is in it. A document comes from many rows: the span
     * is linked to the document's traced change before this one.
     */
    private SpanContext span(SpanContext parent, org.apache.kafka.common.header.Headers cause, org.apache.kafka.common.header.Headers out, String documentId) {
        long now = Headers.nowMicros();
        var builder = tracer.spanBuilder("join " + plan.pipeline()).setSpanKind(SpanKind.CONSUMER).setParent(Context.root().with(Span.wrap(parent)))
                .setStartTimestamp(Math.min(now, Headers.number(cause, Headers.GATED, now)), TimeUnit.MICROSECONDS)
                .setAttribute("millrace.stage", "join").setAttribute("millrace.pipeline", plan.pipeline()).setAttribute("millrace.document", plan.trace().shown(documentId))
                .setAttribute("millrace.position", Headers.position(out).toString()).setAttribute("millrace.version", Headers.number(out, Headers.VERSION, -1));
        synchronized (traced) {
            var before = traced.get(documentId);
            if (before != null) {
                builder.addLink(before, Attributes.of(AttributeKey.stringKey("millrace.link"), "the document's change before"));
            }
        }
        var span = builder.startSpan();
        span.end(now, TimeUnit.MICROSECONDS);
        var own = span.getSpanContext();
        if (own.isValid()) {
            synchronized (traced) {
                traced.remove(documentId);
                traced.put(documentId, own);
            }
        }
        return own;
    }
}
