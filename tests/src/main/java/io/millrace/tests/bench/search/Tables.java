package io.millrace.tests.bench.search;

import java.util.StringJoiner;

/** A report's figures in Markdown. */
final class Tables {

    private Tables() {}

    static String of(SearchBench.Report report) {
        var text = new StringJoiner("\n", "", "\n\n");
        text.add("%,d documents, %d questions, %d cores".formatted(report.documents(), report.questions(), report.cores()));
        text.add("");
        text.add("| side | users | answers | p50 ms | p90 ms | p99 ms | answers/s | p90 against plain |").add("|---|---|---|---|---|---|---|---|");
        for (var r : report.rest()) {
            var plain = report.rest().stream().filter(p -> p.users() == r.users()).findFirst().orElseThrow();
            text.add("| %s | %d | %,d | %,.0f | %,.0f | %,.0f | %,.1f | %s |".formatted(r.side(), r.users(), r.times().count(), r.times().p50(), r.times().p90(), r.times().p99(), r.perSecond(),
                    r == plain ? "" : "%+.1f %%".formatted((r.times().p90() / plain.times().p90() - 1) * 100)));
        }
        if (!report.traffic().isEmpty()) {
            text.add("").add("| 8 users of | answers/s | p90 ms | Postgres, cores | of that WAL senders | changes/s | indexed p50 ms | found p50 ms | found p90 ms | found p99 ms |").add("|---|---|---|---|---|---|---|---|---|---|");
            for (var l : report.traffic()) {
                text.add("| %s | %s | %s | %.2f | %.3f | %.0f | %,.0f | %,.0f | %,.0f | %,.0f |".formatted(l.side().isEmpty() ? "nobody" : l.side(), l.answers() == null ? "" : "%.1f".formatted(l.answersPerSecond()),
                        l.answers() == null ? "" : "%,.0f".formatted(l.answers().p90()), l.postgres().cores(), l.postgres().walSender(), l.changesPerSecond(), l.indexed().p50(), l.found().p50(), l.found().p90(), l.found().p99()));
            }
        }
        text.add("").add("| setup | seconds |").add("|---|---|");
        report.setup().forEach((side, statements) -> statements.forEach((sql, took) -> text.add("| `%s` | %.1f |".formatted(sql, took))));
        return text.toString();
    }
}
