package io.millrace.indexer.bulk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.Loops;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class BulkPermitsTest {

    private final Loop loop = new Loops().begin("a test", Duration.ofMinutes(1));
    private long now;
    private final BulkPermits permits = new BulkPermits(8, 2_000, () -> now);

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
    void whereOneAtATimeIsTooMuchARequestHasFewerDocumentsAndMoreAgainBeforeThereAreMoreRequests() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            answered(false);
            pass(Duration.ofSeconds(1));
        }
        assertEquals(List.of(1, 2_000), List.of(permits.limit(), permits.documents()));
        for (int expected : new int[] {1_000, 500, 250, 125, 125}) {
            answered(false);
            assertEquals(expected, permits.documents());
            pass(Duration.ofSeconds(1));
        }
        for (int expected : new int[] {250, 500, 1_000, 2_000}) {
            answered(true);
            assertEquals(List.of(1, expected), List.of(permits.limit(), permits.documents()));
        }
        answered(true);
        assertEquals(List.of(2, 2_000), List.of(permits.limit(), permits.documents()));
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
