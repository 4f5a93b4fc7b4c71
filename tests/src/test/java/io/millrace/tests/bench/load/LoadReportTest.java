package io.millrace.tests.bench.load;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LoadReportTest {

    /** The database and the search engine would be there without the product; servers have no moments, and a stage that puts nothing out has none of output. */
    @Test
    void whatIsOwnLeavesOutTheDatabaseAndTheSearchEngine() {
        var cpu = new LinkedHashMap<String, CpuParts>();
        cpu.put("postgres", new CpuParts(0, 0, 3));
        cpu.put("kafka", new CpuParts(4, 1, 5));
        cpu.put("search", new CpuParts(20, 1, 30));
        cpu.put("purge", new CpuParts(1, 0.5, 2));
        var moments = Map.of("purge", new FirstLoad.Moments(1.5, 4, Double.NaN, Double.NaN));
        var report = LoadReport.tables(new FirstLoad.Result(10, 20, 1_000, Map.of(), moments, cpu, Map.of("kafka", new CpuParts(1, 0, 2)), Map.of("postgres", 50L << 20, "kafka", 300L << 20, "purge", 200L << 20), Map.of("Fetch", 7L)),
                Map.of("rows", new Hops.Hop(5, 2_000_000)));
        assertAll(
                () -> assertTrue(report.contains("| **own** | | | | | **13.5** | 5.0 | 1.5 | 7.0 | 500 |"), report),
                () -> assertTrue(report.contains("| purge | 1.5 | 4.0 |  |  | 3.5 | 1.0 | 0.5 | 2.0 | 200 |"), report),
                () -> assertTrue(report.contains("| kafka |  |  |  |  | 10.0 |"), report),
                () -> assertTrue(report.contains("| rows | 5 | 2.0 |"), report));
    }

    /** The indexer ends last, but only because the join does. */
    @Test
    void theBottleneckIsWhoWorkedLongestAfterTheStageBeforeItHadFinished() {
        assertEquals("denormalizer", LoadReport.bottleneck(Map.of("capture", moments(3, 9), "gate", moments(4, 10), "denormalizer", moments(12, 30), "indexer", moments(13, 31))).orElseThrow());
        assertEquals("capture", LoadReport.bottleneck(Map.of("capture", moments(3, 29), "gate", moments(4, 30), "denormalizer", moments(12, 31), "indexer", moments(13, 32))).orElseThrow());
        assertTrue(LoadReport.bottleneck(Map.of("purge", moments(Double.NaN, Double.NaN))).isEmpty());
    }

    private static FirstLoad.Moments moments(double first, double last) {
        return new FirstLoad.Moments(1, 2, first, last);
    }
}
