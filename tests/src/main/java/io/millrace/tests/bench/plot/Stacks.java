package io.millrace.tests.bench.plot;

import java.util.List;
import java.util.stream.IntStream;

/** A small plot as SVG: a bar for each group, made of what the series have there one above the other. What is not a number counts as nothing. */
public final class Stacks {

    /** @param values one for each group, none below 0 */
    public record Series(String name, List<Double> values) {

        private double value(int group) {
            var value = values.get(group);
            return value == null || !Double.isFinite(value) ? 0 : value;
        }
    }

    private final String title;
    private final String note;
    private final List<String> groups;
    private final List<Series> series;
    private final Axis axis;

    /** @param note what the axis is, with its unit */
    public Stacks(String title, String note, List<String> groups, List<Series> series) {
        this.title = title;
        this.note = note;
        this.groups = groups;
        this.series = series;
        this.axis = Axis.linear(IntStream.range(0, groups.size()).mapToDouble(g -> series.stream().mapToDouble(s -> s.value(g)).sum()));
    }

    public String svg() {
        var svg = new Svg(title, note);
        axis.ticks().forEach(value -> svg.level(y(value), Svg.number(value)));
        double wide = (Svg.RIGHT - Svg.LEFT) / (double) groups.size();
        for (int g = 0; g < groups.size(); g++) {
            svg.below(Svg.LEFT + wide * (g + 0.5), groups.get(g));
            double below = 0;
            for (int s = 0; s < series.size(); s++) {
                double value = series.get(s).value(g);
                double top = y(below + value);
                svg.rectangle(Svg.LEFT + wide * (g + 0.2), top, wide * 0.6, y(below) - top, Svg.colour(s));
                below += value;
            }
        }
        for (int s = 0; s < series.size(); s++) {
            svg.legend(series.get(s).name, Svg.colour(s));
        }
        return svg.end();
    }

    private double y(double value) {
        return Svg.BOTTOM - axis.share(value) * (Svg.BOTTOM - Svg.TOP);
    }
}
