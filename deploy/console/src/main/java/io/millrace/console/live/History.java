package io.millrace.console.live;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The last so many points of one pipeline, or of all together, and what happened meanwhile. Thread-safe. */
final class History {

    private static final List<String> STAGES = List.of("capture", "gate", "join", "index");
    private static final List<String> NAMES = Stream.of(STAGES.stream().map(s -> "rate." + s), Watch.STEPS.stream().map(s -> "hop." + s), Stream.of("behind", "p50", "p99")).flatMap(n -> n).toList();
    private static final int MOST_MARKS = 200;
    private static final int MOST_TEXT = 160;

    private final int most;
    private final ArrayDeque<Point> points = new ArrayDeque<>();
    private final ArrayDeque<Mark> marks = new ArrayDeque<>();
    private LiveView last;
    /** By stage, the latest start of an instance that was ever seen: one that misses a look was not started at the next. */
    private final Map<String, Double> started = new HashMap<>();

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
        last = view;
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
        values[at++] = number(view.stages().stream().map(StageView::lagSeconds).filter(Objects::nonNull).max(Double::compare).orElse(null));
        values[at++] = number(stage(view, "index").p50());
        values[at] = number(stage(view, "index").p99());
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
                mark(now.at(), stage.label() + (stage.state().equals("up") ? " is up again" : " is " + stage.state() + ": " + stage.reason()));
            }
            var latest = started.get(stage.name());
            if (latest != null && stage.started() != null && stage.started() > latest) {
                mark(now.at(), stage.label() + " was started");
            }
        }
        if (tells(before, "capture") && tells(now, "capture") && reads(before) != reads(now)) {
            mark(now.at(), reads(now) ? "Tables are read again" : "No table is read again any more");
        }
        if (tells(before, "index") && tells(now, "index")) {
            changed(before.refused().keySet(), now.refused().keySet(), now.at(), "documents of %s are refused", "no document of %s stands in quarantine any more");
            changed(beside(before, "built"), beside(now, "built"), now.at(), "another index of %s is built", "no other index of %s is built any more");
            changed(beside(before, "held"), beside(now, "held"), now.at(), "another index of %s is held", "no other index of %s is held any more");
        }
        now.parked().stream().filter(t -> !before.parked().contains(t)).forEach(t -> mark(now.at(), t + " is parked"));
        before.parked().stream().filter(t -> !now.parked().contains(t)).forEach(t -> mark(now.at(), t + " is parked no more"));
    }

    private void changed(Set<String> before, Set<String> now, long at, String begun, String ended) {
        now.stream().filter(pipeline -> !before.contains(pipeline)).forEach(pipeline -> mark(at, begun.formatted(pipeline)));
        before.stream().filter(pipeline -> !now.contains(pipeline)).forEach(pipeline -> mark(at, ended.formatted(pipeline)));
    }

    private static Set<String> beside(LiveView view, String state) {
        return view.beside().entrySet().stream().filter(one -> one.getValue().equals(state)).map(Map.Entry::getKey).collect(Collectors.toCollection(TreeSet::new));
    }

    /** What a stage that is away does not tell has not ended. */
    private static boolean tells(LiveView view, String stage) {
        return !stage(view, stage).state().equals("down");
    }

    private static boolean reads(LiveView view) {
        return stage(view, "capture").extra().stream().anyMatch(e -> e.name().equals(Watch.READ_BESIDE) && e.value() != null && e.value() > 0);
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
        return new HistoryView(points.stream().map(Point::at).toList(), figures, marks.stream().filter(m -> m.at() >= oldest).toList());
    }
}
