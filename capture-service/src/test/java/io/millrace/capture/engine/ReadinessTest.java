package io.millrace.capture.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ReadinessTest {

    private final Readiness readiness = new Readiness();

    @Test
    void whoStandsByIsWellAndTellsNothingThatTheOtherOneTells() {
        readiness.ready("streaming");
        readiness.troubles(List.of("changes may be missing"));
        readiness.concern(Readiness.Concern.LAG, "it is behind");
        readiness.standingBy("another one works");
        assertTrue(readiness.state().ready() && readiness.state().isStandingBy());
        assertEquals("another one works", readiness.state().warning());
        readiness.waiting("Postgres is away");
        assertFalse(readiness.state().ready() || readiness.state().isStandingBy(), "it could not take over");
    }

    @Test
    void whoTakesOverIsNotReadyBeforeChangesFlow() {
        readiness.takingOver();
        assertEquals("starting", readiness.state().phase(), "nobody was waited for");
        readiness.standingBy("another one works");
        readiness.takingOver();
        assertFalse(readiness.state().ready());
        assertEquals("", readiness.state().warning());
        readiness.ready("streaming");
        assertTrue(readiness.state().ready());
    }

    @Test
    void whatComesNearALimitIsAWarningAndWhatIsOverItIsNot() {
        readiness.ready("streaming");
        assertTrue(readiness.concern(Readiness.Concern.WAL_NEAR, "nearly"));
        assertTrue(readiness.state().ready());
        readiness.concern(Readiness.Concern.LAG, "over");
        assertFalse(readiness.state().ready());
        assertEquals("over", readiness.state().reason());
        assertEquals("nearly", readiness.state().warning());
    }
}
