package io.millrace.pipeline.liveness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoopsTest {

    private static final Duration SILENCE = Duration.ofMinutes(2);
    private static final Duration SOON = Duration.ofSeconds(60);

    /** Starts near the end of the range, as a clock of {@link System#nanoTime()} may. */
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - Duration.ofMinutes(3).toNanos());
    private final Loops loops = new Loops(clock::get);

    @Test
    void aLoopThatComesRoundIsNoTrouble() {
        var loop = loops.begin("lane", SILENCE);
        for (int i = 0; i < 5; i++) {
            pass(SILENCE);
            assertEquals(0, loops.troubles().size());
            loop.beat();
        }
    }

    @Test
    void aLoopIsStuckOnceItsSilenceIsOver() {
        loops.begin("lane", SILENCE);
        loops.begin("another", Duration.ofHours(1));
        pass(SILENCE.plusSeconds(1));
        var troubles = loops.troubles();
        assertEquals(1, troubles.size());
        assertEquals("lane", troubles.getFirst().loop());
        assertEquals(Duration.ofSeconds(121), troubles.getFirst().since());
        assertEquals("it has given no sign of life for longer than 120 s", troubles.getFirst().why());
    }

    @Test
    void aLoopThatComesRoundAgainIsWellAgain() {
        var loop = loops.begin("lane", SILENCE);
        pass(SILENCE.plusSeconds(1));
        assertEquals(1, loops.troubles().size());
        loop.beat();
        assertEquals(0, loops.troubles().size());
    }

    @Test
    void aWaitOnPurposeHasItsOwnBoundBesideTheSilence() {
        var loop = loops.begin("poll", SILENCE);
        loop.waits(Duration.ofMinutes(5));
        pass(Duration.ofMinutes(7));
        assertEquals(0, loops.troubles().size());
        pass(Duration.ofSeconds(1));
        assertEquals(1, loops.troubles().size());
        loop.beat();
        pass(SILENCE.plusSeconds(1));
        assertEquals(1, loops.troubles().size(), "a beat ends the longer bound");
    }

    @Test
    void whatOthersSayOfTheEndOfTheirThreadIsKept() {
        var loop = loops.begin("engine", SILENCE);
        loop.ended(new IllegalStateException("the slot is gone"));
        pass(Duration.ofSeconds(5));
        assertEquals("it ended by java.lang.IllegalStateException: the slot is gone (since 5 s)", loops.troubles().getFirst().toString());
        loop.close();
        assertEquals(0, loops.troubles().size());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anErrorThatEndsAThreadIsSeen(boolean virtual) throws InterruptedException {
        var thread = loops.thread("lane", virtual ? Thread.ofVirtual() : Thread.ofPlatform(), SILENCE, loop -> {
            throw new StackOverflowError("deep");
        }).start();
        assertTrue(thread.join(SOON));
        assertEquals("it ended by java.lang.StackOverflowError: deep", loops.troubles().getFirst().why());
        thread.release();
        assertEquals(0, loops.troubles().size(), "its owner has put another in its place");
    }

    @Test
    void aThreadThatReturnsUnaskedIsSeen() throws InterruptedException {
        assertTrue(loops.thread("lane", Thread.ofVirtual(), SILENCE, loop -> { }).start().join(SOON));
        assertEquals("it ended without being asked to", loops.troubles().getFirst().why());
    }

    @Test
    void anInterruptByNobodyWhoOwnsItIsSeen() throws InterruptedException {
        var thread = loops.thread("lane", Thread.ofVirtual(), SILENCE, loop -> {
            Thread.currentThread().interrupt();
            Thread.sleep(SILENCE);
        }).start();
        assertTrue(thread.join(SOON));
        assertEquals("it ended by java.lang.InterruptedException", loops.troubles().getFirst().why());
    }

    @Test
    void aThreadThatWasToEndIsForgotten() throws InterruptedException {
        var thread = loops.thread("lane", Thread.ofVirtual(), SILENCE, loop -> new CountDownLatch(1).await()).start();
        thread.interrupt();
        assertTrue(thread.join(SOON));
        assertEquals(0, loops.troubles().size());
    }

    @Test
    void aThreadThatWasToEndAndDoesNotIsStuck() throws InterruptedException {
        var go = new CountDownLatch(1);
        var stands = new CountDownLatch(1);
        var thread = loops.thread("lane", Thread.ofVirtual(), SILENCE, loop -> {
            stands.countDown();
            go.await();
        }).start();
        stands.await();
        thread.release();
        pass(SILENCE.plusSeconds(1));
        var why = loops.troubles().getFirst().why();
        assertTrue(why.contains("it stands at ") && why.contains("LoopsTest"), why);
        go.countDown();
        assertTrue(thread.join(SOON));
        assertEquals(0, loops.troubles().size());
    }

    @Test
    void aLoopStandsWhereTheThreadThatGaveItsLastSignDoes() throws InterruptedException {
        var go = new CountDownLatch(1);
        var stands = new CountDownLatch(1);
        var loop = loops.loop("engine", SILENCE);
        var owner = loops.thread(loop, Thread.ofVirtual(), own -> Thread.ofVirtual().start(() -> work(loop, stands, go)).join()).start();
        stands.await();
        pass(SILENCE.plusSeconds(1));
        var why = loops.troubles().getFirst().why();
        assertTrue(why.contains("LoopsTest.work"), why);
        owner.release();
        go.countDown();
        assertTrue(owner.join(SOON));
        assertEquals(0, loops.troubles().size());
    }

    private static void work(Loop loop, CountDownLatch stands, CountDownLatch go) {
        loop.beat();
        stands.countDown();
        try {
            go.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void pass(Duration time) {
        clock.addAndGet(time.toNanos());
    }
}
