package io.millrace.console.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.millrace.console.live.LiveView.Slow;
import io.millrace.console.live.PipelineFigures.Troubles;
import io.millrace.pipeline.metrics.Samples;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BehindTest {

    @Test
    void theOldestChangeThatWaitsAnywhereIsWhatCounts() {
        assertEquals(19, Behind.oldest(stages(Map.of("gate", lag("gate", 2, 1), "join", lag("join", 19, 4), "index", lag("index", 3, 7)))));
        assertNull(Behind.oldest(stages(Map.of())));
    }

    @Test
    void whereNothingWaitsThatIsKnownAndWhereAStageDoesNotTellItIsNot() {
        var rest = Map.of("gate", lag("gate", 0, 0), "join", lag("join", 19, 0), "index", lag("index", 0, 0));
        assertEquals(0, Behind.oldest(stages(rest)));
        assertNull(Behind.oldest(stages(Map.of("gate", lag("gate", 0, 0), "join", lag("join", 0, 0)))));
        assertNull(Behind.oldest(stages(Map.of("gate", lag("gate", 0, 5), "join", lag("join", 0, 0), "index", lag("index", 0, 0)))), "something waits of which nobody knows the age");
        assertEquals(3, Behind.oldest(stages(Map.of("gate", lag("gate", 0, 5), "join", lag("join", 3, 1), "index", lag("index", 0, 0)))));
    }

    @Test
    void forHowLongPostgresWasSilentIsNoAgeOfAChange() {
        assertEquals(0, Behind.oldest(stages(Map.of("capture", lag("capture", 600, 0), "gate", lag("gate", 0, 0), "join", lag("join", 0, 0), "index", lag("index", 0, 0)))));
    }

    @Test
    void whetherTablesAreReadIsUnknownWhereCaptureDoesNotTell() {
        assertNull(Behind.reads(Samples.parse("")));
        assertEquals(false, Behind.reads(Samples.parse("millrace_snapshot_rows_remaining 0.0\n")));
        assertEquals(true, Behind.reads(Samples.parse("millrace_snapshot_rows_remaining 0.0\nmillrace_resnapshot_rows_remaining 3.0\n")));
    }

    @Test
    void anAgeWhereNothingWaitsCountsForNothing() {
        assertNull(Behind.oldest(stages(Map.of("join", lag("join", 19, 0)))));
        assertNull(Behind.oldest(stages(Map.of("capture", lag("capture", 600, 0)))));
    }

    @Test
    void rowsOfALoadAreOldByThemselves() {
        assertNull(Behind.oldest(stages(Map.of("capture", "millrace_snapshot_rows_remaining 100.0\n", "join", lag("join", 19, 4)))));
        assertNull(Behind.oldest(stages(Map.of("capture", "millrace_resnapshot_rows_remaining 100.0\n", "join", lag("join", 19, 4)))));
    }

    @Test
    void recordsThatWaitAreNotZeroSecondsBehind() {
        assertNull(Behind.seconds(Samples.parse(lag("index", 0, 5)), "index"));
        assertEquals(0, Behind.seconds(Samples.parse(lag("index", 0, 0)), "index"));
        assertEquals(3, Behind.seconds(Samples.parse(lag("index", 3, 5)), "index"));
        assertNull(Behind.seconds(Samples.parse(""), "index"));
    }

    @Test
    void aPipelineIsSlowByWhatWaitsWhereNothingIsMeasured() {
        assertEquals(new Slow("monitors", null, 19.0, 5), Slow.of("monitors", null, 19.0, 5));
        assertEquals(new Slow("monitors", 7.0, null, 5), Slow.of("monitors", 7.0, null, 5));
        assertNull(Slow.of("monitors", 4.9, 5.0, 5));
        assertNull(Slow.of("monitors", null, null, 5));
    }

    @Test
    void whatStagesCountIsAddedUpAndWhatNobodyTellsIsUnknown() {
        assertEquals(new Troubles(2.0, 0.0, 4.0, 5.0, 6.0, 7.0), Troubles.of(stages(Map.of(
                "capture", "millrace_tables_incomplete{why=\"missing\"} 2.0\nmillrace_tables_incomplete{why=\"old\"} 0.0\n",
                "gate", "millrace_partitions_held{stage=\"gate\"} 3.0\nmillrace_ledger_gaps{stage=\"gate\"} 1.0\n",
                "join", "millrace_partitions_held{stage=\"join\"} 1.0\nmillrace_ledger_gaps{stage=\"join\"} 2.0\n",
                "index", "millrace_partitions_waiting 5.0\nmillrace_ledger_gaps{stage=\"index\"} 3.0\nmillrace_records_total{stage=\"index\",outcome=\"parked\"} 90.0\nmillrace_refused_documents{stage=\"index\",pipeline=\"monitors\"} 7.0\nmillrace_refused_documents{stage=\"index\",pipeline=\"monitors\"} 7.0\n"))));
        assertEquals(new Troubles(null, null, null, null, null, null), Troubles.of(stages(Map.of())));
    }

    private static String lag(String stage, int seconds, int records) {
        return "millrace_lag_seconds{stage=\"%1$s\"} %2$d.0\nmillrace_lag_records{stage=\"%1$s\"} %3$d.0\n".formatted(stage, seconds, records);
    }

    private static Map<String, Samples> stages(Map<String, String> said) {
        var stages = new HashMap<String, Samples>();
        List.of("capture", "gate", "join", "index").forEach(stage -> stages.put(stage, Samples.parse(said.getOrDefault(stage, ""))));
        return stages;
    }
}
