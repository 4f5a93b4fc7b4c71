package io.millrace.tests.bench.plot;

import java.util.List;
import java.util.Objects;
import java.util.stream.DoubleStream;

/** A small plot as SVG: groups of bars on a logarithmic axis in milliseconds, each bar from p50 to p90 with a mark at p99. */
public final class Bars {

    /** @param bars one for each group; null where there is none */
    public record Series(String name, List<Bar> bars) {}

    /** Milliseconds. */
    public record Bar(double p50, double p90, double p99) {}

    private final String title;
    private final List<String> groups;
    private final List<Series> series;
    private final Axis axis;

    public Bars(String title, List<String> groups, List<Series> series) {
        this.title = title;
        this.groups = groups;
        this.series = series;
        this.axis = Axis.logarithmic(series.stream().flatMap(s -> s.bars.stream()).filter(Objects::nonNull).flatMapToDouble(bar -> DoubleStream.of(bar.p50, bar.p99)));
    }

    public String svg() {
        var svg = new Svg(title, "bar: p50 to p90, line: p99");
        axis.ticks().forEach(at -> svg.level(y(at), at < 1000 ? Svg.formatted("%.0f ms", at) : Svg.formatted("%.0f s", at / 1000)));
        double wide = (Svg.RIGHT - Svg.LEFT) / (double) groups.size();
        double bar = wide * 0.8 / series.size();
        for (int g = 0; g < groups.size(); g++) {
            svg.below(Svg.LEFT + wide * (g + 0.5), groups.get(g));
            for (int s = 0; s < series.size(); s++) {
                var value = series.get(s).bars.get(g);
                if (value != null) {
                    bar(svg, Svg.LEFT + wide * (g + 0.1) + bar * s, bar - 3, value, Svg.colour(s));
                }
            }
        }
        for (int s = 0; s < series.size(); s++) {
            svg.legend(series.get(s).name, Svg.colour(s));
        }
        return svg.end();
    }

    private void bar(Svg svg, double x, double width, Bar value, String colour) {
        double top = y(value.p90);
        svg.rectangle(x, top, width, Math.max(1.5, y(value.p50) - top), colour);
        svg.path(Svg.formatted("M%5$.1f %2$.1fV%4$.1fM%1$.1f %4$.1fh%3$.1f", x, top, width, y(value.p99), x + width / 2), colour);
    }

    private double y(double millis) {
        return Svg.BOTTOM - axis.share(millis) * (Svg.BOTTOM - Svg.TOP);
    }
}
