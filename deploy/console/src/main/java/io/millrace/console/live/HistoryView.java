package io.millrace.console.live;

import java.util.List;
import java.util.Map;

/**
 * What was seen over the last hours or days.
 *
 * @param at of each point, milliseconds since the epoch
 * @param figures by name one value for each point, null where nobody gave it: {@code rate.STAGE} in records a second, {@code hop.STEP} the median of a step in seconds, {@code behind}
 *        the age in seconds of the oldest change that waits for a stage behind capture, 0 where none does and null while tables are read, {@code p50} and {@code p99} seconds from the commit to the index,
 *        {@code reads} 1 while capture reads tables, whose rows count in the rates, else 0
 * @param marks the oldest first; only of what the console has seen itself
 * @param since when the console has seen the first of what it keeps, milliseconds since the epoch; null where it has seen nothing yet
 * @param step seconds between two points
 * @param from who has measured the figures: {@code console} or {@code prometheus}
 * @param longer whether there may be more than the console keeps: a Prometheus is configured
 * @param trouble why Prometheus gives no figures; null where nothing is wrong
 */
public record HistoryView(List<Long> at, Map<String, List<Float>> figures, List<Mark> marks, Long since, int step, String from, boolean longer, String trouble) {

    static final String CONSOLE = "console";
    static final String PROMETHEUS = "prometheus";

    /** Of what the console has seen itself. */
    static HistoryView own(List<Long> at, Map<String, List<Float>> figures, List<Mark> marks) {
        return new HistoryView(at, figures, marks, at.isEmpty() ? null : at.getFirst(), (int) Recorder.EVERY.toSeconds(), CONSOLE, false, null);
    }

    /** The same figures, with what is to be said of a Prometheus. */
    HistoryView beside(boolean longer, String trouble) {
        return new HistoryView(at, figures, marks, since, step, from, longer, trouble);
    }

    /** The first of the points behind a moment; as many as there are where none is. @param millis since the epoch */
    int after(long millis) {
        int from = at.size();
        while (from > 0 && at.get(from - 1) > millis) {
            from--;
        }
        return from;
    }

    /** Milliseconds since the epoch of the last point of which a figure is known; null where there is none. @param to what came later does not count */
    Long last(String figure, long to) {
        var values = figures.get(figure);
        for (int i = after(to) - 1; i >= 0; i--) {
            if (values.get(i) != null) {
                return at.get(i);
            }
        }
        return null;
    }
}
