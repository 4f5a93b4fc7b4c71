package io.millrace.indexer.bulk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.Loops;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BulkPermitsTest {

    private static final long MOST = 3_200_000;

    private final Loop loop = new Loops().begin("a test", Duration.ofMinutes(1));
    private long now;
    private final List<String> notes = new ArrayList<>();
    private final BulkPermits permits = new BulkPermits(8, 3_200, MOST, () -> now, notes::add);

    private void answered(boolean well) throws InterruptedException {
        answered(well, MOST);
    }

    private void answered(boolean well, long bytes) throws InterruptedException {
        permits.acquire(false, loop);
        permits.release(false, 1, bytes, well ? null : "it is busy");
    }

    /** One request at a time. */
    private void lowest() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            answered(false);
            pass(Duration.ofSeconds(1));
        }
        assertEquals(1, permits.limit());
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
            permits.release(false, 1, MOST, "it is busy");
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
    void whereOneAtATimeIsTooMuchItHasHalfOfWhatWasTooMuchAndASixteenthAtLeast() throws InterruptedException {
        lowest();
        assertEquals(MOST, permits.bytes());
        answered(false, 2_000_000);
        assertEquals(1_000_000, permits.bytes());
        for (int expected : new int[] {500_000, 250_000, 200_000, 200_000}) {
            pass(Duration.ofSeconds(1));
            answered(false, permits.bytes());
            assertEquals(expected, permits.bytes());
        }
    }

    @Test
    void manySmallDocumentsAreALargeRequestToo() throws InterruptedException {
        lowest();
        permits.acquire(false, loop);
        permits.release(false, 1_600, 100_000, "it is busy");
        assertEquals(List.of(800, 800_000L), List.<Object>of(permits.documents(), permits.bytes()));
    }

    @Test
    void aSmallRequestThatIsTooMuchTellsNothingOfLargeOnes() throws InterruptedException {
        lowest();
        answered(false, 1_000);
        assertEquals(MOST, permits.bytes());
    }

    @Test
    void wholeRequestsThatAreTakenWellMakeTheNextOnesLargerAndThenMoreOfThem() throws InterruptedException {
        lowest();
        answered(false, 1_600_000);
        assertEquals(800_000, permits.bytes());
        answered(true, 400_000);
        assertEquals(800_000, permits.bytes(), "half of one was taken");
        answered(true, 400_000);
        assertEquals(1_200_000, permits.bytes());
        for (int i = 0; i < 5; i++) {
            answered(true, permits.bytes());
        }
        assertEquals(List.of(1, MOST), List.<Object>of(permits.limit(), permits.bytes()));
        answered(true);
        assertEquals(2, permits.limit());
    }

    @Test
    void smallRequestsMakeItLargerOnceItWasCalm() throws InterruptedException {
        lowest();
        answered(false, 1_600_000);
        answered(true, 100);
        assertEquals(800_000, permits.bytes());
        pass(Duration.ofSeconds(2));
        answered(true, 100);
        assertEquals(1_200_000, permits.bytes());
        answered(true, 100);
        assertEquals(1_200_000, permits.bytes(), "once for each calm time");
    }

    @Test
    void whatIsAllowedIsToldWithItsReasonAndNothingOnceAllIsAllowedAgain() throws InterruptedException {
        answered(false);
        assertEquals("4 of 8 bulk requests at once, of 3,200 of 3,200 documents and 3.1 of 3.1 MB each at most, since it is busy; it becomes more again by itself as these are taken well", notes.getLast());
        for (int i = 0; i < 100; i++) {
            answered(true);
        }
        assertNull(notes.getLast());
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
        permits.release(true, 1, MOST, null);
        assertTrue(fifth.join(Duration.ofSeconds(60)), "until one is given back");
    }
}
