package io.millrace.tests.bench.plot;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The frame of a plot as SVG: its size, title, legend and axis, and the shapes that are put into it. Not thread-safe. */
final class Svg {

    static final int WIDTH = 760;
    static final int HEIGHT = 300;
    static final int LEFT = 66;
    static final int RIGHT = WIDTH - 10;
    static final int TOP = 64;
    static final int BOTTOM = HEIGHT - 30;

    private static final String[] COLOURS = {"#b3201d", "#b07600", "#3f6fb5", "#1a7a4c", "#6b4a9e", "#8c5a3c", "#c2568f", "#5f6f7a", "#2a8fa0", "#9a9a2e", "#444444", "#d98c5f"};
    /** Of a letter at the font's size, on average. */
    private static final double LETTER = 6.6;
    private static final int MARK = 12;

    private final List<String> parts = new ArrayList<>();
    private double legend = LEFT;
    private int row;

    Svg(String title, String note) {
        parts.add(formatted("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\"><rect width=\"%1$d\" height=\"%2$d\" fill=\"#fff\"/>", WIDTH, HEIGHT));
        parts.add("<title>" + escape(title) + "</title>");
        text(LEFT, 18, "start", note.isEmpty() ? title : title + " (" + note + ")");
    }

    /** Colours repeat where there are more series than colours. */
    static String colour(int series) {
        return COLOURS[series % COLOURS.length];
    }

    /** The next entry of the legend, in a second row where the first one is full. */
    void legend(String name, String colour) {
        double width = MARK + 18 + name.length() * LETTER;
        if (legend + width > WIDTH) {
            legend = LEFT;
            row++;
        }
        rectangle(legend, 26 + row * (MARK + 4), MARK, MARK, colour);
        text(legend + MARK + 5, 36 + row * (MARK + 4), "start", name);
        legend += width;
    }

    /** A line across the plot with its value at the left. */
    void level(double y, String value) {
        path(formatted("M%d %.1fH%d", LEFT, y, RIGHT), "#ddd");
        text(LEFT - 6, y + 4, "end", value);
    }

    /** What stands below the plot. */
    void below(double x, String text) {
        text(x, HEIGHT - 10, "middle", text);
    }

    void rectangle(double x, double y, double width, double height, String colour) {
        parts.add(formatted("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>", x, y, width, height, colour));
    }

    void circle(double x, double y, String colour) {
        parts.add(formatted("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>", x, y, colour));
    }

    /** @param d as the attribute of that name takes it */
    void path(String d, String colour) {
        parts.add("<path d=\"" + d + "\" stroke=\"" + colour + "\" fill=\"none\"/>");
    }

    void text(double x, double y, String anchor, String text) {
        parts.add(formatted("<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"%s\" fill=\"#222\">%s</text>", x, y, anchor, escape(text)));
    }

    /** All of it. */
    String end() {
        return String.join("\n", parts) + "\n</svg>\n";
    }

    /** A value of an axis: whole, or with the digits that it has. */
    static String number(double value) {
        return value == Math.rint(value) ? formatted("%,.0f", value) : Double.toString(Math.round(value * 1e6) / 1e6);
    }

    static String formatted(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;");
    }
}
