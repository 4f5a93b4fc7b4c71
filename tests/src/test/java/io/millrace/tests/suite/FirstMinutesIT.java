package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.demo.Traffic;
import io.millrace.launcher.Output;
import io.millrace.launcher.stack.Stage;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.Browser;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.RefusedDocument;
import io.millrace.tests.stack.SharedStack;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What somebody sees who starts the demo, has its rows changed, and opens the console: after ten seconds, a minute and five. Leaves the pictures in target/screenshots/first-minutes, from which those of the docs are;
 * {@code -Dmillrace.rate} says how many rows change in a second.
 */
@Tag("long")
class FirstMinutesIT {

    private static final int RATE = Integer.getInteger("millrace.rate", 100);
    private static final int MONITORS = 10_000;
    private static final int WIDTH = 1280;

    private final Path shots = DemoStack.home().resolve("tests/target/screenshots/first-minutes");
    @TempDir
    Path folder;
    private DemoStack stack;
    private Browser page;

    @Test
    void theConsoleTellsFiguresOneCanBelieveFromTheFirstTenSecondsOn() throws Exception {
        var data = DemoStack.home().resolve("tests/target/first-minutes-stack");
        DemoStack.delete(data);
        stack = new DemoStack(data, SharedStack.PORT_BASE + 1000, MONITORS, new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8)));
        try {
            stack.start();
            stack.settled().await();
            try (var traffic = BackgroundTraffic.start(stack, 10, RATE, Traffic.Mix.STEADY)) {
                var began = System.nanoTime();
                open();
                at(began, Duration.ofSeconds(10));
                flow("flow-10-seconds");
                at(began, Duration.ofMinutes(1));
                flow("flow-1-minute");
                at(began, Duration.ofMinutes(5));
                flow("flow");
                sections();
                traffic.stop();
            }
            assertEquals(List.of(), page.complaints());
            stack.settled().await().forEach(comparison -> assertTrue(comparison.agrees() && comparison.expected() > 0, comparison::describe));
        } finally {
            if (page != null) {
                page.close();
            }
            stack.close();
        }
    }

    private void open() throws IOException {
        RefusedDocument.awaitCounts(stack);
        page = Browser.open(folder.resolve("profile"));
        page.go(stack.address(Stage.CONSOLE).toString());
        page.await("the figures are live", "document.querySelectorAll('#picture .node').length === 6");
        page.type("token", Files.readString(stack.stack().token()).strip());
    }

    private static void at(long began, Duration after) throws InterruptedException {
        Thread.sleep(Math.max(0, Duration.ofNanos(began - System.nanoTime()).plus(after).toMillis()));
    }

    private void flow(String name) throws IOException {
        page.await("the curves tell latencies", "/[0-9] m?s/.test(document.querySelector('#latency').getAttribute('aria-label'))");
        assertEquals("true", page.eval("[...document.querySelectorAll('#picture .node')].every(n => !n.textContent.includes('down'))"), "every stage is up");
        picture(name, "dark", WIDTH, 960);
    }

    private void sections() throws IOException {
        go("pipelines&pipeline=monitors", "its tables and indexes", "document.querySelectorAll('#tables tbody tr').length === 7 && document.querySelectorAll('#indexes tbody tr').length > 0");
        picture("pipeline", "light", WIDTH, 1180);
        go("manage&organisation=1", "several users were answered", "document.querySelector('#verdict strong')?.textContent.endsWith(' for 8 users at once.')");
        picture("manage", "light", WIDTH, 1200);
        go("flow", "the stages", "document.querySelectorAll('#picture .node').length === 6");
        picture("phone", "light", 390, 1500);
    }

    private void go(String place, String what, String isThere) {
        page.eval("(location.hash = 'section=" + place + "', 1)");
        page.await(what, isThere);
    }

    private void picture(String name, String scheme, int width, int height) throws IOException {
        page.size(width, height);
        page.type("scheme", scheme);
        page.eval("(document.activeElement.blur(), scrollTo(0, 0), new Promise(drawn => setTimeout(drawn, 1500)))");
        page.screenshot(shots.resolve(name + ".png"));
    }
}
