package io.millrace.tests.bench.report;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.bench.Prober.Probe;
import io.millrace.tests.bench.StageCounts.Point;
import io.millrace.tests.bench.cost.Step;
import io.millrace.tests.bench.load.CpuParts;
import io.millrace.tests.bench.load.FirstLoad;
import io.millrace.tests.bench.load.Hops;
import io.millrace.tests.bench.load.Limits;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;

class ReportTest {

    private static final Machine MACHINE = new Machine("A Processor @ 2 GHz", 2, 24_064, "Linux 6.1", "VM 25", "as up starts them", "0123456789ab");
    private static final Map<Point, Long> PUT = Map.of(Point.CAPTURED, 12_345L, Point.GATED, 12_345L, Point.JOINED, 7_000L, Point.INDEXED, 6_999L);

    @TempDir
    Path folder;
    private Store store;

    @BeforeEach
    void open() {
        store = new Store(folder, MACHINE, false);
    }

    @Test
    void whatWasMeasuredInSeveralRunsIsOneReport() throws IOException {
        writeAll();
        var again = new Store(folder, MACHINE, false);
        var report = Report.of(MACHINE, false, again);
        var page = Page.of(report, Goals.of(report));
        assertAll(
                () -> assertEquals(10, report.parts().size()),
                () -> assertTrue(page.contains("| processors | 2, A Processor @ 2 GHz |"), page),
                () -> assertTrue(page.contains("| at rest, all processes, % of a core | ≤ 5 | 9.00 | **not met** |"), page),
                () -> assertTrue(page.contains("| 200/s, commit to indexed, p50 ms | ≤ 200 | 150 | met |"), page),
                () -> assertTrue(page.contains("| 200/s, processors of Kafka and the five services in those of the search engine | ≤ 1.0 | 0.50 | met |"), page),
                () -> assertTrue(page.contains("| first load of 10,000 monitors, from the start of the services, in the rate of bare bulk | ≥ 0.7 | 0.50 | **not met** |"), page),
                () -> assertTrue(page.contains("| highest rate at which nothing queues up, changes/s | ≥ 500 | 400 | **not met** |"), page),
                () -> assertTrue(page.contains("| processors for 1,000 changes, s | 2.00 | 2.20 | +10 % |"), page),
                () -> assertTrue(page.contains("| monitors | 10,000 | 100,000 | exponent |"), page),
                () -> assertTrue(page.contains("| first load, s | 20.0 | 200 | 1.00 |"), page),
                () -> assertTrue(page.contains("| 1,000 changes, CPU s | 2.00 | 2.00 | 0.00 |"), page),
                () -> assertTrue(page.contains("| steady rates | 3 | 12,345 | 12,345 | 7,000 | 6,999 | 10 | 10 | 0 |"), page),
                () -> assertTrue(page.contains("| 800 | 610 | 40 | 2,000 |"), page),
                () -> assertFalse(page.contains("NaN"), page));
    }

    @Test
    void whatWasLostOrDoesNotBalanceIsNoGoodFigure() throws IOException {
        var quick = times(1, 2, 3);
        write("start", new ColdCurve.Result(100, 99, 5_940, quick, quick, List.of(), 2));
        store.write("idle", new Measured<>(MACHINE, false, Instant.EPOCH, 0.1, 10_000, "", 12, new Measuring.Idle(step(0, 0.001), Map.of()), new Ends(0, Map.of(Point.CAPTURED, 5L, Point.GATED, 4L, Point.JOINED, 4L, Point.INDEXED, 4L), 10, 10, 0, List.of())));
        var report = Report.of(MACHINE, false, store);
        var page = Page.of(report, Goals.of(report));
        assertTrue(page.contains("| first minute after the start, 100/s, commit to indexed, p99 ms | ≤ 2,000 | lost | **not met** |"), page);
        assertEquals(List.of("at rest"), report.disagreeing());
        assertTrue(page.contains("**What was counted of at rest does not agree"), page);
    }

    @Test
    void plotsAreWellFormedAndHaveNumbersAlone() throws Exception {
        writeAll();
        var plots = Plots.of(Report.of(MACHINE, false, store));
        assertEquals(List.of("start.svg", "latency.svg", "cpu.svg", "load-10000.svg", "load-100000.svg", "growth.svg"), List.copyOf(plots.keySet()));
        for (var svg : plots.values()) {
            DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
            assertFalse(svg.contains("NaN") || svg.contains("Infinity"), svg);
        }
    }

    @Test
    void aReportOfNothingSaysSoOfNothingElse() {
        var report = Report.of(MACHINE, false, store);
        assertEquals(List.of(), Goals.of(report));
        assertTrue(Page.of(report, List.of()).contains("| commit | 0123456789ab |"));
        assertTrue(Plots.of(report).isEmpty());
    }

    @Test
    void partsOfAnotherCommitOrAnotherMachineOrMeasuredInHasteAreLeftOutAndNamed() throws IOException {
        write("idle", new Measuring.Idle(step(0, 1), Map.of()));
        var later = new Machine(MACHINE.cpu(), 2, MACHINE.memoryMebibytes(), MACHINE.kernel(), MACHINE.java(), MACHINE.compilers(), "ba9876543210");
        var larger = new Machine(MACHINE.cpu(), 64, MACHINE.memoryMebibytes(), MACHINE.kernel(), MACHINE.java(), MACHINE.compilers(), MACHINE.commit());
        assertAll(
                () -> assertEquals(List.of("idle is of commit 0123456789ab"), Report.of(later, false, new Store(folder, later, false)).others()),
                () -> assertTrue(Report.of(larger, false, new Store(folder, larger, false)).others().getFirst().contains("processors=2")),
                () -> assertEquals(List.of("idle is of a long run"), Report.of(MACHINE, true, new Store(folder, MACHINE, true)).others()),
                () -> assertEquals(null, Report.of(later, false, new Store(folder, later, false)).idle()),
                () -> assertEquals(List.of(), Report.of(MACHINE, false, store).others()));
    }

    @Test
    void aPartThatCannotBeReadIsNamedWithWhatToDo() throws IOException {
        Files.writeString(folder.resolve("idle.json"), "{");
        var failure = assertThrows(RuntimeException.class, () -> Report.of(MACHINE, false, store));
        assertTrue(failure.getMessage().contains("idle.json") && failure.getMessage().contains("Delete the file"), failure::getMessage);
    }

    @Test
    void thisMachineIsDescribed() throws InterruptedException {
        var machine = Machine.here(folder);
        assertAll(
                () -> assertFalse(machine.cpu().isEmpty()),
                () -> assertEquals(Runtime.getRuntime().availableProcessors(), machine.processors()),
                () -> assertTrue(machine.memoryMebibytes() > 256, machine::toString),
                () -> assertTrue(machine.kernel().startsWith("Linux "), machine::toString),
                () -> assertEquals("unknown", machine.commit()),
                () -> assertTrue(Machine.loadAverage() >= 0));
    }

    @Test
    void aWindowHasTheProbesThatBeganInIt() {
        var probes = List.of(probe(0, 900_000), probe(9_999_999, 500_000), probe(10_000_000, 100_000), probe(25_000_000, 200_000));
        var windows = ColdCurve.windows(probes);
        assertEquals(List.of(0, 10, 20), windows.stream().map(ColdCurve.Window::from).toList());
        assertEquals(List.of(2, 1, 1), windows.stream().map(w -> w.found().count()).toList());
        assertEquals(900, windows.getFirst().found().max());
        assertEquals(List.of(), ColdCurve.windows(List.of()));
    }

    @Test
    void eachPartIsMeasuredOnOneStackButLoadsAndLimitsOnAll() {
        var plan = plan(EnumSet.allOf(Part.class), List.of(100_000, 1_000_000, 10_000));
        assertEquals(EnumSet.of(Part.LOAD, Part.START, Part.IDLE, Part.STEADY, Part.RATE, Part.CHANGES, Part.LIMITS), plan.on(10_000));
        assertEquals(EnumSet.of(Part.LOAD, Part.CHANGES, Part.FANOUT, Part.LIMITS), plan.on(100_000));
        assertEquals(EnumSet.of(Part.LOAD, Part.CHANGES, Part.LIMITS), plan.on(1_000_000));
        assertEquals(EnumSet.allOf(Part.class), plan(EnumSet.allOf(Part.class), List.of(2_000)).on(2_000));
        assertEquals(Set.of(), plan(EnumSet.of(Part.FANOUT), List.of(10_000, 100_000)).on(10_000));
    }

    @Test
    void onlyWhatWasMeasuredAsItIsAskedForIsNotMeasuredAgain() throws IOException {
        var plan = plan(EnumSet.allOf(Part.class), List.of(10_000));
        write("idle", plan.asked(Part.IDLE), new Measuring.Idle(step(0, 1), Map.of()));
        assertTrue(plan.isMeasured(Part.IDLE, 10_000, store));
        assertFalse(plan.isMeasured(Part.IDLE, 20_000, store), "on another size");
        assertFalse(plan.isMeasured(Part.STEADY, 10_000, store), "not at all");
        assertFalse(new Plan(plan.parts(), plan.sizes(), plan.rates(), Duration.ofSeconds(120), plan.start(), plan.rest(), plan.trial(), 1, 1).isMeasured(Part.IDLE, 10_000, store), "shorter than asked");
    }

    private static Plan plan(Set<Part> parts, List<Integer> sizes) {
        return new Plan(parts, sizes, List.of(200), Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ZERO, Duration.ofSeconds(1), 1, 1);
    }

    private void writeAll() throws IOException {
        for (int size : new int[] {10_000, 100_000}) {
            write("load-" + size, new Measuring.Load(20, 30 + size / 1_000.0, new FirstLoad.Result(5, size / 500.0, size, PUT, Map.of("kafka", new FirstLoad.Moments(1, 2, Double.NaN, Double.NaN)), Map.of("kafka", new CpuParts(1, 1, size / 1_000.0)),
                    Map.of("kafka", new CpuParts(0, 0, 1)), Map.of("kafka", 300L << 20), Map.of("Fetch", 7L)), Map.of("rows", new Hops.Hop(5, 2_000_000))));
        }
        write("changes-10000", step(100, 0.2));
        write("changes-100000", step(100, 0.2));
        write("limits-10000", new Limits.Result(60_000, 10_000, 0.2, 3, 10));
        write("start", new ColdCurve.Result(100, 99, 5_940, times(400), times(900), List.of(new ColdCurve.Window(0, times(800), times(900)), new ColdCurve.Window(10, times(), times())), 0));
        write("idle", new Measuring.Idle(step(0, 0.06), Map.of("gate: FETCH", 2.25)));
        write("steady", new Measuring.Steps(10, List.of(step(200, 0.4), step(50, 0.1), step(200, 0.44))));
        write("rate", new Sustained.Result(60, 400, List.of(new Sustained.Trial(400, 399, 24_000, new Lag(10, 12), new Lag(1, 1), times(300), ""),
                new Sustained.Trial(800, 610, 36_000, new Lag(40, 2_000), new Lag(4, 44), times(9_000), "what waits grew from 40 to 2,000 records"))));
        write("fanout", new FanOut.Result(10_000, 100, 99, 6_000, Double.NaN, times(200), times(700), 0));
    }

    private static Step step(int rate, double kafka) {
        var times = Map.of("headers: commit to captured", times(10), Goals.INDEXED, times(150), Goals.FOUND, times(300));
        return new Step(rate, 15L * rate, 1.5 * rate, 10, Map.of("kafka", kafka / 2, "search", kafka), Map.of("Fetch", 10.0), rate == 0 ? Map.of() : times, Map.of(), Map.of("kafka", 1L << 20), Map.of("kafka", 1L << 20), 0);
    }

    private void write(String name, Object figures) throws IOException {
        write(name, "", figures);
    }

    private void write(String name, String asked, Object figures) throws IOException {
        store.write(name, new Measured<>(MACHINE, false, Instant.EPOCH, 0.1, 10_000, asked, 12, figures, new Ends(3, PUT, 10, 10, 0, List.of("monitors: 10 documents"))));
    }

    private static Percentiles times(long... millis) {
        return Percentiles.ofMicros(LongStream.of(millis).map(m -> m * 1_000).toArray());
    }

    private static Probe probe(long began, long searchable) {
        return new Probe("1", began, began, began, began, searchable / 2, searchable);
    }
}
