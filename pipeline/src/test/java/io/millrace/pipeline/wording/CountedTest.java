package io.millrace.pipeline.wording;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CountedTest {

    private final Locale locale = Locale.getDefault();

    @AfterEach
    void restore() {
        Locale.setDefault(locale);
    }

    @Test
    void oneIsOneAndAnyOtherNumberIsMany() {
        assertEquals("0 documents", Counted.of(0, "document"));
        assertEquals("1 document", Counted.of(1, "document"));
        assertEquals("2 documents", Counted.of(2, "document"));
        assertEquals("1 index is", Counted.of(1, "index is", "indexes are"));
        assertEquals("7 indexes are", Counted.of(7, "index is", "indexes are"));
    }

    /** Programs that read a text, and people who compare two of them, find the same on every machine. */
    @Test
    void thousandsStandApartInTheSameWayEverywhere() {
        Locale.setDefault(Locale.GERMANY);
        assertEquals("1,234,567 rows", Counted.of(1_234_567, "row"));
    }
}
