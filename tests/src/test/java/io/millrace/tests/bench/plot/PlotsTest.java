package io.millrace.tests.bench.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

class PlotsTest {

    private static final double NEAR = 0.2;

    @Test
    void aPowerLawIsAStraightLine() throws Exception {
        var circles = elements(parsed(Lines.logarithmic("growth", "documents; seconds", List.of(new Lines.Series("s", List.of(new Lines.Point(1e4, 10), new Lines.Point(1e5, 100), new Lines.Point(1e6, 1_000))))).svg()), "circle");
        assertEquals(3, circles.size());
        assertEquals(number(circles.get(1), "cx") - number(circles.get(0), "cx"), number(circles.get(2), "cx") - number(circles.get(1), "cx"), NEAR);
        assertEquals(number(circles.get(1), "cy") - number(circles.get(0), "cy"), number(circles.get(2), "cy") - number(circles.get(1), "cy"), NEAR);
        assertTrue(number(circles.get(0), "cy") > number(circles.get(2), "cy"), "more is higher");
    }

    @Test
    void aPointThatWasNotMeasuredIsLeftOutAndSpoilsNothing() throws Exception {
        var svg = Lines.overTime("a < b & \"c\"", "seconds; milliseconds", List.of(new Lines.Series("p50", List.of(new Lines.Point(0, Double.NaN), new Lines.Point(10, 300), new Lines.Point(20, Double.POSITIVE_INFINITY))),
                new Lines.Series("nothing", List.of()))).svg();
        assertEquals(1, elements(parsed(svg), "circle").size());
        assertFalse(svg.contains("NaN") || svg.contains("Infinity"), svg);
    }

    @Test
    void nothingMeasuredIsAnEmptyPlot() throws Exception {
        for (var svg : List.of(Lines.overTime("a", "b", List.of()).svg(), Lines.logarithmic("a", "b", List.of()).svg(), new Stacks("a", "b", List.of(), List.of()).svg(), new Spans("a", "b", List.of()).svg(), new Bars("a", List.of("x"), List.of(new Bars.Series("s", Arrays.asList((Bars.Bar) null)))).svg())) {
            parsed(svg);
            assertFalse(svg.contains("NaN") || svg.contains("Infinity"), svg);
        }
    }

    @Test
    void segmentsStandOnEachOtherAndAreAsHighAsTheirShare() throws Exception {
        var bars = elements(parsed(new Stacks("cpu", "seconds", List.of("50/s"), List.of(new Stacks.Series("kafka", List.of(1.0)), new Stacks.Series("search", List.of(3.0)), new Stacks.Series("idle", Arrays.asList((Double) null)))).svg()), "rect").stream()
                .filter(r -> !r.getAttribute("fill").equals("#fff") && !r.getAttribute("height").equals("12.0")).toList();
        assertEquals(3, bars.size());
        assertEquals(3 * number(bars.get(0), "height"), number(bars.get(1), "height"), NEAR);
        assertEquals(number(bars.get(0), "y"), number(bars.get(1), "y") + number(bars.get(1), "height"), NEAR);
        assertEquals(0, number(bars.get(2), "height"), NEAR);
    }

    @Test
    void aSpanIsAsLongAsItLastedAndStandsInItsRow() throws Exception {
        var svg = new Spans("load", "seconds", List.of(new Spans.Row("capture", List.of(new Spans.Span("starts", 0, 2), new Spans.Span("puts out", 2, 8))),
                new Spans.Row("gate", List.of(new Spans.Span("starts", 1, 3), new Spans.Span("puts out", Double.NaN, 9))))).svg();
        var bars = elements(parsed(svg), "rect").stream().filter(r -> !r.getAttribute("fill").equals("#fff") && !r.getAttribute("height").equals("12.0")).toList();
        assertEquals(3, bars.size(), "what has no beginning is left out");
        assertEquals(3 * number(bars.get(0), "width"), number(bars.get(1), "width"), NEAR);
        assertEquals(number(bars.get(0), "x") + number(bars.get(0), "width"), number(bars.get(1), "x"), NEAR);
        assertTrue(number(bars.get(2), "y") > number(bars.get(1), "y"), "another row");
        assertEquals(bars.get(0).getAttribute("fill"), bars.get(2).getAttribute("fill"), "the same was done");
        assertFalse(svg.contains("NaN"), svg);
    }

    @Test
    void numbersAreWrittenAsSvgWantsThemWhateverTheLocale() throws Exception {
        var before = Locale.getDefault();
        Locale.setDefault(Locale.GERMANY);
        try {
            var circles = elements(parsed(Lines.overTime("a", "b", List.of(new Lines.Series("s", List.of(new Lines.Point(1.5, 2.5))))).svg()), "circle");
            assertTrue(number(circles.getFirst(), "cx") > 0);
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void aLongLegendStaysWithinThePlot() throws Exception {
        var processes = List.of("capture", "console", "denormalizer", "gate", "indexer", "kafka", "postgres", "purge", "registry", "search");
        var texts = elements(parsed(new Stacks("cpu", "seconds", List.of("50/s"), processes.stream().map(p -> new Stacks.Series(p, List.of(1.0))).toList()).svg()), "text");
        texts.stream().filter(t -> t.getAttribute("text-anchor").equals("start")).forEach(t -> assertTrue(number(t, "x") + t.getTextContent().length() * 6 < Svg.WIDTH, t::getTextContent));
    }

    private static Document parsed(String svg) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
    }

    private static List<Element> elements(Document document, String name) {
        var nodes = document.getElementsByTagName(name);
        return new ArrayList<>(IntStream.range(0, nodes.getLength()).mapToObj(i -> (Element) nodes.item(i)).toList());
    }

    private static double number(Element element, String attribute) {
        return Double.parseDouble(element.getAttribute(attribute));
    }
}
