package io.millrace.console.live;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The last so many points of one pipeline, or of all together, and what happened meanwhile. Thread-safe. */
final class History {

    static final List<String> STAGES = List.of("capture", "gate", "join", "index");
    /** Begins the names of figures that are no latencies. */
    static final String RATE = "rate.";
    static final List<String> NAMES = Stream.of(STAGES.stream().map(s -> RATE + s), Watch.STEPS.stream().map(s -> "hop." + s), Stream.of("behind", "p50", "p99", "reads")).flatMap(n -> n).toList();
    private static final String PARKED = "parked ";
    private static final int MOST_MARKS = 200;
    private static final int MOST_TEXT = 160;

    private final int most;
    private final ArrayDeque<Point> points = new ArrayDeque<>();
    private final ArrayDeque<Mark> marks = new ArrayDeque<>();
    private LiveView last;
    /** By stage, the latest start of an instance that was ever seen: one that misses a look was not started at the next. */
    private final Map<String, Double> started = new HashMap<>();

    /** Stages that were seen up. */
    private final Set<String> up = new HashSet<>();
    /** What was told last of what goes on for a while. */
    private final Map<String, Boolean> known = new HashMap<>();

    private record Point(long at, float[] values) {}

    /** @param most points are kept */
    History(int most) {
        this.most = most;
    }

    synchronized void add(LiveView view) {
        if (points.size() == most) {
            points.removeFirst();
        }
        points.add(new Point(view.at(), values(view)));
        if (last != null) {
            mark(last, view);
        }
        told(view);
        last = view;
        view.stages().stream().filter(s -> s.state().equals("up")).forEach(s -> up.add(s.name()));
        view.stages().stream().filter(s -> s.started() != null).forEach(s -> started.merge(s.name(), s.started(), Math::max));
    }

    private static float[] values(LiveView view) {
        var values = new float[NAMES.size()];
        int at = 0;
        for (var stage : STAGES) {
            values[at++] = number(stage(view, stage).rate());
        }
        for (var step : Watch.STEPS) {
            values[at++] = number(view.hops().get(step));
        }
        values[at++] = number(view.oldest());
        values[at++] = number(stage(view, "index").p50());
        values[at++] = number(stage(view, "index").p99());
        values[at] = view.reads() == null ? Float.NaN : view.reads() ? 1 : 0;
        return values;
    }

    private static float number(Double value) {
        return value == null ? Float.NaN : value.floatValue();
    }

    private static StageView stage(LiveView view, String name) {
        return view.stages().stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
    }

    private void mark(LiveView before, LiveView now) {
        for (var stage : now.stages()) {
            var was = stage(before, stage.name());
            if (!was.state().equals(stage.state())) {
                mark(now.at(), stage.label() + (!stage.state().equals("up") ? " is " + stage.state() + ": " + stage.reason() : up.contains(stage.name()) ? " is up again" : " is up"));
            }
            var latest = started.get(stage.name());
            if (latest != null && stage.started() != null && stage.started() > latest) {
                mark(now.at(), stage.label() + " was started");
            }
        }
    }

    /** What is not told has neither begun nor ended; the next that is told is held against the last one that was. */
    private void told(LiveView now) {
        var read = stage(now, "capture").extra().stream().filter(e -> e.name().equals(Watch.READ_BESIDE) && e.value() != null).findFirst().orElse(null);
        if (read != null) {
            told("reads", read.value() > 0, now.at(), "Tables are read again", "No table is read again any more");
        }
        boolean isFirst = known.keySet().stream().noneMatch(what -> what.startsWith(PARKED));
        now.parked().forEach((table, is) -> {
            if (!isFirst) {
                // A gate tells of a table once it has looked at it, and that may be when it parks it.
                known.putIfAbsent(PARKED + table, false);
            }
            told(PARKED + table, is, now.at(), table + " is parked", table + " is parked no more");
        });
        now.refused().forEach((pipeline, count) -> told("refused " + pipeline, count > 0, now.at(), "Documents of " + pipeline + " are refused", "No document of " + pipeline + " stands in quarantine any more"));
        now.beside().forEach((pipeline, state) -> {
            told("built " + pipeline, state.equals("built"), now.at(), "Another index of " + pipeline + " is built", "No other index of " + pipeline + " is built any more");
            told("held " + pipeline, state.equals("held"), now.at(), "Another index of " + pipeline + " is held", "No other index of " + pipeline + " is held any more");
        });
    }

    private void told(String what, boolean is, long at, String begun, String ended) {
        var was = known.put(what, is);
        if (was != null && was != is) {
            mark(at, is ? begun : ended);
        }
    }

    private void mark(long at, String text) {
        if (marks.size() == MOST_MARKS) {
            marks.removeFirst();
        }
        marks.add(new Mark(at, text.length() <= MOST_TEXT ? text : text.substring(0, MOST_TEXT) + "…"));
    }

    synchronized HistoryView view() {
        var figures = new LinkedHashMap<String, List<Float>>();
        for (int i = 0; i < NAMES.size(); i++) {
            var values = new ArrayList<Float>(points.size());
            for (var point : points) {
                values.add(Float.isNaN(point.values[i]) ? null : Float.valueOf(point.values[i]));
            }
            figures.put(NAMES.get(i), values);
        }
        long oldest = points.isEmpty() ? 0 : points.getFirst().at;
        return HistoryView.own(points.stream().map(Point::at).toList(), figures, marks.stream().filter(m -> m.at() >= oldest).toList());
    }
}
