package io.millrace.gate.breaker;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class WindowTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final long START = 1000 * SECOND;

    private final Window window = new Window(Duration.ofSeconds(60), 0.5, 20, 3);

    @Test
    void oneTablesTroubleIsNeverTooMuch() {
        assertFalse(window.refused("a", START));
        assertFalse(window.queued("a", 1_000_000, START));
    }

    @Test
    void severalTablesAreTooMuchOnceMostRecordsAreTheirs() {
        window.passed(100, START);
        window.refused("a", START);
        window.refused("b", START);
        assertFalse(window.refused("c", START), "3 of 103 records");
        assertFalse(window.queued("c", 90, START), "93 of 193 records");
        assertTrue(window.queued("a", 20, START), "113 of 213 records");
    }

    @Test
    void aFewRecordsAreNotEnough() {
        window.refused("a", START);
        window.refused("b", START);
        assertFalse(window.refused("c", START), "3 of 3, but the least is 20");
    }

    @Test
    void whatQueuesBehindAnOldRefusalDoesNotCount() {
        window.refused("a", START);
        window.refused("b", START);
        window.refused("c", START);
        assertFalse(window.queued("a", 1000, START + 61 * SECOND));
        assertFalse(window.refused("d", START + 61 * SECOND));
    }

    @Test
    void oldRecordsAreForgotten() {
        window.passed(1_000_000, START);
        window.refused("a", START + 70 * SECOND);
        window.refused("b", START + 70 * SECOND);
        window.refused("c", START + 70 * SECOND);
        assertTrue(window.queued("a", 20, START + 71 * SECOND));
    }

    @Test
    void clearingBeginsAnew() {
        window.refused("a", START);
        window.refused("b", START);
        window.refused("c", START);
        window.queued("a", 20, START);
        window.clear();
        assertFalse(window.refused("d", START));
    }
}
