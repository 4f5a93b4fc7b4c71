package io.millrace.tests.bench.search;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** A small plot as SVG: groups of bars on a logarithmic axis in milliseconds, each bar from p50 to p90 with a mark at p99. */
final class Plot {

    private static final String[] COLOURS = {"#b3201d", "#b07600", "#3f6fb5", "#1a7a4c", "#6b4a9e"};
    private static final int WIDTH = 760;
    private static final int HEIGHT = 300;
    private static final int LEFT = 66;
    private static final int TOP = 56;
    private static final int BOTTOM = 30;

    /** @param bars one for each group; null where there is none */
    record Series(String name, List<Bar> bars) {}

    /** Milliseconds. */
    record Bar(double p50, double p90, double p99) {}

    private final String title;
    private final List<String> groups;
    private final List<Series> series;
    private final double least;
    private final double most;

    Plot(String title, List<String> groups, List<Series> series) {
        this.title = title;
        this.groups = groups;
        this.series = series;
        var bars = series.stream().flatMap(s -> s.bars.stream()).filter(Objects::nonNull).toList();
        this.least = Math.pow(10, Math.floor(Math.log10(bars.stream().mapToDouble(Bar::p50).min().orElse(1))));
        this.most = Math.pow(10, Math.ceil(Math.log10(bars.stream().mapToDouble(Bar::p99).max().orElse(10))));
    }

    String svg() {
        var parts = new ArrayList<String>();
        parts.add("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\"><rect width=\"%1$d\" height=\"%2$d\" fill=\"#fff\"/>".formatted(WIDTH, HEIGHT));
        parts.add("<title>" + escape(title) + "</title>" + text(LEFT, 18, "start", title + " (bar: p50 to p90, line: p99)"));
        for (double at = least; at <= most * 1.001; at *= 10) {
            parts.add("<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/>".formatted(LEFT, y(at), WIDTH - 10) + text(LEFT - 6, y(at) + 4, "end", at < 1000 ? "%.0f ms".formatted(at) : "%.0f s".formatted(at / 1000)));
        }
        double wide = (WIDTH - LEFT - 10.0) / groups.size();
        double bar = wide * 0.8 / series.size();
        for (int g = 0; g < groups.size(); g++) {
            parts.add(text(LEFT + wide * (g + 0.5), HEIGHT - 10, "middle", groups.get(g)));
            for (int s = 0; s < series.size(); s++) {
                var value = series.get(s).bars.get(g);
                if (value != null) {
                    parts.add(bar(LEFT + wide * (g + 0.1) + bar * s, bar - 3, value, COLOURS[s]));
                }
            }
        }
        double at = LEFT;
        for (int s = 0; s < series.size(); s++) {
            parts.add("<rect x=\"%.0f\" y=\"28\" width=\"12\" height=\"12\" fill=\"%s\"/>".formatted(at, COLOURS[s]) + text(at + 17, 38, "start", series.get(s).name));
            at += 38 + series.get(s).name.length() * 6.6;
        }
        parts.add("</svg>\n");
        return String.join("\n", parts);
    }

    private String bar(double x, double width, Bar value, String colour) {
        double top = y(value.p90);
        return "<rect x=\"%1$.1f\" y=\"%2$.1f\" width=\"%3$.1f\" height=\"%4$.1f\" fill=\"%5$s\"/><path d=\"M%6$.1f %2$.1fV%7$.1fM%1$.1f %7$.1fh%3$.1f\" stroke=\"%5$s\"/>"
                .formatted(x, top, width, Math.max(1.5, y(value.p50) - top), colour, x + width / 2, y(value.p99));
    }

    private double y(double millis) {
        double share = Math.log10(Math.max(millis, least) / least) / Math.log10(most / least);
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
    }

    private static String text(double x, double y, String anchor, String text) {
        return "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"%s\" fill=\"#222\">%s</text>".formatted(x, y, anchor, escape(text));
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;");
    }
}
