package io.millrace.capture.source;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.file.TableName;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TruncatesTest {

    private static final TableName THING = new TableName("public", "thing");

    private final Truncates truncates = new Truncates();

    @Test
    void theStreamIsAwaitedUntilItHasComeToWhereTheNewFilesWereFirstSeen() {
        assertTrue(truncates.isBehind(THING, 90, 100));
        assertTrue(truncates.isBehind(THING, 99, 150));
        assertTrue(truncates.isAwaiting());
        assertFalse(truncates.isBehind(THING, 100, 200), "a later end of the log is of no matter");
        assertTrue(truncates.isAwaiting(), "until it is settled");
        assertTrue(truncates.isWithin(THING, Duration.ofMinutes(1)));
        assertFalse(truncates.isWithin(THING, Duration.ZERO));
        truncates.settled(THING);
        assertFalse(truncates.isAwaiting());
        assertTrue(truncates.isBehind(THING, 199, 200));
    }

    @Test
    void nothingIsAwaitedOfATableThatIsNotLookedAtAnyMoreNorOfAnotherPlan() {
        truncates.isBehind(THING, 90, 100);
        truncates.keep(Set.of(new TableName("public", "other")));
        assertFalse(truncates.isAwaiting());
        truncates.isBehind(THING, 90, 100);
        truncates.begin();
        assertFalse(truncates.isAwaiting());
    }

    @Test
    void theLastTruncatesOfEachTableAreKnownByTheLowerHalfOfTheirNumbers() {
        for (long transaction = 1; transaction <= 150; transaction++) {
            truncates.came(THING, transaction);
        }
        truncates.came(THING, 0xfffffff0L);
        assertTrue(truncates.has(THING, 150));
        assertTrue(truncates.has(THING, -16));
        assertFalse(truncates.has(THING, 50));
        assertFalse(truncates.has(new TableName("public", "other"), 150));
    }
}
