package io.millrace.capture.resnapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.capture.continuity.Resnapshot;
import io.millrace.pipeline.file.TableName;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class SetbacksTest {

    private static final Resnapshot ONE = reading("one", null);

    private long now;
    private final Setbacks setbacks = new Setbacks(() -> now);

    private static Resnapshot reading(String table, String where) {
        return Resnapshot.of(new TableName("public", table), where, false, 0, 10);
    }

    @Test
    void aReadingThatFailedRestsForAsLongAsItTookHoweverFarItIs() {
        assertTrue(setbacks.add(ONE, "it is locked", Duration.ofSeconds(30)));
        assertTrue(setbacks.rests(ONE) && setbacks.rests(ONE.begun(5, 10).with(List.of("1"), 1)));
        assertFalse(setbacks.rests(reading("one", "id > 1")) || setbacks.rests(reading("two", null)));
        now += Duration.ofSeconds(30).toNanos();
        assertFalse(setbacks.rests(ONE));
        assertEquals("it is locked", setbacks.why(ONE), "until it goes on");
        assertFalse(setbacks.add(ONE, "it is locked", Duration.ZERO));
        assertTrue(setbacks.add(ONE, "it is gone", Duration.ZERO));
        setbacks.over(ONE);
        assertFalse(setbacks.rests(ONE));
        assertNull(setbacks.why(ONE));
        assertNull(setbacks.told());
    }

    @Test
    void eachIsToldAndOfManyTheFirst() {
        for (int i = 0; i < 7; i++) {
            setbacks.add(reading("t" + i, null), "t" + i + " is locked", Duration.ZERO);
        }
        assertEquals("t0 is locked\nt1 is locked\nt2 is locked\nt3 is locked\nt4 is locked\nNor are 2 other tables read on", setbacks.told());
        setbacks.keep(List.of(reading("t6", null)));
        assertEquals("t6 is locked", setbacks.told());
    }
}
