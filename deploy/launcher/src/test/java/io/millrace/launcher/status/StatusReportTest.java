package io.millrace.launcher.status;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.millrace.pipeline.metrics.Samples;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StatusReportTest {

    @Test
    void aStageThatHasUsedHalfOfARetentionIsNamedWithTheMostThatAnyPipelineHasUsed() {
        var join = Samples.parse("""
                millrace_retention_used_ratio{stage="join",pipeline="a"} 0.2
                millrace_retention_used_ratio{stage="join",pipeline="b"} 0.814
                """);
        var gate = Samples.parse("millrace_retention_used_ratio{stage=\"gate\"} 0.49\n");
        assertEquals(Map.of("denormalizer", 81L), StatusReport.retention(Map.of("denormalizer", join, "gate", gate, "capture", Samples.parse(""))));
    }

    @Test
    void whatCaptureHasStillToReadIsSaidWithItsRateAndTheTimeThatItTakes() {
        var before = Samples.parse("""
                millrace_snapshot_rows_total{stage="capture"} 1000.0
                millrace_resnapshot_rows_total{stage="capture"} 10.0
                """);
        var after = Samples.parse("""
                millrace_snapshot_rows_total{stage="capture"} 5000.0
                millrace_snapshot_rows_remaining{stage="capture"} 100000.0
                millrace_resnapshot_rows_total{stage="capture"} 10.0
                millrace_resnapshot_rows_remaining{stage="capture"} 20000.0
                """);
        assertEquals(new StatusReport.Reading(120_000, 2000, 60L), StatusReport.reading(before, after, 2));
        assertEquals(new StatusReport.Reading(120_000, 0, null), StatusReport.reading(after, after, 2));
        assertNull(StatusReport.reading(before, before, 2));
        assertNull(StatusReport.reading(null, null, 2), "there may be no capture");
    }

    @Test
    void aPipelineOfWhichAnotherIndexIsWrittenIsNamedByWhatThatWaitsFor() {
        var indexer = Samples.parse("""
                millrace_indexes_beside{pipeline="a",stage="index",state="built"} 1.0
                millrace_indexes_beside{pipeline="a",stage="index",state="held"} 0.0
                millrace_indexes_beside{pipeline="b",stage="index",state="built"} 0.0
                millrace_indexes_beside{pipeline="b",stage="index",state="held"} 1.0
                millrace_indexes_beside{pipeline="c",stage="index",state="built"} NaN
                """);
        assertEquals(List.of("a"), StatusReport.beside(indexer, "built"));
        assertEquals(List.of("b"), StatusReport.beside(indexer, "held"));
        assertEquals(List.of(), StatusReport.beside(null, "held"));
    }
}
