package io.millrace.gate.flow;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.millrace.gate.Table;
import io.millrace.gate.rule.RuleSet.Constraint;
import io.millrace.pipeline.record.Headers;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The meters of one table. Thread-safe. */
final class Meters {

    private static final String STAGE = "gate";
    /** Of one chunk; a percentile costs more than the walk of a record. */
    private static final int MOST_SAMPLES = 32;

    private final Counter passed;
    private final Counter parked;
    private final Counter discarded;
    private final Counter bytesIn;
    private final Counter bytesOut;
    private final Counter retries;
    private final Timer sinceCommit;
    private final DistributionSummary batch;
    private final Timer processing;
    private final AtomicLong lag = new AtomicLong();
    /** When the oldest record that is not finished was committed, 0 where there is none. */
    private final AtomicLong oldest = new AtomicLong();
    private final MeterRegistry registry;
    private final Tags tags;

    Meters(MeterRegistry registry, Table table, BooleanSupplier parkedNow, LongSupplier gaps) {
        this.registry = registry;
        tags = Tags.of("stage", STAGE, "table", table.name());
        passed = registry.counter("millrace.records", tags.and("outcome", "passed"));
        parked = registry.counter("millrace.records", tags.and("outcome", "parked"));
        discarded = registry.counter("millrace.records", tags.and("outcome", "discarded"));
        bytesIn = registry.counter("millrace.bytes", tags.and("direction", "in"));
        bytesOut = registry.counter("millrace.bytes", tags.and("direction", "out"));
        retries = registry.counter("millrace.retries", Tags.of("stage", STAGE));
        sinceCommit = Timer.builder("millrace.commit.to.stage").tags(tags).publishPercentiles(0.5, 0.95, 0.99).register(registry);
        batch = DistributionSummary.builder("millrace.batch.records").description("Records whose acknowledgements were awaited together").tag("stage", STAGE)
                .publishPercentiles(0.5, 0.95, 0.99).register(registry);
        processing = Timer.builder("millrace.processing").description("From taking records of a partition to Kafka's acknowledgement").tag("stage", STAGE)
                .publishPercentiles(0.5, 0.95, 0.99).register(registry);
        Gauge.builder("millrace.lag.records", lag, AtomicLong::get).tags(tags).register(registry);
        Gauge.builder("millrace.lag.seconds", oldest, o -> o.get() == 0 ? 0 : Math.max(0, Headers.nowMicros() - o.get()) / 1e6)
                .description("Age of the oldest change that is not finished").tags(tags).register(registry);
        Gauge.builder("millrace.table.parked", parkedNow, p -> p.getAsBoolean() ? 1 : 0).strongReference(true)
                .description("Whether the table is parked").tags(tags).register(registry);
        Gauge.builder("millrace.ledger.gaps", gaps, LongSupplier::getAsLong).strongReference(true)
                .description("Records that are missing, came twice or out of order by the counts of who wrote them; health says where").tags(tags).register(registry);
    }

    /** Of so many records one in this many is enough to know their latencies by. */
    static int sample(int records) {
        return 1 + records / MOST_SAMPLES;
    }

    /** Measures how long ago a change was committed that has just passed. */
    void passedAfter(ConsumerRecord<byte[], byte[]> record, long nowMicros) {
        long committed = Headers.changed(record.headers(), -1);
        if (committed >= 0) {
            sinceCommit.record(Math.max(0, nowMicros - committed), TimeUnit.MICROSECONDS);
        }
    }

    void passed(int records, long bytes) {
        passed.increment(records);
        bytesIn.increment(bytes);
        bytesOut.increment(bytes);
    }

    void parked(int records, long bytes) {
        parked.increment(records);
        bytesIn.increment(bytes);
    }

    void discarded(int records) {
        discarded.increment(records);
    }

    /** Counts a value that breaks a row rule, each time that it is looked at. */
    void ruleBroken(Constraint rule, boolean keptBack) {
        registry.counter("millrace.rule.breaches", tags.and("column", rule.column(), "rule", rule.constraint(), "outcome", keptBack ? "quarantined" : "counted")).increment();
    }

    void retried() {
        retries.increment();
    }

    void chunk(int records, long nanos) {
        batch.record(records);
        processing.record(nanos, TimeUnit.NANOSECONDS);
    }

    void lag(long records, long oldestMicros) {
        lag.set(records);
        oldest.set(oldestMicros);
    }
}
