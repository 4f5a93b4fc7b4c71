package io.millrace.tests.bench.report;

import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.bench.cost.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** What the product wants to reach on two cores that it shares with all its servers, beside what was measured of it. A goal of which nothing was measured is left out. */
final class Goals {

    static final String INDEXED = "probe: commit to indexed";
    static final String FOUND = "probe: commit to found by a search";

    private static final int UP_MONITORS = 10_000;
    private static final double IDLE_PERCENT = 5;
    private static final double BULK_SHARE = 0.7;
    private static final double FAN_OUT_MILLIS = 1_000;
    private static final int LASTING_RATE = 500;
    private static final Set<String> OWN = Set.of("kafka", "capture", "gate", "denormalizer", "indexer", "purge");

    /** @param bound what is asked for, as it is said; @param measured in the same unit */
    record Goal(String what, String bound, double limit, double measured, boolean met) {

        private static Goal atMost(String what, String format, double limit, double measured) {
            return new Goal(what, "≤ " + String.format(Locale.ROOT, format, limit), limit, measured, measured <= limit);
        }

        private static Goal atLeast(String what, String format, double limit, double measured) {
            return new Goal(what, "≥ " + String.format(Locale.ROOT, format, limit), limit, measured, measured >= limit);
        }
    }

    private Goals() {}

    static List<Goal> of(Report report) {
        var goals = new ArrayList<Goal>();
        if (report.idle() != null) {
            goals.add(Goal.atMost("at rest, all processes, % of a core", "%.0f", IDLE_PERCENT, 100 * report.idle().figures().step().allCores()));
        }
        Optional.ofNullable(report.loads().get(UP_MONITORS)).map(Measured::figures).ifPresent(load -> {
            goals.add(Goal.atMost("`up`, 10,000 monitors: seconds to the first document", "%.0f", 45, load.upFirst()));
            goals.add(Goal.atMost("`up`, 10,000 monitors: seconds to all documents", "%.0f", 60, load.upAll()));
        });
        if (report.start() != null) {
            var start = report.start().figures();
            goals.addAll(times("first minute after the start, %d/s, commit to indexed".formatted(start.rate()), start.indexed(), start.lostProbes(), 500, 2_000));
        }
        at(report, 200).ifPresent(step -> {
            goals.addAll(times("200/s, commit to indexed", step.times().get(INDEXED), step.lostProbes(), 200, 1_000));
            goals.add(Goal.atMost("200/s, processors of Kafka and the five services in those of the search engine", "%.1f", 1, own(step) / step.cores().getOrDefault("search", Double.NaN)));
        });
        at(report, LASTING_RATE).ifPresent(step -> goals.addAll(times("500/s, commit to indexed", step.times().get(INDEXED), step.lostProbes(), 300, 1_500)));
        if (report.rate() != null) {
            goals.add(Goal.atLeast("highest rate at which nothing queues up, changes/s", "%.0f", LASTING_RATE, report.rate().figures().highest()));
        }
        report.loads().forEach((size, load) -> Optional.ofNullable(report.limits().get(size)).ifPresent(limits ->
                goals.add(Goal.atLeast("first load of %,d monitors, from the start of the services, in the rate of bare bulk".formatted(size), "%.1f", BULK_SHARE, load.figures().rate() / limits.figures().bulkRate()))));
        if (report.fanOut() != null) {
            var fanOut = report.fanOut().figures();
            goals.add(Goal.atMost("single changes while a row of %,d documents is spread, found, p99 ms".formatted(fanOut.documents()), "%.0f", FAN_OUT_MILLIS, p99(fanOut.meanwhile(), fanOut.lostProbes())));
        }
        if (!report.parts().isEmpty()) {
            goals.add(Goal.atMost("differences from the SQL join, all parts", "%.0f", 0, report.differences()));
        }
        return goals;
    }

    private static List<Goal> times(String what, Percentiles times, int lost, double p50, double p99) {
        return List.of(Goal.atMost(what + ", p50 ms", "%,.0f", p50, times.p50()), Goal.atMost(what + ", p99 ms", "%,.0f", p99, p99(times, lost)));
    }

    /** Of probes that were given up there is no time; the others alone would tell of a stack that was quick. */
    private static double p99(Percentiles times, int lost) {
        return lost > 0 ? Double.POSITIVE_INFINITY : times.p99();
    }

    /** Of a rate that was measured twice, the first time. */
    private static Optional<Step> at(Report report, int rate) {
        return report.steady() == null ? Optional.empty() : report.steady().figures().steps().stream().filter(step -> step.asked() == rate).findFirst();
    }

    private static double own(Step step) {
        return OWN.stream().mapToDouble(process -> step.cores().getOrDefault(process, 0.0)).sum();
    }
}
