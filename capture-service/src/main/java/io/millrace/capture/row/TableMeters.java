package io.millrace.capture.row;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** What is counted for one table. */
public final class TableMeters {

    private static final String STAGE = "capture";

    private final Counter passed;
    private final Counter superseded;
    private final Counter filtered;
    private final Counter unwritable;
    private final Counter bytes;
    private final Timer latency;
    private final Timer skew;

    public TableMeters(MeterRegistry registry, String table) {
        passed = registry.counter("millrace.records", "stage", STAGE, "table", table, "outcome", "passed");
        superseded = registry.counter("millrace.records", "stage", STAGE, "table", table, "outcome", "superseded");
        filtered = registry.counter("millrace.records", "stage", STAGE, "table", table, "outcome", "filtered");
        unwritable = registry.counter("millrace.records", "stage", STAGE, "table", table, "outcome", "unwritable");
        bytes = registry.counter("millrace.bytes", "stage", STAGE, "table", table, "direction", "out");
        latency = Timer.builder("millrace.commit.to.stage")
                .tags("stage", STAGE, "table", table)
                .publishPercentiles(0.5, 0.95, 0.99)
                .distributionStatisticExpiry(Duration.ofMinutes(1))
                .register(registry);
        skew = Timer.builder("millrace.clock.skew").description("By how much Postgres's clock was before ours when it had committed what was just captured")
                .tag("stage", STAGE).register(registry);
    }

    /** Kafka holds the record. */
    public void acknowledged(Captured captured, long nowMicros) {
        var record = captured.record();
        (captured.written() ? passed : unwritable).increment();
        bytes.increment((record.key() == null ? 0 : record.key().length) + (record.value() == null ? 0 : record.value().length));
        if (captured.committedMicros() > 0) {
            long age = nowMicros - captured.committedMicros();
            // A change from the future says nothing of the latency, and all of the clocks.
            (age < 0 ? skew : latency).record(Math.abs(age), TimeUnit.MICROSECONDS);
        }
    }

    /** A row that the pipeline file leaves out. */
    void filtered() {
        filtered.increment();
    }

    void superseded() {
        superseded.increment();
    }
}
