package io.millrace.pipeline.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

class CommitToStageTest {

    private static final Samples INDEXER = Samples.parse("""
            millrace_hop_seconds{to="capture",pipeline="monitors",quantile="0.5"} 0.02
            millrace_hop_seconds{to="gate",pipeline="monitors",quantile="0.5"} 0.01
            millrace_hop_seconds{to="capture",pipeline="dashboards",quantile="0.5"} 0.01
            millrace_way_seconds{to="gate",pipeline="monitors",quantile="0.5"} 0.03
            millrace_way_seconds{to="join",pipeline="monitors",quantile="0.5"} 0.04
            millrace_way_seconds{to="join",pipeline="monitors",quantile="0.99"} 0.0
            millrace_commit_to_stage_seconds{stage="index",pipeline="monitors",quantile="0.5"} 0.1
            millrace_commit_to_stage_seconds{stage="search",pipeline="monitors",quantile="0.5"} 0.4
            """);

    @Test
    void everyStageIsToldByTheDocumentsOfTheIndexAndOfSeveralPipelinesTheSlowest() {
        assertEquals(0.02, CommitToStage.seconds(INDEXER, "capture", "0.5"));
        assertEquals(0.03, CommitToStage.seconds(INDEXER, "gate", "0.5"));
        assertEquals(0.04, CommitToStage.seconds(INDEXER, "join", "0.5"));
        assertEquals(0.1, CommitToStage.seconds(INDEXER, "index", "0.5"));
    }

    @Test
    void whatWasNotMeasuredIsUnknown() {
        assertNull(CommitToStage.seconds(INDEXER, "join", "0.99"), "a quantile of nothing");
        assertNull(CommitToStage.seconds(INDEXER, "index", "0.99"));
        assertNull(CommitToStage.seconds(INDEXER, "purge", "0.5"));
    }
}
