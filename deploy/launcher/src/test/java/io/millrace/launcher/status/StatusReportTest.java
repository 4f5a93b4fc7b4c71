package io.millrace.launcher.status;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.StackFile;
import io.millrace.pipeline.metrics.Samples;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StatusReportTest {

    private static final List<String> SERVICES = List.of("capture", "gate", "denormalizer", "indexer", "purge", "console");
    private static final int MANY = 12;
    /** Of one that waits for one after the other it would be twice as much at the least. */
    private static final Duration AT_ONCE = Duration.ofSeconds(12);

    /** A process that swaps or is being debugged takes a connection and never answers. What is left of the asking would hold up the exit: a virtual machine waits for threads in native code, as pollers are. */
    @Test
    void allThatDoNotAnswerAreWaitedForAtTheSameTime() throws IOException, InterruptedException {
        try (var silent = new ServerSocket(0, 10 * MANY, InetAddress.getLoopbackAddress())) {
            var address = "http://" + silent.getInetAddress().getHostAddress() + ":" + silent.getLocalPort();
            var processes = IntStream.range(0, MANY).mapToObj(i -> i < SERVICES.size() ? new StackFile.Entry(SERVICES.get(i), "service", address, silent.getLocalPort(), ProcessHandle.current().pid(), 0, "none")
                    : new StackFile.Entry("worker-" + i, "worker", address, silent.getLocalPort(), ProcessHandle.current().pid(), 0, "none")).toList();
            var before = Set.copyOf(Thread.getAllStackTraces().keySet());
            long begin = System.nanoTime();
            var report = StatusReport.of(new StackFile("ready", 1, "none", List.of(), null, List.of(), address, List.of("a", "b"), processes), true);
            var took = Duration.ofNanos(System.nanoTime() - begin);
            assertEquals(MANY, report.processes().stream().filter(process -> process.reason().equals("does not answer") && process.recordsPerSecond() == null).count(), report.toString());
            assertNull(report.documents().get("b"));
            assertEquals(List.of(), Thread.getAllStackTraces().keySet().stream().filter(thread -> !before.contains(thread)).map(Thread::getName).filter(name -> name.contains("Poller") || name.startsWith("ask-")).toList());
            assertTrue(took.compareTo(AT_ONCE) < 0, () -> MANY + " silent processes took " + took);
        }
    }

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
