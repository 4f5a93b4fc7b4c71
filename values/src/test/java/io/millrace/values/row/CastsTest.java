package io.millrace.values.row;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.file.Expression.Cast.Type;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class CastsTest {

    private static final Duration SOON = Duration.ofSeconds(10);
    private static final int LONG = 1_000_000;

    private static String cast(String text, Type to) {
        var cell = new ByteWriter(text.length() + 8).put(Cell.TEXT).putBlock(text.getBytes(StandardCharsets.UTF_8)).toBytes();
        var out = new ByteWriter(64);
        Casts.append(new ByteReader(cell), to, out);
        return CellJson.shown(new ByteReader(out.toBytes()));
    }

    /** A long text can be of any column; the work on it must grow with its length, and the reason must not hold all of it. */
    private static void isSoonRefused(String text, Type to) {
        var refusal = assertTimeoutPreemptively(SOON, () -> assertThrows(IllegalArgumentException.class, () -> cast(text, to)));
        assertTrue(refusal.getMessage().length() < 200, "the reason goes into a header");
    }

    @ParameterizedTest
    @EnumSource(value = Type.class, names = {"INTEGER", "BIGINT", "NUMERIC", "DOUBLE"})
    void aTextOfMillionsOfDigitsIsSoonRefused(Type to) {
        isSoonRefused("7".repeat(LONG), to);
    }

    @ParameterizedTest
    @EnumSource(value = Type.class, names = {"INTEGER", "BIGINT", "NUMERIC", "DOUBLE", "BOOLEAN"})
    void aTextWithMillionsOfBlanksInItIsSoonRefused(Type to) {
        isSoonRefused("1" + " ".repeat(LONG) + "2", to);
    }

    @Test
    void aFractionTooSmallForADoubleIsSoonRefusedHoweverLong() {
        isSoonRefused("0." + "0".repeat(400) + "7".repeat(LONG), Type.DOUBLE);
        assertEquals("0", assertTimeoutPreemptively(SOON, () -> cast("0." + "0".repeat(LONG), Type.DOUBLE)));
    }

    @Test
    void zerosInFrontAndBlanksAroundDoNotCount() {
        assertEquals("-42", assertTimeoutPreemptively(SOON, () -> cast("\t\n -" + "0".repeat(LONG) + "42 \f", Type.INTEGER)));
        assertEquals("9223372036854775807", cast(" +0009223372036854775807", Type.BIGINT));
        assertEquals("0", cast("-000", Type.INTEGER));
        assertEquals("true", cast(" on ", Type.BOOLEAN));
    }

    @Test
    void numericHoldsAsManyDigitsAsInPostgres() {
        assertEquals("9".repeat(131_072), cast("0" + "9".repeat(131_072), Type.NUMERIC));
        assertEquals("0." + "1".repeat(16_383), cast("." + "1".repeat(16_383), Type.NUMERIC));
        isSoonRefused("1" + "0".repeat(131_072), Type.NUMERIC);
        isSoonRefused("0." + "1".repeat(16_384), Type.NUMERIC);
    }

    @ParameterizedTest
    @CsvSource({"-0.00,0.00", ".5,0.5", "5.,5", "+007.10,7.10", "-000,0", "-.25,-0.25", "1.5e3,1500", "-12e-4,-0.0012"})
    void aDecimalIsWrittenAsPostgresPrintsIt(String text, String printed) {
        assertEquals(printed, cast(text, Type.NUMERIC));
    }
}
