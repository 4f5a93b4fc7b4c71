package io.millrace.launcher.status;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.pipeline.metrics.Samples;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class NeedsTest {

    private static final Instant NOW = Instant.ofEpochSecond(1_800_000_000);

    @Test
    void aStackWhoseFiguresAreWithinTheirLimitsNeedsNobody() {
        assertEquals(List.of(), needs(Map.of(
                "capture", """
                        millrace_tables_incomplete{stage="capture",why="missing"} 0.0
                        millrace_tables_incomplete{stage="capture",why="old"} 0.0
                        millrace_slot_retained_bytes{slot="millrace_demo"} 1000000.0
                        millrace_slot_safe_bytes{slot="millrace_demo"} NaN
                        """,
                "gate", "millrace_table_parked{table=\"demo.public.tag\"} 0.0\nmillrace_partitions_held{stage=\"gate\"} 0.0\n",
                "indexer", "millrace_commit_to_stage_seconds{stage=\"index\",pipeline=\"monitors\",quantile=\"0.99\"} 4.9\nmillrace_latency_target_seconds{stage=\"index\",pipeline=\"monitors\"} 5.0\n",
                "purge", "millrace_differences{pipeline=\"monitors\"} 0.0\nmillrace_differences{pipeline=\"new\"} NaN\nmillrace_verified_timestamp_seconds{pipeline=\"monitors\"} "
                        + NOW.minus(Duration.ofDays(6)).getEpochSecond() + "\nmillrace_retention_held{pipeline=\"monitors\"} 0.0\n",
                "console", "process_uptime_seconds 1.0\n")));
    }

    @Test
    void whoTellsNothingIsNotTakenForWell() {
        assertEquals(List.of(new Need("gate", "did not tell its figures, so nothing is known of what it has parked, refused or lost", "logs gate")), needs(Map.of("gate", "", "indexer", "process_uptime_seconds 1.0\n")));
    }

    @Test
    void whatIsAmissIsToldDownTheStreamWithTheCommandThatSaysMore() {
        assertEquals(List.of(
                new Need("capture", "has 2 tables of which changes may be missing downstream; its log says which", "recover SOURCE"),
                new Need("capture", "has 1 table of which old rows hold old values since a migration; its log says which", "resnapshot SOURCE TABLE"),
                new Need("slot millrace_demo", "keeps 300 MiB of WAL on the primary, more than 200", "logs capture"),
                new Need("demo.public.tag", "is parked: its rows queue, and documents do not see them", "quarantine show demo.public.tag"),
                new Need("gate", "does not read on in 3 partitions, since what its offsets stand on is not whole", "logs gate"),
                new Need("indexer", "does not advance in 2 partitions", "logs indexer"),
                new Need("denormalizer", "has 4 records missing, twice or out of order", "logs denormalizer"),
                new Need("denormalizer", "has used 81 % of the time for which Kafka keeps what it has not read", "logs denormalizer"),
                new Need("monitors", "is slow: one change in a hundred takes 7.3 s from its commit to the index, and its file allows 2.0 s", "trace monitors ID"),
                new Need("monitors", "1,200 documents differed from the database when it was last verified", "verify monitors"),
                new Need("monitors", "was last verified as a whole 8 days ago", "verify monitors"),
                new Need("monitors", "9 documents would leave by time and wait for a person's word", "retention monitors")), needs(Map.of(
                "capture", """
                        millrace_tables_incomplete{stage="capture",why="missing"} 2.0
                        millrace_tables_incomplete{stage="capture",why="old"} 1.0
                        millrace_slot_retained_bytes{slot="millrace_demo"} 314572800.0
                        millrace_slot_budget_bytes{slot="millrace_demo"} 209715200.0
                        """,
                "gate", "millrace_table_parked{table=\"demo.public.tag\"} 1.0\nmillrace_partitions_held{stage=\"gate\"} 3.0\n",
                "denormalizer", "millrace_ledger_gaps{stage=\"join\",table=\"a\"} 3.0\nmillrace_ledger_gaps{stage=\"join\",table=\"b\"} 1.0\nmillrace_retention_used_ratio{stage=\"join\",pipeline=\"monitors\"} 0.814\n",
                "indexer", "millrace_partitions_waiting{stage=\"index\"} 2.0\nmillrace_commit_to_stage_seconds{stage=\"index\",pipeline=\"monitors\",quantile=\"0.99\"} 7.25\nmillrace_latency_target_seconds{stage=\"index\",pipeline=\"monitors\"} 2.0\n",
                "purge", "millrace_differences{pipeline=\"monitors\"} 1200.0\nmillrace_verified_timestamp_seconds{pipeline=\"monitors\"} " + NOW.minus(Duration.ofDays(8)).getEpochSecond()
                        + "\nmillrace_retention_held{pipeline=\"monitors\"} 9.0\n")));
    }

    @Test
    void whatTheSlotKeepsIsToldAlsoWhileCaptureIsAway() {
        var purge = """
                millrace_slot_retained_bytes{stage="purge",slot="millrace_demo"} 314572800.0
                millrace_slot_budget_bytes{stage="purge",slot="millrace_demo"} 209715200.0
                millrace_slot_wal_status{stage="purge",slot="millrace_demo",status="reserved"} 0.0
                millrace_slot_wal_status{stage="purge",slot="millrace_demo",status="unreserved"} 1.0
                """;
        var expected = List.of(new Need("slot millrace_demo", "keeps 300 MiB of WAL on the primary, more than 200", "logs capture"),
                new Need("slot millrace_demo", "may be given up by the primary at any moment, since it keeps more WAL than max_slot_wal_keep_size allows", "logs capture"));
        assertEquals(expected, needs(Map.of("capture", "process_uptime_seconds 1.0\n", "purge", purge)));
        assertEquals(expected, needs(Map.of("capture", "process_uptime_seconds 1.0\nmillrace_slot_retained_bytes{slot=\"millrace_demo\"} NaN\n", "purge", purge)), "it answers, and does not reach the database");
        assertEquals(List.of(), needs(Map.of("capture", "millrace_slot_retained_bytes{slot=\"millrace_demo\"} 1000.0\n", "purge", purge)), "what is said first hand counts");
    }

    @Test
    void aCaptureThatStandsByForOneOfAnotherStackIsTold() {
        assertEquals(List.of(new Need("capture", "stands by: another capture, which is none of this stack, has the source", "logs capture")), needs(Map.of("capture", "millrace_standby{slot=\"millrace_demo\",stage=\"capture\"} 1.0\n")));
    }

    @Test
    void ofServicesThatDoNotAnswerNothingIsMadeUp() {
        assertEquals(List.of(), needs(Map.of("capture", "", "gate", "", "denormalizer", "", "indexer", "", "purge", ""), Set.of("capture", "gate", "denormalizer", "indexer", "purge")));
        assertEquals(List.of(), needs(Map.of()));
    }

    @Test
    void whatWaitsIsToldOnceAndNotWhileTheStackStarts() {
        var metrics = Map.of("indexer", "millrace_partitions_waiting{stage=\"index\"} 2.0\n", "gate", "millrace_partitions_held{stage=\"gate\"} 3.0\nmillrace_ledger_gaps{stage=\"gate\"} 1.0\n");
        assertEquals(3, needs(metrics).size());
        assertEquals(List.of(new Need("gate", "has 1 record missing, twice or out of order", "logs gate")), needs(metrics, Set.of("indexer", "gate")));
    }

    @Test
    void anIndexerThatTellsNoTargetIsHeldAgainstTheUsualOne() {
        assertEquals(List.of(new Need("monitors", "is slow: one change in a hundred takes 6.0 s from its commit to the index, and its file allows 5.0 s", "trace monitors ID")),
                needs(Map.of("indexer", "millrace_commit_to_stage_seconds{stage=\"index\",pipeline=\"monitors\",quantile=\"0.99\"} 6.0\n")));
    }

    @Test
    void whatStandsIsToldByTheAgeOfWhatWaitsThere() {
        var behind = lag("join", "pipeline=\"monitors\"", 19, 4);
        assertEquals(List.of(new Need("monitors", "is behind: a change that waits for the denormalizer is 19.0 s old, and 5.0 s are allowed from its commit to the index", "logs denormalizer")),
                needs(Map.of("denormalizer", behind, "indexer", lag("index", "pipeline=\"monitors\"", 19, 4))));
        assertEquals(List.of(new Need("demo.public.tag", "is behind: a change that waits for the gate is 31.0 s old, and 30.0 s are allowed from its commit to the index", "logs gate")),
                needs(Map.of("gate", lag("gate", "table=\"demo.public.tag\"", 31, 1), "indexer",
                        "millrace_latency_target_seconds{stage=\"index\",pipeline=\"monitors\"} 2.0\nmillrace_latency_target_seconds{stage=\"index\",pipeline=\"reports\"} 30.0\n")));
        assertEquals(List.of(), needs(Map.of("denormalizer", behind), Set.of("denormalizer")));
    }

    @Test
    void anOldChangeIsNoNeedWhereNothingWaitsOrALoadGoesOn() {
        assertEquals(List.of(), needs(Map.of("denormalizer", lag("join", "pipeline=\"monitors\"", 19, 0))));
        var behind = lag("join", "pipeline=\"monitors\"", 19, 4);
        assertEquals(List.of(), needs(Map.of("denormalizer", behind, "capture", "millrace_snapshot_rows_remaining{stage=\"capture\"} 100.0\n")));
        assertEquals(List.of(), needs(Map.of("denormalizer", behind, "capture", "millrace_resnapshot_rows_remaining{stage=\"capture\"} 100.0\n")));
    }

    @Test
    void documentsThatStandInQuarantineNeedAPersonAndThoseOfOnceDoNot() {
        assertEquals(List.of(new Need("monitors", "1,203 documents were refused and stand in quarantine", "quarantine documents list monitors")),
                needs(Map.of("indexer", "millrace_records_total{stage=\"index\",pipeline=\"monitors\",outcome=\"parked\"} 1900.0\nmillrace_refused_documents{stage=\"index\",pipeline=\"monitors\"} 1203.0\nmillrace_refused_documents{stage=\"index\",pipeline=\"dashboards\"} 0.0\n")));
    }

    private static String lag(String stage, String of, int seconds, int records) {
        return "millrace_lag_seconds{stage=\"%1$s\",%2$s} %3$d.0\nmillrace_lag_records{stage=\"%1$s\",%2$s} %4$d.0\n".formatted(stage, of, seconds, records);
    }

    private static List<Need> needs(Map<String, String> metrics) {
        return needs(metrics, Set.of());
    }

    private static List<Need> needs(Map<String, String> metrics, Set<String> told) {
        var samples = new TreeMap<String, Samples>();
        metrics.forEach((process, text) -> samples.put(process, Samples.parse(text)));
        return Needs.of(samples, told, NOW);
    }
}
