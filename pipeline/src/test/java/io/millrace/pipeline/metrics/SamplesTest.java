package io.millrace.pipeline.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SamplesTest {

    private static final String TEXT = """
            # HELP millrace_records_total Records
            # TYPE millrace_records_total counter
            millrace_records_total{outcome="passed",stage="gate",table="demo.public.a\\"b, c=\\\\"} 1200.0
            millrace_records_total{outcome="parked",stage="gate",table="demo.public.t"} 3.0
            millrace_commit_to_stage_seconds{pipeline="monitors",stage="index",quantile="0.5"} 0.04
            millrace_commit_to_stage_seconds{pipeline="dashboards",stage="index",quantile="0.5"} 0.06
            millrace_commit_to_stage_seconds{pipeline="idle",stage="index",quantile="0.5"} NaN
            jvm_threads_live_threads 21.0
            process_max +Inf
            """;

    private final Samples samples = Samples.parse(TEXT);

    @Test
    void samplesOfOneNameAreSummedByTheirLabelsAndAMissingFigureIsNotZero() {
        assertEquals(1203, samples.sum("millrace_records_total", Map.of("stage", "gate")));
        assertEquals(3, samples.sum("millrace_records_total", Map.of("outcome", "parked")));
        assertEquals(21, samples.sum("jvm_threads_live_threads", Map.of()));
        assertEquals(Double.POSITIVE_INFINITY, samples.max("process_max", Map.of()));
        assertNull(samples.sum("millrace_records", Map.of()));
    }

    @Test
    void theSlowestPipelineCountsAndOneThatMeasuredNothingDoesNot() {
        assertEquals(0.06, samples.max("millrace_commit_to_stage_seconds", Map.of("stage", "index", "quantile", "0.5")));
        assertNull(samples.max("millrace_commit_to_stage_seconds", Map.of("stage", "gate")));
    }

    @Test
    void aPipelineHasItsOwnItsTablesAndWhatBelongsToNone() {
        var monitors = samples.of("monitors", Set.of("demo.public.t"));
        assertEquals(0.04, monitors.max("millrace_commit_to_stage_seconds", Map.of()));
        assertEquals(3, monitors.sum("millrace_records_total", Map.of()));
        assertEquals(21, monitors.sum("jvm_threads_live_threads", Map.of()));
    }

    @Test
    void labelsAreReadAsTheyWereBeforeTheyWereWritten() {
        assertEquals(List.of("demo.public.a\"b, c=\\", "parked"), Samples.parse("""
                on{table="demo.public.a\\"b, c=\\\\"} 1.0
                on{table="parked"} 1
                on{table="not"} 0
                """).where("on", "table"));
    }

    @Test
    void whatIsNoSampleIsPassedOver() {
        assertTrue(Samples.parse("Not Found\n<html> 1\nname{a=\"b\"} x1").isEmpty());
        assertFalse(Samples.parse("name{a=\"b\"} 1.5E-3 1700000000").isEmpty());
    }
}
