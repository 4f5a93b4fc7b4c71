package io.millrace.console.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.file.PipelineFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuestionTest {

    private static final Duration FINE = Duration.ofSeconds(10);
    private static final Duration COARSE = Duration.ofMinutes(30);

    @TempDir
    Path folder;

    @Test
    void theyAreOfEveryFigureThatTheHistoryHas() {
        var figures = new HashSet<String>();
        for (var question : Question.all(null, FINE, Map.of())) {
            question.figures().values().forEach(figure -> assertTrue(figures.add(figure), figure + " is asked for once"));
        }
        assertEquals(Set.copyOf(History.NAMES), figures);
    }

    @Test
    void ratesAreOverSeveralScrapesAndTheLargestLatencyBetweenTwoPointsCounts() {
        var fine = Question.all(null, FINE, Map.of());
        assertEquals("sum by (stage) (rate(millrace_records_total{stage=~\"capture|gate|join|index\"}[180s]) and millrace_records_total{stage=~\"capture|gate|join|index\"})", fine.getFirst().expression());
        assertEquals("max by (to) (millrace_hop_seconds{quantile=\"0.5\"}) > 0", fine.get(1).expression());
        var coarse = Question.all(null, COARSE, Map.of());
        assertEquals("avg_over_time((" + fine.getFirst().expression() + ")[1800s:60s])", coarse.getFirst().expression());
        assertEquals("max_over_time((max by (to) (millrace_hop_seconds{quantile=\"0.5\"}) > 0)[1800s:60s])", coarse.get(1).expression());
    }

    @Test
    void namesThatMeanSomethingInAPatternOrEndATextAreTakenAsTheyAre() throws Exception {
        var file = Files.writeString(folder.resolve("a.yaml"), """
                millrace: 1
                name: a
                source: {name: demo, url: {env: U}, user: {env: V}, password: {env: W}}
                document: {root: 'public."a+(b)""c\\d"', fields: [id]}
                """);
        var pipeline = PipelineFiles.load(List.of(file)).getFirst().pipeline();
        var labels = Map.of("namespace", "x\"} or vector(1) #\\\n");
        for (var question : Question.all(pipeline, FINE, labels)) {
            var expression = question.expression();
            assertTrue(expression.contains(",namespace=\"x\\\"} or vector(1) #\\\\\\n\","), expression);
            assertTrue(expression.contains(",pipeline=~\"|a\",table=~\"|"), expression);
            assertTrue(expression.contains("|public\\\\.\\\"a\\\\+\\\\(b\\\\)\\\"\\\"c\\\\\\\\d\\\""), expression);
        }
    }

    @Test
    void pointsAreMultiplesOfTheirDistanceAndTakeWhatIsNear() {
        var grid = Grid.of(Range.WEEK, 1_000_000);
        assertEquals(List.of(999_000L - 604_800, 999_000L, 337L), List.of(grid.first(), grid.last(), (long) grid.points()));
        assertEquals(grid, Grid.of(Range.WEEK, 1_000_799), "what is asked does not move with the time");
        assertEquals(List.of(0, 336, 0, 336, -1, -1, -1), List.of(grid.index(grid.first()), grid.index(grid.last()), grid.index(grid.first() - 890), grid.index(grid.last() + 890), grid.index(grid.first() - 910),
                grid.index(grid.last() + 1_800), grid.index(Double.NaN)));
        for (var range : Range.values()) {
            assertTrue(Grid.of(range, 1_000_000).points() <= 400, () -> range + " is not more than can be drawn");
        }
    }
}
