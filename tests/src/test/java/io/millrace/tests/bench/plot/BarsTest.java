package io.millrace.tests.bench.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

class BarsTest {

    @Test
    void aBarStandsFromTheMedianToTheNinetiethAndAnAbsentOneIsLeftOut() throws Exception {
        var svg = new Bars("a < b & c", List.of("1", "8"), List.of(
                new Bars.Series("slow", List.of(new Bars.Bar(100, 1_000, 10_000), new Bars.Bar(10, 100, 1_000))),
                new Bars.Series("fast", Arrays.asList(new Bars.Bar(1, 10, 100), null)))).svg();
        var document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
        assertEquals("a < b & c", document.getElementsByTagName("title").item(0).getTextContent());
        var heights = new ArrayList<Double>();
        var rectangles = document.getElementsByTagName("rect");
        for (int i = 0; i < rectangles.getLength(); i++) {
            var rectangle = (Element) rectangles.item(i);
            if (!rectangle.getAttribute("fill").equals("#fff") && !rectangle.getAttribute("height").equals("12.0")) {
                heights.add(Double.parseDouble(rectangle.getAttribute("height")));
            }
        }
        assertEquals(3, heights.size());
        // Each spans one power of ten.
        assertTrue(heights.stream().allMatch(h -> Math.abs(h - heights.getFirst()) < 0.2 && h > 10), heights::toString);
    }
}
