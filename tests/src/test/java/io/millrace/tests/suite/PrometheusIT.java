package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.Browser;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.LoneConsole;
import io.millrace.tests.stack.PrometheusServer;
import io.millrace.tests.stack.SharedStack;
import io.restassured.RestAssured;
import io.restassured.path.json.JsonPath;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * A console that was started just now shows what a real Prometheus has scraped from real services before; held against a console that has seen the same time itself.
 */
@Tag("long")
@ExtendWith(SharedStack.class)
class PrometheusIT {

    private static final long RATES_ARE_OVER_MILLIS = Duration.ofMinutes(3).toMillis();
    private static final Duration SCRAPED = Duration.ofSeconds(190);
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final long NEAR_MILLIS = 10_000;
    private static final int CHANGES_PER_SECOND = 20;
    private static final int TABS = 10;
    private static final int QUESTIONS = 4;
    /** Of half an hour, with ten seconds between two. */
    private static final int STEPS = 181;
    /** Ten seconds of patience, and a busy machine. */
    private static final Duration NOT_FOR_EVER = Duration.ofSeconds(20);

    private final DemoStack stack;
    @TempDir
    Path folder;

    PrometheusIT(DemoStack stack) {
        this.stack = stack;
    }

    @Test
    void aConsoleThatWasStartedAnewShowsWhatPrometheusHasKept() throws Exception {
        Assumptions.assumeTrue(PrometheusServer.program().isPresent(), PrometheusServer.HOW);
        stack.settled().await();
        try (var prometheus = PrometheusServer.over(stack, PrometheusServer.program().orElseThrow(), folder.resolve("prometheus")); var traffic = BackgroundTraffic.start(stack, 523, CHANGES_PER_SECOND)) {
            Thread.sleep(SCRAPED);
            var properties = Map.of("millrace.console.prometheus-url", prometheus.address() + "/", "millrace.console.prometheus-labels", PrometheusServer.LABEL + "=" + PrometheusServer.ONE);
            try (var console = LoneConsole.over(stack, folder.resolve("console"), files(), properties)) {
                itsCurvesAreThoseOfAConsoleThatHasSeenTheSame(console, "");
                itsCurvesAreThoseOfAConsoleThatHasSeenTheSame(console, "monitors");
                longerRangesHaveTheirPointsFurtherApart(console);
                tenTabsAskOnce(console, prometheus);
                thePageOffersThem(console);
                aRangeThatThereIsNotIsRefused(console);
                prometheus.signal("STOP");
                itIsSaidThatPrometheusIsAway(console, "dashboards", "no whole answer within 10");
                prometheus.signal("CONT");
                prometheus.close();
                itIsSaidThatPrometheusIsAway(console, "monitors", "failed: ");
            }
            traffic.stop();
        }
        var without = history(stack.address(Stage.CONSOLE).toString(), "", 604_800);
        assertEquals("console false null", without.getString("from") + " " + without.getBoolean("longer") + " " + without.getString("trouble"), "one that has none says nothing of it");
    }

    private static Map<String, String> files() throws Exception {
        var demo = DemoStack.home().resolve("deploy/demo/pipelines");
        return Map.of("monitors.yaml", Files.readString(demo.resolve("monitors.yaml")), "dashboards.yaml", Files.readString(demo.resolve("dashboards.yaml")));
    }

    private void itsCurvesAreThoseOfAConsoleThatHasSeenTheSame(LoneConsole console, String pipeline) {
        var told = Awaitility.await("points of " + pipeline).atMost(SOON).until(() -> history(console.address(), pipeline, 1_800), history -> history.get("since") != null);
        var seen = history(stack.address(Stage.CONSOLE).toString(), pipeline, 1_800);
        assertEquals("prometheus 10 true null", told.getString("from") + " " + told.getInt("step") + " " + told.getBoolean("longer") + " " + told.getString("trouble"));
        var at = told.getList("at", Long.class);
        // What the console has seen since the last step may stand behind them.
        assertTrue(at.size() == STEPS || at.size() == STEPS + 1, at::toString);
        for (var figure : told.getMap("figures").keySet()) {
            var values = told.getList("figures.'" + figure + "'", Float.class);
            assertEquals(at.size(), values.size(), figure.toString());
            for (int i = 0; i < 100; i++) {
                assertEquals(null, values.get(i), "before anything was scraped there is a gap: " + figure);
            }
        }
        for (var stage : List.of("capture", "gate", "join", "index")) {
            double one = told.getList("figures.'rate." + stage + "'", Float.class).get(STEPS - 1);
            double other = mean(seen, "rate." + stage, at.get(STEPS - 1) - RATES_ARE_OVER_MILLIS, at.get(STEPS - 1));
            assertTrue(one > 1 && Math.abs(one - other) < 0.3 * other, pipeline + " " + stage + " by Prometheus " + one + ", seen " + other);
        }
        for (var figure : List.of("p50", "p99", "hop.capture", "hop.gate", "hop.join", "hop.index", "hop.search")) {
            int near = alike(told, seen, figure);
            assertTrue(near >= 5, pipeline + " " + figure + " is near what was seen at " + near + " of the last points: " + told.getList("figures.'" + figure + "'") + " seen " + seen.getList("figures.'" + figure + "'"));
        }
        assertTrue(told.getList("figures.behind", Float.class).stream().anyMatch(Objects::nonNull), "behind");
    }

    /** At how many of the last points a figure lies between what was seen shortly before and shortly after, or nearly. */
    private static int alike(JsonPath told, JsonPath seen, String figure) {
        var at = told.getList("at", Long.class);
        var values = told.getList("figures.'" + figure + "'", Float.class);
        int alike = 0;
        for (int i = STEPS - 16; i < STEPS - 1; i++) {
            long now = at.get(i);
            var around = around(seen, figure, now);
            var value = values.get(i);
            if (value != null && !around.isEmpty() && value >= 0.8 * around.stream().min(Float::compare).orElseThrow() && value <= 1.2 * around.stream().max(Float::compare).orElseThrow()) {
                alike++;
            }
        }
        return alike;
    }

    private static List<Float> around(JsonPath seen, String figure, long now) {
        var at = seen.getList("at", Long.class);
        var values = seen.getList("figures.'" + figure + "'", Float.class);
        var around = new ArrayList<Float>();
        for (int i = 0; i < at.size(); i++) {
            if (Math.abs(at.get(i) - now) <= NEAR_MILLIS && values.get(i) != null) {
                around.add(values.get(i));
            }
        }
        return around;
    }

    private static double mean(JsonPath history, String figure, long from, long to) {
        var at = history.getList("at", Long.class);
        var values = history.getList("figures.'" + figure + "'", Float.class);
        double sum = 0;
        int count = 0;
        for (int i = 0; i < at.size(); i++) {
            if (at.get(i) > from && at.get(i) <= to && values.get(i) != null) {
                sum += values.get(i);
                count++;
            }
        }
        return sum / count;
    }

    private static void longerRangesHaveTheirPointsFurtherApart(LoneConsole console) {
        for (var range : Map.of(7_200, 30, 21_600, 60).entrySet()) {
            var history = history(console.address(), "", range.getKey());
            assertEquals("prometheus " + range.getValue(), history.getString("from") + " " + history.getInt("step"));
            int steps = range.getKey() / range.getValue() + 1;
            assertEquals(0, history.getList("at", Long.class).get(steps - 1) % (range.getValue() * 1_000), "what is asked does not move with the time");
            for (var figure : history.getMap("figures").keySet()) {
                assertTrue(history.getList("figures.'" + figure + "'").get(steps - 1) != null, () -> "the last of " + figure + " over " + range.getKey() + " s");
            }
        }
    }

    private static void tenTabsAskOnce(LoneConsole console, PrometheusServer prometheus) throws Exception {
        double before = prometheus.rangesAsked();
        try (var tabs = Executors.newFixedThreadPool(TABS)) {
            var asked = new ArrayList<Future<String>>();
            for (int i = 0; i < TABS; i++) {
                asked.add(tabs.submit(() -> history(console.address(), "dashboards", 21_600).getString("from")));
            }
            for (var tab : asked) {
                assertEquals("prometheus", tab.get());
            }
        }
        assertEquals(QUESTIONS, prometheus.rangesAsked() - before);
    }

    private void thePageOffersThem(LoneConsole console) throws Exception {
        try (var page = Browser.open(folder.resolve("profile"))) {
            page.go(stack.address(Stage.CONSOLE).toString());
            page.await("it is live", "document.querySelectorAll('#picture .node').length === 6");
            assertEquals("true", page.eval("document.querySelector('#range option[value=\"604800\"]').hidden"));
            var before = page.eval("history.length");
            page.go(stack.address(Stage.CONSOLE) + "/?again#section=flow&range=604800");
            page.await("what is not to be had is put right", "location.hash.includes('range=21600') && document.getElementById('range').value === '21600'");
            assertEquals(Integer.parseInt(before) + 1, Integer.parseInt(page.eval("history.length")), "the way back leads past it");
            page.go(console.address() + "/#section=flow&range=604800");
            page.await("who has measured it", "document.getElementById('range-state').textContent.length > 20");
            assertEquals("false 604800", page.eval("document.querySelector('#range option[value=\"604800\"]').disabled + ' ' + document.getElementById('range').value"));
            page.type("range", "21600");
            page.await("a longer range", "document.getElementById('range-state').textContent === 'From Prometheus, a point for each 1 min: of latencies the largest, of rates the mean.'");
            page.type("range", "1800");
            page.await("another range", "document.getElementById('range-state').textContent.startsWith('From Prometheus, a point for each 10 s')");
            page.wholePage(DemoStack.home().resolve("tests/target/screenshots/prometheus.png"));
            assertEquals(List.of(), page.complaints());
        }
    }

    private static void aRangeThatThereIsNotIsRefused(LoneConsole console) {
        for (var range : List.of("7", "-1", "9999999999999999", "x")) {
            int status = RestAssured.get(console.address() + "/api/history?range=" + range).statusCode();
            assertTrue(status == 400 || status == 404, range + " " + status);
        }
    }

    private static void itIsSaidThatPrometheusIsAway(LoneConsole console, String pipeline, String why) {
        long begin = System.nanoTime();
        var away = history(console.address(), pipeline, 86_400);
        assertTrue(System.nanoTime() - begin < NOT_FOR_EVER.toNanos(), "it did not wait for ever");
        assertEquals("console true", away.getString("from") + " " + away.getBoolean("longer"));
        assertTrue(away.getString("trouble").startsWith("Prometheus gives no curves: ") && away.getString("trouble").contains(why), away.getString("trouble"));
        assertTrue(!away.getList("at").isEmpty(), "what it has seen itself is there");
        assertTrue(RestAssured.get(console.address() + "/api/live?pipeline=" + pipeline).statusCode() == 200, "what goes on now is shown all the same");
    }

    private static JsonPath history(String console, String pipeline, long range) {
        return RestAssured.get(console + "/api/history?pipeline=" + pipeline + "&range=" + range).then().statusCode(200).extract().jsonPath();
    }
}
