package io.millrace.indexer.quarantine;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.indexer.IndexerConfig;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class BreakerTest {

    private record Settings(double share, int window, int refusals, Duration pause) implements IndexerConfig.Breaker {}

    private final Breaker breaker = new Breaker(new Settings(0.5, 1_000, 100, Duration.ZERO));

    @Test
    void singleRefusalsPassHoweverManyTheyBecome() {
        for (int i = 0; i < 10_000; i++) {
            assertTrue(breaker.admits(i % 3 == 0 ? 1 : 0, 1));
        }
    }

    @Test
    void itOpensWhenMostAreRefusedAndNotBeforeEnoughAre() {
        for (int i = 0; i < 99; i++) {
            assertTrue(breaker.admits(1, 1), "refusal " + i);
        }
        assertFalse(breaker.admits(1, 1));
        assertFalse(breaker.admits(50, 50), "what was held is not counted, so it stays open");
    }

    @Test
    void itClosesWhenDocumentsAreAcceptedAgain() {
        assertFalse(breaker.admits(500, 500));
        assertTrue(breaker.admits(0, 500));
        assertTrue(breaker.admits(100, 200));
    }

    @Test
    void goodTimesAreForgotten() {
        for (int i = 0; i < 100; i++) {
            assertTrue(breaker.admits(0, 1_000));
        }
        assertFalse(breaker.admits(1_500, 1_500));
    }

    @Test
    void aShareOfOneNeverStops() {
        var never = new Breaker(new Settings(1.0, 1_000, 1, Duration.ZERO));
        assertTrue(never.admits(100_000, 100_000));
    }
}
