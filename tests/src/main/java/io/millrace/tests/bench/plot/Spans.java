package io.millrace.tests.bench.plot;

import java.util.LinkedHashSet;
import java.util.List;

/** A small plot as SVG: a row for each of those who did something, and in it what was done from when to when. A span with an end that is not a number is left out. */
public final class Spans {

    /** @param what the same word has the same colour in all rows */
    public record Span(String what, double from, double to) {

        private boolean isKnown() {
            return Double.isFinite(from) && Double.isFinite(to);
        }
    }

    public record Row(String name, List<Span> spans) {}

    /** Where rows begin: their names stand before it. */
    private static final int BEGIN = Svg.LEFT + 30;

    private final String title;
    private final String note;
    private final List<Row> rows;
    private final Axis axis;

    /** @param note what the axis from left to right is, with its unit */
    public Spans(String title, String note, List<Row> rows) {
        this.title = title;
        this.note = note;
        this.rows = rows.stream().map(row -> new Row(row.name, row.spans.stream().filter(Span::isKnown).toList())).toList();
        this.axis = Axis.linear(this.rows.stream().flatMap(row -> row.spans.stream()).mapToDouble(Span::to));
    }

    public String svg() {
        var svg = new Svg(title, note);
        var whats = new LinkedHashSet<String>();
        rows.forEach(row -> row.spans.forEach(span -> whats.add(span.what)));
        var colours = List.copyOf(whats);
        axis.ticks().forEach(value -> {
            svg.path(Svg.formatted("M%.1f %dV%d", x(value), Svg.TOP, Svg.BOTTOM), "#ddd");
            svg.below(x(value), Svg.number(value));
        });
        double high = (Svg.BOTTOM - Svg.TOP) / (double) rows.size();
        for (int r = 0; r < rows.size(); r++) {
            double top = Svg.TOP + high * r;
            svg.text(BEGIN - 6, top + high * 0.5 + 4, "end", rows.get(r).name);
            for (var span : rows.get(r).spans) {
                svg.rectangle(x(span.from), top + high * 0.2, x(span.to) - x(span.from), high * 0.6, Svg.colour(colours.indexOf(span.what)));
            }
        }
        colours.forEach(what -> svg.legend(what, Svg.colour(colours.indexOf(what))));
        return svg.end();
    }

    private double x(double value) {
        return BEGIN + axis.share(value) * (Svg.RIGHT - BEGIN);
    }
}
