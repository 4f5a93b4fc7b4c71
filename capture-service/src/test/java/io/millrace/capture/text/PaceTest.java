package io.millrace.capture.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PaceTest {

    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    private boolean hurried;
    private final Pace pace = new Pace(Duration.ofMillis(100), Duration.ofMillis(20), 256, () -> hurried);

    @Test
    void whatComesAfterQuietIsAskedForAtOnce() {
        assertEquals(0, pace.rest(5 * MILLI));
        pace.taken(3, 10 * MILLI);
        pace.taken(0, 120 * MILLI);
        assertEquals(0, pace.rest(121 * MILLI));
    }

    @Test
    void whatComesBehindABatchIsGatheredUntilThePaceLessWhatTheQuestionTakes() {
        pace.taken(3, 10 * MILLI);
        assertEquals(80 * MILLI, pace.rest(10 * MILLI));
        assertEquals(50 * MILLI, pace.rest(40 * MILLI), "what was done with the batch meanwhile counts");
        assertEquals(0, pace.rest(200 * MILLI));
    }

    @Test
    void aFullBatchIsFollowedAtOnce() {
        pace.taken(256, 10 * MILLI);
        assertEquals(0, pace.rest(10 * MILLI));
    }

    @Test
    void whoeverWaitsForTheStreamWaitsForNoPace() {
        pace.taken(3, 10 * MILLI);
        hurried = true;
        assertEquals(0, pace.rest(10 * MILLI));
        hurried = false;
        assertEquals(80 * MILLI, pace.rest(10 * MILLI));
    }

    @Test
    void aPaceThatIsNoLongerThanTheQuestionGathersNothing() {
        var none = new Pace(Duration.ofMillis(20), Duration.ofMillis(20), 256, () -> false);
        none.taken(3, 10 * MILLI);
        assertEquals(0, none.rest(10 * MILLI));
    }
}
