package io.millrace.tests.bench.search;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a page shows, in one form whoever gave it.
 *
 * @param total how many rows there are on all pages
 * @param rows of this page in order, each in canonical JSON
 * @param facets for each facet its most frequent values with their counts, ties by code point
 */
record Answer(long total, List<String> rows, Map<String, List<Count>> facets) {

    record Count(String value, long rows) {}

    /** Collects an answer in whatever order its parts come. */
    static final class Builder {

        private static final Comparator<Count> MOST_FIRST = Comparator.comparingLong(Count::rows).reversed().thenComparing(Count::value);

        private final List<String> rows = new ArrayList<>();
        private final Map<String, List<Count>> facets = new TreeMap<>();
        private long total;

        Builder total(long rows) {
            total = rows;
            return this;
        }

        Builder row(String canonical) {
            rows.add(canonical);
            return this;
        }

        Builder count(String facet, String value, long count) {
            facets.computeIfAbsent(facet, f -> new ArrayList<>()).add(new Count(value, count));
            return this;
        }

        Answer build() {
            facets.values().forEach(counts -> counts.sort(MOST_FIRST));
            return new Answer(total, List.copyOf(rows), facets);
        }
    }
}
