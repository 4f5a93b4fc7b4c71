package io.millrace.indexer.measure;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.pipeline.record.Headers;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;

/** What is measured of one pipeline's documents; every meter is looked up once. Thread-safe. */
public final class Meters {

    private static final String STAGE = "index";
    private static final String SEARCH = "search";
    private static final String FROM_COMMIT = "From the commit in Postgres to the bulk's answer (index), and to a search that finds the change (search)";
    /** In the place of a time that is not known. */
    static final long NONE = Long.MIN_VALUE;

    /** How a document ended. */
    public enum Outcome {
        /** Stands in the index as it came. */
        WRITTEN,
        /** Is gone from the index. */
        DELETED,
        /** A newer version was there already. */
        SUPERSEDED,
        /** Refused, and kept in quarantine. */
        PARKED
    }

    private final Counter[] outcomes = new Counter[Outcome.values().length];
    private final Counter bytesIn;
    private final Counter bytesOut;
    private final Counter retries;
    private final DistributionSummary batch;
    private final Timer processing;
    private final Timer fromCommit;
    private final Timer fromCommitToCapture;
    private final Timer fromCaptureToGate;
    private final Timer fromGateToJoin;
    private final Timer fromJoinToIndex;
    private final Timer fromIndexToSearch;
    private final Timer fromCommitToGate;
    private final Timer fromCommitToJoin;
    private final Timer fromCommitToSearch;
    private final Timer skew;
    private final AtomicLong lag = new AtomicLong();
    /** When the oldest change that is not answered was committed, 0 where there is none. */
    private final AtomicLong oldest = new AtomicLong();
    private volatile double retentionUsed;
    private volatile double built = Double.NaN;
    private volatile double held = Double.NaN;

    /** @param target how long one change in a hundred may take from its commit to the index */
    Meters(MeterRegistry registry, String pipeline, Duration target, LongSupplier gaps) {
        Gauge.builder("millrace.latency.target.seconds", () -> target.toMillis() / 1e3).description("How long one change in a hundred may take from its commit to the index, as the pipeline file says")
                .tags("stage", STAGE, "pipeline", pipeline).register(registry);
        for (var outcome : Outcome.values()) {
            outcomes[outcome.ordinal()] = Counter.builder("millrace.records").description("Documents by how they ended")
                    .tags("stage", STAGE, "pipeline", pipeline, "outcome", outcome.name().toLowerCase(java.util.Locale.ROOT)).register(registry);
        }
        bytesIn = bytes(registry, pipeline, "in");
        bytesOut = bytes(registry, pipeline, "out");
        retries = Counter.builder("millrace.retries").description("Requests and documents that were sent again")
                .tags("stage", STAGE, "pipeline", pipeline).register(registry);
        batch = DistributionSummary.builder("millrace.batch.records").description("Documents in one bulk request")
                .tags("stage", STAGE, "pipeline", pipeline).publishPercentiles(0.5, 0.95, 0.99).register(registry);
        processing = timer(registry, "millrace.processing", "From sending a bulk request to its answer", pipeline, "stage", STAGE);
        fromCommit = timer(registry, "millrace.commit.to.stage", FROM_COMMIT, pipeline, "stage", STAGE);
        fromCommitToCapture = hop(registry, pipeline, "capture");
        fromCaptureToGate = hop(registry, pipeline, "gate");
        fromGateToJoin = hop(registry, pipeline, "join");
        fromJoinToIndex = hop(registry, pipeline, STAGE);
        fromIndexToSearch = hop(registry, pipeline, SEARCH);
        fromCommitToGate = way(registry, pipeline, "gate");
        fromCommitToJoin = way(registry, pipeline, "join");
        fromCommitToSearch = timer(registry, "millrace.commit.to.stage", FROM_COMMIT, pipeline, "stage", SEARCH);
        skew = Timer.builder("millrace.clock.skew").description("By how much a change was at a stage before it was at the one before, by their clocks")
                .tags("stage", STAGE, "pipeline", pipeline).distributionStatisticExpiry(Duration.ofMinutes(2)).register(registry);
        Gauge.builder("millrace.lag.records", lag, AtomicLong::get).tags("stage", STAGE, "pipeline", pipeline).register(registry);
        Gauge.builder("millrace.lag.seconds", oldest, o -> o.get() == 0 ? 0 : Math.max(0, Headers.nowMicros() - o.get()) / 1e6)
                .description("Age of the oldest change that no bulk has answered").tags("stage", STAGE, "pipeline", pipeline).register(registry);
        Gauge.builder("millrace.ledger.gaps", gaps, LongSupplier::getAsLong).strongReference(true).description("Documents that are missing, came twice or out of order by the counts of who wrote them; health says where")
                .tags("stage", STAGE, "pipeline", pipeline).register(registry);
        Gauge.builder("millrace.retention.used.ratio", this, m -> m.retentionUsed).description("Share of the time for which deletes are kept that the oldest unread one may have stood there")
                .tags("stage", STAGE, "pipeline", pipeline).register(registry);
        beside(registry, pipeline, "built", m -> m.built);
        beside(registry, pipeline, "held", m -> m.held);
    }

    private void beside(MeterRegistry registry, String pipeline, String state, ToDoubleFunction<Meters> many) {
        Gauge.builder("millrace.indexes.beside", this, many).description("Indexes of the same documents that are written beside the one that serves: those that are to serve once they have all, and those that serve only when somebody asks for it")
                .tags("stage", STAGE, "pipeline", pipeline, "state", state).register(registry);
    }

    /** Meters that nobody reads. */
    public static Meters unmeasured() {
        return new Meters(new SimpleMeterRegistry(), "", Duration.ofSeconds(1), () -> 0);
    }

    private static Counter bytes(MeterRegistry registry, String pipeline, String direction) {
        return Counter.builder("millrace.bytes").description("Bytes of documents")
                .tags("stage", STAGE, "pipeline", pipeline, "direction", direction).register(registry);
    }

    private static Timer hop(MeterRegistry registry, String pipeline, String to) {
        return timer(registry, "millrace.hop", "From leaving the stage before to leaving this one, as the document's last change saw it", pipeline, "to", to);
    }

    /** Of the same changes as the hops: what a stage measures itself is of others, and over another time. */
    private static Timer way(MeterRegistry registry, String pipeline, String to) {
        return timer(registry, "millrace.way", "From the commit in Postgres to leaving this stage, as the document's last change saw it", pipeline, "to", to);
    }

    private static Timer timer(MeterRegistry registry, String name, String description, String pipeline, String tag, String value) {
        return Timer.builder(name).description(description).tags(tag, value, "pipeline", pipeline).publishPercentiles(0.5, 0.95, 0.99)
                .percentilePrecision(2).distributionStatisticExpiry(Duration.ofMinutes(2)).register(registry);
    }

    public void taken(long bytes) {
        bytesIn.increment(bytes);
    }

    public void sent(int documents, long bytes, long nanos) {
        batch.record(documents);
        bytesOut.increment(bytes);
        processing.record(nanos, TimeUnit.NANOSECONDS);
    }

    public void retried(int count) {
        retries.increment(count);
    }

    public void ended(Outcome outcome, int count) {
        outcomes[outcome.ordinal()].increment(count);
    }

    /**
     * @param records those that no bulk has answered yet
     * @param oldestMicros when the oldest of those that are here was committed, 0 where there is none
     */
    public void lag(long records, long oldestMicros) {
        lag.set(records);
        oldest.set(oldestMicros);
    }

    /**
     * Indexes that are written beside the one that serves.
     *
     * @param toServe that serve once they have all
     * @param toBeAskedFor that serve only when somebody asks for it
     */
    public void beside(long toServe, long toBeAskedFor) {
        built = toServe;
        held = toBeAskedFor;
    }

    /** @param share of the time for which deletes are kept */
    public void retentionUsed(double share) {
        retentionUsed = share;
    }

    /**
     * The way of one document that is in the index; a search finds it after the next refresh. One that a load, a first build or a repair brought says nothing of the way of a change, not even of a step of it.
     *
     * @param now microseconds since the epoch, when the bulk was answered
     */
    public void indexed(org.apache.kafka.common.header.Headers headers, long now) {
        var committed = committed(headers);
        if (committed == NONE) {
            return;
        }
        var captured = Headers.number(headers, Headers.CAPTURED, NONE);
        var gated = Headers.number(headers, Headers.GATED, NONE);
        var joined = Headers.number(headers, Headers.JOINED, NONE);
        record(fromCommit, committed, now);
        record(fromCommitToCapture, committed, captured);
        record(fromCaptureToGate, captured, gated);
        record(fromGateToJoin, gated, joined);
        record(fromJoinToIndex, joined, now);
        // A stage is left no sooner than the one in front of it, whatever their clocks say.
        reached(fromCommitToGate, committed, gated, captured);
        reached(fromCommitToJoin, committed, joined, Math.max(captured, gated));
    }

    /** @param before when the stage in front was left */
    private static void reached(Timer timer, long committed, long at, long before) {
        if (at != NONE) {
            timer.record(Math.max(0, Math.max(before, at) - committed), TimeUnit.MICROSECONDS);
        }
    }

    /** When the change of a document was committed, microseconds since the epoch; {@link #NONE} where no single change made it, or a load brought it. */
    static long committed(org.apache.kafka.common.header.Headers headers) {
        return Headers.changed(headers, NONE);
    }

    /**
     * The way of one document that a search has found.
     *
     * @param committed microseconds since the epoch, when its change was committed; {@link #NONE} where no single change made it
     * @param answered microseconds since the epoch, when its bulk was answered
     * @param now microseconds since the epoch, when the search was answered
     */
    void found(long committed, long answered, long now) {
        if (committed != NONE) {
            record(fromIndexToSearch, answered, now);
            record(fromCommitToSearch, committed, now);
        }
    }

    /** Clocks of two machines may disagree by more than the way took; a negative time counts as none, and as skew. */
    private void record(Timer timer, long from, long to) {
        if (from != NONE && to != NONE) {
            if (to < from) {
                skew.record(from - to, TimeUnit.MICROSECONDS);
            }
            timer.record(Math.max(0, to - from), TimeUnit.MICROSECONDS);
        }
    }
}
