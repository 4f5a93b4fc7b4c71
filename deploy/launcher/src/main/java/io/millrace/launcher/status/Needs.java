package io.millrace.launcher.status;

import io.millrace.pipeline.metrics.Samples;
import io.millrace.pipeline.wording.Counted;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongFunction;

/** What the figures of a stack's services say that a person has to look at, down the stream. The limits are those of the alerts. */
final class Needs {

    private static final double MOST_WAL_BYTES = 10e9;
    private static final Duration VERIFIED_WITHIN = Duration.ofDays(7);
    private static final double NEAR = 0.5;
    /** Of an indexer that tells no target. */
    private static final double SLOW_SECONDS = 5;

    static final String RETAINED = "millrace_slot_retained_bytes";
    static final String BUDGET = "millrace_slot_budget_bytes";
    private static final String TARGET = "millrace_latency_target_seconds";
    private static final String REFUSED = "millrace_refused_documents";
    private static final String LAG_SECONDS = "millrace_lag_seconds";

    private final Map<String, Samples> metrics;
    private final Set<String> told;
    private final Instant now;
    private final List<Need> found = new ArrayList<>();

    private Needs(Map<String, Samples> metrics, Set<String> told, Instant now) {
        this.metrics = metrics;
        this.told = told;
        this.now = now;
    }

    /**
     * @param metrics by process; those of a process that does not answer are empty
     * @param told the processes of which it is said already, or need not be said, that they wait
     * @param now against which the time of verifications is held
     */
    static List<Need> of(Map<String, Samples> metrics, Set<String> told, Instant now) {
        var needs = new Needs(metrics, told, now);
        needs.silent();
        needs.source();
        needs.parkedTables();
        needs.heldPartitions();
        needs.gaps();
        needs.retentions();
        needs.slowPipelines();
        needs.oldChanges();
        needs.refusedDocuments();
        needs.verifications();
        needs.heldDocuments();
        return List.copyOf(needs.found);
    }

    /** Who says that he is well and tells nothing may have parked tables, gaps or refused documents. */
    private void silent() {
        metrics.forEach((process, samples) -> {
            if (samples.isEmpty() && !told.contains(process)) {
                found.add(new Need(process, "did not tell its figures, so nothing is known of what it has parked, refused or lost", "logs " + process));
            }
        });
    }

    private void source() {
        var capture = of("capture");
        count(capture, Map.of("why", "missing"), "has %s of which changes may be missing downstream; its log says which", "recover SOURCE");
        count(capture, Map.of("why", "old"), "has %s of which old rows hold old values since a migration; its log says which", "resnapshot SOURCE TABLE");
        if (or(capture.max("millrace_standby", Map.of()), 0) > 0) {
            found.add(new Need("capture", "stands by: another capture, which is none of this stack, has the source", "logs capture"));
        }
        var slots = slots(metrics);
        for (var slot : slots.values(RETAINED, "slot")) {
            var of = Map.of("slot", slot);
            double kept = slots.max(RETAINED, of);
            double most = Math.min(MOST_WAL_BYTES, Math.min(or(slots.max("millrace_slot_safe_bytes", of), Double.POSITIVE_INFINITY), or(slots.max(BUDGET, of), Double.POSITIVE_INFINITY)));
            if (kept > most) {
                found.add(new Need("slot " + slot, "keeps %,d MiB of WAL on the primary, more than %,d".formatted(mebibytes(kept), mebibytes(most)), "logs capture"));
            }
            if (or(slots.max("millrace_slot_wal_status", Map.of("slot", slot, "status", "unreserved")), 0) > 0) {
                found.add(new Need("slot " + slot, "may be given up by the primary at any moment, since it keeps more WAL than max_slot_wal_keep_size allows", "logs capture"));
            }
        }
    }

    /** Of whoever tells of slots: capture, or while it is away the purge service. */
    static Samples slots(Map<String, Samples> metrics) {
        var capture = metrics.getOrDefault("capture", Samples.parse(""));
        return capture.values(RETAINED, "slot").isEmpty() ? metrics.getOrDefault("purge", Samples.parse("")) : capture;
    }

    private void count(Samples capture, Map<String, String> why, String what, String command) {
        var tables = capture.max("millrace_tables_incomplete", why);
        if (tables != null && tables > 0) {
            found.add(new Need("capture", what.formatted(Counted.of(tables.longValue(), "table")), command));
        }
    }

    private void parkedTables() {
        of("gate").where("millrace_table_parked", "table").forEach(table -> found.add(new Need(table, "is parked: its rows queue, and documents do not see them", "quarantine show " + table)));
    }

    private void heldPartitions() {
        metrics.forEach((process, samples) -> {
            long held = Math.round(or(samples.sum("millrace_partitions_held", Map.of()), 0));
            if (held > 0 && !told.contains(process)) {
                found.add(new Need(process, "does not read on in %s, since what its offsets stand on is not whole".formatted(Counted.of(held, "partition")), "logs " + process));
            }
        });
        long waiting = Math.round(or(of("indexer").sum("millrace_partitions_waiting", Map.of()), 0));
        if (waiting > 0 && !told.contains("indexer")) {
            found.add(new Need("indexer", "does not advance in " + Counted.of(waiting, "partition"), "logs indexer"));
        }
    }

    private void gaps() {
        metrics.forEach((process, samples) -> {
            long gaps = Math.round(or(samples.sum("millrace_ledger_gaps", Map.of()), 0));
            if (gaps > 0) {
                found.add(new Need(process, "has %s missing, twice or out of order".formatted(Counted.of(gaps, "record")), "logs " + process));
            }
        });
    }

    private void retentions() {
        metrics.forEach((process, samples) -> {
            double used = or(samples.max("millrace_retention_used_ratio", Map.of()), 0);
            if (used >= NEAR) {
                found.add(new Need(process, "has used %d %% of the time for which Kafka keeps what it has not read".formatted(Math.round(used * 100)), "logs " + process));
            }
        });
    }

    private void slowPipelines() {
        var indexer = of("indexer");
        for (var pipeline : indexer.values("millrace_commit_to_stage_seconds", "pipeline")) {
            double target = or(indexer.max(TARGET, Map.of("pipeline", pipeline)), SLOW_SECONDS);
            double slowest = or(indexer.max("millrace_commit_to_stage_seconds", Map.of("stage", "index", "pipeline", pipeline, "quantile", "0.99")), 0);
            if (slowest > target) {
                found.add(new Need(pipeline, "is slow: one change in a hundred takes %.1f s from its commit to the index, and its file allows %.1f s".formatted(slowest, target), "trace " + pipeline + " ID"));
            }
        }
    }

    /** A stage that finishes nothing has measured nothing either; the age of what waits there tells on it. What a load has to bring is old by itself. */
    private void oldChanges() {
        if (isReading()) {
            return;
        }
        // A table is of several pipelines: what none of their files allows is too old for each of them.
        double most = or(of("indexer").max(TARGET, Map.of()), SLOW_SECONDS);
        of("gate").values(LAG_SECONDS, "table").forEach(table -> old("gate", Map.of("stage", "gate", "table", table), table, most));
        oldChanges("denormalizer", "join");
        oldChanges("indexer", "index");
    }

    private void oldChanges(String process, String stage) {
        for (var pipeline : of(process).values(LAG_SECONDS, "pipeline")) {
            old(process, Map.of("stage", stage, "pipeline", pipeline), pipeline, or(of("indexer").max(TARGET, Map.of("pipeline", pipeline)), SLOW_SECONDS));
        }
    }

    private boolean isReading() {
        var capture = of("capture");
        return or(capture.sum("millrace_snapshot_rows_remaining", Map.of()), 0) + or(capture.sum("millrace_resnapshot_rows_remaining", Map.of()), 0) > 0;
    }

    /** What is said already of a process, a table or a pipeline is not said in other words. */
    private void old(String process, Map<String, String> labels, String about, double target) {
        var samples = of(process);
        double age = or(samples.max(LAG_SECONDS, labels), 0);
        boolean waits = or(samples.sum("millrace_lag_records", labels), 0) > 0;
        if (waits && age > target && !told.contains(process) && found.stream().noneMatch(need -> need.about().equals(about))) {
            found.add(new Need(about, "is behind: a change that waits for the %s is %.1f s old, and %.1f s are allowed from its commit to the index".formatted(process, age, target), "logs " + process));
        }
    }

    private void refusedDocuments() {
        counts(of("indexer"), REFUSED, many -> Counted.of(many, "document was refused and stands", "documents were refused and stand") + " in quarantine", "quarantine documents list ");
    }

    private void verifications() {
        var purge = of("purge");
        counts(purge, "millrace_differences", many -> Counted.of(many, "document") + " differed from the database when it was last verified", "verify ");
        for (var pipeline : purge.values("millrace_verified_timestamp_seconds", "pipeline")) {
            var since = Duration.between(Instant.ofEpochSecond(Math.round(purge.max("millrace_verified_timestamp_seconds", Map.of("pipeline", pipeline)))), now);
            if (since.compareTo(VERIFIED_WITHIN) > 0) {
                found.add(new Need(pipeline, "was last verified as a whole " + Counted.of(since.toDays(), "day") + " ago", "verify " + pipeline));
            }
        }
    }

    private void heldDocuments() {
        counts(of("purge"), "millrace_retention_held", many -> Counted.of(many, "document would leave by time and waits", "documents would leave by time and wait") + " for a person's word", "retention ");
    }

    /** @param command what says more, up to the pipeline's name */
    private void counts(Samples samples, String metric, LongFunction<String> what, String command) {
        for (var pipeline : samples.values(metric, "pipeline")) {
            long count = Math.round(samples.max(metric, Map.of("pipeline", pipeline)));
            if (count > 0) {
                found.add(new Need(pipeline, what.apply(count), command + pipeline));
            }
        }
    }

    private Samples of(String process) {
        return metrics.getOrDefault(process, Samples.parse(""));
    }

    private static double or(Double value, double otherwise) {
        return value == null ? otherwise : value;
    }

    private static long mebibytes(double bytes) {
        return Math.round(bytes / (1 << 20));
    }
}
