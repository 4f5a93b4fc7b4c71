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
        var later = ONE.begun(5, 10).with(List.of("1"), 1);
        assertNull(setbacks.next(List.of(later)));
        assertEquals(reading("one", "id > 1"), setbacks.next(List.of(later, reading("one", "id > 1"), reading("two", null))));
        now += Duration.ofSeconds(30).toNanos();
        assertEquals(later, setbacks.next(List.of(later)));
        assertEquals("it is locked", setbacks.why(ONE), "until it goes on");
        assertFalse(setbacks.add(ONE, "it is locked", Duration.ZERO));
        assertTrue(setbacks.add(ONE, "it is gone", Duration.ZERO));
        setbacks.over(ONE);
        assertEquals(ONE, setbacks.next(List.of(ONE)));
        assertNull(setbacks.why(ONE));
        assertNull(setbacks.told());
    }

    @Test
    void oneThatHadASetbackIsTriedBeforeTheOthersOnceItsPauseIsOverAndSeveralLeaveThoseHalfOfTheTime() {
        var large = reading("large", null);
        var all = List.of(large, ONE, reading("two", null));
        setbacks.add(reading("two", null), "it is locked", Duration.ofSeconds(10));
        setbacks.add(ONE, "it is locked", Duration.ofSeconds(10));
        assertEquals(large, setbacks.next(all));
        now += Duration.ofSeconds(10).toNanos();
        assertEquals(ONE, setbacks.next(all), "its trouble may be over");
        setbacks.add(ONE, "it is locked", Duration.ofSeconds(10));
        assertEquals(large, setbacks.next(all), "and not the other one, which was not tried for as long");
        now += Duration.ofSeconds(10).toNanos();
        assertEquals(ONE, setbacks.next(all));
        setbacks.over(ONE);
        assertEquals(reading("two", null), setbacks.next(all));
        setbacks.over(reading("two", null));
        assertEquals(large, setbacks.next(all));
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
