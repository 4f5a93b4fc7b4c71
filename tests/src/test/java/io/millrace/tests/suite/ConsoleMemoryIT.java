package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.launcher.stack.Stage;
import io.millrace.tests.bench.Footprint;
import io.millrace.tests.stack.BackgroundTraffic;
import io.millrace.tests.stack.Browser;
import io.millrace.tests.stack.DemoStack;
import io.millrace.tests.stack.SharedStack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The page that is left open, now in one section, now in another, and the console behind it, while rows change: neither holds more and more.
 * Looks for {@code -Dmillrace.tests.console.minutes}, 5 where nothing is said; leaves what it saw in {@code tests/target/console-memory.md}.
 */
@Tag("long")
@ExtendWith(SharedStack.class)
class ConsoleMemoryIT {

    private static final Duration LONG = Duration.ofMinutes(Integer.getInteger("millrace.tests.console.minutes", 5));
    /** Until curves and history have their first points, and the virtual machine has compiled what it runs. */
    private static final Duration WARM = Duration.ofMinutes(1);
    private static final int LOOKS = 12;
    private static final List<String> SECTIONS = List.of("pipelines", "quarantine", "schemas", "document", "purge", "manage", "flow");
    private static final long MIB = 1 << 20;
    /** Ten minutes of points each second, the curves of six hours. */
    private static final long MORE_HEAP_BYTES = 4 * MIB;
    private static final long MORE_NODES = 500;
    private static final long MORE_LISTENERS = 50;
    /** The heap may grow to its limit before it is collected. */
    private static final long MORE_SERVICE_BYTES = 64 * MIB;

    private final DemoStack stack;
    private final List<String> report = new ArrayList<>(List.of("| minutes | page: script heap, MiB | nodes | listeners | console: memory, MiB |", "|---|---|---|---|---|"));
    @TempDir
    Path folder;

    private record Seen(Browser.Held page, long service) {}

    ConsoleMemoryIT(DemoStack stack) {
        this.stack = stack;
    }

    @Test
    void aPageThatIsLeftOpenHoldsNoMoreAfterAWhile() throws Exception {
        try (var page = Browser.open(folder.resolve("profile")); var traffic = BackgroundTraffic.start(stack, 521, 5)) {
            page.go(stack.address(Stage.CONSOLE).toString());
            page.type("token", Files.readString(stack.stack().token()).strip());
            page.await("the figures are live", "document.querySelectorAll('#picture .node').length === 6");
            long begin = System.nanoTime();
            Thread.sleep(WARM);
            // Each section has its elements once somebody was there.
            walk(page);
            var first = look(page, begin);
            var last = first;
            for (int i = 0; i < LOOKS; i++) {
                walk(page);
                last = look(page, begin);
            }
            traffic.stop();
            Files.write(DemoStack.home().resolve("tests/target/console-memory.md"), report);
            var all = String.join("\n", report);
            assertTrue(last.page.heapBytes() - first.page.heapBytes() < MORE_HEAP_BYTES, all);
            assertTrue(last.page.nodes() - first.page.nodes() < MORE_NODES, all);
            assertTrue(last.page.listeners() - first.page.listeners() < MORE_LISTENERS, all);
            assertTrue(last.service - first.service < MORE_SERVICE_BYTES, all);
        }
    }

    /** Through all sections, and back to the first one, in the time between two looks. */
    private static void walk(Browser page) throws InterruptedException {
        for (var section : SECTIONS) {
            page.click("#tab-" + section);
            Thread.sleep(LONG.dividedBy((long) LOOKS * SECTIONS.size()));
        }
    }

    private Seen look(Browser page, long begin) throws IOException {
        var seen = new Seen(page.held(), Footprint.of(List.of(stack.process(Stage.CONSOLE))).rssBytes());
        report.add("| %.1f | %.1f | %d | %d | %d |".formatted((System.nanoTime() - begin) / 60e9, seen.page.heapBytes() / (double) MIB, seen.page.nodes(), seen.page.listeners(), seen.service / MIB));
        return seen;
    }
}
