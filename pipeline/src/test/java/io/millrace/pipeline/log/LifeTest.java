package io.millrace.pipeline.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class LifeTest {

    @Test
    void aLifeIsAskedForOnceAndThenBegins() {
        var asked = Life.FIRST.next(500);
        assertFalse(asked.begun());
        assertEquals(asked, asked.next(600), "a rebuild that ended in the middle is gone on with");
        var begun = asked.begin(70);
        assertTrue(begun.begun());
        assertEquals(new Life(500, 70, true), begun);
        assertEquals(600, begun.next(600).number());
        assertEquals(501, begun.next(400).number(), "clocks differ");
    }

    @Test
    void aLifeIsReadAsItWasWritten() {
        for (var life : new Life[] {Life.FIRST, new Life(3, 0, false), new Life(4, 1L << 40, true)}) {
            assertEquals(life, Life.parse(life.text()));
        }
        assertThrows(IllegalArgumentException.class, () -> Life.parse("3 lived"));
    }
}
