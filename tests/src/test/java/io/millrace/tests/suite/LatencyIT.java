package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.pipeline.record.Headers;
import io.millrace.tests.bench.Percentiles;
import io.millrace.tests.bench.Prober;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.path.json.JsonPath;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.function.ToLongFunction;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What the headers say that a change took, held change by change against a prober that believes no header.
 *
 * <p>Each of them knows a span of time in which a document came into the index: the headers from the bulk's sending to its answer, the
 * prober from the last question that was answered with no to the answer with yes. The stated error is that of these spans and no more: they
 * always have a moment in common, for every change. That the prober's are narrow is asserted too: for half of the changes they end at most {@link #MEDIAN}, for 95 of a hundred {@link #MOST}, beyond
 * its own step (20 ms or an eighth of the time, whichever is more) after the headers' answer. When a search finds a document is told
 * by the indexer, which searches for itself: no search that is sent later than it says misses one, and for 95 of a hundred it is said at most {@link #TOLD}
 * after the prober has found it, not counting the time in which the indexer was stopped. All in milliseconds.
 */
@Tag("long")
@ExtendWith(SharedStack.class)
class LatencyIT {

    private static final double MEDIAN = 50;
    private static final double MOST = 500;
    private static final double TOLD = 2_000;
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final Duration WARM_UP = Duration.ofSeconds(30);
    private static final Duration PAUSE = Duration.ofSeconds(10);

    private final DemoStack stack;
    /** When the indexer was stopped and went on, in microseconds since the epoch; both 0 where it was not. */
    private volatile long stopped;
    private volatile long wentOn;

    LatencyIT(DemoStack stack) {
        this.stack = stack;
    }

    /** Compiles the services' way, which would be measured otherwise. */
    @BeforeAll
    static void warmUp(DemoStack stack) throws Exception {
        try (var prober = Prober.in(stack, WARM_UP); var traffic = BackgroundTraffic.start(stack, 600, 100)) {
            prober.run(WARM_UP);
            traffic.stop();
        }
    }

    /**
     * One change by both. Microseconds since the epoch.
     *
     * @param stopped how long the indexer could not look since the prober had found it
     */
    private record Seen(Prober.Probe probe, long committed, long sent, long answered, long searchable, long stopped) {

        long byHeaders() {
            return answered - committed;
        }

        long byProber() {
            return probe.indexed();
        }

        /** By how much the prober saw it later than the headers say, beyond its own step. */
        long unexplained() {
            return probe.began() + probe.indexed() - answered - step(probe.indexed());
        }

        /** How long before the indexer's word a search that did not find it was sent last. */
        long known() {
            return searchable - probe.unfound();
        }

        /** By how much the indexer said later than the prober that a search finds it. */
        long told() {
            return searchable - found(probe) - stopped;
        }

        static long found(Prober.Probe probe) {
            return probe.began() + probe.searchable();
        }

        private static long step(long micros) {
            return Math.max(20_000, micros / 8);
        }
    }

    @Test
    void bothAgreeUnderLoad() throws Exception {
        var seen = measured(Duration.ofSeconds(20), () -> null);
        assertAgreement("under load", seen);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = {"PURGE", "CONSOLE"})
    void bothSeeThePauseOfAStage(Stage stage) throws Exception {
        var seen = measured(Duration.ofSeconds(20), () -> {
            Thread.sleep(Duration.ofSeconds(3));
            stopped = stage == Stage.INDEXER ? Headers.nowMicros() : 0;
            stack.signal(stage, "STOP");
            try {
                Thread.sleep(PAUSE);
            } finally {
                wentOn = stage == Stage.INDEXER ? Headers.nowMicros() : 0;
                stack.signal(stage, "CONT");
            }
            return null;
        });
        assertAgreement(stage + " paused", seen);
        long half = PAUSE.dividedBy(2).toNanos() / 1_000;
        assertTrue(seen.stream().filter(s -> s.byHeaders() > half).count() > 10, "the headers show the changes that waited");
        assertTrue(seen.stream().filter(s -> s.byProber() > half).count() > 10, "the prober shows the changes that waited");
    }

    private List<Seen> measured(Duration time, Callable<Void> deed) throws Exception {
        stack.settled().await();
        var seen = new ConcurrentLinkedQueue<Seen>();
        try (var prober = Prober.in(stack, time)) {
            stack.settled().await();
            try (var threads = Executors.newVirtualThreadPerTaskExecutor(); var traffic = BackgroundTraffic.start(stack, 601, 100)) {
                var aside = threads.submit(deed);
                prober.run(time, probe -> take(probe, seen));
                aside.get();
                traffic.stop();
            }
            assertEquals(0, prober.lost());
            assertTrue(seen.size() > time.toSeconds(), () -> seen.size() + " probes have their own way");
            return List.copyOf(seen);
        }
    }

    /** Takes the way if it is that of the probe's change, not that of a look-up that made the document anew meanwhile. */
    private void take(Prober.Probe probe, Queue<Seen> seen) {
        var way = Awaitility.await("the indexer has found " + probe.id()).atMost(PATIENCE).until(() -> RestAssured.given().baseUri(stack.address(Stage.INDEXER).toString())
                .get("/pipelines/monitors/documents/" + probe.id() + "/trace").then().statusCode(200).extract().jsonPath(), w -> !atAll(w, "search").isEmpty());
        long committed = at(way, "postgres", 0);
        if (committed >= probe.began() && committed <= probe.committed()) {
            long searchable = at(way, "search", 0);
            long since = Math.max(stopped, Seen.found(probe));
            seen.add(new Seen(probe, committed, at(way, "index", 0), at(way, "index", 1), searchable, searchable > wentOn ? Math.max(0, wentOn - since) : 0));
        }
    }

    private static long at(JsonPath way, String stage, int which) {
        return atAll(way, stage).get(which).longValue();
    }

    private static List<Number> atAll(JsonPath way, String stage) {
        return way.getList("hops.findAll { it.stage == '" + stage + "' }.atMicros");
    }

    private static void assertAgreement(String when, List<Seen> seen) {
        System.out.println(when);
        System.out.println(Percentiles.head());
        var headers = of(seen, Seen::byHeaders);
        var prober = of(seen, Seen::byProber);
        var unexplained = of(seen, Seen::unexplained);
        var told = of(seen, Seen::told);
        System.out.println(headers.row("commit to indexed by headers"));
        System.out.println(prober.row("commit to indexed by the prober"));
        System.out.println(unexplained.row("later by the prober, beyond its step"));
        System.out.println(told.row("found by the indexer after the prober"));
        for (var one : seen) {
            assertTrue(one.probe().began() + one.probe().indexed() >= one.sent(), () -> "seen before it was sent: " + one);
            assertTrue(one.probe().missing() <= one.answered(), () -> "missing after it was there: " + one);
            assertTrue(one.known() >= 0, () -> "not found after the indexer had found it: " + one);
        }
        assertTrue(unexplained.p50() < MEDIAN && unexplained.p95() < MOST, unexplained::toString);
        assertTrue(told.p95() < TOLD, told::toString);
    }

    private static Percentiles of(List<Seen> seen, ToLongFunction<Seen> micros) {
        return Percentiles.ofMicros(seen.stream().mapToLong(micros).toArray());
    }
}
