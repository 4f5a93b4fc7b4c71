package io.millrace.capture.engine;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.capture.engine.Heartbeat.Sender;
import org.junit.jupiter.api.Test;

class HeartbeatTest {

    private static final long BEAT = 1_000;

    @Test
    void aBacklogOfHoursIsUnderWayAsLongAsItIsReadWhateverItIsReadFor() {
        assertTrue(new Sender(500, "Client", "").isUnderWay(BEAT, 400), "it has read on");
        assertTrue(new Sender(500, "", "").isUnderWay(BEAT, 500), "it is at a large transaction");
        assertTrue(new Sender(500, "IO", "").isUnderWay(BEAT, 500), "whose changes it reads back from its disk");
    }

    @Test
    void whoWaitsBeforeTheHeartbeatOrHasPassedItIsNotUnderWayToIt() {
        assertFalse(new Sender(500, "Client", "").isUnderWay(BEAT, 500), "nobody takes what it sends, or a standby is to have it first");
        assertFalse(new Sender(500, "Lock", "").isUnderWay(BEAT, 500));
        assertFalse(new Sender(500, "Activity", "").isUnderWay(BEAT, 500));
        assertFalse(new Sender(0, "gone", "").isUnderWay(BEAT, 0), "nobody reads the slot");
        assertFalse(new Sender(1_500, "", "").isUnderWay(BEAT, 1_400));
    }
}
