package io.millrace.tests.bench.search;

import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.bench.plot.Bars;
import java.util.List;

/** A report's plots. */
final class Plots {

    private Plots() {}

    static Bars answers(SearchBench.Report report) {
        var users = report.rest().stream().map(Users.Result::users).distinct().toList();
        var sides = report.rest().stream().map(Users.Result::side).distinct().toList();
        return new Bars("%s: answer of the page, %,d documents".formatted(report.page(), report.documents()), users.stream().map(n -> n == 1 ? "1 user" : n + " users at once").toList(),
                sides.stream().map(side -> new Bars.Series(side, users.stream().map(n -> bar(report.rest().stream().filter(r -> r.side().equals(side) && r.users() == n).findFirst().orElseThrow().times()))
                        .toList())).toList());
    }

    static Bars lag(SearchBench.Report report) {
        return new Bars("from the commit, by who answers the page meanwhile", report.traffic().stream().map(load -> load.side().isEmpty() ? "nobody" : load.side()).toList(),
                List.of(new Bars.Series("in the index", report.traffic().stream().map(load -> bar(load.indexed())).toList()), new Bars.Series("found by a search", report.traffic().stream().map(load -> bar(load.found())).toList())));
    }

    private static Bars.Bar bar(Percentiles times) {
        return times.count() == 0 ? null : new Bars.Bar(times.p50(), times.p90(), times.p99());
    }
}
