package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The console of a demo that has had steady changes for some minutes ({@code -Dmillrace.tests.pictures.minutes}, 1 unless it is said), as the README shows it.
 * Leaves the pictures in target/screenshots/readme.
 */
@Tag("long")
class ReadmePicturesIT {

    private static final Duration AFTER = Duration.ofSeconds(Math.round(60 * Double.parseDouble(System.getProperty("millrace.tests.pictures.minutes", "1"))));
    private static final int MONITORS = 10_000;
    private static final int CHANGES_A_SECOND = 40;

    @TempDir
    Path folder;
    private final Path shots = DemoStack.home().resolve("tests/target/screenshots/readme");
    private DemoStack stack;
    private Browser page;

    @BeforeEach
    void open() throws IOException {
        stack = new DemoStack(folder.resolve("stack"), SharedStack.PORT_BASE + 40, MONITORS, new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8)));
        stack.start();
        RefusedDocument.awaitCounts(stack);
        page = Browser.open(folder.resolve("profile"));
    }

    @AfterEach
    void close() {
        if (page != null) {
            page.close();
        }
        stack.close();
    }

    @Test
    void theConsoleOfADemoThatChanges() throws Exception {
        stack.settled().await();
        try (var traffic = BackgroundTraffic.start(stack, 40, CHANGES_A_SECOND, Traffic.Mix.STEADY)) {
            Thread.sleep(AFTER);
            page.go(stack.address(Stage.CONSOLE).toString());
            page.await("the figures are live", "document.querySelectorAll('#picture .node').length === 6");
            page.type("token", Files.readString(stack.stack().token()).strip());
            page.await("the curves tell latencies", "/[0-9] m?s/.test(document.querySelector('#latency').getAttribute('aria-label'))");
            picture("flow", 1280, 960, "dark");
            picture("phone", 390, 1500, "light");
            page.eval("(location.hash = 'section=pipelines&pipeline=monitors', 1)");
            page.await("its tables and indexes", "document.querySelectorAll('#tables tbody tr').length === 7 && document.querySelectorAll('#indexes tbody tr').length > 0");
            picture("pipeline", 1280, 1180, "light");
            page.eval("(location.hash = 'section=manage&organisation=1', 1)");
            page.await("several users were answered", "document.querySelector('#verdict strong')?.textContent.endsWith(' for 8 users at once.')");
            picture("manage", 1280, 1200, "light");
            traffic.stop();
        }
        assertEquals(List.of(), page.complaints());
    }

    private void picture(String name, int width, int height, String scheme) throws IOException {
        page.size(width, height);
        page.type("scheme", scheme);
        page.eval("(document.activeElement.blur(), scrollTo(0, 0), 1)");
        page.await("it is drawn in its size", "innerWidth === " + width);
        page.screenshot(shots.resolve(name + ".png"));
    }
}
