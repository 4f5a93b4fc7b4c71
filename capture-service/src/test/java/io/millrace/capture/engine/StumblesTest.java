package io.millrace.capture.engine;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class StumblesTest {

    private final Stumbles stumbles = new Stumbles();

    @Test
    void theThirdTimeInARowAtOnePlaceIsNoChance() {
        assertFalse(stumbles.failed("a", 1));
        assertFalse(stumbles.failed("a", 1));
        assertTrue(stumbles.failed("a", 1));
        assertTrue(stumbles.failed("a", 1), "nor is the fourth");
    }

    @Test
    void anotherFailureAndAStreamThatWentOnBeginAnew() {
        stumbles.failed("a", 1);
        stumbles.failed("a", 1);
        assertFalse(stumbles.failed("b", 1));
        assertFalse(stumbles.failed("b", 2));
        assertFalse(stumbles.failed("b", 2));
        stumbles.forget();
        assertFalse(stumbles.failed("b", 2));
    }
}
