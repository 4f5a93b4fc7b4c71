package io.millrace.indexer.bulk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.Loops;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class BulkPermitsTest {

    private final Loop loop = new Loops().begin("a test", Duration.ofMinutes(1));
    private long now;
    private final BulkPermits permits = new BulkPermits(8, () -> now);

    private void answered(boolean well) throws InterruptedException {
        permits.acquire(false, loop);
        permits.release(false, well);
    }

    private void pass(Duration time) {
        now += time.toNanos();
    }

    @Test
    void eachTimeThatTheEngineHasTooMuchToDoHalvesItAndOneIsLeft() throws InterruptedException {
        for (int expected : new int[] {4, 2, 1, 1}) {
            answered(false);
            assertEquals(expected, permits.limit());
            pass(Duration.ofSeconds(1));
        }
    }

    @Test
    void requestsThatFailTogetherAreOneTime() throws InterruptedException {
        for (int i = 0; i < 8; i++) {
            permits.acquire(false, loop);
        }
        for (int i = 0; i < 8; i++) {
            permits.release(false, false);
        }
        assertEquals(4, permits.limit());
    }

    @Test
    void goodAnswersBringItBackOneByOneAndNotBeyondTheSetting() throws InterruptedException {
        answered(false);
        for (int i = 0; i < 4; i++) {
            answered(true);
        }
        assertEquals(5, permits.limit());
        for (int i = 0; i < 100; i++) {
            answered(true);
        }
        assertEquals(8, permits.limit());
    }

    @Test
    void anIndexThatNobodyReadsYetHasHalfOfThem() throws InterruptedException {
        for (int i = 0; i < 4; i++) {
            permits.acquire(true, loop);
        }
        var fifth = Thread.ofVirtual().start(() -> {
            try {
                permits.acquire(true, loop);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        assertFalse(fifth.join(Duration.ofMillis(200)), "a fifth one waits");
        permits.acquire(false, loop);
        permits.release(true, true);
        assertTrue(fifth.join(Duration.ofSeconds(60)), "until one is given back");
    }
}
