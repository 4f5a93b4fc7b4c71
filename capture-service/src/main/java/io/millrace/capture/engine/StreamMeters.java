package io.millrace.capture.engine;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.millrace.pipeline.record.Headers;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** What is measured of the stream as a whole, and of the reading of tables. Written by the capturing thread, read by any. */
final class StreamMeters {

    private static final String STAGE = "capture";

    private final DistributionSummary batch;
    private final Timer processing;
    private final Counter rows;
    private final long longestSilenceMicros;
    /** Tables that are still to be read. */
    private volatile int unread;
    /** Their rows, by an estimate. */
    private volatile long unreadRows;
    /** Tables of which changes may be missing. */
    private volatile int missing;
    /** Tables whose rows were changed without a change in the log. */
    private volatile int old;
    /** When the oldest change in flight was committed, 0 while none is. */
    private volatile long inFlight;
    /** How old the changes of the last batch were when Kafka had them. */
    private volatile long lastAge;
    /** When something was last heard of Postgres. */
    private volatile long heard;

    /** @param heartbeat how often something is heard at least while the stream is alive */
    StreamMeters(MeterRegistry meters, Duration heartbeat) {
        longestSilenceMicros = TimeUnit.NANOSECONDS.toMicros(heartbeat.toNanos()) * 3;
        batch = DistributionSummary.builder("millrace.batch.records").description("Records that were sent before their acknowledgements were awaited")
                .tag("stage", STAGE).publishPercentiles(0.5, 0.95, 0.99).register(meters);
        processing = Timer.builder("millrace.processing").description("From taking a batch of the stream to Kafka's acknowledgement")
                .tag("stage", STAGE).publishPercentiles(0.5, 0.95, 0.99).register(meters);
        Gauge.builder("millrace.lag.seconds", this, StreamMeters::lag).description("Age of the oldest change that is being captured; time since Postgres was heard where it is silent")
                .tag("stage", STAGE).register(meters);
        Gauge.builder("millrace.snapshot.tables.remaining", this, m -> m.unread).description("Tables that are still to be read whole")
                .tag("stage", STAGE).register(meters);
        Gauge.builder("millrace.snapshot.rows.remaining", this, m -> m.unreadRows).description("Rows that are still to be read before the stream begins, by an estimate").tag("stage", STAGE).register(meters);
        rows = Counter.builder("millrace.snapshot.rows").description("Rows that were read before the stream began").tag("stage", STAGE).register(meters);
        Gauge.builder("millrace.tables.incomplete", this, m -> m.missing).description("Tables of which changes may be missing downstream").tags("stage", STAGE, "why", "missing").register(meters);
        Gauge.builder("millrace.tables.incomplete", this, m -> m.old).description("Tables of which old rows hold old values downstream").tags("stage", STAGE, "why", "old").register(meters);
    }

    private double lag() {
        long now = Headers.nowMicros();
        long oldest = inFlight;
        if (oldest > 0) {
            return Math.max(0, now - oldest) / 1e6;
        }
        return (heard > 0 && now - heard > longestSilenceMicros ? now - heard : lastAge) / 1e6;
    }

    /** @param committedMicros when the batch's oldest change was committed, 0 where that is unknown */
    void began(long committedMicros) {
        heard = Headers.nowMicros();
        inFlight = committedMicros;
    }

    /** Kafka has the batch. */
    void ended(int records, long nanos) {
        long now = Headers.nowMicros();
        lastAge = inFlight == 0 ? 0 : Math.max(0, now - inFlight);
        inFlight = 0;
        heard = now;
        if (records > 0) {
            batch.record(records);
            processing.record(nanos, TimeUnit.NANOSECONDS);
        }
    }

    /** Another process captures now, and tells of the stream and of what is missing. */
    void standBy() {
        inFlight = 0;
        lastAge = 0;
        heard = 0;
        unread = 0;
        unreadRows = 0;
        missing = 0;
        old = 0;
    }

    void unread(int tables) {
        unread = tables;
    }

    /** Tables that are not whole, and why. */
    void incomplete(Plan plan) {
        missing = plan.missing().size() - plan.old().size() - plan.unread();
        old = plan.old().size();
    }

    /**
     * Rows were read before the stream.
     *
     * @param tables that are left
     * @param left rows that are, by an estimate
     */
    void read(int more, int tables, long left) {
        rows.increment(more);
        unread = tables;
        unreadRows = Math.max(0, left);
    }
}
