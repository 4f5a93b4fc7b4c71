package io.millrace.capture.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class StumblesTest {

    private long now;
    private final Stumbles stumbles = new Stumbles(Duration.ofMinutes(1), () -> now);

    private boolean failed(String why, long confirmed) {
        now += Duration.ofSeconds(30).toNanos();
        return stumbles.failed(why, confirmed);
    }

    @Test
    void theThirdTimeInARowAtOnePlaceIsNoChance() {
        assertFalse(failed("a", 1));
        assertFalse(failed("a", 1));
        assertTrue(failed("a", 1));
        assertTrue(failed("a", 1), "nor is the fourth");
        assertEquals(4, stumbles.times());
    }

    @Test
    void whatFailsOftenWithinAMinuteMayBeOverSoon() {
        for (int i = 0; i < 10; i++) {
            assertFalse(stumbles.failed("a", 1));
        }
        now = Duration.ofMinutes(1).toNanos();
        assertTrue(stumbles.failed("a", 1));
    }

    @Test
    void anotherFailureAndAStreamThatWentOnBeginAnew() {
        failed("a", 1);
        failed("a", 1);
        assertFalse(failed("b", 1));
        assertFalse(failed("b", 2));
        assertFalse(failed("b", 2));
        stumbles.forget();
        assertFalse(failed("b", 2));
    }
}
