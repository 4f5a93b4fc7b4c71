package io.millrace.tests.bench.plot;

import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/** A small plot as SVG: lines through points. A point that is not a number is left out. */
public final class Lines {

    /** @param points from left to right */
    public record Series(String name, List<Point> points) {}

    public record Point(double x, double y) {

        private boolean isThere() {
            return Double.isFinite(x) && Double.isFinite(y);
        }
    }

    private final String title;
    private final String note;
    private final List<Series> series;
    private final Axis across;
    private final Axis up;

    private Lines(String title, String note, List<Series> series, Axis across, Axis up) {
        this.title = title;
        this.note = note;
        this.series = series;
        this.across = across;
        this.up = up;
    }

    /** Even across, logarithmic upwards. @param note what both axes are, with their units */
    public static Lines overTime(String title, String note, List<Series> series) {
        return new Lines(title, note, series, Axis.linear(values(series, Point::x)), Axis.logarithmic(values(series, Point::y)));
    }

    /** Logarithmic in both directions, so that a power law is a straight line. @param note what both axes are, with their units */
    public static Lines logarithmic(String title, String note, List<Series> series) {
        return new Lines(title, note, series, Axis.logarithmic(values(series, Point::x)), Axis.logarithmic(values(series, Point::y)));
    }

    private static DoubleStream values(List<Series> series, ToDoubleFunction<Point> of) {
        return series.stream().flatMap(s -> s.points.stream()).filter(Point::isThere).mapToDouble(of);
    }

    public String svg() {
        var svg = new Svg(title, note);
        up.ticks().forEach(value -> svg.level(y(value), Svg.number(value)));
        across.ticks().forEach(value -> svg.below(x(value), Svg.number(value)));
        for (int s = 0; s < series.size(); s++) {
            var points = series.get(s).points.stream().filter(Point::isThere).toList();
            var colour = Svg.colour(s);
            svg.legend(series.get(s).name, colour);
            if (!points.isEmpty()) {
                svg.path(points.stream().map(point -> Svg.formatted("%.1f %.1f", x(point.x), y(point.y))).collect(Collectors.joining("L", "M", "")), colour);
                points.forEach(point -> svg.circle(x(point.x), y(point.y), colour));
            }
        }
        return svg.end();
    }

    private double x(double value) {
        // The first and the last number below must not be cut off.
        return Svg.LEFT + across.share(value) * (Svg.RIGHT - Svg.LEFT - 24);
    }

    private double y(double value) {
        return Svg.BOTTOM - up.share(value) * (Svg.BOTTOM - Svg.TOP);
    }
}
