package io.millrace.tests.bench.cost;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.tests.bench.KafkaRequests;
import io.millrace.tests.bench.Percentiles;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CostReportTest {

    @Test
    void aRateIsComparedWithRestAndOnlyChangesHaveACostEach() {
        var rest = new Step(0, 0, 0, 60, Map.of("kafka", 0.05, "gate", 0.02), Map.of("Fetch", 10.0), Map.of(), Map.of(), Map.of(), Map.of(), 0);
        var busy = new Step(200, 9_600, 160, 60, Map.of("kafka", 0.4, "gate", 0.08), Map.of("Fetch", 300.0, "Produce", 20.0), Map.of("commit", Percentiles.ofMicros(new long[] {1_000})), Map.of("gate p50", 12.3), Map.of("kafka", 400L << 20), Map.of("kafka", 300L << 20), 0);
        var report = CostReport.tables(List.of(rest, busy)) + CostReport.asking(Map.of("gate: FETCH", 2.25));
        assertAll(
                () -> assertTrue(report.contains("| % of a core | at rest | 200/s |\n|---|---|---|\n| gate | 2.0 | 8.0 |\n| kafka | 5.0 | 40.0 |\n| all | 7.0 | 48.0 |"), report),
                () -> assertTrue(report.contains("| CPU seconds for 1,000 changes | 200/s |\n|---|---|\n| gate | 0.50 |\n| kafka | 2.50 |\n| all | 3.00 |"), report),
                () -> assertTrue(report.contains("| kafka | 0 | 300 |"), report),
                () -> assertTrue(report.contains("| kafka | 0 | 400 |"), report),
                () -> assertTrue(report.contains("| gate p50 | 12 |\n"), report),
                () -> assertTrue(report.contains("| gate: FETCH | 2.25 |"), report),
                () -> assertTrue(report.contains("| Produce | 0.0 | 20.0 |"), report));
    }

    @Test
    void requestsAreThoseBetweenTwoCounts() {
        assertEquals(Map.of("Fetch", 5.0, "Produce", 1.0), KafkaRequests.perSecond(Map.of("Fetch", 10L, "Metadata", 3L), Map.of("Fetch", 20L, "Metadata", 3L, "Produce", 2L), 2));
    }
}
