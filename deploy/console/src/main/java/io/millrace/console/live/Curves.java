package io.millrace.console.live;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What Prometheus has kept.
 *
 * @param values by figure one for each point of the grid, not a number where there is none
 * @param trouble what it does not give, and why; null where nothing is wrong
 */
record Curves(Grid grid, Map<String, float[]> values, String trouble) {

    static Curves none(Grid grid, String trouble) {
        return new Curves(grid, Map.of(), trouble);
    }

    /** Milliseconds since the epoch of the first point of which anything is known; null where nothing is. */
    Long first() {
        for (int i = 0; i < grid.points(); i++) {
            for (var figure : values.values()) {
                if (!Float.isNaN(figure[i])) {
                    return grid.millis(i);
                }
            }
        }
        return null;
    }

    /** The same of the last point of which this figure is known. */
    Long last(String figure) {
        var known = values.get(figure);
        for (int i = grid.points() - 1; known != null && i >= 0; i--) {
            if (!Float.isNaN(known[i])) {
                return grid.millis(i);
            }
        }
        return null;
    }

    /**
     * With what the console has seen itself since the last step as one point more, made as the others are: of latencies the largest, of rates the mean.
     *
     * @param own what the console has seen
     * @param trouble what is to be said of them; null where nothing is wrong
     */
    HistoryView with(HistoryView own, String trouble) {
        int from = own.after(grid.millis(grid.points() - 1));
        boolean hasMore = from < own.at().size();
        var at = grid.millis();
        if (hasMore) {
            at.add(own.at().getLast());
        }
        var figures = new LinkedHashMap<String, List<Float>>();
        for (var name : History.NAMES) {
            var all = grid.list(values.get(name));
            if (hasMore) {
                all.add(one(name, own.figures().get(name).subList(from, own.at().size())));
            }
            figures.put(name, all);
        }
        return new HistoryView(at, figures, own.marks(), own.since(), (int) grid.step(), HistoryView.PROMETHEUS, true, trouble);
    }

    private static Float one(String name, List<Float> seen) {
        var known = seen.stream().filter(value -> value != null).mapToDouble(Float::doubleValue);
        var one = name.startsWith(History.RATE) ? known.average() : known.max();
        return one.isPresent() ? Float.valueOf((float) one.getAsDouble()) : null;
    }
}
