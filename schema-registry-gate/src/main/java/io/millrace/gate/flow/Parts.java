package io.millrace.gate.flow;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.gate.GateConfig;
import io.millrace.gate.KafkaClients;
import io.millrace.gate.Table;
import io.millrace.gate.breaker.Breaker;
import io.millrace.gate.control.ControlLog;
import io.millrace.gate.rule.Holds;
import io.millrace.gate.schema.Schemas;
import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.log.OffsetGuard;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What every lane works with. */
@Singleton
class Parts {

    final GateConfig config;
    final KafkaClients kafka;
    final ControlLog control;
    final Schemas schemas;
    final Holds holds;
    final Breaker breaker;
    final Traces traces;
    final Loops loops;
    final Pulse pulse;
    final Ledger ledger = new Ledger(Parts::advice);
    private final MeterRegistry registry;
    /** Null while this process takes no records. */
    private volatile OffsetGuard guard;
    private final Map<Table, Meters> meters = new ConcurrentHashMap<>();

    Parts(GateConfig config, KafkaClients kafka, ControlLog control, Schemas schemas, Holds holds, Breaker breaker, Traces traces, Loops loops, Pulse pulse, MeterRegistry registry) {
        this.config = config;
        this.kafka = kafka;
        this.control = control;
        this.schemas = schemas;
        this.holds = holds;
        this.breaker = breaker;
        this.traces = traces;
        this.loops = loops;
        this.pulse = pulse;
        this.registry = registry;
    }

    private static String advice(String captured) {
        var table = Table.ofCaptured(captured);
        return "Changes of the table " + table + " may be missing from " + table.rows() + " and all that comes of it, or stand there in another order; records flow on. Have capture read the table anew, whose end puts this right: ./millrace resnapshot "
                + table.name().replaceFirst("\\.", " ");
    }

    /** Holds offsets against the logs from now on. */
    void guard(OffsetGuard guard) {
        this.guard = guard;
        Gauge.builder("millrace.partitions.held", guard, g -> g.gaps().size()).tag("stage", "gate").register(registry);
        Gauge.builder("millrace.retention.used.ratio", guard, OffsetGuard::retentionUsed).tag("stage", "gate").register(registry);
    }

    /** Null while this process takes no records. */
    OffsetGuard guard() {
        return guard;
    }

    /** What was found of the tables whose partitions are here; others have no lag here. */
    void measured(Map<Table, Long> lags, Map<Table, Long> oldestMicros) {
        lags.keySet().forEach(this::meters);
        meters.forEach((table, found) -> found.lag(lags.getOrDefault(table, 0L), oldestMicros.getOrDefault(table, 0L)));
    }

    Meters meters(Table table) {
        return meters.computeIfAbsent(table, t -> new Meters(registry, t, () -> control.table(t).parked(), () -> ledger.gaps(t.captured())));
    }
}
