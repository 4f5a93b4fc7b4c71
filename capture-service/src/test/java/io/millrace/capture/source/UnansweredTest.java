package io.millrace.capture.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.file.TableName;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class UnansweredTest {

    private static final TableName TABLE = new TableName("public", "thing");

    private long now = 1;
    private final Unanswered tables = new Unanswered(() -> now);

    private void ask(Duration waited) {
        long began = now;
        now += waited.toNanos();
        tables.add(TABLE, began, "by somebody");
    }

    @Test
    void aTableThatStaysLockedIsGivenUpAndAskedForAgainNowAndThen() {
        for (int i = 0; i < 6; i++) {
            ask(Duration.ofSeconds(10));
            assertFalse(tables.isGivenUp(TABLE));
        }
        ask(Duration.ofSeconds(10));
        assertTrue(tables.isGivenUp(TABLE) && tables.rests(TABLE));
        assertEquals("by somebody", tables.why(TABLE));
        assertFalse(tables.rests(new TableName("public", "other")));
        now += Duration.ofMillis(100).toNanos();
        assertTrue(tables.isGivenUp(TABLE) && !tables.rests(TABLE), "it may be free by now");
        tables.over(TABLE);
        assertFalse(tables.isGivenUp(TABLE));
    }

    @Test
    void aProcessThatWasFrozenMeanwhileHasNotWaitedForSoLong() {
        ask(Duration.ofMinutes(10));
        assertFalse(tables.isGivenUp(TABLE));
    }

    @Test
    void anotherLockMuchLaterIsWaitedForAnew() {
        ask(Duration.ofSeconds(10));
        now += Duration.ofHours(1).toNanos();
        ask(Duration.ofSeconds(10));
        assertFalse(tables.isGivenUp(TABLE));
    }
}
