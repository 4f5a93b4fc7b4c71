package io.millrace.launcher.status;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class MetricsTest {

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

    @Test
    void samplesOfOneNameAreSummedByTheirLabels() {
        var metrics = Metrics.parse(TEXT);
        assertEquals(1203, metrics.sum("millrace_records_total", Map.of("stage", "gate")));
        assertEquals(3, metrics.sum("millrace_records_total", Map.of("outcome", "parked")));
        assertEquals(21, metrics.sum("jvm_threads_live_threads", Map.of()));
        assertEquals(0, metrics.sum("millrace_records", Map.of()));
    }

    @Test
    void theSlowestPipelineCountsAndOneThatMeasuredNothingDoesNot() {
        var metrics = Metrics.parse(TEXT);
        assertEquals(OptionalDouble.of(0.06), metrics.max("millrace_commit_to_stage_seconds", Map.of("stage", "index", "quantile", "0.5")));
        assertTrue(metrics.max("millrace_commit_to_stage_seconds", Map.of("stage", "gate")).isEmpty());
    }

    @Test
    void theReasonsAreThoseOfTheChecksThatAreNotUp() throws IOException {
        assertEquals("registry: localhost:1 refused the connection, since=3 s; kafka", Probe.reasons("""
                {"status": "DOWN", "checks": [
                  {"name": "search", "status": "UP", "data": {"reason": "unused"}},
                  {"name": "registry", "status": "DOWN", "data": {"reason": "localhost:1 refused the connection", "since": "3 s"}},
                  {"name": "kafka", "status": "DOWN"}]}"""));
    }
}
