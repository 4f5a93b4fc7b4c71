package io.millrace.capture.column;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.millrace.pipeline.schema.Column;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ColumnTextTest {

    @Test
    void datesAreDaysSinceTheEpochAlsoBeforeChrist() {
        assertEquals(0, PgText.date("1970-01-01"));
        assertEquals(LocalDate.of(-43, 3, 15).toEpochDay(), PgText.date("0044-03-15 BC"));
        assertEquals(Integer.MAX_VALUE, PgText.date("infinity"));
    }

    @Test
    void timestampsAreMicrosecondsInUtcWhateverTheOffset() {
        long noon = LocalDateTime.of(2026, 11, 23, 12, 0).toEpochSecond(ZoneOffset.UTC) * 1_000_000;
        assertEquals(noon, PgText.timestamp("2026-11-23 12:00:00"));
        assertEquals(noon + 120_000, PgText.timestamp("2026-11-23 17:30:00.12+05:30"));
        assertEquals(noon, PgText.timestamp("2026-11-23 04:07:02-07:52:58"));
        assertEquals(Long.MIN_VALUE, PgText.timestamp("-infinity"));
        assertEquals(Long.MAX_VALUE - 1, PgText.timestamp("294276-12-31 23:59:59"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "2026", "2026-11", "2026-11-23T12:00:00", "yesterday"})
    void whatIsNoTimestampIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> PgText.timestamp(text));
    }

    @Test
    void aKeyIsPrintedAsPostgresReadsIt() {
        assertEquals("2026-11-23 12:00:00.000001+00", PgText.print(column("timestamptz"), PgText.timestamp("2026-11-23 12:00:00.000001+00")));
        assertEquals("0044-03-15 12:00:00.000000 BC", PgText.print(column("timestamp"), PgText.timestamp("0044-03-15 12:00:00 BC")));
        assertEquals("infinity", PgText.print(column("date"), Integer.MAX_VALUE));
        assertEquals("24:00:00.000000", PgText.print(column("time"), 86_400_000_000L));
        assertEquals("\\x00ff", PgText.print(column("bytea"), new byte[] {0, -1}));
    }

    private static Column column(String type) {
        return new Column("c", type, false, 0, 0, false);
    }

    @Test
    void arraysKeepQuotedTextAndNulls() {
        assertEquals(Arrays.asList("a,b", null, "NULL", "q\"\\x", ""), ArrayText.elements("{\"a,b\",NULL,\"NULL\",\"q\\\"\\\\x\",\"\"}", ','));
        assertEquals(List.of(), ArrayText.elements("{}", ','));
        assertEquals(List.of("1", "2", "3", "4"), ArrayText.elements("[0:1][0:1]={{1,2},{3,4}}", ','));
        assertEquals(List.of("(1,1),(0,0)", "(2,2),(0,0)"), ArrayText.elements("{(1,1),(0,0);(2,2),(0,0)}", ';'));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "{1", "{1,", "1}", "{\"a}"})
    void whatIsNoArrayIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> ArrayText.elements(text, ','));
    }

    @Test
    void byteaIsReadFromHex() {
        assertArrayEquals(new byte[] {0, -1}, PgText.bytea("\\x00ff"));
        assertThrows(IllegalArgumentException.class, () -> PgText.bytea("\\000"));
    }
}
