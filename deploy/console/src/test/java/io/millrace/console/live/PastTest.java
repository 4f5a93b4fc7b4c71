package io.millrace.console.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Whose curves are shown, where the console has seen a part of the range itself. Times are minutes before now. */
class PastTest {

    private static final long NOW = 1_000_000 * 60L;
    private static final Grid SIX_HOURS = Grid.of(Range.SIX_HOURS, NOW);

    @Test
    void whatPrometheusHasKeptForLongerIsShownWithWhatTheConsoleHasSeenSinceAsOnePoint() {
        var grid = Grid.of(Range.WEEK, NOW + 17 * 60);
        var shown = Past.better(seen(30, Map.of("p99", 7f), NOW + 17 * 60), kept(grid, 5_000, -1));
        assertEquals("prometheus null 1800", shown.from() + " " + shown.trouble() + " " + shown.step());
        assertEquals(grid.points() + 1, shown.at().size());
        assertEquals((NOW + 17 * 60) * 1_000, shown.at().getLast());
        assertEquals(List.of(1f, 5f, 7f), List.of(shown.figures().get("rate.join").getLast(), shown.figures().get("p50").getLast(), shown.figures().get("p99").getLast()), "the mean of a rate, the largest of a latency");
        assertEquals(2f, shown.figures().get("p50").get(grid.points() - 1));
    }

    @Test
    void aPrometheusThatKnowsLessHidesNothingThatTheConsoleHasSeen() {
        var young = Past.better(seen(300, Map.of(), NOW), kept(SIX_HOURS, 10, -1));
        assertEquals("console true Prometheus has less of this than the console", young.from() + " " + young.longer() + " " + young.trouble());
        assertTrue(young.at().size() > 1_000);
    }

    @Test
    void aPrometheusThatHasStoppedIsSaidAndTheLongerOneIsShown() {
        var stopped = Past.better(seen(300, Map.of(), NOW), kept(SIX_HOURS, 350, 60));
        assertEquals("console", stopped.from());
        assertTrue(stopped.trouble().startsWith("Prometheus lacks what the console has seen of late of rate.capture, "), stopped.trouble());
        var longer = Past.better(seen(100, Map.of(), NOW), kept(SIX_HOURS, 350, 60));
        assertEquals("prometheus", longer.from());
        assertEquals(stopped.trouble(), longer.trouble());
    }

    @Test
    void whatTheConsoleDoesNotKnowEitherIsNoTrouble() {
        var quiet = new LinkedHashMap<String, Float>();
        quiet.put("hop.search", null);
        var grid = SIX_HOURS;
        var kept = kept(grid, 350, -1);
        kept.values().remove("hop.search");
        assertNull(Past.better(seen(100, quiet, NOW), kept).trouble());
        assertEquals("Prometheus lacks what the console has seen of late of hop.search; it may not scrape every service", Past.better(seen(100, Map.of(), NOW), kept).trouble());
    }

    @Test
    void whereThereIsNothingTheReasonIsSaid() {
        assertEquals("away", Past.better(seen(5, Map.of(), NOW), Curves.none(SIX_HOURS, "away")).trouble());
        assertTrue(Past.better(seen(5, Map.of(), NOW), new Curves(SIX_HOURS, Map.of(), null)).trouble().contains("has to scrape the services' /q/metrics"));
        var first = Past.better(HistoryView.own(List.of(), nothing(), List.of()), kept(SIX_HOURS, 350, -1));
        assertEquals("prometheus " + SIX_HOURS.points(), first.from() + " " + first.at().size(), "before the console has seen anything");
    }

    private static Map<String, List<Float>> nothing() {
        var figures = new LinkedHashMap<String, List<Float>>();
        History.NAMES.forEach(name -> figures.put(name, List.of()));
        return figures;
    }

    /** A point each ten seconds: 1 of everything, 5 for p50 once in the last minute, and what is said of some figures. */
    private static HistoryView seen(int minutes, Map<String, Float> said, long now) {
        var at = LongStream.rangeClosed(0, minutes * 6L).mapToObj(i -> (now - minutes * 60L + i * 10) * 1_000).toList();
        var figures = new LinkedHashMap<String, List<Float>>();
        for (var name : History.NAMES) {
            var values = new ArrayList<Float>();
            at.forEach(time -> values.add(said.containsKey(name) ? said.get(name) : Float.valueOf(1)));
            figures.put(name, values);
        }
        if (!said.containsKey("p50")) {
            figures.get("p50").set(at.size() - 3, 5f);
        }
        return HistoryView.own(at, figures, List.of());
    }

    /** 2 of everything. @param until minutes before now; -1 for to the end */
    private static Curves kept(Grid grid, int from, int until) {
        var values = new LinkedHashMap<String, float[]>();
        for (var name : History.NAMES) {
            var figure = new float[grid.points()];
            Arrays.fill(figure, Float.NaN);
            for (int i = 0; i < figure.length; i++) {
                long before = NOW - grid.millis(i) / 1_000;
                if (before <= from * 60L && before >= until * 60L) {
                    figure[i] = 2;
                }
            }
            values.put(name, figure);
        }
        return new Curves(grid, values, null);
    }
}
