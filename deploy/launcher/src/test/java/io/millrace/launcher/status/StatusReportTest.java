package io.millrace.launcher.status;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.pipeline.metrics.Samples;
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
}
